package import RNNFixedPoint
package import RNNGraph

extension IntegerCoefficient.Values {
  /// The codes of a coefficient in a format; nil if a table would need more than `largestTable` of them.
  ///
  /// Nesterov's momentum without restart grows towards 1, so its codes end with one that stays: with w bits and
  /// rounding to nearest after 2^w steps. A pulse outside of its period never comes.
  package init?(_ coefficient: StepCoefficient, format: QFormat, rounding: RoundingRule) {
    func code(_ value: Double) -> Int64 {
      quantized(value, to: format, rounding: rounding, overflow: .saturate)
    }
    switch coefficient {
    case .pulse(let period, let at):
      guard period <= 1 << 30 else { return nil }
      self =
        (0..<max(period, 1)).contains(at)
        ? .pulse(period: max(period, 1), at: at, code: code(1)) : .table([0], repeats: true)
    case .onset: self = .table([code(1), 0], repeats: false)
    case .nesterov(let restart):
      // The greatest value that k / (k + 3) can come near to.
      let last = code(1.0.nextDown)
      var codes: [Int64] = []
      for step in 0..<(restart > 0 ? restart : Int.max) {
        if codes.count == IntegerCoefficient.largestTable { return nil }
        codes.append(code(coefficient.value(step: step)))
        if restart == 0, codes.last == last { break }
      }
      self = .table(codes, repeats: restart > 0)
    }
  }
}
