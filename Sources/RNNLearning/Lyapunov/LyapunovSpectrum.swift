package import RNNSupport

/// The Lyapunov exponents of a driven network: by how much small changes of its states grow or shrink per step.
///
/// In nats per step (natural logarithm); minus infinity where a direction dies out exactly, or by more than a
/// number can tell from rounding. Vogt, Puelma Touzel, Shlizerman, Lajoie, "On Lyapunov exponents for RNNs",
/// Frontiers in Applied Mathematics and Statistics 2022.
package struct LyapunovSpectrum: Hashable, Sendable {
  /// One exponent and how sure it is.
  package struct Exponent: Hashable, Sendable {
    /// The mean over segments.
    package var value: Double
    /// Half the width of the band: twice the standard error over the segments, or the greatest distance of
    /// the running mean in the last half of the steps from its end, whichever is more.
    package var band: Double
    /// The layer that was perturbed; nil where all were together.
    package var layer: Int?
    package init(value: Double, band: Double, layer: Int? = nil) {
      self.value = value
      self.band = band
      self.layer = layer
    }
  }
  /// What small changes of the state do in the long run.
  package enum Verdict: String, Hashable, Sendable {
    /// They die out.
    case contracting
    /// The greatest exponent cannot be told from 0.
    case edge = "edge of chaos"
    /// They grow.
    case chaotic
  }

  /// In descending order.
  package var exponents: [Exponent]
  /// The number of elements of all states, which is the number of exponents that there are.
  package var states: Int
  package var segments: Int
  /// The steps of each segment that count.
  package var steps: Int
  package var warmUp: Int
  /// The mean of log |det J| over segments and steps; nil where it was not computed.
  package var logDeterminant: Double?

  package init(
    exponents: [Exponent], states: Int, segments: Int, steps: Int, warmUp: Int,
    logDeterminant: Double? = nil
  ) {
    self.exponents = exponents.sorted { $0.value > $1.value }
    self.states = states
    self.segments = segments
    self.steps = steps
    self.warmUp = warmUp
    self.logDeterminant = logDeterminant
  }

  package var values: [Double] { exponents.map(\.value) }
  package var greatest: Double { exponents[0].value }
  /// Whether every exponent was computed.
  package var isComplete: Bool { exponents.count == states }
  /// The rate at which volumes of the state space grow; nil unless every exponent was computed.
  package var sum: Double? { isComplete ? values.reduce(0, +) : nil }
  /// The mean of all exponents; nil unless every exponent was computed.
  package var mean: Double? { sum.map { $0 / Double(states) } }

  /// Within this distance of 0 the greatest exponent does not say which side it is on.
  ///
  /// Its band, or 1 / steps: then a change grew or shrank by less than a factor e over the whole segment.
  package var edge: Double { max(exponents[0].band, 1 / Double(steps)) }
  package var verdict: Verdict {
    if greatest > edge { return .chaotic }
    return greatest < -edge ? .contracting : .edge
  }

  /// The dimension of the set that the states settle on (Kaplan and Yorke 1979).
  ///
  /// j + (the sum of the first j exponents) / |the next|, with the greatest j whose sum is not negative; 0
  /// where all changes die out; nil if too few exponents were computed to tell.
  package var kaplanYorkeDimension: Double? {
    var sum = 0.0
    for (j, value) in values.enumerated() {
      if sum + value < 0 { return value.isFinite ? Double(j) + sum / -value : Double(j) }
      sum += value
    }
    return isComplete ? Double(states) : nil
  }

  /// Numbers are null where they are minus infinity or were not computed.
  package var json: JSONValue {
    func number(_ value: Double?) -> JSONValue {
      value.flatMap { $0.isFinite ? .double($0) : nil } ?? .null
    }
    return .object([
      "unit": "nats per step", "states": .int(states), "segments": .int(segments),
      "steps": .int(steps), "warmUp": .int(warmUp), "greatest": number(greatest),
      "band": number(exponents[0].band), "verdict": .string(verdict.rawValue),
      "sum": number(sum), "mean": number(mean), "logDeterminant": number(logDeterminant),
      "kaplanYorkeDimension": number(kaplanYorkeDimension),
      "minusInfinities": .int(values.count { $0 == -.infinity }),
      "exponents": .array(values.map(number)),
      "bands": .array(exponents.map { number($0.band) }),
      "layers": exponents.contains { $0.layer != nil }
        ? .array(exponents.map { $0.layer.map { .int($0) } ?? .null }) : .null,
    ])
  }
}
