extension ActivationTable.Samples {
  /// The table of a function of any shape: lines of least maximal deviation over all codes of each segment.
  ///
  /// The segments span the codes outside which the limited function is constant within a quarter of an output ulp. Unlike
  /// tables of saturating functions these need not be monotonic.
  func fitted(
    log2Segments: Int, guardBits: Int
  ) -> (table: ActivationTable, deviation: Double) {
    let values = (input.minCode...input.maxCode).map { self[$0] }
    let (first, last) = changingCodes(values)
    let segments = 1 << log2Segments
    var segmentBits = 0
    while segments << segmentBits < last - first + 1 { segmentBits += 1 }
    let total = segments << segmentBits
    let start = max(0, min(first, values.count - total))
    let shift = segmentBits + guardBits
    let unit = Double(Int64(1) << Int64(shift))
    let left = values[...start], right = values[(start + total - 1)...]
    var slopes: [Int64] = []
    var intercepts: [Int64] = []
    var deviation = 0.0
    for index in 0..<segments {
      let from = start + index << segmentBits
      let line = ChebyshevLine(
        values[from..<from + 1 << segmentBits].map { $0 * unit },
        // Codes beyond the segments take the outermost values.
        before: index == 0 ? left.map { $0 * unit } : [],
        after: index == segments - 1 ? right.map { $0 * unit } : [])
      slopes.append(line.slope)
      intercepts.append(Int64(line.intercept.rounded(.toNearestOrEven)))
      deviation = max(deviation, line.deviation / unit)
    }
    let table = ActivationTable(
      function: function.name, input: input, output: output, lower: input.minCode + Int64(start),
      segmentBits: segmentBits, slopes: slopes, intercepts: intercepts,
      slopeWidth: ActivationTable.signedWidth(slopes),
      interceptWidth: ActivationTable.signedWidth(intercepts),
      interceptFraction: output.fraction + shift)
    return (table, deviation)
  }

  /// The indices of the first and the last code between which the function changes.
  private func changingCodes(_ values: [Double]) -> (Int, Int) {
    let quarter = 0.25
    var first = 0
    while first + 1 < values.count, abs(values[first + 1] - values[0]) <= quarter { first += 1 }
    var last = values.count - 1
    while last > first, abs(values[last - 1] - values[values.count - 1]) <= quarter { last -= 1 }
    return (first, last)
  }
}

/// The line with an integer slope that is nearest to values at 0, 1, 2, ...
private struct ChebyshevLine {
  private(set) var slope: Int64
  private(set) var intercept: Double
  private(set) var deviation: Double

  /// - Parameters:
  ///   - before: more values at 0.
  ///   - after: more values at the last place.
  init(_ values: [Double], before: [Double], after: [Double]) {
    let last = values.count - 1
    func range(_ slope: Int64) -> (low: Double, high: Double) {
      var (low, high) = (Double.infinity, -Double.infinity)
      func add(_ value: Double) { (low, high) = (min(low, value), max(high, value)) }
      for (d, value) in values.enumerated() { add(value - Double(slope * Int64(d))) }
      for value in before { add(value) }
      for value in after { add(value - Double(slope * Int64(last))) }
      return (low, high)
    }
    func width(_ slope: Int64) -> Double {
      let (low, high) = range(slope)
      return high - low
    }
    var best = last == 0 ? 0 : Int64(((values[last] - values[0]) / Double(last)).rounded())
    // The width is a convex function of the slope: steps that double as long as they help, then halve.
    if last > 0 {
      for direction in [Int64(1), -1] {
        var step = direction
        while width(best + step) < width(best) {
          best += step
          step *= 2
        }
        while step != 0 {
          if width(best + step) < width(best) { best += step }
          step /= 2
        }
      }
    }
    let (low, high) = range(best)
    (slope, intercept, deviation) = (best, (high + low) / 2, (high - low) / 2)
  }
}
