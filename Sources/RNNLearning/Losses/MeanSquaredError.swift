/// The mean of the squared differences over all elements of all steps; the metric is the same number.
package struct MeanSquaredError: Loss {
  /// Creates the loss; it has no options.
  package init() {}

  package var name: String { "mean-squared-error" }
  package var metricName: String { "mean squared error" }
  package var greaterMetricIsBetter: Bool { false }

  package func problem(
    with target: SequenceTarget, steps: Int, features: Int
  ) -> TargetProblem? {
    guard case .values(let values) = target else {
      return TargetProblem("\(name) needs values", fix: "give \(features) values per step")
    }
    guard values.count == steps * features else {
      return TargetProblem(
        "\(values.count) target values for \(steps) steps of \(features) outputs",
        fix: "give \(steps * features) values")
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
    var sum = 0.0
    var gradient: [Float] = []
    if wantsGradient { gradient.reserveCapacity(outputs.count) }
    for (output, value) in zip(outputs, values) {
      let difference = Double(output) - Double(value)
      sum += difference * difference
      if wantsGradient { gradient.append(Float(2 * difference)) }
    }
    let weight = Double(outputs.count)
    return SequenceLoss(
      sum: sum, weight: weight, gradient: gradient, metricSum: sum, metricWeight: weight)
  }
}
