internal import Foundation

/// A non-linearity that hardware computes by an `ActivationTable`.
///
/// Both functions increase everywhere, are convex below zero and concave above.
package enum TabulatedFunction: String, Hashable, Sendable, CaseIterable {
  case sigmoid, tanh

  /// The real function in double precision.
  package func callAsFunction(_ x: Double) -> Double {
    switch self {
    // Neither form overflows, and each keeps full relative precision on its side.
    case .sigmoid:
      x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x))
    case .tanh: Foundation.tanh(x)
    }
  }

  /// The integer bits n of the least range [-2^n, 2^n) outside which the function stays within 3/2 ulp of its limits.
  ///
  /// A pre-activation may saturate to this range: 3 for the sigmoid (+-8) and 2 for tanh (+-4) with 11
  /// fraction bits.
  package func usefulIntegerBits(outputFraction: Int) -> Int {
    let ulp = Double(sign: .plus, exponent: -outputFraction, significand: 1)
    var bits = 0
    while bits < 6 {
      // The distance from the lower limit, 0 or -1, without cancellation.
      let x = Double(1 << bits)
      let distance =
        self == .sigmoid ? self(-x) : 2 * Foundation.exp(-2 * x) / (1 + Foundation.exp(-2 * x))
      if distance <= 1.5 * ulp { break }
      bits += 1
    }
    return bits
  }
}
