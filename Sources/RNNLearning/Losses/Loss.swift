/// What a network should have said about one sequence.
package enum SequenceTarget: Hashable, Sendable {
  /// One class for the whole sequence.
  case label(Int)
  /// One class per step, or the label string of CTC, which is shorter than the sequence.
  case labels([Int])
  /// The wanted outputs, row-major [T][features].
  case values([Float])
}

/// Why a target does not fit its sequence, and what to do about it.
package struct TargetProblem: Hashable, Sendable {
  /// Lower case, no full stop, with the values.
  package var message: String
  /// What the user can change.
  package var fix: String
  /// Creates a problem from its two texts.
  package init(_ message: String, fix: String) {
    self.message = message
    self.fix = fix
  }
}

/// The loss of one sequence before it is divided by the weight of its batch.
package struct SequenceLoss: Sendable {
  /// The summed loss: nats for cross entropy and CTC, squared units for the squared error.
  package var sum: Double
  /// By what a batch's sum is divided: 1 per sequence, or the number of steps or of elements.
  package var weight: Double
  /// The derivative of `sum` by the outputs, row-major [T][features]; empty when it was not asked for.
  package var gradient: [Float]
  /// The summed metric, such as the number of right answers.
  package var metricSum: Double
  /// By what the summed metric is divided.
  package var metricWeight: Double

  /// Creates a loss from its parts.
  package init(
    sum: Double, weight: Double, gradient: [Float], metricSum: Double, metricWeight: Double
  ) {
    self.sum = sum
    self.weight = weight
    self.gradient = gradient
    self.metricSum = metricSum
    self.metricWeight = metricWeight
  }
}

/// A differentiable measure of how wrong the outputs of a sequence are.
///
/// A batch's loss is the sum over its sequences divided by the sum of their weights, so that the loss
/// of a set does not depend on how it was cut into batches, up to rounding.
package protocol Loss: Sendable {
  /// A word for records and digests that also names the options, such as `cross-entropy(mean)`.
  var name: String { get }
  /// What the metric counts, such as `accuracy`.
  var metricName: String { get }
  /// Whether a greater metric is a better one.
  var greaterMetricIsBetter: Bool { get }
  /// Says why a target does not fit `steps` outputs of `features` elements; nil if it fits.
  func problem(with target: SequenceTarget, steps: Int, features: Int) -> TargetProblem?
  /// The loss of one sequence.
  ///
  /// - Parameters:
  ///   - outputs: row-major [T][features], T >= 1.
  ///   - target: one for which `problem` is nil.
  ///   - wantsGradient: whether to fill `gradient`.
  func evaluate(
    _ outputs: [Float], features: Int, target: SequenceTarget, wantsGradient: Bool
  ) -> SequenceLoss
}
