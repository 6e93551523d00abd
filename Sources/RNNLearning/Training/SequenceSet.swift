internal import Foundation
package import RNNGraph
package import RNNSupport

/// Sequences with their targets.
package struct SequenceSet: Hashable, Sendable {
  /// Elements per step.
  package var features: Int
  /// Each row-major [T][features]; lengths may differ.
  package var sequences: [[Float]]
  /// One target per sequence.
  package var targets: [SequenceTarget]

  /// Creates a set; `check` finds what is wrong with it.
  package init(features: Int, sequences: [[Float]], targets: [SequenceTarget]) {
    self.features = features
    self.sequences = sequences
    self.targets = targets
  }
  /// Creates a set whose targets are classes of whole sequences.
  package init(features: Int, sequences: [[Float]], labels: [Int]) {
    self.init(features: features, sequences: sequences, targets: labels.map { .label($0) })
  }
  /// The number of sequences.
  package var count: Int { sequences.count }
  /// The number of steps of a sequence.
  package func steps(_ index: Int) -> Int { sequences[index].count / features }
  /// The sequences at the given indices, in their order.
  package func subset(_ indices: [Int]) -> SequenceSet {
    SequenceSet(
      features: features, sequences: indices.map { sequences[$0] },
      targets: indices.map { targets[$0] })
  }

  /// SHA-256 over features, sequences and targets, so that a checkpoint knows its data.
  package var digest: String {
    var bytes = Data()
    func append(_ value: Int) {
      withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(features)
    for (sequence, target) in zip(sequences, targets) {
      append(sequence.count)
      bytes.append(littleEndian: sequence)
      switch target {
      case .label(let label):
        append(0)
        append(label)
      case .labels(let labels):
        append(1)
        append(labels.count)
        for label in labels { append(label) }
      case .values(let values):
        append(2)
        append(values.count)
        bytes.append(littleEndian: values)
      }
    }
    return sha256(bytes)
  }

  /// Collects what keeps the set from being used with a network and a loss; at most ten sequences are named.
  package func check(
    named name: String, network: Network, loss: any Loss, into sink: inout DiagnosticSink
  ) {
    guard !sequences.isEmpty else {
      sink.error(name, "the set has no sequences", fix: "give at least one")
      return
    }
    guard sequences.count == targets.count else {
      sink.error(
        name, "\(sequences.count) sequences have \(targets.count) targets",
        fix: "give one target per sequence")
      return
    }
    guard features == network.inputSize else {
      sink.error(
        name, "the sequences have \(features) features, the network \(network.inputSize) inputs",
        fix: "give the first layer \(features) inputs or extract \(network.inputSize) features")
      return
    }
    var findings: [(path: String, problem: TargetProblem)] = []
    for (i, sequence) in sequences.enumerated() {
      let problem: TargetProblem?
      if sequence.isEmpty || sequence.count % features != 0 {
        problem = TargetProblem(
          "\(sequence.count) values are not a positive number of steps of \(features) features",
          fix: "remove the sequence or repair it")
      } else if let bad = sequence.firstIndex(where: { !$0.isFinite }) {
        problem = TargetProblem(
          "feature \(bad % features) of step \(bad / features) is \(sequence[bad])",
          fix: "remove the sequence or repair it")
      } else {
        problem = loss.problem(
          with: targets[i], steps: sequence.count / features, features: network.outputSize)
      }
      if let problem { findings.append(("\(name)[\(i)]", problem)) }
    }
    for finding in findings.prefix(10) {
      sink.error(finding.path, finding.problem.message, fix: finding.problem.fix)
    }
    if findings.count > 10 {
      sink.error(
        name, "\(findings.count - 10) more sequences have errors", fix: "see the ones named above")
    }
  }
}

/// What to learn: sequences, a measure of success, and sequences to choose the best epoch on.
package struct TrainingTask: Sendable {
  /// The sequences to learn from.
  package var training: SequenceSet
  /// Sequences held out of training, from the training data and never from the test set; nil for none.
  package var validation: SequenceSet?
  /// What to minimise.
  package var loss: any Loss
  /// Creates a task.
  package init(training: SequenceSet, validation: SequenceSet?, loss: any Loss) {
    self.training = training
    self.validation = validation
    self.loss = loss
  }
  /// Throws one error that holds every finding about the task and a network.
  package func check(against network: Network) throws {
    var sink = DiagnosticSink(stage: "train")
    training.check(named: "training", network: network, loss: loss, into: &sink)
    validation?.check(named: "validation", network: network, loss: loss, into: &sink)
    try sink.throwIfErrors()
  }
}

extension Data {
  /// Appends IEEE singles in little-endian byte order.
  mutating func append(littleEndian values: [Float]) {
    reserveCapacity(count + 4 * values.count)
    for value in values {
      Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { append(contentsOf: $0) }
    }
  }
}
