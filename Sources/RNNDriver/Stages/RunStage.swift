package import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// `rnnc run`: the float network on features.
package struct RunStage: Stage {
  package static let verb = "run"
  package var model: URL
  package var input: URL
  package var output: URL?
  /// The lengths of the sequences; nil where all are full.
  package var lengths: URL?
  /// Whether only the last step of each sequence is given.
  package var isLast: Bool

  package init(
    model: URL, input: URL, output: URL? = nil, lengths: URL? = nil, isLast: Bool = false
  ) {
    self.model = model
    self.input = input
    self.output = output
    self.lengths = lengths
    self.isLast = isLast
  }

  package var arguments: [String] {
    [model.relativePath, "--input", input.relativePath]
      + (output.map { ["-o", $0.relativePath] } ?? [])
      + (lengths.map { ["--lengths", $0.relativePath] } ?? []) + (isLast ? ["--last"] : [])
  }
  package var inputs: [URL] {
    ModelInputs.urls(model) + [input] + (lengths.map { [$0] } ?? [])
  }
  package var outputs: [URL] { output.map { [$0] } ?? [] }

  package func run(_ context: StageContext) throws -> StageResult {
    let claim = try output.map { try OutputClaim(file: $0, inputs: inputs) }
    defer { claim?.release() }
    let network = try Self.read(model)
    let (sequences, isSingle) = try FeatureInput.sequences(input, inputSize: network.inputSize)
    let lengths = try self.lengths.map { try Self.lengths($0, of: sequences) }
    let runner = SequenceRun(network)
    var results = try sequences.enumerated().map { s, sequence in
      try runner.run(Array(sequence.prefix(lengths?[s] ?? sequence.count))).output
    }
    let selects = network.givesOneStep
    if isLast || selects {
      results = results.map { [$0[$0.count - 1]] }
    } else {
      // Steps after the end of a sequence give zeros, as frameworks pad.
      let zeros = [Double](repeating: 0, count: network.outputSize)
      let steps = sequences[0].count
      results = results.map { $0 + Array(repeating: zeros, count: steps - $0.count) }
    }
    let (count, steps) = (results.count, results[0].count)
    let values = results.joined().joined().map(Float.init)
    let shape =
      (isSingle ? [] : [count]) + (isLast || selects ? [] : [steps]) + [network.outputSize]
    if let claim {
      try AtomicFile.write(NPYArray(shape: shape, elements: .float32(values)).data, to: claim.url)
    }
    let range = (values.min() ?? 0, values.max() ?? 0)
    var lines = [
      "ran \(network.name) on \(count) sequences: \(values.count) outputs from \(range.0) to \(range.1)"
    ]
    if let output {
      lines.append("outputs \(shape) in \(output.relativePath)")
    } else {
      for (s, rows) in results.prefix(8).enumerated() {
        let end = rows[min(lengths?[s] ?? steps, steps) - 1]
        let shown = end.prefix(8).map { "\(Float($0))" }.joined(separator: " ")
        lines.append(
          "  sequence \(s), last step: \(shown)\(end.count > 8 ? " ..." : "")")
      }
    }
    return StageResult(
      json: .object([
        "model": .string(network.name), "sequences": .int(count),
        "shape": .array(shape.map { .int($0) }), "least": .double(Double(range.0)),
        "greatest": .double(Double(range.1)),
        "output": output.map { .string($0.relativePath) } ?? .null,
      ]), text: lines.joined(separator: "\n"))
  }

  /// A model of either kind.
  private static func read(_ url: URL) throws -> SequenceModel {
    let file = ModelFolder.modelURL(url)
    if file.lastPathComponent == SequenceModel.fileName { return try SequenceModel.read(file) }
    let (model, weights) = try ModelFile.read(file)
    return SequenceModel(
      name: model.name, steps: [.forward(.init(network: model.network, weights: weights))])
  }

  private static func lengths(_ url: URL, of sequences: [[[Double]]]) throws -> [Int] {
    let array = try NPYArray.read(url)
    let steps = sequences[0].count
    guard let values = array.integers, values.count == sequences.count,
      values.allSatisfy({ (1...Int64(steps)).contains($0) })
    else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "run", path: url.relativePath,
          message: "it does not hold \(sequences.count) whole numbers from 1 to \(steps)",
          fix: "give the length of each sequence of the input"))
    }
    return values.map { Int($0) }
  }
}
