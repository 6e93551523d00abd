import Foundation
import RNNGraph
import RNNLearning
import RNNSupport

/// Small tasks and networks that train in seconds.
enum LearningCases {
  /// A recurrent layer and a readout.
  static func classifier(
    _ cell: any CellDefinition.Type, inputs: Int, units: Int, classes: Int
  ) -> Network {
    Network(layers: [
      EngineCase.layer(cell, inputs, units, name: "rnn"),
      EngineCase.layer(DenseLayer.self, units, classes, name: "readout"),
    ])
  }

  /// Sequences whose class is the sign of the sum of their first feature; the second is noise.
  static func signOfSum(count: Int, seed: UInt64, steps: ClosedRange<Int> = 3...9) -> SequenceSet {
    var generator = SplitMix64(seed: seed)
    var sequences: [[Float]] = []
    var labels: [Int] = []
    while sequences.count < count {
      let length = steps.lowerBound + generator.below(steps.count)
      let sequence = (0..<2 * length).map { _ in Float(generator.uniform(-1, 1)) }
      let sum = stride(from: 0, to: 2 * length, by: 2).reduce(Float(0)) { $0 + sequence[$1] }
      // Sums near zero would make the best accuracy a matter of luck.
      guard abs(sum) > 0.3 else { continue }
      sequences.append(sequence)
      labels.append(sum > 0 ? 1 : 0)
    }
    return SequenceSet(features: 2, sequences: sequences, labels: labels)
  }
  static func signOfSumTask(training: Int = 160, validation: Int = 80) -> TrainingTask {
    TrainingTask(
      training: signOfSum(count: training, seed: 1),
      validation: signOfSum(count: validation, seed: 2), loss: CrossEntropy(.sequence(.last)))
  }

  static func temporaryFolder() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rnnc-learning-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }
  /// The text of the error that some work throws; empty if it throws none.
  static func error(_ work: () throws -> Void) -> String {
    do {
      try work()
      return ""
    } catch {
      return "\(error)"
    }
  }
}
