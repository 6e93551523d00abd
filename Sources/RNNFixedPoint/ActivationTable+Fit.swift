extension ActivationTable {
  /// The table with the least maximal error that this form of table admits, nearly.
  ///
  /// Every segment gets the line of least maximal deviation (Chebyshev) among the lines with a quantised
  /// slope; the clamped parts left and right of the segments count as points of the outermost segments. The
  /// number of input codes per segment, hence the clamp, is the one with the least maximal error over all
  /// input codes. Intercepts are then raised where a step down at a segment's start would break monotonicity.
  ///
  /// Widths: with s segment bits and g `guardBits`, slopes and intercepts are in units of
  /// 2^-(output fraction + s + g), so rounding a slope moves a result by at most 2^-(g + 2) output ulp. With 16
  /// input bits, 12 output bits, 128 segments (s = 9) and g = 2, slopes have 11 or 12 bits, offsets 9 and
  /// intercepts 24: the multiplier is 12 x 10 bits signed.
  ///
  /// - Parameter segments: a power of two; a format with fewer codes gets one segment per code.
  package static func fitted(
    _ function: TabulatedFunction, input: QFormat, output: QFormat, segments: Int,
    guardBits: Int = 2
  ) -> ActivationTable {
    precondition(
      segments > 0 && segments.nonzeroBitCount == 1,
      "a table needs a power of two of segments, not \(segments)")
    precondition(input.width <= 20, "a table's input has at most 20 bits, not \(input.width)")
    precondition(output.width <= 24, "a table's output has at most 24 bits, not \(output.width)")
    let log2Segments = min(segments.trailingZeroBitCount, input.width)
    let fullBits = input.width - log2Segments
    let samples = Samples(function, input: input, output: output)
    var best: (table: ActivationTable, error: Double)?
    // The segments span +-2^bits; only ranges next to the useful one can be best.
    let useful = function.usefulIntegerBits(outputFraction: output.fraction)
    let candidates = (useful - 1...useful + 1).map {
      min(max($0 + 1 + input.fraction - log2Segments, 0), fullBits)
    }
    for segmentBits in Set(candidates).sorted(by: >) {
      let table = fitted(
        samples, log2Segments: log2Segments, segmentBits: segmentBits, guardBits: guardBits)
      let error = samples.maximalError(of: table)
      if let best, best.error <= error { continue }
      best = (table, error)
    }
    guard let best else { preconditionFailure("there is always a candidate") }
    return best.table
  }

  /// The greatest distance, in output ulp, between the table and the real function over all input codes.
  ///
  /// The function's value is limited to the output format's range first: 1.0 is no fault of a table whose
  /// greatest code is 1 - ulp.
  package var maximalError: Double {
    guard let function = TabulatedFunction(rawValue: function) else {
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

  /// The real function at every input code, in output ulp, limited to the output's range.
  private struct Samples {
    let function: TabulatedFunction
    let input: QFormat
    let output: QFormat
    let values: [Double]

    init(_ function: TabulatedFunction, input: QFormat, output: QFormat) {
      self.function = function
      self.input = input
      self.output = output
      let low = Double(output.minCode)
      let high = Double(output.maxCode)
      values = (input.minCode...input.maxCode).map {
        min(max(function(input.value(of: $0)) / output.ulp, low), high)
      }
    }

    subscript(code: Int64) -> Double { values[Int(code - input.minCode)] }

    func maximalError(of table: ActivationTable) -> Double {
      var worst = 0.0
      for c in input.minCode...input.maxCode {
        worst = max(worst, abs(Double(table.code(for: c)) - self[c]))
      }
      return worst
    }
  }

  private static func fitted(
    _ f: Samples, log2Segments: Int, segmentBits: Int, guardBits: Int
  ) -> ActivationTable {
    let segments = 1 << log2Segments
    let length = 1 << segmentBits
    let lower = segments == 1 ? f.input.minCode : -(Int64(segments / 2) << Int64(segmentBits))
    let unit = Double(1 << (segmentBits + guardBits))  // slope units per output ulp
    let shift = Int64(segmentBits + guardBits)
    var slopes: [Int64] = []
    var intercepts: [Int64] = []
    for segment in 0..<segments {
      let start = lower + Int64(segment) << Int64(segmentBits)
      // Where the input is clamped, the outermost point stands for all values between it and the limit.
      var low = (0..<length).map { f[start + Int64($0)] * unit }
      var high = low
      if segment == 0 { low[0] = f[f.input.minCode] * unit }
      if segment == segments - 1 { high[length - 1] = f[f.input.maxCode] * unit }
      let (slope, intercept) = chebyshev(low: low, high: high)
      slopes.append(slope)
      intercepts.append(Int64(intercept.rounded(.toNearestOrEven)))
    }
    let half = Int64(1) << max(shift - 1, 0)
    for segment in 1..<max(segments, 1) where segments > 1 {
      // The code that halfUp gives at the end of the segment before must not exceed the first code here.
      let end = slopes[segment - 1] * Int64(length - 1) + intercepts[segment - 1]
      let code = shifted(end, rightBy: Int(shift), rounding: .halfUp)
      if shifted(intercepts[segment], rightBy: Int(shift), rounding: .halfUp) < code {
        intercepts[segment] = shift == 0 ? code : (code << shift) - half
      }
    }
    return ActivationTable(
      function: f.function.rawValue, input: f.input, output: f.output, lower: lower,
      segmentBits: segmentBits, slopes: slopes, intercepts: intercepts,
      slopeWidth: signedWidth(slopes), interceptWidth: signedWidth(intercepts),
      interceptFraction: f.output.fraction + segmentBits + guardBits)
  }

  /// The non-negative integer slope and the real intercept of the line nearest to all intervals [low[d], high[d]].
  ///
  /// For a slope s the deviation is half of max(high[d] - s d) - min(low[d] - s d), a convex function of s, so
  /// descending from the secant's slope finds the least.
  private static func chebyshev(low: [Double], high: [Double]) -> (Int64, Double) {
    let last = low.count - 1
    if last == 0 { return (0, (low[0] + high[0]) / 2) }
    func deviation(_ slope: Int64) -> (width: Double, intercept: Double) {
      var most = -Double.infinity
      var least = Double.infinity
      for d in 0...last {
        let line = Double(slope) * Double(d)
        most = max(most, high[d] - line)
        least = min(least, low[d] - line)
      }
      return (most - least, (most + least) / 2)
    }
    var slope = max(Int64(((high[last] - low[0]) / Double(last)).rounded()), 0)
    var best = deviation(slope)
    for direction in [Int64(1), -1] {
      while slope + direction >= 0 {
        let next = deviation(slope + direction)
        if next.width >= best.width { break }
        slope += direction
        best = next
      }
    }
    return (slope, best.intercept)
  }

  private static func signedWidth(_ codes: [Int64]) -> Int {
    codes.map { 65 - ($0 < 0 ? ~$0 : $0).leadingZeroBitCount }.max() ?? 1
  }
}
