internal import Foundation
internal import RNNCodegen
internal import RNNCosim
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNReference
internal import RNNReport
internal import RNNSupport

extension CosimStage {
  /// What is fed, and what is known about it.
  struct Given {
    /// Input codes, `[sequence][step][input]`.
    var sequences: [[[Int64]]]
    /// The right classes of recordings.
    var labels: [Int]?
    /// The features before they were rounded, where they are known.
    var features: [[[Double]]]?
    /// What the original program gave for them.
    var expected: [[[Double]]]?
  }

  /// Reads the input, at most `limit` sequences of it.
  func read(_ folder: BuildFolder) throws -> Given {
    let graph = folder.golden
    func given(_ features: [[[Double]]], expected: [[[Double]]]? = nil) -> Given {
      Given(
        sequences: features.map { $0.map(graph.inputCodes) }, features: features,
        expected: expected)
    }
    var result: Given
    switch input {
    case .array(let url):
      switch try FeatureInput.read(url, for: graph) {
      case .codes(let codes): result = Given(sequences: codes)
      case .features(let features): result = given(features)
      }
    case .recordings(let url):
      let loaded = try AudioInput.load(
        url, split: .test, for: folder.model, path: build.relativePath)
      result = Given(sequences: graph.inputCodes(loaded.sequences), labels: loaded.labels)
    case .kept:
      guard
        let kept = try KeptSequences.read(
          beside: floatModel, inputSize: graph.inputSize, outputSize: graph.outputSize)
      else {
        throw DiagnosticsEmitted(
          Diagnostic(
            stage: "cosim", path: build.relativePath,
            message: "no sequences came along with the model",
            fix: "give --input FILE.npy or --data FOLDER"))
      }
      result = given(kept.inputs, expected: kept.expected)
    }
    if let limit, limit < result.sequences.count {
      // Spread over the input, so that a few recordings still show every class.
      let chosen = (0..<limit).map { $0 * result.sequences.count / limit }
      result.sequences = chosen.map { result.sequences[$0] }
      result.labels = result.labels.map { all in chosen.map { all[$0] } }
      result.features = result.features.map { all in chosen.map { all[$0] } }
      result.expected = result.expected.map { all in chosen.map { all[$0] } }
    }
    return result
  }

  /// The errors of all forms of the network; nil if the float one or its input is not known.
  func accuracy(
    _ result: CosimResult, _ reference: [[[Int64]]], of given: Given, _ folder: BuildFolder
  ) throws -> AccuracyTable? {
    guard let features = given.features,
      FileManager.default.fileExists(atPath: floatModel.path)
    else { return nil }
    let (model, weights) = try ModelFile.read(floatModel)
    let float = SequenceRun(
      SequenceModel(
        name: model.name, steps: [.forward(.init(network: model.network, weights: weights))]))
    let graph = folder.golden
    let format = graph[graph.output].format
    func numbers(_ codes: [[[Int64]]]) -> [[[Double]]] {
      codes.map { $0.map { $0.map(format.value(of:)) } }
    }
    return AccuracyTable([
      (.origin, given.expected), (.float, try features.map { try float.run($0).output }),
      (.fixed, numbers(reference)),
      (.verilog, numbers(result.outputs)),
    ])
  }
}
