import RNNFixedPoint
import RNNRTL
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct NormalizeTests {
  private struct Case {
    var unit: Normalization
    /// Value and square of each cycle.
    var inputs: [(v: Int64, s: Int64)]
  }

  /// Every pair of codes at small widths; at the widths in use random codes, all lengths of squares, extremes.
  private static func cases() throws -> [Case] {
    var random = SplitMix64(seed: 31)
    var cases: [Case] = []
    func unit(_ v: (Int, Int), _ s: (Int, Int), _ y: (Int, Int), _ floor: Int64) throws
      -> Normalization
    {
      try #require(
        Normalization.fitted(
          value: QFormat(width: v.0, fraction: v.1), square: QFormat(width: s.0, fraction: s.1),
          output: QFormat(width: y.0, fraction: y.1), floor: floor))
    }
    for unit in [
      try unit((6, 3), (6, 4), (7, 3), 1), try unit((5, 0), (7, 3), (12, 8), 2),
      try unit((1, 0), (3, 1), (5, 2), 1), try unit((6, 9), (1, -4), (8, 7), 1),
    ] {
      let pairs = (unit.square.minCode...unit.square.maxCode).flatMap { s in
        (unit.value.minCode...unit.value.maxCode).map { (v: $0, s: s) }
      }
      cases.append(Case(unit: unit, inputs: pairs))
    }
    for unit in [
      try unit((12, 10), (24, 22), (16, 11), 1), try unit((18, 16), (24, 23), (16, 11), 77),
      try unit((16, 4), (16, 20), (20, 2), 1), try unit((12, 11), (20, 30), (12, 9), 1 << 22),
      // The product has fewer fraction bits than the result.
      try unit((12, -9), (20, 3), (20, 14), 1),
    ] {
      let inputs = (0..<4096).map { i -> (v: Int64, s: Int64) in
        let length = random.below(unit.square.width)
        let s = Int64(random.below(1 << length))
        let v = unit.value.minCode + Int64(random.below(1 << unit.value.width))
        switch i % 8 {
        case 0: return (unit.value.minCode, s)
        case 1: return (unit.value.maxCode, s)
        case 2: return (v, i % 16 == 2 ? unit.square.maxCode : -1 - s)
        default: return (v, s)
        }
      }
      cases.append(Case(unit: unit, inputs: inputs))
    }
    return cases
  }

  @Test(arguments: simulators)
  func hardwareEqualsTheUnitForEveryPair(_ simulator: BenchSimulator) throws {
    let cases = try Self.cases()
    let cycles = cases.map(\.inputs.count).max() ?? 0
    var files: [(name: String, text: String)] = []
    var units: [Unit] = []
    // Each case shallow, then deep.
    for (k, entry) in (cases + cases).enumerated() {
      let u = entry.unit
      let words = zip(u.slopes, u.intercepts).map { slope, intercept in
        // {slope, intercept} may be longer than 64 bits: digits of the whole word.
        let word = bits(intercept, u.interceptWidth) + bits(slope, u.slopeWidth)
        let padded = word + [UInt8](repeating: 0, count: (4 - word.count % 4) % 4)
        return stride(from: 0, to: padded.count, by: 4).map { i in
          String(padded[i..<i + 4].reversed().reduce(UInt8(0)) { $0 << 1 | $1 }, radix: 16)
        }.reversed().joined() + "\n"
      }
      files.append(("normalize\(k).mem", words.joined()))
      let inputs = (0..<cycles).map { entry.inputs[$0 % entry.inputs.count] }
      units.append(
        Unit(
          "rnnc_normalize",
          [
            "InitFile": "\"normalize\(k).mem\"", "ValueWidth": u.value.width,
            "SquareWidth": u.square.width, "OutWidth": u.output.width, "Floor": Int(u.floor),
            "TotalBits": u.totalBits, "IndexBits": u.indexBits, "SlopeWidth": u.slopeWidth,
            "RootBits": u.rootFraction, "DropBits": u.droppedBits,
            "Shift": u.productFraction - u.output.fraction, "Deep": k < cases.count ? 0 : 1,
          ],
          inputs: [Port("v_i", u.value.width), Port("s_i", u.square.width)],
          outputs: [Port("y_o", u.output.width)],
          stimulus: inputs.map { [bits($0.v, u.value.width), bits($0.s, u.square.width)] }))
    }
    let trace = try libraryBench(units, extra: files).run(simulator, seed: 4)
    var saturated = 0
    for (k, entry) in (cases + cases).enumerated() {
      let unit = entry.unit
      let latency = k < cases.count ? 9 : 12
      for cycle in latency..<cycles {
        let (v, s) = entry.inputs[(cycle - latency) % entry.inputs.count]
        let expected = unit.code(for: v, by: s)
        let found = trace.signed(cycle: cycle, unit: k)
        guard found == expected else {
          Issue.record(
            "case \(k): \(v) by \(s) gave \(String(describing: found)), not \(expected)")
          return
        }
        // The real quotient, so that unit and hardware are not wrong together.
        let t = Double(max(s, 0) + unit.floor) * unit.square.ulp
        let y = Double(v) * unit.value.ulp / t.squareRoot() / unit.output.ulp
        let limited = min(max(y, Double(unit.output.minCode)), Double(unit.output.maxCode))
        if limited != y { saturated += 1 }
        guard abs(Double(expected) - limited) <= 1 else {
          Issue.record("case \(k): \(v) by \(s) is \(expected), not \(limited)")
          return
        }
      }
    }
    #expect(saturated > 100)
  }
}
