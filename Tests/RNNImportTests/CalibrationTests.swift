import Foundation
import RNNDriver
import RNNFixedPoint
import RNNGraph
import RNNInterchange
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// `rnnc quantize` without an experiment.
@Suite struct CalibrationTests {
  private let context = StageContext(progress: Silent())

  /// Imports an LSTM of 3 inputs and 4 units; writes features for it.
  private func lstm(in folder: URL) throws -> (float: URL, features: URL) {
    let float = folder.appendingPathComponent("float")
    _ = try ImportStage(
      file: fixtures.appendingPathComponent("attributes/lstm_bias.onnx"), output: float
    ).run(context)
    let features = folder.appendingPathComponent("x.npy")
    // No two sequences alike, with negative values and one far from the others.
    let values = (0..<42).map { (i: Int) -> Float in Float((i * 37) % 23 - 11) / 8 }
    try NPYArray(shape: [2, 7, 3], elements: .float32(values)).data.write(to: features)
    return (float, features)
  }

  private func part(_ url: URL) throws -> (model: ModelFile, weights: Weights) {
    try ModelFile.read(url.appendingPathComponent("model.json"))
  }

  @Test func widthsAreWhatTheUserAsksFor() throws {
    try withTemporaryFolder { folder in
      let (float, features) = try lstm(in: folder)
      let fixed = folder.appendingPathComponent("fixed")
      let stage = QuantizeStage(
        model: float, source: .calibration([features]), output: fixed,
        widths: .init(weights: 6, values: 9, states: 11))
      let result = try stage.run(context)
      let (model, _) = try part(fixed)
      let graph = model.network.layers[0].graph
      #expect(graph.parameters.filter(\.isMatrix).allSatisfy { $0.format?.width == 6 })
      var widths: [String: Int] = [:]
      for node in graph.nodes {
        if case .quantize(_, let format, _) = node.op { widths[node.name] = format.width }
      }
      #expect(widths["x"] == 9 && widths["h"] == 9 && widths["i"] == 9)
      #expect(widths["c"] == 11)
      #expect(
        stage.arguments.joined(separator: " ").contains(
          "--weight-bits 6 --value-bits 9 --state-bits 11"))
      // The same input gives the same bytes.
      let first = try Data(contentsOf: fixed.appendingPathComponent("record.json"))
      let again = try stage.run(context)
      #expect(try Data(contentsOf: fixed.appendingPathComponent("record.json")) == first)
      #expect(again.json.text == result.json.text)
    }
  }

  /// The errors of the table by the interpreter and the reference alone.
  @Test func theTableSaysHowFarTheIntegersAre() throws {
    try withTemporaryFolder { folder in
      let (float, features) = try lstm(in: folder)
      let fixed = folder.appendingPathComponent("fixed")
      let result = try QuantizeStage(
        model: float, source: .calibration([features]), output: fixed,
        widths: .init(weights: 8, values: 8, states: 8)
      ).run(context)
      let found = try FixedPointRun.errors(result.json, "fixed", "float")
      let (before, weights) = try part(float)
      let (after, rounded) = try part(fixed)
      let interpreter = FloatInterpreter(network: before.network, weights: weights)
      let reference = try ReferenceModel(
        try freeze(
          after.network, weights: rounded, name: "again",
          rules: IntegerRules(tableSegments: nil)))
      let graph = reference.graph
      let values = try NPYArray.read(features).floats.map(Double.init)
      var errors: [Double] = []
      for s in 0..<2 {
        interpreter.reset()
        reference.reset()
        for t in 0..<7 {
          let x = Array(values[(s * 7 + t) * 3..<(s * 7 + t + 1) * 3])
          let codes = x.map {
            quantized($0, to: graph.inputFormat, rounding: .halfUp, overflow: .saturate)
          }
          let y = reference.step(codes).map { Double($0) * graph[graph.output].format.ulp }
          errors += zip(interpreter.step(x), y).map { abs($0 - $1) }
        }
      }
      #expect(errors.count == 2 * 7 * 4)
      #expect(found.greatest == errors.max())
      #expect(abs(found.mean - errors.reduce(0, +) / Double(errors.count)) < 1e-12)
      #expect(found.greatest > 1e-3 && found.greatest < 0.1)
      // More bits are nearer.
      let wide = try QuantizeStage(model: float, source: .calibration([features]), output: fixed)
        .run(context)
      #expect(try FixedPointRun.errors(wide.json, "fixed", "float").greatest < found.greatest / 50)
    }
  }

  @Test func whatTheOriginalGaveMayBeGivenLater() throws {
    try withTemporaryFolder { folder in
      let (float, features) = try lstm(in: folder)
      let fixed = folder.appendingPathComponent("fixed")
      let output = folder.appendingPathComponent("y.npy")
      // An original that is off by exactly 1 in its last step, the only one that it gave.
      _ = try RunStage(model: float, input: features, output: output, isLast: true).run(context)
      let last = try NPYArray.read(output)
      try NPYArray(shape: last.shape, elements: .float32(last.floats.map { $0 + 1 })).data.write(
        to: output)
      let result = try QuantizeStage(
        model: float, source: .calibration([features]), output: fixed,
        expected: (features, output)
      ).run(context)
      let errors = try FixedPointRun.errors(result.json, "float", "origin")
      #expect(abs(errors.greatest - 1) < 1e-6 && abs(errors.mean - 1) < 1e-6)
      #expect(result.text.contains("against the original"))

      try NPYArray(shape: [2, 3], elements: .float32([1, 2, 3, 4, 5, 6])).data.write(to: output)
      let error = try #require(throws: DiagnosticsEmitted.self) {
        try QuantizeStage(
          model: float, source: .calibration([features]), output: fixed,
          expected: (features, output)
        ).run(context)
      }
      #expect(error.description.contains("[2, 3]") && error.description.contains("[2, 7, 4]"))
    }
  }

  @Test func withoutSequencesThereAreNoRanges() throws {
    try withTemporaryFolder { folder in
      let (float, features) = try lstm(in: folder)
      let fixed = folder.appendingPathComponent("fixed")
      let error = try #require(throws: DiagnosticsEmitted.self) {
        try QuantizeStage(model: float, source: .calibration([]), output: fixed).run(context)
      }
      #expect(error.description.contains("--calibration"))
      for bits in [1, 19] {
        #expect(throws: DiagnosticsEmitted.self) {
          try QuantizeStage(
            model: float, source: .calibration([features]), output: fixed,
            widths: .init(weights: bits, values: bits, states: bits)
          ).run(context)
        }
      }
      #expect(!FileManager.default.fileExists(atPath: fixed.path))
    }
  }
}
