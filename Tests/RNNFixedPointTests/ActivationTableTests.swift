import Foundation
import RNNFixedPoint
import Testing

@Suite struct ActivationTableTests {
  private static func real(_ function: String, _ x: Double) -> Double {
    function == "tanh" ? Foundation.tanh(x) : 0.5 + 0.5 * Foundation.tanh(x / 2)
  }

  /// The greatest error over all input codes by an own evaluation, in output ulp.
  private func error(_ t: ActivationTable) -> Double {
    var worst = 0.0
    for c in t.input.minCode...t.input.maxCode {
      let exact = Self.real(t.function, t.input.value(of: c)) / t.output.ulp
      let limited = min(max(exact, Double(t.output.minCode)), Double(t.output.maxCode))
      worst = max(worst, abs(Double(t.code(for: c)) - limited))
    }
    return worst
  }

  @Test(arguments: [
    (ScalarFunction.sigmoid, 12, 0.72), (.tanh, 13, 0.90), (.tanh, 12, 1.0),
  ])
  func standardTablesAreWithinOneUlp(function: ScalarFunction, fraction: Int, bound: Double) {
    let table = ActivationTable.fitted(
      function, input: QFormat(width: 16, fraction: fraction),
      output: QFormat(width: 12, fraction: 11), segments: 128)
    #expect(error(table) <= bound)
    #expect(abs(table.maximalError - error(table)) < 1e-6)
    #expect(table.isMonotonic)
    #expect(table.slopeWidth <= 12 && table.segmentBits <= 9 && table.interceptWidth <= 24)
  }

  @Test(arguments: [ScalarFunction.sigmoid, .tanh])
  func moreSegmentsAreBetter(function: ScalarFunction) {
    var previous = Double.infinity
    for segments in [16, 32, 64, 128, 256] {
      let table = ActivationTable.fitted(
        function, input: QFormat(width: 12, fraction: 8), output: QFormat(width: 12, fraction: 11),
        segments: segments)
      #expect(table.slopes.count == segments && table.isMonotonic)
      #expect(table.maximalError < previous)
      previous = table.maximalError
    }
  }

  /// With a segment per code nothing but the rounding is left.
  @Test(arguments: [ScalarFunction.sigmoid, .tanh])
  func oneSegmentPerCodeRoundsOnly(function: ScalarFunction) {
    for fraction in [0, 3, 9] {
      let table = ActivationTable.fitted(
        function, input: QFormat(width: 6, fraction: fraction),
        output: QFormat(width: 8, fraction: 7), segments: 256)
      #expect(table.slopes.count == 64 && table.segmentBits == 0)
      #expect(table.maximalError <= 0.5 + 1.0 / 8)
      #expect(table.isMonotonic)
    }
  }

  /// As few segments as one ulp needs: half as many are further away.
  @Test(arguments: [
    (ScalarFunction.sigmoid, 4), (.tanh, 4), (.sigmoid, 8), (.tanh, 8), (.tanh, 12),
    (.sigmoid, 16), (.tanh, 16),
  ])
  func accurateTablesAreWithinOneUlp(function: ScalarFunction, width: Int) {
    let output = QFormat(width: width, fraction: width - 1)
    let bits = function.usefulIntegerBits(outputFraction: width - 1) ?? 0
    let input = QFormat(width: width + 4, fraction: width + 3 - bits)
    let table = ActivationTable.accurate(function, input: input, output: output)
    #expect(error(table) <= 1)
    #expect(table.isMonotonic)
    let segments = table.slopes.count
    #expect(segments <= 2048)
    if segments > 8 {
      let half = ActivationTable.fitted(
        function, input: input, output: output, segments: segments / 2)
      #expect(error(half) > 0.9)
      #expect(error(half) > error(table))
    }
  }

  @Test func inputsOutsideTheSegmentsAreClamped() {
    let table = ActivationTable.fitted(
      .sigmoid, input: QFormat(width: 16, fraction: 8), output: QFormat(width: 12, fraction: 11),
      segments: 128)
    #expect(table.lower > table.input.minCode)
    #expect(table.code(for: table.input.minCode) == table.code(for: table.lower))
    #expect(table.code(for: table.input.maxCode) == 2047)
    #expect(abs(table.code(for: table.input.minCode)) <= 1)
    #expect(table.maximalError <= 1)
  }

  @Test func aTableOfLinesIsEvaluatedAsDefined() {
    let table = ActivationTable(
      function: "sigmoid", input: QFormat(width: 4, fraction: 0),
      output: QFormat(width: 4, fraction: 0), lower: -4, segmentBits: 2, slopes: [1, -3],
      intercepts: [-9, 5], slopeWidth: 3, interceptWidth: 5, interceptFraction: 1)
    // Segment 0: (d - 9) / 2 rounded half up; segment 1: (5 - 3 d) / 2.
    #expect(
      (-8...7).map { table.code(for: $0) } == [
        -4, -4, -4, -4, -4, -4, -3, -3, 3, 1, 0, -2, -2, -2, -2, -2,
      ])
  }

  @Test func usefulRangeLeavesOneAndAHalfUlp() {
    for function in [ScalarFunction.sigmoid, .tanh] {
      for fraction in [5, 7, 11, 15] {
        let bits = function.usefulIntegerBits(outputFraction: fraction) ?? 0
        let limit = Self.real(function.name, -1000)
        let distance = { (bits: Int) in
          (Self.real(function.name, -Double(1 << bits)) - limit) * Double(1 << fraction)
        }
        #expect(distance(bits) <= 1.5)
        #expect(bits == 0 || distance(bits - 1) > 1.5)
      }
    }
    #expect(ScalarFunction.sigmoid.usefulIntegerBits(outputFraction: 11) == 3)
    #expect(ScalarFunction.tanh.usefulIntegerBits(outputFraction: 11) == 2)
  }
}
