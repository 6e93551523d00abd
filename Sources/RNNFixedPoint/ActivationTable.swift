/// A piecewise-linear function on codes: 2^k equal segments over a clamped input range.
///
/// For an input code c in `input` format:
///
///     s  = clamp(c, lower, lower + segments * 2^segmentBits - 1) - lower     (unsigned)
///     i  = s >> segmentBits            (segment)       d = s mod 2^segmentBits    (offset)
///     y  = requantized(slopes[i] * d + intercepts[i], fraction: interceptFraction -> output, halfUp, saturate)
///
/// `slopes` have fraction bits such that slope * d is in units of 2^-interceptFraction. Bit-exact with `rnnc_pwl`.
package struct ActivationTable: Hashable, Sendable {
  /// The name of its `ScalarFunction`, such as `sigmoid`.
  package var function: String
  package var input: QFormat
  package var output: QFormat
  /// The least code of the first segment.
  package var lower: Int64
  /// log2 of the number of input codes per segment.
  package var segmentBits: Int
  /// Signed slope codes, one per segment; they fit `slopeWidth` bits.
  package var slopes: [Int64]
  /// Signed intercept codes, one per segment; they fit `interceptWidth` bits.
  package var intercepts: [Int64]
  package var slopeWidth: Int
  package var interceptWidth: Int
  package var interceptFraction: Int

  package init(
    function: String, input: QFormat, output: QFormat, lower: Int64, segmentBits: Int,
    slopes: [Int64], intercepts: [Int64], slopeWidth: Int, interceptWidth: Int,
    interceptFraction: Int
  ) {
    precondition(
      slopes.count == intercepts.count && slopes.count.nonzeroBitCount == 1,
      "a table needs a power of two of segments, not \(slopes.count)")
    self.function = function
    self.input = input
    self.output = output
    self.lower = lower
    self.segmentBits = segmentBits
    self.slopes = slopes
    self.intercepts = intercepts
    self.slopeWidth = slopeWidth
    self.interceptWidth = interceptWidth
    self.interceptFraction = interceptFraction
  }

  /// The output code for an input code.
  package func code(for input: Int64) -> Int64 {
    let upper = lower + (Int64(slopes.count) << Int64(segmentBits)) - 1
    let s = min(max(input, lower), upper) - lower
    let i = Int(s >> Int64(segmentBits))
    let d = s & ((1 << Int64(segmentBits)) - 1)
    return requantized(
      slopes[i] * d + intercepts[i], fraction: interceptFraction, to: output, rounding: .halfUp,
      overflow: .saturate)
  }
}
