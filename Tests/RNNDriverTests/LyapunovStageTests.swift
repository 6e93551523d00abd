import Foundation
import RNNDriver
import RNNGraph
import RNNInterchange
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct LyapunovStageTests {
  private let context = StageContext(progress: SilentProgress())

  /// A GRU of 5 units on 3 inputs with a readout, as a file.
  private func withModel(_ body: (URL, URL) throws -> Void) throws {
    let network = Network(layers: [
      try Layer(name: "gru", cell: "gru", inputSize: 3, units: 5),
      try Layer(name: "out", cell: "dense", inputSize: 5, units: 2),
    ])
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("model.json")
      try ModelFile(name: "tiny", task: nil, network: network).write(
        to: url, weights: initialWeights(network, seed: 1))
      try body(folder, url)
    }
  }
  private func features(_ shape: [Int], at url: URL, bad: Float? = nil) throws {
    var generator = SplitMix64(seed: 2)
    var values = (0..<shape.reduce(1, *)).map { _ in Float(generator.uniform(-1, 1)) }
    if let bad { values[4] = bad }
    try AtomicFile.write(NPYArray(shape: shape, elements: .float32(values)).data, to: url)
  }
  private func firstFix(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch let error as DiagnosticsEmitted {
      return error.diagnostics[0].fix
    } catch {
      return "\(error)"
    }
  }

  @Test func randomInputGivesASpectrumItsFilesAndTheSameAgain() throws {
    try withModel { folder, model in
      let output = folder.appendingPathComponent("spectrum")
      let stage = LyapunovStage(
        model: folder, input: .noise(.gaussian, scale: 0.5), segments: 2, steps: 60, warmUp: 10,
        output: output)
      let result = try stage.run(context)
      let spectrum = try #require(result.json["spectrum"])
      #expect(spectrum["exponents"]?.array?.count == 5)
      #expect(spectrum["states"] == .int(5) && spectrum["steps"] == .int(60))
      #expect(spectrum["verdict"] == .string("contracting"))
      let (sum, determinant) = (spectrum["sum"]?.number, spectrum["logDeterminant"]?.number)
      #expect(abs((sum ?? 0) - (determinant ?? 1)) < 1e-9)
      #expect(result.text.contains("Kaplan-Yorke dimension 0"))
      let json = try AtomicFile.read(output.appendingPathComponent("lyapunov.json"))
      #expect(String(decoding: json, as: UTF8.self) == result.json.text)
      let svg = try AtomicFile.read(output.appendingPathComponent("lyapunov.svg"))
      #expect(String(decoding: svg, as: UTF8.self).hasPrefix("<svg"))
      #expect(try stage.run(context).json == result.json)
      #expect(
        stage.arguments.joined(separator: " ").contains(
          "--random gaussian --scale 0.5 --segments 2 --warm-up 10 --steps 60"))
      _ = model
    }
  }

  @Test func dataAreOneStreamCutIntoSegments() throws {
    try withModel { folder, model in
      let file = folder.appendingPathComponent("x.npy")
      try features([4, 30, 3], at: file)
      // 120 frames in 3 segments are 40 each, 35 after the warm-up.
      let result = try LyapunovStage(
        model: model, input: .array(file), segments: 3, warmUp: 5
      ).run(context)
      #expect(result.json["spectrum"]?["steps"] == .int(35))
      try features([120, 3], at: file)
      let flat = try LyapunovStage(
        model: model, input: .array(file), segments: 3, warmUp: 5
      ).run(context)
      #expect(flat.json["spectrum"] == result.json["spectrum"])
    }
  }

  @Test func badInputIsRefusedWithARemedy() throws {
    try withModel { folder, model in
      let file = folder.appendingPathComponent("x.npy")
      func fix(_ input: LyapunovInput, segments: Int = 2, steps: Int? = 10, warmUp: Int = 0)
        -> String
      {
        firstFix {
          _ = try LyapunovStage(
            model: model, input: input, segments: segments, steps: steps, warmUp: warmUp
          ).run(context)
        }
      }
      try features([19, 3], at: file)
      #expect(fix(.array(file)).contains("--segments"))
      #expect(fix(.array(file), steps: nil, warmUp: 9).contains("--warm-up"))
      try features([40, 2], at: file)
      #expect(fix(.array(file)).contains("(frames, 3)"))
      try features([40, 3], at: file, bad: .nan)
      #expect(fix(.array(file)) == "give finite features")
      #expect(fix(.recordings(folder)).contains("--input"))
      #expect(fix(.noise(.zero, scale: .infinity)).contains("1"))
      #expect(fix(.noise(.zero, scale: 1), segments: 0) == "use at least 1")
      #expect(fix(.noise(.zero, scale: 1), warmUp: -1) == "use 0 for none")
    }
  }
}
