import RNNFixedPoint
import RNNRTL
import RNNSupport
import Testing
import _RNNTestSupport

typealias Port = VerilogBench.Port
typealias Unit = VerilogBench.Unit

/// The library's files, with more beside them.
func libraryBench(
  _ units: [Unit], extra: [(name: String, text: String)] = []
) -> VerilogBench {
  VerilogBench(
    files: RTLLibrary.files.map { ($0.name, String(decoding: $0.bytes, as: UTF8.self)) } + extra,
    units: units)
}

let simulators = BenchSimulator.allCases.filter(\.isEnabled)

@Suite struct ArithmeticTests {
  /// Rounding and saturation by exact real arithmetic.
  static func rounded(_ code: Int64, shift: Int, width: Int, rounding: Int) -> Int64 {
    var x = Double(code)
    for _ in 0..<shift { x /= 2 }  // exact: few bits
    let y: Double =
      switch rounding {
      case 0: x.rounded(.down)
      case 1: (x + 0.5).rounded(.down)
      default: x.rounded(.toNearestOrEven)
      }
    let limit = Double(sign: .plus, exponent: width - 1, significand: 1)
    return Int64(min(max(y, -limit), limit - 1))
  }

  @Test(arguments: simulators)
  func roundSatIsExactForEveryInput(_ simulator: BenchSimulator) throws {
    struct Point {
      var width: Int
      var shift: Int
      var out: Int
      var rounding: Int
    }
    var points: [Point] = []
    for width in [1, 2, 5, 8] {
      for shift in 0...width + 2 {
        for out in [1, 2, 3, width - shift, width - shift + 1, width + 2] where out >= 1 {
          for rounding in 0...2 {
            points.append(Point(width: width, shift: shift, out: out, rounding: rounding))
          }
        }
      }
    }
    let units = points.map { p in
      Unit(
        "rnnc_round_sat",
        ["InWidth": p.width, "Shift": p.shift, "OutWidth": p.out, "Rounding": p.rounding],
        hasClock: false, inputs: [Port("in_i", p.width)], outputs: [Port("out_o", p.out)],
        stimulus: (0..<256).map { [bits(Int64($0), p.width)] })
    }
    let trace = try libraryBench(units).run(simulator)
    let rules: [RoundingRule] = [.down, .halfUp, .halfToEven]
    var checked = 0
    for (u, p) in points.enumerated() {
      for cycle in 0..<(1 << p.width) {
        let shift = Int64(64 - p.width)
        let code = (Int64(cycle) << shift) >> shift
        let expected = Self.rounded(code, shift: p.shift, width: p.out, rounding: p.rounding)
        let found = trace.signed(cycle: cycle, unit: u)
        guard found == expected else {
          Issue.record("\(p): \(code) gave \(String(describing: found)), not \(expected)")
          return
        }
        let format = QFormat(width: p.out, fraction: 0)
        let reference = requantized(
          code, fraction: p.shift, to: format, rounding: rules[p.rounding], overflow: .saturate)
        guard reference == expected else {
          Issue.record("requantized(\(code)) by \(p) is \(reference), not \(expected)")
          return
        }
        checked += 1
      }
    }
    #expect(checked > 40_000)
  }

  @Test(arguments: simulators)
  func mulGivesTheFullProduct(_ simulator: BenchSimulator) throws {
    var random = SplitMix64(seed: 11)
    let widths = [(1, 1), (4, 7), (16, 16), (18, 25)]
    let cycles = 200
    func code(_ width: Int, _ cycle: Int) -> Int64 {
      switch cycle % 5 {
      case 0: -(1 << Int64(width - 1))
      case 1: (1 << Int64(width - 1)) - 1
      default: Int64(random.below(1 << width)) - (1 << Int64(width - 1))
      }
    }
    var operands: [[(Int64, Int64)]] = []
    for (a, b) in widths { operands.append((0..<cycles).map { (code(a, $0), code(b, $0 / 5)) }) }
    // The second and the last have registers before the multiplier.
    let units = zip(widths, operands).enumerated().map { k, pair in
      let (width, values) = pair
      return Unit(
        "rnnc_mul", ["AWidth": width.0, "BWidth": width.1, "Deep": k % 2],
        inputs: [Port("a_i", width.0), Port("b_i", width.1)],
        outputs: [Port("p_o", width.0 + width.1)],
        stimulus: values.map { [bits($0.0, width.0), bits($0.1, width.1)] })
    }
    let trace = try libraryBench(units).run(simulator)
    for (u, values) in operands.enumerated() {
      for cycle in 2 + u % 2..<cycles {
        let (a, b) = values[cycle - 2 - u % 2]
        #expect(trace.signed(cycle: cycle, unit: u) == a * b, "\(widths[u]) \(a) * \(b)")
      }
    }
  }

  @Test(arguments: simulators)
  func pwlEqualsTheTableForEveryCode(_ simulator: BenchSimulator) throws {
    var random = SplitMix64(seed: 5)
    struct Case {
      var table: ActivationTable
      var isDeep = false
      var latency: Int { isDeep ? 6 : 3 }
      var shift: Int { table.interceptFraction - table.output.fraction }
    }
    func table(
      input: Int, output: Int, lower: Int64, segmentBits: Int, segments: Int, slope: Int,
      intercept: Int, shift: Int
    ) -> Case {
      func codes(_ width: Int) -> [Int64] {
        (0..<segments).map { i in
          // The extremes are in every table that has the room.
          i == 0
            ? -(1 << Int64(width - 1))
            : i == 1
              ? (1 << Int64(width - 1)) - 1
              : Int64(random.below(1 << width)) - (1 << Int64(width - 1))
        }
      }
      return Case(
        table: ActivationTable(
          function: "random", input: QFormat(width: input, fraction: 8),
          output: QFormat(width: output, fraction: 3), lower: lower, segmentBits: segmentBits,
          slopes: codes(slope), intercepts: codes(intercept), slopeWidth: slope,
          interceptWidth: intercept, interceptFraction: 3 + shift))
    }
    var cases = [
      // The whole input range.
      table(
        input: 12, output: 10, lower: -2048, segmentBits: 5, segments: 128, slope: 9,
        intercept: 14, shift: 4),
      // Clamped on both sides; saturates.
      table(
        input: 12, output: 6, lower: -700, segmentBits: 6, segments: 16, slope: 8, intercept: 12,
        shift: 3),
      // Clamped below only, no rounding.
      table(
        input: 10, output: 16, lower: -100, segmentBits: 3, segments: 128, slope: 5, intercept: 9,
        shift: 0),
      // One segment, and one code per segment.
      table(
        input: 10, output: 12, lower: -128, segmentBits: 8, segments: 1, slope: 7, intercept: 10,
        shift: 1),
      table(
        input: 10, output: 8, lower: -256, segmentBits: 0, segments: 512, slope: 2, intercept: 12,
        shift: 5),
      table(
        input: 10, output: 4, lower: 17, segmentBits: 0, segments: 1, slope: 3, intercept: 6,
        shift: 9),
      // A range beyond what the input can hold.
      table(
        input: 10, output: 9, lower: -1024, segmentBits: 7, segments: 16, slope: 6, intercept: 13,
        shift: 4),
    ]
    cases += cases.map { Case(table: $0.table, isDeep: true) }
    // Every code, then again with gaps in which the output must stay.
    let inputs = (0..<4096).map { (Int64($0) - 2048, true) }
    let gaps = (0..<300).map { _ in (Int64(random.below(4096)) - 2048, random.below(3) > 0) }
    let stimulus = inputs + gaps + Array(repeating: (0, false), count: 6)
    var files: [(name: String, text: String)] = []
    var units: [Unit] = []
    for (i, entry) in cases.enumerated() {
      let t = entry.table
      let words = zip(t.slopes, t.intercepts).map { slope, intercept in
        (bits(intercept, t.interceptWidth) + bits(slope, t.slopeWidth)).reversed()
          .reduce(into: UInt64(0)) { $0 = $0 << 1 | UInt64($1) }
      }
      files.append(
        ("table\(i).mem", words.map { String($0, radix: 16) + "\n" }.joined()))
      units.append(
        Unit(
          "rnnc_pwl",
          [
            "InitFile": "\"table\(i).mem\"", "InWidth": t.input.width, "OutWidth": t.output.width,
            "Lower": t.lower, "SegmentBits": t.segmentBits, "Segments": t.slopes.count,
            "SlopeWidth": t.slopeWidth, "InterceptWidth": t.interceptWidth, "Shift": entry.shift,
            "Deep": entry.isDeep ? 1 : 0,
          ],
          inputs: [Port("en_i", 1), Port("x_i", t.input.width)],
          outputs: [Port("y_o", t.output.width)],
          stimulus: stimulus.map { [bits($0.1 ? 1 : 0, 1), bits($0.0, t.input.width)] }))
    }
    let trace = try libraryBench(units, extra: files).run(simulator)
    for (u, entry) in cases.enumerated() {
      let t = entry.table
      let size = Double(1 << t.segmentBits)
      var expected: Int64?
      var saturated = 0
      for cycle in entry.latency..<stimulus.count {
        let (wide, isEnabled) = stimulus[cycle - entry.latency]
        if isEnabled {
          // The definition in real numbers; every one of them is exact in a double.
          let cut = Int64(64 - t.input.width)
          let x = Double((wide << cut) >> cut) - Double(t.lower)
          let s = min(max(x, 0), size * Double(t.slopes.count) - 1)
          let i = Int(s / size)
          let line = Double(t.slopes[i]) * (s - Double(i) * size) + Double(t.intercepts[i])
          let y = (line / Double(1 << entry.shift) + 0.5).rounded(.down)
          let limit = Double(1 << (t.output.width - 1))
          if y < -limit || y > limit - 1 { saturated += 1 }
          expected = Int64(min(max(y, -limit), limit - 1))
          let reference = t.code(for: (wide << cut) >> cut)
          guard reference == expected else {
            Issue.record("case \(u): code(for: \(wide)) is \(reference), not \(expected ?? 0)")
            return
          }
        }
        let found = trace.signed(cycle: cycle, unit: u)
        guard found == expected else {
          Issue.record("case \(u): \(wide) gave \(String(describing: found)), not \(expected ?? 0)")
          return
        }
      }
      if u % 7 == 1 { #expect(saturated > 100) }
    }
  }
}
