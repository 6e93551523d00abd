internal import Foundation

/// Connectionist temporal classification: the negative log-probability in nats of a label string.
///
/// Graves et al., "Connectionist temporal classification", ICML 2006, equations 6 to 11, in log space.
/// The outputs are logits; the softmax is part of the loss, so the gradient (equation 16) is the
/// softmax minus the posterior of the labels. The weight of a sequence is 1, whatever its target's length.
/// The metric is the label accuracy of best-path decoding: 1 - (edit distance / target length),
/// weighted by target length.
package struct CtcLoss: Loss {
  /// The class that stands for no label.
  package var blank: Int

  /// Creates the loss with the class that stands for no label.
  package init(blank: Int = 0) { self.blank = blank }

  package var name: String { "ctc(blank \(blank))" }
  package var metricName: String { "label accuracy" }
  package var greaterMetricIsBetter: Bool { true }

  package func problem(
    with target: SequenceTarget, steps: Int, features: Int
  ) -> TargetProblem? {
    guard case .labels(let labels) = target else {
      return TargetProblem("\(name) needs a label string", fix: "give the sequence its labels")
    }
    guard (0..<features).contains(blank) else {
      return TargetProblem(
        "blank \(blank) is outside the network's \(features) outputs",
        fix: "use a blank of 0 to \(features - 1)")
    }
    if let bad = labels.first(where: { !(0..<features).contains($0) || $0 == blank }) {
      return TargetProblem(
        bad == blank
          ? "label \(bad) is the blank"
          : "label \(bad) is outside the network's \(features) outputs",
        fix: "use labels 0 to \(features - 1) except \(blank)")
    }
    let repeats = zip(labels, labels.dropFirst()).count { $0 == $1 }
    guard labels.count + repeats <= steps else {
      return TargetProblem(
        "\(labels.count) labels with \(repeats) repeats need at least \(labels.count + repeats) "
          + "steps, the sequence has \(steps)",
        fix: "shorten the target, lengthen the sequence, or drop it")
    }
    return nil
  }

  package func evaluate(
    _ outputs: [Float], features: Int, target: SequenceTarget, wantsGradient: Bool
  ) -> SequenceLoss {
    guard case .labels(let labels) = target else {
      preconditionFailure("\(name) was given a target that problem(with:) refuses")
    }
    let steps = outputs.count / features
    let logs = (0..<steps).map { t in
      logSoftmax(outputs[t * features..<(t + 1) * features].map(Double.init))
    }
    let lattice = Lattice(logs: logs, labels: labels, blank: blank)
    var gradient: [Float] = []
    if wantsGradient {
      gradient = [Float](repeating: 0, count: outputs.count)
      for t in 0..<steps {
        var derivative = logs[t].map { exp($0) }
        for (s, label) in lattice.extended.enumerated() {
          derivative[label] -= exp(
            lattice.forward[t][s] + lattice.backward[t][s] - lattice.logProbability)
        }
        for k in 0..<features { gradient[t * features + k] = Float(derivative[k]) }
      }
    }
    let decoded = bestPath(outputs, features: features)
    let distance = Double(editDistance(decoded, labels))
    // An empty target has no labels to get wrong; insertions count against one label.
    let length = Double(max(labels.count, 1))
    return SequenceLoss(
      sum: -lattice.logProbability, weight: 1, gradient: gradient,
      metricSum: length - distance, metricWeight: length)
  }

  /// The labels of the most probable path: repeats merged, then blanks dropped.
  package func bestPath(_ outputs: [Float], features: Int) -> [Int] {
    var labels: [Int] = []
    var previous = blank
    for t in 0..<outputs.count / features {
      let best = argmax(outputs[t * features..<(t + 1) * features].map(Double.init))
      if best != blank && best != previous { labels.append(best) }
      previous = best
    }
    return labels
  }

  /// The forward and backward variables of one sequence.
  private struct Lattice {
    /// The labels with a blank before, between and after them.
    var extended: [Int]
    /// log alpha: the prefix ends in extended label s at step t, the emission of t included.
    var forward: [[Double]]
    /// log beta: the suffix after extended label s at step t, the emission of t excluded.
    var backward: [[Double]]
    var logProbability: Double

    init(logs: [[Double]], labels: [Int], blank: Int) {
      let steps = logs.count
      var extended = [blank]
      for label in labels { extended += [label, blank] }
      let count = extended.count
      // A blank may be skipped only between two different labels.
      let skips = (0..<count).map { s in
        s >= 2 && extended[s] != blank && extended[s] != extended[s - 2]
      }
      let nothing = [Double](repeating: -.infinity, count: count)
      forward = Array(repeating: nothing, count: steps)
      backward = Array(repeating: nothing, count: steps)
      for s in 0..<min(2, count) { forward[0][s] = logs[0][extended[s]] }
      for t in 1..<max(steps, 1) {
        for s in 0..<count {
          var sum = forward[t - 1][s]
          if s >= 1 { sum = logAdd(sum, forward[t - 1][s - 1]) }
          if skips[s] { sum = logAdd(sum, forward[t - 1][s - 2]) }
          forward[t][s] = sum + logs[t][extended[s]]
        }
      }
      for s in max(0, count - 2)..<count { backward[steps - 1][s] = 0 }
      for t in stride(from: steps - 2, through: 0, by: -1) {
        for s in 0..<count {
          var sum = backward[t + 1][s] + logs[t + 1][extended[s]]
          if s + 1 < count {
            sum = logAdd(sum, backward[t + 1][s + 1] + logs[t + 1][extended[s + 1]])
          }
          if s + 2 < count && skips[s + 2] {
            sum = logAdd(sum, backward[t + 1][s + 2] + logs[t + 1][extended[s + 2]])
          }
          backward[t][s] = sum
        }
      }
      self.extended = extended
      logProbability = logSumExp(forward[steps - 1].suffix(2))
    }
  }
}

/// The least number of insertions, deletions and substitutions between two strings (Levenshtein 1966).
package func editDistance(_ a: [Int], _ b: [Int]) -> Int {
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let substituted = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
