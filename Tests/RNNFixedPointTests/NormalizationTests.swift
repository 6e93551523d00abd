import RNNFixedPoint
import Testing

/// The unit for v / sqrt(s) against the real function, over all codes.
@Suite struct NormalizationTests {
  private struct Point {
    var value: QFormat
    var square: QFormat
    var output: QFormat
    var floor: Int64
    init(_ value: (Int, Int), _ square: (Int, Int), _ output: (Int, Int), floor: Int64 = 1) {
      self.value = QFormat(width: value.0, fraction: value.1)
      self.square = QFormat(width: square.0, fraction: square.1)
      self.output = QFormat(width: output.0, fraction: output.1)
      self.floor = floor
    }
  }

  /// The real quotient in output ulp, limited to the output's range; a negative square counts as zero.
  private func exact(_ v: Int64, _ s: Int64, _ p: Point) -> Double {
    let t = Double(max(s, 0) + p.floor) * p.square.ulp
    let y = Double(v) * p.value.ulp / t.squareRoot() / p.output.ulp
    return min(max(y, Double(p.output.minCode)), Double(p.output.maxCode))
  }

  /// Every value with every square, at small widths and scales of both parities.
  @Test func everyPairIsWithinOneUlp() throws {
    let points = [
      Point((8, 5), (8, 6), (8, 4)), Point((8, 5), (8, 7), (8, 4)),
      Point((8, 7), (8, 0), (6, 3), floor: 3), Point((5, 9), (8, 12), (12, 6)),
      Point((8, -2), (7, -3), (10, 0)), Point((1, 0), (3, 2), (4, 1), floor: 9),
      Point((8, 3), (2, 1), (9, 2)), Point((6, 3), (1, 0), (8, 5)),
    ]
    var pairs = 0
    for p in points {
      let unit = try #require(
        Normalization.fitted(
          value: p.value, square: p.square, output: p.output, floor: p.floor))
      for s in p.square.minCode...p.square.maxCode {
        for v in p.value.minCode...p.value.maxCode {
          let found = unit.code(for: v, by: s)
          guard abs(Double(found) - exact(v, s, p)) <= 1, p.output.contains(found) else {
            Issue.record("\(p): \(v) by \(s) gave \(found), not \(exact(v, s, p))")
            return
          }
          pairs += 1
        }
      }
    }
    #expect(pairs > 200_000)
  }

  /// Every square of the widths in use, with the values where the root's error shows most.
  @Test(arguments: [
    (12, 16, 16, 12), (12, 20, 16, 11), (16, 24, 16, 11), (18, 24, 18, 13), (12, 24, 12, 7),
  ])
  func everySquareIsWithinOneUlp(_ w: (v: Int, s: Int, y: Int, fraction: Int)) throws {
    for parity in 0...1 {
      let p = Point((w.v, w.v - 2), (w.s, w.s - 3 + parity), (w.y, w.fraction))
      let unit = try #require(
        Normalization.fitted(
          value: p.value, square: p.square, output: p.output, floor: p.floor))
      #expect(unit.maximalRootError <= Double(sign: .plus, exponent: -w.y, significand: 1))
      let one = Double(sign: .plus, exponent: unit.rootFraction, significand: 1)
      #if DEBUG
        let stride: Int64 = 61
      #else
        let stride: Int64 = 1
      #endif
      var worst = 0.0
      var root = 0.0
      var s: Int64 = 0
      while s <= p.square.maxCode {
        let t = s + p.floor
        let (shift, code) = unit.root(of: s)
        // The mantissa lies in [1, 4) when its two top bits are the whole part.
        let mantissa =
          Double(t << Int64(2 * shift))
          * Double(sign: .plus, exponent: 2 - unit.totalBits, significand: 1)
        root = max(root, abs(Double(code) / one * mantissa.squareRoot() - 1))
        // The value whose quotient comes nearest to the greatest code, with either sign.
        let full =
          Double(p.output.maxCode) * p.output.ulp
          * (Double(t) * p.square.ulp).squareRoot() / p.value.ulp
        let v = Int64(min(full, Double(p.value.maxCode)))
        for v in [v, -v] {
          worst = max(worst, abs(Double(unit.code(for: v, by: s)) - exact(v, s, p)))
        }
        s += stride
      }
      #expect(worst <= 1, "\(p)")
      #expect(root <= unit.maximalRootError, "\(p)")
      #expect(root > unit.maximalRootError / 4, "the bound says nothing: \(root)")
    }
  }

  @Test func nothingIsDividedByZero() throws {
    let p = Point((12, 10), (24, 22), (16, 11))
    let unit = try #require(
      Normalization.fitted(value: p.value, square: p.square, output: p.output, floor: 1))
    #expect(unit.code(for: 0, by: 0) == 0)
    #expect(unit.code(for: 2047, by: 0) == 32767)
    #expect(unit.code(for: -2048, by: 0) == -32768)
    // A negative square is no square; it reads as zero.
    #expect(unit.code(for: 1, by: -5) == unit.code(for: 1, by: 0))
    // 1 / sqrt(1) in Q4.11.
    #expect(unit.code(for: 1024, by: (1 << 22) - 1) == 2048)
  }

  @Test func formatsBeyondTheUnitAreRefused() {
    let q = QFormat(width: 12, fraction: 8)
    #expect(
      Normalization.fitted(
        value: QFormat(width: 21, fraction: 8), square: q, output: q, floor: 1) == nil)
    #expect(
      Normalization.fitted(
        value: q, square: QFormat(width: 27, fraction: 8), output: q, floor: 1) == nil)
    #expect(Normalization.fitted(value: q, square: q, output: q, floor: 0) == nil)
    #expect(Normalization.fitted(value: q, square: q, output: q, floor: 1 << 30) == nil)
    #expect(
      Normalization.fitted(
        value: q, square: q, output: QFormat(width: 21, fraction: 8), floor: 1) == nil)
  }
}
