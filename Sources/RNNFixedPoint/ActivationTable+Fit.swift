extension ActivationTable {
  /// The table with the least maximal error that this form of table admits, nearly.
  ///
  /// Every segment gets the line of least maximal deviation (Chebyshev) among the lines with a quantised
  /// slope; the clamped parts left and right of the segments count as points of the outermost segments. Where a
  /// segment would start below the end of the one before, its line starts there instead, so that the table is
  /// monotonic. The number of input codes per segment, hence the clamp, is the one with the least deviation.
  ///
  /// Widths: with s segment bits and g `guardBits`, slopes and intercepts are in units of
  /// 2^-(output fraction + s + g), so rounding a slope moves a result by at most 2^-(g + 2) output ulp. With 16
  /// input bits, 12 output bits, 128 segments (s = 9) and g = 2, slopes have 10 bits, offsets 9 and
  /// intercepts 23: 33 bits per segment and a 10 x 10 bit signed multiplier. The maximal errors are then
  /// 0.71 ulp for the sigmoid on Q3.12, 0.89 for tanh on Q2.13 and 1.00 for tanh on Q3.8.
  ///
  /// - Parameter segments: a power of two; a format with fewer codes gets one segment per code.
  package static func fitted(
    _ function: ScalarFunction, input: QFormat, output: QFormat, segments: Int,
    guardBits: Int = 2
  ) -> ActivationTable {
    best(function, input: input, output: output, segments: segments, guardBits: guardBits).table
  }

  /// The most segments that a table gets without being told.
  package static let mostSegments = 4096

  /// The table with the fewest segments whose lines deviate by at most half an output ulp before the final rounding.
  ///
  /// Its outputs are then at most one ulp from the real function, for all input codes, if `mostSegments` suffice: 128
  /// for 12 output bits, 1024 for 16.
  package static func accurate(
    _ function: ScalarFunction, input: QFormat, output: QFormat, guardBits: Int = 2
  ) -> ActivationTable {
    var segments = 8
    while true {
      let (table, deviation) = best(
        function, input: input, output: output, segments: segments, guardBits: guardBits)
      if deviation <= 0.5 || segments == mostSegments { return table }
      segments *= 2
    }
  }

  private static func best(
    _ function: ScalarFunction, input: QFormat, output: QFormat, segments: Int, guardBits: Int
  ) -> (table: ActivationTable, deviation: Double) {
    precondition(
      segments > 1 && segments.nonzeroBitCount == 1,
      "a table needs 2, 4, 8... segments, not \(segments)")
    precondition(input.width <= 20, "a table's input has at most 20 bits, not \(input.width)")
    precondition(output.width <= 24, "a table's output has at most 24 bits, not \(output.width)")
    let log2Segments = min(segments.trailingZeroBitCount, input.width)
    let fullBits = input.width - log2Segments
    let samples = Samples(function, input: input, output: output)
    guard function.range == .saturating,
      let useful = function.usefulIntegerBits(outputFraction: output.fraction)
    else { return samples.fitted(log2Segments: log2Segments, guardBits: guardBits) }
    // The segments span +-2^bits; only ranges next to the useful one can be best.
    let candidates = (useful - 1...useful + 1).map {
      min(max($0 + 1 + input.fraction - log2Segments, 0), fullBits)
    }
    var best: (table: ActivationTable, deviation: Double)?
    for segmentBits in Set(candidates).sorted(by: >) {
      let fit = fitted(
        samples, log2Segments: log2Segments, segmentBits: segmentBits, guardBits: guardBits)
      if let best, best.deviation <= fit.deviation { continue }
      best = fit
    }
    guard let best else { preconditionFailure("there is always a candidate") }
    return best
  }

  /// The greatest distance, in output ulp, between the table and the real function over all input codes.
  ///
  /// The function's value is limited to the output format's range first: 1.0 is no fault of a table whose
  /// greatest code is 1 - ulp.
  package var maximalError: Double {
    guard let function = ScalarFunction.named(function) else {
      preconditionFailure("no real function is known for a table of \(function)")
    }
    return Samples(function, input: input, output: output).maximalError(of: self)
  }

  /// True when no input code gives a lesser output than the code before it, over all input codes.
  package var isMonotonic: Bool {
    var previous = code(for: input.minCode)
    for c in input.minCode...input.maxCode {
      let y = code(for: c)
      if y < previous { return false }
      previous = y
    }
    return true
  }

  /// The real function at input codes, in output ulp, limited to the output's range.
  struct Samples {
    let function: ScalarFunction
    let input: QFormat
    let output: QFormat
    /// What stands for all codes below one where the function has a pole or an end at zero.
    private let atZero: Double?

    init(_ function: ScalarFunction, input: QFormat, output: QFormat) {
      self.function = function
      self.input = input
      self.output = output
      let end = function(0)
      atZero = function.range == .positive ? (end.isFinite ? end : function(input.ulp)) : nil
    }

    subscript(code: Int64) -> Double {
      let real =
        code <= 0 ? atZero ?? function(input.value(of: code)) : function(input.value(of: code))
      return min(max(real / output.ulp, Double(output.minCode)), Double(output.maxCode))
    }

    func maximalError(of table: ActivationTable) -> Double {
      var worst = 0.0
      for c in input.minCode...input.maxCode {
        worst = max(worst, abs(Double(table.code(for: c)) - self[c]))
      }
      return worst
    }
  }

  /// A table with a given segment length, and its greatest deviation before the final rounding, in output ulp.
  private static func fitted(
    _ f: Samples, log2Segments: Int, segmentBits: Int, guardBits: Int
  ) -> (table: ActivationTable, deviation: Double) {
    let segments = 1 << log2Segments
    let last = (Int64(1) << Int64(segmentBits)) - 1
    let lower = -(Int64(segments / 2) << Int64(segmentBits))
    let shift = Int64(segmentBits + guardBits)
    let unit = Double(Int64(1) << shift)  // slope units per output ulp
    let half = shift == 0 ? 0 : Int64(1) << (shift - 1)
    var slopes: [Int64] = []
    var intercepts: [Int64] = []
    var deviation = 0.0
    for index in 0..<segments {
      let start = lower + Int64(index) << Int64(segmentBits)
      // Where the input is clamped, the outermost point stands for all values between it and the limit.
      let segment = Segment(
        last: last, isConvex: start < 0,
        outermost: index == 0
          ? f[f.input.minCode] * unit
          : index == segments - 1 ? f[f.input.maxCode] * unit : nil,
        value: { f[start + $0] * unit })
      var line = segment.nearestLine()
      if let slope = slopes.last, let intercept = intercepts.last {
        // The code that halfUp gives at the end of the segment before must not exceed the first code here.
        let end = shifted(slope * last + intercept, rightBy: Int(shift), rounding: .halfUp)
        let least = (end << shift) - half
        if Int64(line.intercept.rounded(.toNearestOrEven)) < least {
          line = segment.nearestLine(intercept: Double(least), near: line.slope)
        }
      }
      slopes.append(line.slope)
      intercepts.append(Int64(line.intercept.rounded(.toNearestOrEven)))
      deviation = max(deviation, line.deviation / unit)
    }
    let table = ActivationTable(
      function: f.function.name, input: f.input, output: f.output, lower: lower,
      segmentBits: segmentBits, slopes: slopes, intercepts: intercepts,
      slopeWidth: signedWidth(slopes), interceptWidth: signedWidth(intercepts),
      interceptFraction: f.output.fraction + segmentBits + guardBits)
    return (table, deviation)
  }

  /// The function on one segment, where it is either convex or concave.
  private struct Segment {
    /// The greatest offset.
    let last: Int64
    let isConvex: Bool
    /// The function's limit beyond the clamp that lies at this segment's outer end, if one does.
    let outermost: Double?
    let value: (Int64) -> Double

    /// The line with a non-negative integer slope that is nearest to all values.
    ///
    /// For a slope s the deviation is half of max(f - s d) - min(f - s d), a convex function of s, so descending
    /// from the secant's slope finds the least.
    func nearestLine() -> (slope: Int64, intercept: Double, deviation: Double) {
      let (first, end) = (value(0), value(last))
      var slope = last == 0 ? 0 : max(Int64(((end - first) / Double(last)).rounded()), 0)
      var best = range(slope, first, end)
      for direction in [Int64(1), -1] where last > 0 {
        while slope + direction >= 0 {
          let next = range(slope + direction, first, end)
          if next.high - next.low >= best.high - best.low { break }
          slope += direction
          best = next
        }
      }
      return (slope, (best.high + best.low) / 2, (best.high - best.low) / 2)
    }

    /// The same for a given intercept, starting from a slope nearby.
    func nearestLine(
      intercept: Double, near start: Int64
    ) -> (slope: Int64, intercept: Double, deviation: Double) {
      let (first, end) = (value(0), value(last))
      func deviation(_ slope: Int64) -> Double {
        let (low, high) = range(slope, first, end)
        return max(high - intercept, intercept - low)
      }
      var slope = start
      var best = deviation(slope)
      for direction in [Int64(1), -1] where last > 0 {
        while slope + direction >= 0 {
          let next = deviation(slope + direction)
          if next >= best { break }
          slope += direction
          best = next
        }
      }
      return (slope, intercept, best)
    }

    /// The least and greatest value of f(d) - slope * d.
    private func range(_ slope: Int64, _ first: Double, _ end: Double) -> (
      low: Double, high: Double
    ) {
      func rest(_ d: Int64) -> Double { value(d) - Double(slope * d) }
      // The extreme inside the segment, where the tangent has the slope, by bisection on the difference.
      var (a, b) = (Int64(0), last)
      while a < b {
        let middle = (a + b) / 2
        let rises = rest(middle + 1) > rest(middle)
        if rises == isConvex { b = middle } else { a = middle + 1 }
      }
      let inner = rest(a)
      let ends = [first, end - Double(slope * last)]
      var low = min(inner, ends[0], ends[1])
      var high = max(inner, ends[0], ends[1])
      if let outermost {
        let limit = isConvex ? outermost : outermost - Double(slope * last)
        low = min(low, limit)
        high = max(high, limit)
      }
      return (low, high)
    }
  }

  static func signedWidth(_ codes: [Int64]) -> Int {
    codes.map { 65 - ($0 < 0 ? ~$0 : $0).leadingZeroBitCount }.max() ?? 1
  }
}
