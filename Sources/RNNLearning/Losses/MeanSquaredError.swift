/// The mean of the squared differences over the elements of all steps, or of the last one.
///
/// The metric is the same number.
package struct MeanSquaredError: Loss {
  /// Which outputs have a target.
  package enum Scope: String, Hashable, Sendable, CaseIterable {
    /// Target `.values`, row-major [T][features].
    case everyStep
    /// Target `.values` of [features]; earlier outputs are free.
    case lastStep
  }
  /// Which outputs have a target.
  package var scope: Scope

  /// Creates the loss.
  package init(_ scope: Scope = .everyStep) { self.scope = scope }

  package var name: String {
    switch scope {
    case .everyStep: "mean-squared-error"
    case .lastStep: "mean-squared-error(last)"
    }
  }
  package var metricName: String { "mean squared error" }
  package var greaterMetricIsBetter: Bool { false }

  package func problem(
    with target: SequenceTarget, steps: Int, features: Int
  ) -> TargetProblem? {
    let fix =
      scope == .everyStep ? "give \(features) values per step" : "give \(features) values"
    guard case .values(let values) = target else {
      return TargetProblem("\(name) needs values", fix: fix)
    }
    let wanted = scope == .everyStep ? steps * features : features
    guard values.count == wanted else {
      let place = scope == .everyStep ? "\(steps) steps" : "the last step"
      return TargetProblem(
        "\(values.count) target values for \(place) of \(features) outputs",
        fix: "give \(wanted) values")
    }
    guard values.allSatisfy(\.isFinite) else {
      return TargetProblem("a target value is not finite", fix: "remove the sequence or repair it")
    }
    return nil
  }

  package func evaluate(
    _ outputs: [Float], features: Int, target: SequenceTarget, wantsGradient: Bool
  ) -> SequenceLoss {
    guard case .values(let values) = target else {
      preconditionFailure("\(name) was given a target that problem(with:) refuses")
    }
    let free = outputs.count - values.count
    var sum = 0.0
    var gradient: [Float] = []
    if wantsGradient {
      gradient.reserveCapacity(outputs.count)
      gradient.append(contentsOf: repeatElement(0, count: free))
    }
    for (output, value) in zip(outputs[free...], values) {
      let difference = Double(output) - Double(value)
      sum += difference * difference
      if wantsGradient { gradient.append(Float(2 * difference)) }
    }
    let weight = Double(values.count)
    return SequenceLoss(
      sum: sum, weight: weight, gradient: gradient, metricSum: sum, metricWeight: weight)
  }
}
