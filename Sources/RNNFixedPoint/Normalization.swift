/// v / sqrt(s) on codes: a table of lines for the root of a mantissa, one product, two shifts.
///
/// With a value code v, a square code s, T `totalBits`, k `indexBits`, R `rootFraction` and G `droppedBits`:
///
///     t = max(s, 0) + floor                                          (1 <= t < 2^T)
///     e = the greatest with t 4^e < 2^T          m = t 4^e           (2^(T-2) <= m < 2^T)
///     i = floor(m / 2^(T-2-k)) - 2^k   (segment)  d = m mod 2^(T-2-k) (offset)
///     r = floor((intercepts[i] - slopes[i] d) / 2^G)                  (R fraction bits of 1 / sqrt(m / 2^(T-2)))
///     y = requantized(v r 2^e, fraction: `productFraction` -> output, halfUp, saturate)
///
/// `floor` keeps s = 0 away from the pole; it is at least 1. A negative s, which no sum of squares gives, counts as 0.
/// T has the parity of the square's fraction bits, so that the root of the scale is a power of two. Bit-exact with
/// `rnnc_normalize`.
package struct Normalization: Hashable, Sendable {
  package var value: QFormat
  package var square: QFormat
  package var output: QFormat
  package var floor: Int64
  package var totalBits: Int
  package var indexBits: Int
  /// Unsigned slope codes, one per segment; they fit `slopeWidth` bits.
  package var slopes: [Int64]
  /// Unsigned intercept codes, one per segment; they fit `interceptWidth` bits.
  package var intercepts: [Int64]
  package var slopeWidth: Int
  package var rootFraction: Int
  package var droppedBits: Int

  package init(
    value: QFormat, square: QFormat, output: QFormat, floor: Int64, totalBits: Int, indexBits: Int,
    slopes: [Int64], intercepts: [Int64], slopeWidth: Int, rootFraction: Int, droppedBits: Int
  ) {
    self.value = value
    self.square = square
    self.output = output
    self.floor = floor
    self.totalBits = totalBits
    self.indexBits = indexBits
    self.slopes = slopes
    self.intercepts = intercepts
    self.slopeWidth = slopeWidth
    self.rootFraction = rootFraction
    self.droppedBits = droppedBits
  }

  /// Segments of the table: the mantissa's top two bits are 01, 10 or 11.
  package var segments: Int { 3 << indexBits }
  package var offsetBits: Int { totalBits - 2 - indexBits }
  package var interceptWidth: Int { rootFraction + 1 + droppedBits }
  /// The greatest e.
  package var largestShift: Int { (totalBits - 1) / 2 }
  /// Fraction bits of v r 2^e: dividing by the root of the scale of t moves the point by half of its exponent.
  package var productFraction: Int {
    value.fraction + rootFraction + (totalBits - 2 - square.fraction) / 2
  }

  /// e and r of a square code: 1 / sqrt(t 2^-f) is r 2^(e - R - (T - 2 - f) / 2) for f fraction bits.
  package func root(of square: Int64) -> (shift: Int, root: Int64) {
    let t = max(square, 0) + floor
    let length = 64 - t.leadingZeroBitCount
    let shift = (totalBits - length) / 2
    let m = t << Int64(2 * shift)
    let i = Int(m >> Int64(offsetBits)) - (1 << indexBits)
    let d = m & ((1 << Int64(offsetBits)) - 1)
    return (shift, (intercepts[i] - slopes[i] * d) >> Int64(droppedBits))
  }

  /// The output code for a value and a square code.
  package func code(for value: Int64, by square: Int64) -> Int64 {
    let (shift, root) = root(of: square)
    return requantized(
      (value * root) << Int64(shift), fraction: productFraction, to: output, rounding: .halfUp,
      overflow: .saturate)
  }
}
