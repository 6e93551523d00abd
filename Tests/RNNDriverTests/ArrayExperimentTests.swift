import Foundation
import RNNCodegen
import RNNDriver
import RNNGraph
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// A network that is trained by a local rule on arrays, from the experiment file to the design.
@Suite struct ArrayExperimentTests {
  /// Each of two outputs follows its input slowly.
  private func write(_ folder: URL, split: String, sequences: Int, steps: Int, seed: UInt64) throws
  {
    var generator = SplitMix64(seed: seed)
    var (inputs, targets) = ([Float](), [Float]())
    for _ in 0..<sequences {
      var y: [Float] = [0, 0]
      for _ in 0..<steps {
        for k in 0..<2 {
          let x = Float(generator.uniform(-1, 1))
          inputs.append(x)
          y[k] += 0.3 * (x - y[k])
        }
        targets += y
      }
    }
    let shape = [sequences, steps, 2]
    for (name, values) in [("inputs", inputs), ("targets", targets)] {
      try AtomicFile.write(
        NPYArray(shape: shape, elements: .float32(values)).data,
        to: folder.appendingPathComponent("\(split)-\(name).npy"))
    }
  }

  private func experiment(_ edits: [(String, String)] = []) -> String {
    let training = """
      {"epochs": 30, "batchSize": 4, "learningRate": 0.2, "schedule": {"kind": "constant"},
       "optimizer": {"kind": "sgd", "momentum": 0}, "gradientClip": null, "augmentation": null,
       "bucketBatches": 1, "selection": "best",
       "learning": {"rule": "rflo", "credit": "local", "feedback": "random", "updates": "trial",
                    "traceInput": "current", "learns": ["recurrent", "readout"]}}
      """
    let text = """
      {"format": "rnnc-experiment", "version": 1, "name": "follow", "seed": 1,
       "data": {"kind": "sequences", "path": "data", "validationShare": 0.25, "features": 2},
       "frontEnd": null, "normalise": false, "pooling": null,
       "layers": [
         {"name": "rate", "cell": "leaky", "units": 9, "options": {"tau": 3}},
         {"name": "readout", "cell": "dense", "units": 2, "options": {"bias": false}}],
       "training": \(training), "compression": null,
       "quantization": {"weightWidth": 12, "activationWidth": 12, "stateWidth": 12,
         "internalWidth": 16, "biasWidth": 32, "rounding": "halfUp", "margin": 1,
         "tableSegments": 128, "fineTuning": null}}
      """
    return edits.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
  }

  private func number(_ json: JSONValue, _ key: String) throws -> Double {
    try #require(json[key]?.number, "\(key)")
  }

  @Test func goesFromArraysToADesign() throws {
    try withTemporaryFolder { folder in
      let data = folder.appendingPathComponent("data")
      try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
      try write(data, split: "train", sequences: 24, steps: 15, seed: 1)
      try write(data, split: "test", sequences: 5, steps: 15, seed: 2)
      let file = folder.appendingPathComponent("e.json")
      try AtomicFile.write(experiment(), to: file)
      let context = StageContext(progress: SilentProgress())
      let float = folder.appendingPathComponent("float")
      let trained = try TrainStage(experiment: file, output: float).run(context)
      let loss = try number(trained.json, "testLoss")
      // The mean square of the targets is about 0.06.
      #expect(loss < 0.03)
      #expect(trained.json["testAccuracy"] == nil)
      #expect(trained.text.contains("on 5 test sequences"))
      let (model, _) = try ModelFile.read(float.appendingPathComponent("model.json"))
      #expect(model.task == nil && model.network.layers.map(\.cell) == ["leaky", "dense"])

      let fixed = folder.appendingPathComponent("fixed")
      let quantized = try QuantizeStage(
        model: float, source: .experiment(file), output: fixed
      ).run(context)
      let integers = try number(quantized.json, "testLossIntegers")
      #expect(abs(integers - loss) < 0.05 * loss)
      let build = folder.appendingPathComponent("rtl")
      let compiled = try CompileStage(
        model: fixed, output: build, options: CompileOptions()
      ).run(context)
      #expect(compiled.passed)
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    try withTemporaryFolder { folder in
      let data = folder.appendingPathComponent("data")
      try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
      try write(data, split: "train", sequences: 8, steps: 5, seed: 1)
      try write(data, split: "test", sequences: 2, steps: 5, seed: 2)
      func error(_ edits: [(String, String)]) throws -> String {
        let file = folder.appendingPathComponent("e.json")
        try AtomicFile.write(experiment(edits), to: file)
        do {
          _ = try TrainStage(
            experiment: file, output: folder.appendingPathComponent("out")
          ).run(StageContext(progress: SilentProgress()))
          return ""
        } catch { return "\(error)" }
      }
      let outputs = try error([("\"units\": 2", "\"units\": 3")])
      #expect(outputs.contains("train-targets.npy: its shape is [8, 5, 2]"), "\(outputs)")
      let cell = try error([
        (
          "\"cell\": \"leaky\", \"units\": 9, \"options\": {\"tau\": 3}",
          "\"cell\": \"gru\", \"units\": 9"
        )
      ])
      #expect(cell.contains("local learning knows the cell leaky, and this one is gru"), "\(cell)")
      #expect(cell.contains("use the cell \"leaky\""), "\(cell)")
      let bias = try error([("\"bias\": false", "\"bias\": true")])
      #expect(bias.contains("has no bias"), "\(bias)")
      // Targets of another length.
      try write(data, split: "test", sequences: 2, steps: 4, seed: 2)
      let inputs = data.appendingPathComponent("test-inputs.npy")
      let long = try Data(contentsOf: data.appendingPathComponent("train-inputs.npy"))
      try AtomicFile.write(long, to: inputs)
      let length = try error([])
      #expect(
        length.contains("2 sequences of 4 steps for inputs of 8 sequences of 5 steps"), "\(length)")
    }
  }
}
