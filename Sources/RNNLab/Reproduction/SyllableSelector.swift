package import RNNSupport

/// Learns which of several learnt movements ("syllables") follows which, by reward.
///
/// The augmented circuit of Murray, eLife 2019;8:e43299, figure 4: at the end of a syllable, units z = Ws h
/// compete; the winner starts the next syllable, and now and then a random unit does. Only the row of the
/// unit that was chosen learns (z is taken after the competition), from whether the transition was wanted.
package struct SyllableSelector: Sendable {
  /// How a reward R in {0, 1} changes the row w of the chosen unit.
  package enum Rule: String, Sendable, CaseIterable {
    /// w += rate (R - 1/2) h: wrong choices are unlearnt.
    case centred
    /// w += rate R h, as the article has it.
    case literal
    /// w += rate R h, then w is scaled to length 1.
    case normalized
  }
  package let rule: Rule
  package let rate: Double
  /// The probability with which a random unit is chosen.
  package let exploration: Double
  package let syllables: Int
  private let units: Int
  /// Ws, row-major `[syllables][units]`.
  package private(set) var weights: [Double]

  package init(
    rule: Rule, rate: Double, exploration: Double, syllables: Int, units: Int, weights: [Double]
  ) {
    precondition(weights.count == syllables * units, "Ws is syllables x units")
    self.rule = rule
    self.rate = rate
    self.exploration = exploration
    self.syllables = syllables
    self.units = units
    self.weights = weights
    if rule == .normalized { for row in 0..<syllables { normalize(row) } }
  }

  /// The unit with the greatest z = Ws h; the lowest of several equals.
  package func winner(_ h: [Double]) -> Int {
    var (best, greatest) = (0, -Double.infinity)
    for i in 0..<syllables {
      let z = (0..<units).reduce(0.0) { $0 + weights[i * units + $1] * h[$1] }
      if z > greatest { (best, greatest) = (i, z) }
    }
    return best
  }

  /// Chooses a unit and learns from whether it is the wanted one.
  ///
  /// - Returns: the chosen unit.
  package mutating func choose(
    _ h: [Double], wanted: Int, using generator: inout SplitMix64
  ) -> Int {
    var chosen = winner(h)
    if generator.unit() < exploration {
      chosen = generator.below(syllables)
    }
    let reward = chosen == wanted ? 1.0 : 0
    let step = rate * (rule == .centred ? reward - 0.5 : reward)
    for j in 0..<units { weights[chosen * units + j] += step * h[j] }
    if rule == .normalized { normalize(chosen) }
    return chosen
  }

  private mutating func normalize(_ row: Int) {
    let range = row * units..<(row + 1) * units
    let norm = weights[range].reduce(0.0) { $0 + $1 * $1 }.squareRoot()
    guard norm > 0 else { return }
    for j in range { weights[j] /= norm }
  }
}
