import RNNFixedPoint
import RNNGraph
import RNNReference
import RNNSupport
import Testing

/// Operations on vectors against the definition for one code, at sizes around those of a processor's vectors.
@Suite struct ElementwiseTests {
  private static let sizes = [1, 3, 7, 8, 9, 16, 33]

  /// Extremes, codes near zero, and any.
  private func codes(_ format: QFormat, _ size: Int, _ random: inout SplitMix64) -> [Int64] {
    (0..<size).map { _ in
      switch random.below(6) {
      case 0: format.minCode
      case 1: format.maxCode
      case 2: max(format.minCode, min(format.maxCode, Int64(random.below(5)) - 2))
      default:
        format.minCode + Int64(bitPattern: random.next() & (UInt64(1) << UInt64(format.width) - 1))
      }
    }
  }

  /// The answer of one operation on two inputs of the same format, which a state holds between two steps.
  private func run(
    _ op: (ValueID, ValueID) -> IntegerOp, input: QFormat, output: QFormat,
    tables: [ActivationTable] = [], _ a: [Int64], _ b: [Int64]
  ) throws -> [Int64] {
    let graph = IntegerGraph(
      name: "op", inputSize: a.count, inputFormat: input,
      nodes: [
        IntegerNode(op: .input, size: a.count, format: input, name: "b"),
        IntegerNode(op: .state(StateID(0)), size: a.count, format: input, name: "a"),
        IntegerNode(op: op(ValueID(1), ValueID(0)), size: a.count, format: output, name: "y"),
      ], matrices: [], vectors: [], tables: tables,
      states: [IntegerState(name: "s", size: a.count, format: input, next: ValueID(0))],
      output: ValueID(2))
    let model = try ReferenceModel(graph)
    _ = model.step(a)
    return model.step(b)
  }

  @Test(arguments: [1, 2, 5, 12, 31])
  func arithmetic(width: Int) throws {
    var random = SplitMix64(seed: UInt64(width))
    let input = QFormat(width: width, fraction: 2)
    let sum = QFormat(width: width + 1, fraction: 2)
    for size in Self.sizes {
      let a = codes(input, size, &random)
      let b = codes(input, size, &random)
      let pairs = Array(zip(a, b))
      #expect(
        try run({ .add($0, $1) }, input: input, output: sum, a, b) == pairs.map { $0 + $1 })
      #expect(
        try run({ .subtract($0, $1) }, input: input, output: sum, a, b) == pairs.map { $0 - $1 })
      #expect(
        try run(
          { .multiply($0, $1) }, input: input, output: QFormat(width: 2 * width, fraction: 4), a, b)
          == pairs.map { $0 * $1 })
      #expect(
        try run({ a, _ in .relu(a) }, input: input, output: input, a, b)
          == a.map { $0 < 0 ? 0 : $0 })
      #expect(
        try run({ .gate($0, by: $1) }, input: input, output: input, a, b)
          == pairs.map { $1 > 0 ? $0 : 0 })
      #expect(
        try run(
          { a, _ in .extend(a) }, input: input, output: QFormat(width: width + 7, fraction: 6), a, b
        )
          == a.map { $0 * 16 })
    }
  }

  /// Every rounding and overflow, with shifts to the left, of nothing, of all bits and of more than there are.
  @Test(arguments: [RoundingRule.down, .halfUp, .halfToEven], [OverflowRule.saturate, .wrap])
  func requantization(rounding: RoundingRule, overflow: OverflowRule) throws {
    var random = SplitMix64(seed: 3)
    for inputWidth in [1, 2, 7, 24, 63] {
      for outputWidth in [1, 4, 12, 63] {
        for shift in [-70, -62, -5, -1, 0, 1, 2, 6, 23, 61, 62, 63, 64, 80] {
          // A wrapped left shift has to stay within 64 bits.
          if shift < 0, overflow == .wrap, inputWidth - shift > 63 { continue }
          let input = QFormat(width: inputWidth, fraction: 3)
          let output = QFormat(width: outputWidth, fraction: 3 - shift)
          for size in [1, 9, 70] {
            let a = codes(input, size, &random)
            let expected = a.map {
              requantized($0, fraction: 3, to: output, rounding: rounding, overflow: overflow)
            }
            #expect(
              try run(
                { x, _ in .requantize(x, rounding, overflow) }, input: input, output: output, a, a)
                == expected, "\(inputWidth) to \(outputWidth) bits, shift \(shift)")
          }
        }
      }
    }
  }

  /// All codes of small formats by a definition of rounding in whole numbers that shares nothing with either.
  @Test(arguments: [RoundingRule.down, .halfUp, .halfToEven])
  func roundingOfEveryCode(rounding: RoundingRule) throws {
    let input = QFormat(width: 7, fraction: 4)
    let a = Array(Int64(-64)...63)
    for shift in 1...7 {
      let output = QFormat(width: 7, fraction: 4 - shift)
      let unit = 1 << shift
      let expected = a.map { code in
        // Of the multiples of the unit around the code, the one that the rule names.
        let below = (-100...100).last { $0 * unit <= Int(code) } ?? 0
        let rest = Int(code) - below * unit
        switch rounding {
        case .down: return Int64(below)
        case .halfUp: return Int64(2 * rest >= unit ? below + 1 : below)
        case .halfToEven:
          if 2 * rest == unit { return Int64(below % 2 == 0 ? below : below + 1) }
          return Int64(2 * rest > unit ? below + 1 : below)
        }
      }
      #expect(
        try run(
          { x, _ in .requantize(x, rounding, .saturate) }, input: input, output: output, a, a)
          == expected)
    }
  }

  @Test(arguments: [(1, 0), (2, 3), (16, 5), (64, 2)], [0, 4, 9])
  func tables(_ shape: (segments: Int, bits: Int), dropped: Int) throws {
    var random = SplitMix64(seed: 9)
    let input = QFormat(width: 12, fraction: 8)
    let output = QFormat(width: 9, fraction: 7)
    let width = QFormat(width: 11, fraction: 0)
    let table = ActivationTable(
      function: "sigmoid", input: input, output: output, lower: -400, segmentBits: shape.bits,
      slopes: codes(width, shape.segments, &random),
      intercepts: codes(width, shape.segments, &random), slopeWidth: 11, interceptWidth: 11,
      interceptFraction: 7 + dropped)
    let a = Array(input.minCode...input.maxCode)
    #expect(
      try run({ x, _ in .activation(0, x) }, input: input, output: output, tables: [table], a, a)
        == a.map(table.code(for:)))
  }

  /// The index in the message of a code outside is that of the first one.
  @Test func outsideIsFound() async {
    await #expect(processExitsWith: .failure) {
      let format = QFormat(width: 4, fraction: 0)
      let graph = IntegerGraph(
        name: "op", inputSize: 3, inputFormat: format,
        nodes: [IntegerNode(op: .input, size: 3, format: format, name: "x")], matrices: [],
        vectors: [], tables: [], states: [], output: ValueID(0))
      _ = try ReferenceModel(graph).step([0, 8, 0])
    }
  }
}
