import Foundation
import RNNCodegen
import RNNDriver
import RNNFixedPoint
import RNNGraph
import RNNImport
import RNNInterchange
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

struct Silent: ProgressSink {
  func begin(_ title: String) {}
  func update(_ fraction: Double, _ text: String, milestone: Bool) {}
  func end(_ result: String) {}
  func note(_ text: String) {}
}

private let context = StageContext(progress: Silent())

/// From a file of another program to outputs, through the files in between.
@Suite struct ImportStageTests {
  /// Writes input and output of a case as `.npy` in the layout of its file.
  private func arrays(_ name: String, output: String, in folder: URL) throws -> (URL, URL) {
    let one = try #require(AttributeCase.all.first { $0.name == name })
    let input = try #require(Vector(one.json["input"]))
    let wanted = try #require(Vector(one.json["outputs"]?[output]))
    let urls = (folder.appendingPathComponent("x.npy"), folder.appendingPathComponent("y.npy"))
    try NPYArray(shape: input.shape, elements: .float32(input.floats)).data.write(to: urls.0)
    try NPYArray(shape: wanted.shape, elements: .float32(wanted.floats)).data.write(to: urls.1)
    return urls
  }
  private func file(_ name: String) -> URL {
    fixtures.appendingPathComponent("attributes/\(name).onnx")
  }

  @Test func aStreamingModelIsAModelFolderThatRuns() throws {
    try withTemporaryFolder { folder in
      let (x, y) = try arrays("graph_last_step", output: "v5_0", in: folder)
      let output = folder.appendingPathComponent("model")
      let stage = ImportStage(
        file: file("graph_last_step"), output: output, expected: (x, y), tolerance: 1e-5)
      let result = try stage.run(context)
      #expect(result.passed)
      #expect((result.json["maxError"]?.number ?? 1) < 2e-6)
      #expect(result.json["parameters"]?.int == 3 * 4 * (3 + 4 + 1) + 4 + 2 * (4 + 1))
      #expect(result.text.contains("rnnc run --last"))
      #expect(result.text.contains("linear_before_reset"))
      let (model, _) = try ModelFile.read(output.appendingPathComponent("model.json"))
      #expect(model.name == "graph_last_step")
      #expect(model.network.layers.map(\.cell) == ["gru", "dense"])
      #expect(model.stages.map(\.name) == ["import"])

      let found = folder.appendingPathComponent("found.npy")
      _ = try RunStage(model: output, input: x, output: found, isLast: true).run(context)
      let (a, b) = (try NPYArray.read(found), try NPYArray.read(y))
      #expect(a.shape == b.shape)
      #expect(zip(a.floats, b.floats).allSatisfy { abs($0 - $1) < 2e-6 })

      // The folder of one import is replaced by the next, whatever both hold.
      _ = try ImportStage(file: file("gru_bidirectional"), output: output).run(context)
      let files = try FileManager.default.contentsOfDirectory(atPath: output.path).sorted()
      #expect(files.contains("sequence.json") && !files.contains("model.json"))
      _ = try stage.run(context)

      // A tolerance that does not hold is a failed check, and the model is there to look at.
      try NPYArray(shape: b.shape, elements: .float32(b.floats.map { $0 + 0.5 })).data.write(to: y)
      let failed = try stage.run(context)
      #expect(!failed.passed)
    }
  }

  @Test func aModelThatNeedsWholeSequencesIsAFolderOfParts() throws {
    try withTemporaryFolder { folder in
      let (x, y) = try arrays("graph_both_ends", output: "v10_0", in: folder)
      let output = folder.appendingPathComponent("model")
      _ = try ImportStage(file: file("graph_both_ends"), output: output, name: "ends").run(context)
      let model = try SequenceModel.read(output.appendingPathComponent(SequenceModel.fileName))
      #expect(model.name == "ends")
      #expect(model.steps.count == 3)
      // Each part is an ordinary model.
      let (part, _) = try ModelFile.read(output.appendingPathComponent("part1.json"))
      #expect(part.network.layers.map(\.name) == ["gru0_reverse"])
      let found = folder.appendingPathComponent("found.npy")
      _ = try RunStage(model: output, input: x, output: found).run(context)
      let (a, b) = (try NPYArray.read(found), try NPYArray.read(y))
      #expect(a.shape == b.shape)
      #expect(zip(a.floats, b.floats).allSatisfy { abs($0 - $1) < 2e-6 })
      // What streams cannot take it whole, and says so.
      let error = try #require(throws: DiagnosticsEmitted.self) {
        try CompileStage(
          model: output, output: folder.appendingPathComponent("build"), options: CompileOptions()
        ).run(context)
      }
      #expect(error.description.contains("whole sequences"))
    }
  }

  @Test func raggedSequencesRunWithTheirLengths() throws {
    try withTemporaryFolder { folder in
      let one = try #require(AttributeCase.all.first { $0.name == "gru_ragged_bidirectional" })
      let output = folder.appendingPathComponent("model")
      _ = try ImportStage(file: file(one.name), output: output).run(context)
      let model = try one.load()
      let input = try #require(Vector(one.json["input"]))
      let rows = try #require(model.input.sequences(input.shape, input.floats))
      let wanted = try #require(Vector(one.json["outputs"]?["Y"]))
      let expected = try #require(model.outputs[0].tensor.sequences(wanted.shape, wanted.floats))
      let x = folder.appendingPathComponent("x.npy")
      try NPYArray(
        shape: [rows.count, rows[0].count, 3], elements: .float32(Array(rows.joined().joined()))
      ).data.write(to: x)
      let lengths = folder.appendingPathComponent("n.npy")
      try NPYArray(shape: [2], elements: .int64([5, 1])).data.write(to: lengths)
      let found = folder.appendingPathComponent("y.npy")
      _ = try RunStage(model: output, input: x, output: found, lengths: lengths).run(context)
      let values = try NPYArray.read(found)
      #expect(values.shape == [2, 5, 8])
      #expect(
        zip(values.floats, expected.joined().joined()).allSatisfy { abs($0 - $1) < 2e-6 })
      try NPYArray(shape: [2], elements: .int64([6, 1])).data.write(to: lengths)
      #expect(throws: DiagnosticsEmitted.self) {
        try RunStage(model: output, input: x, lengths: lengths).run(context)
      }
    }
  }

  @Test func nothingIsWrittenWhenAFileIsRefused() throws {
    try withTemporaryFolder { folder in
      let output = folder.appendingPathComponent("model")
      #expect(throws: DiagnosticsEmitted.self) {
        try ImportStage(file: file("refused_softmax"), output: output).run(context)
      }
      #expect(throws: DiagnosticsEmitted.self) {
        try ImportStage(file: file("gru_bias"), output: output, name: "7 bad").run(context)
      }
      #expect(throws: DiagnosticsEmitted.self) {
        try ImportStage(file: folder.appendingPathComponent("x.tflite"), output: output).run(
          context)
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.isEmpty, "\(left)")
    }
  }

  /// Options of imported cells exist in hardware's arithmetic too: 16 bits stay near the float network.
  @Test(arguments: [
    "lstm_hard_sigmoid", "lstm_clip", "lstm_input_forget_all", "lstm_initial", "lstm_leaky_relu",
    "lstm_thresholded_relu", "lstm_scaled_tanh", "gru_linear_clip", "gru_initial", "rnn_relu",
    "rnn_initial", "graph_functions",
  ])
  func importedOptionsQuantize(_ name: String) throws {
    let one = try #require(AttributeCase.all.first { $0.name == name })
    let model = try one.load()
    let part = try #require(model.model.streaming?.part)
    let input = try #require(Vector(one.json["input"]))
    let sequences = try #require(model.input.sequences(input.shape, input.floats))
      .map { $0.map { $0.map(Double.init) } }
    let interpreter = FloatInterpreter(network: part.network, weights: part.weights)
    let ranges = interpreter.observeRanges(sequences)
    let policy = QuantizationPolicy(
      weightWidth: 16, activationWidth: 16, stateWidth: 16, integratorWidth: 18, internalWidth: 20)
    let plan = try planQuantization(
      part.network, weights: part.weights, ranges: ranges, policy: policy)
    let graph = try freeze(
      plan.network, weights: part.weights.rounded(to: plan.network), name: "imported",
      rules: policy.integerRules)
    let reference = try ReferenceModel(graph)
    let codes = graph.inputCodes(sequences.map { $0.joined().map(Float.init) })
    var greatest = 0.0
    for (sequence, rows) in zip(sequences, codes) {
      interpreter.reset()
      reference.reset()
      for (x, code) in zip(sequence, rows) {
        let wanted = interpreter.step(x)
        let found = reference.step(code).map { graph[graph.output].format.value(of: $0) }
        for (a, b) in zip(found, wanted) { greatest = max(greatest, abs(a - b) / max(1, abs(b))) }
      }
    }
    #expect(greatest < 5e-3, "\(name): \(greatest)")
  }
}
