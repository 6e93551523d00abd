package import RNNLearning
package import RNNSupport

/// The adding problem: say the sum of the two marked numbers of a sequence, after its last step.
///
/// Two features per step: a number uniform in [0, 1), and a marker that is 1 at one step of the first half,
/// 1 at one step of the second half, and 0 elsewhere. The target is the sum of the two marked numbers.
/// Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 1997, in the form of Arjovsky,
/// Shah, Bengio, "Unitary evolution recurrent neural networks", ICML 2016.
package struct AddingTask: Hashable, Sendable {
  /// The number of steps, T >= 2; an odd T has its longer half last.
  package let steps: Int

  package init(steps: Int) {
    precondition(steps >= 2, "two halves need at least two steps, not \(steps)")
    self.steps = steps
  }

  /// A value and a marker.
  package static let features = 2
  /// The loss of always answering 1: the variance of the sum of two uniform numbers.
  package static let baseline = 1.0 / 6
  /// The squared error of the one output after the last step.
  package var loss: MeanSquaredError { MeanSquaredError(.lastStep) }

  /// One sequence, row-major [T][2], and the sum of its marked numbers.
  package func sequence(using generator: inout SplitMix64) -> (values: [Float], target: Float) {
    var values = [Float](repeating: 0, count: steps * Self.features)
    for t in 0..<steps { values[2 * t] = Float(generator.unit()) }
    let first = generator.below(steps / 2)
    let second = steps / 2 + generator.below(steps - steps / 2)
    values[2 * first + 1] = 1
    values[2 * second + 1] = 1
    return (values, values[2 * first] + values[2 * second])
  }

  /// A set whose sequences come one after the other from a generator.
  ///
  /// Successive sets of one generator are the batches of an online training.
  package func set(count: Int, using generator: inout SplitMix64) -> SequenceSet {
    var set = SequenceSet(features: Self.features, sequences: [], targets: [])
    for _ in 0..<count {
      let (values, target) = sequence(using: &generator)
      set.sequences.append(values)
      set.targets.append(.values([target]))
    }
    return set
  }

  /// The set of a seed and a purpose, such as `validation`; purposes do not share sequences.
  package func set(count: Int, seed: UInt64, purpose: String) -> SequenceSet {
    var generator = SplitMix64(seed: seed).fork("adding \(purpose)")
    return set(count: count, using: &generator)
  }
}
