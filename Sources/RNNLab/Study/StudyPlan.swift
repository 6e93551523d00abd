package import Foundation
internal import RNNCodegen
package import RNNDriver
internal import RNNReport

/// A comparison over cells and seeds on one data set: what compression and quantization cost.
package struct StudyRequest: Sendable {
  /// The folder with one experiment file per cell.
  package var examples: URL
  /// The recordings.
  package var data: URL
  package var output: URL
  package var cells: [String]
  package var seeds: [UInt64]

  package init(
    examples: URL, data: URL, output: URL, cells: [String] = ["gru", "lstm"],
    seeds: [UInt64] = [1, 2, 3]
  ) {
    self.examples = examples
    self.data = data
    self.output = output
    self.cells = cells
    self.seeds = seeds
  }

  /// The ways to circulant matrices that are compared.
  static let methods: [CompressionMethod] = [.admm, .projection, .direct]

  static func step(_ cell: String, _ seed: UInt64, _ stage: String) -> String {
    "\(cell) seed \(seed): \(stage)"
  }
}

/// The steps of a study, in order; pure.
package func plan(_ request: StudyRequest) -> [Step] {
  var steps: [Step] = []
  for cell in request.cells {
    let experiment = request.examples.appendingPathComponent("\(cell).json")
    for seed in request.seeds {
      func folder(_ name: String) -> URL {
        request.output.appendingPathComponent("\(cell)-\(seed)/\(name)")
      }
      func add(_ name: String, _ stage: any Stage) {
        steps.append(Step(StudyRequest.step(cell, seed, name), stage))
      }
      add(
        "train",
        TrainStage(
          experiment: experiment, output: folder("float"), seed: seed, data: request.data))
      for method in StudyRequest.methods {
        add(
          method.rawValue,
          CompressStage(
            model: folder("float/model.json"), experiment: experiment,
            output: folder(method.rawValue), method: method, seed: seed, data: request.data))
        add(
          "\(method.rawValue) quantized",
          QuantizeStage(
            model: folder("\(method.rawValue)/model.json"),
            source: .experiment(experiment, seed: seed, data: request.data),
            output: folder("\(method.rawValue)-quantized")))
      }
      let build = folder("rtl")
      add(
        "compile",
        CompileStage(
          model: folder("admm-quantized/model.json"), output: build,
          options: CompileOptions(name: "digits_\(cell)")))
      add(
        "cosim",
        CosimStage(
          build: build, input: .recordings(request.data), stressLimit: 50, seed: seed))
    }
  }
  return steps
}
