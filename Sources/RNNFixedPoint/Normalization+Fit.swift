extension Normalization {
  /// The most bits of each operand, of the result and of t.
  package static let widestValue = 20
  package static let widestSquare = 26
  package static let widestOutput = 20
  package static let widestTotal = 30

  /// The table with the fewest segments whose root has a relative error of at most 2^-w, w the output's width.
  ///
  /// A result is then at most 1 output ulp away from v / sqrt(max(s, 0) + floor), for all codes: half an ulp is the
  /// rounding and half an ulp the root's error at the greatest code. A result beyond the output's range saturates.
  ///
  /// Lines have the least maximal deviation (Chebyshev) among the lines with a quantised slope. With w output bits, R = w + 1,
  /// and slopes and intercepts are in units of 2^-(R + offset bits + 2). A 16-bit output takes 192 or 384 segments.
  ///
  /// - Parameter floor: what is added to the square code, at least 1. Nil is given for formats that the unit
  ///   cannot hold: see the limits above.
  package static func fitted(
    value: QFormat, square: QFormat, output: QFormat, floor: Int64
  ) -> Normalization? {
    guard value.width <= widestValue, square.width <= widestSquare, output.width <= widestOutput,
      floor >= 1, floor < 1 << Int64(widestTotal)
    else { return nil }
    let greatest = square.maxCode + floor
    var total = max(4, 64 - greatest.leadingZeroBitCount)
    if (total - square.fraction) % 2 != 0 { total += 1 }
    guard total <= widestTotal else { return nil }
    let aim = Double(sign: .plus, exponent: -output.width, significand: 1)
    for k in 0...(total - 2) {
      let table = Normalization(
        value: value, square: square, output: output, floor: floor, totalBits: total,
        indexBits: k, rootFraction: output.width + 1)
      if table.maximalRootError <= aim || k == total - 2 { return table }
    }
    return nil
  }

  private init(
    value: QFormat, square: QFormat, output: QFormat, floor: Int64, totalBits: Int, indexBits: Int,
    rootFraction: Int
  ) {
    self.init(
      value: value, square: square, output: output, floor: floor, totalBits: totalBits,
      indexBits: indexBits, slopes: [], intercepts: [], slopeWidth: 1, rootFraction: rootFraction,
      droppedBits: totalBits - 2 - indexBits + 2)
    for i in 0..<segments {
      let last = (Int64(1) << Int64(offsetBits)) - 1
      let slope =
        last == 0
        ? 0 : Int64(((scaledRoot(i, 0) - scaledRoot(i, last)) / Double(last)).rounded())
      let (low, high) = rest(i, slope: slope)
      slopes.append(slope)
      // Half a unit of the root makes the floor a rounding to nearest.
      intercepts.append(
        Int64(((low + high) / 2).rounded(.toNearestOrEven)) + 1 << Int64(droppedBits - 1))
    }
    slopeWidth = max(1, 64 - (slopes.max() ?? 0).leadingZeroBitCount)
  }

  /// 1 / sqrt of the mantissa at an offset of a segment, in units of the intercepts.
  private func scaledRoot(_ segment: Int, _ offset: Int64) -> Double {
    let m = Double((Int64(segment + 1 << indexBits) << Int64(offsetBits)) + offset)
    let mantissa = m * Double(sign: .plus, exponent: 2 - totalBits, significand: 1)
    return Double(sign: .plus, exponent: rootFraction + droppedBits, significand: 1)
      / mantissa.squareRoot()
  }

  /// The least and greatest value of root + slope d over a segment, a convex function of d.
  private func rest(_ segment: Int, slope: Int64) -> (low: Double, high: Double) {
    func rest(_ d: Int64) -> Double { scaledRoot(segment, d) + Double(slope * d) }
    let last = (Int64(1) << Int64(offsetBits)) - 1
    var (a, b) = (Int64(0), last)
    while a < b {
      let middle = (a + b) / 2
      if rest(middle + 1) > rest(middle) { b = middle } else { a = middle + 1 }
    }
    return (rest(a), max(rest(0), rest(last)))
  }

  /// A bound of |r 2^-R sqrt(m 2^-(T-2)) - 1| over all mantissas: the lines' deviation and the root's rounding.
  package var maximalRootError: Double {
    let half = Double(Int64(1) << Int64(droppedBits - 1))
    var worst = 0.0
    for i in 0..<segments {
      let (low, high) = rest(i, slope: slopes[i])
      let middle = Double(intercepts[i]) - half
      let deviation = max(high - middle, middle - low) + half
      worst = max(worst, deviation / scaledRoot(i, (1 << Int64(offsetBits)) - 1))
    }
    return worst
  }
}
