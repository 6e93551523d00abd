/// A signed two's-complement fixed-point format: a code c stands for the number c * 2^-fraction.
///
/// `width` counts all bits, the sign included. `fraction` may be negative or exceed `width`.
package struct QFormat: Hashable, Sendable, CustomStringConvertible {
  package var width: Int
  package var fraction: Int

  package init(width: Int, fraction: Int) {
    precondition((1...63).contains(width), "a format has 1 to 63 bits, not \(width)")
    self.width = width
    self.fraction = fraction
  }

  /// The least code, -2^(width-1).
  package var minCode: Int64 { -(1 << Int64(width - 1)) }
  /// The greatest code, 2^(width-1) - 1.
  package var maxCode: Int64 { (1 << Int64(width - 1)) - 1 }
  /// The value of one unit in the last place, 2^-fraction.
  package var ulp: Double { Double(sign: .plus, exponent: -fraction, significand: 1) }
  package var minValue: Double { Double(minCode) * ulp }
  package var maxValue: Double { Double(maxCode) * ulp }

  /// Whether a code lies in the range of the format.
  package func contains(_ code: Int64) -> Bool { code >= minCode && code <= maxCode }
  /// The number that a code stands for; exact for widths up to 53 bits.
  package func value(of code: Int64) -> Double { Double(code) * ulp }

  /// `Q` with integer bits (sign excluded) and fraction bits, such as `Q3.8` for 12 bits.
  package var description: String { "Q\(width - 1 - fraction).\(fraction)" }
}
