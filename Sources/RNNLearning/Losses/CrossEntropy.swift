internal import Foundation

/// How the outputs of a sequence become one vector of logits.
package enum Pooling: String, Hashable, Sendable, CaseIterable {
  /// The mean over the steps of the sequence.
  case mean
  /// The output of the sequence's last step.
  case last

  /// The pooled logits of outputs in row-major [T][features].
  package func logits(_ outputs: [Float], features: Int) -> [Double] {
    let steps = outputs.count / features
    switch self {
    case .last: return outputs.suffix(features).map(Double.init)
    case .mean:
      var sum = [Double](repeating: 0, count: features)
      for t in 0..<steps {
        for k in 0..<features { sum[k] += Double(outputs[t * features + k]) }
      }
      return sum.map { $0 / Double(steps) }
    }
  }
}

/// Softmax cross entropy in nats: of the pooled logits of a sequence, or of every step.
///
/// The metric is the accuracy: the share of sequences, or of steps, whose greatest logit is the label's.
package struct CrossEntropy: Loss {
  /// What carries a label.
  package enum Scope: Hashable, Sendable {
    /// A sequence, target `.label`; its weight is 1.
    case sequence(Pooling)
    /// Every step, target `.labels` of T classes; the weight of a sequence is T.
    case frame
  }
  /// What carries a label.
  package var scope: Scope

  /// Creates the loss for sequences or for frames.
  package init(_ scope: Scope) { self.scope = scope }

  package var name: String {
    switch scope {
    case .sequence(let pooling): "cross-entropy(\(pooling.rawValue))"
    case .frame: "cross-entropy(frame)"
    }
  }
  package var metricName: String { "accuracy" }
  package var greaterMetricIsBetter: Bool { true }

  package func problem(
    with target: SequenceTarget, steps: Int, features: Int
  ) -> TargetProblem? {
    let labels: [Int]
    switch (scope, target) {
    case (.sequence, .label(let label)): labels = [label]
    case (.frame, .labels(let values)):
      guard values.count == steps else {
        return TargetProblem(
          "\(values.count) frame labels for \(steps) steps", fix: "give one label per step")
      }
      labels = values
    case (.sequence, _):
      return TargetProblem("\(name) needs one label", fix: "give the sequence one class")
    case (.frame, _):
      return TargetProblem("\(name) needs a label per step", fix: "give one label per step")
    }
    guard let bad = labels.first(where: { !(0..<features).contains($0) }) else { return nil }
    return TargetProblem(
      "label \(bad) is outside the network's \(features) outputs",
      fix: "use labels 0 to \(features - 1) or give the last layer more outputs")
  }

  package func evaluate(
    _ outputs: [Float], features: Int, target: SequenceTarget, wantsGradient: Bool
  ) -> SequenceLoss {
    let steps = outputs.count / features
    var result = SequenceLoss(sum: 0, weight: 0, gradient: [], metricSum: 0, metricWeight: 0)
    if wantsGradient { result.gradient = [Float](repeating: 0, count: outputs.count) }

    /// Adds one decision and returns the derivative by its logits.
    func decide(_ logits: [Double], label: Int) -> [Double] {
      let logs = logSoftmax(logits)
      result.sum -= logs[label]
      result.weight += 1
      result.metricSum += argmax(logits) == label ? 1 : 0
      result.metricWeight += 1
      guard wantsGradient else { return [] }
      var derivative = logs.map { exp($0) }
      derivative[label] -= 1
      return derivative
    }

    switch (scope, target) {
    case (.sequence(let pooling), .label(let label)):
      let derivative = decide(pooling.logits(outputs, features: features), label: label)
      guard wantsGradient else { break }
      let scale = pooling == .mean ? 1 / Double(steps) : 1
      for t in (pooling == .mean ? 0 : steps - 1)..<steps {
        for k in 0..<features {
          result.gradient[t * features + k] = Float(derivative[k] * scale)
        }
      }
    case (.frame, .labels(let labels)):
      for (t, label) in labels.enumerated() {
        let row = outputs[t * features..<(t + 1) * features].map(Double.init)
        let derivative = decide(row, label: label)
        guard wantsGradient else { continue }
        for k in 0..<features { result.gradient[t * features + k] = Float(derivative[k]) }
      }
    default: preconditionFailure("\(name) was given a target that problem(with:) refuses")
    }
    return result
  }
}
