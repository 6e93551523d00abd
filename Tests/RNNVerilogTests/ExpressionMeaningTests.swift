import Foundation
import RNNSupport
import RNNVerilog
import Testing
import _RNNTestSupport

/// A value with its type; the meaning of the tree, written without looking at Verilog.
private struct Value {
  var bits: UInt64
  var type: VerilogType
  init(bits: UInt64, _ type: VerilogType) {
    let mask: UInt64 = UInt64.max >> UInt64(64 - type.width)
    self.bits = bits & mask
    self.type = type
  }
  init(number: Int64, _ type: VerilogType) { self.init(bits: UInt64(bitPattern: number), type) }
  /// The number that the bits stand for.
  var number: Int64 {
    guard type.isSigned else { return Int64(bits) }
    let shift = Int64(64 - type.width)
    return (Int64(bitPattern: bits) << shift) >> shift
  }
}

private func evaluate(_ e: VerilogExpression, _ inputs: [String: Value]) -> Value {
  func recurse(_ e: VerilogExpression) -> Value { evaluate(e, inputs) }
  func named(_ name: String) -> Value { inputs[name] ?? Value(bits: 0, .bit) }
  switch e {
  case .name(let name): return named(name)
  case .literal(let value, let type): return Value(number: value, type)
  case .unary(let op, let x):
    let v = recurse(x)
    let all = Value(bits: UInt64.max, v.type).bits
    switch op {
    case .negate: return Value(number: 0 &- v.number, v.type)
    case .bitwiseNot: return Value(bits: ~v.bits, v.type)
    case .logicalNot: return Value(bits: v.bits == 0 ? 1 : 0, .bit)
    case .reduceAnd: return Value(bits: v.bits == all ? 1 : 0, .bit)
    case .reduceOr: return Value(bits: v.bits != 0 ? 1 : 0, .bit)
    case .reduceXor: return Value(bits: UInt64(v.bits.nonzeroBitCount & 1), .bit)
    }
  case .binary(let op, let left, let right):
    let a = recurse(left)
    let b = recurse(right)
    func truth(_ x: Bool) -> Value { Value(bits: x ? 1 : 0, .bit) }
    switch op {
    case .add: return Value(number: a.number &+ b.number, a.type)
    case .subtract: return Value(number: a.number &- b.number, a.type)
    case .multiply: return Value(number: a.number &* b.number, a.type)
    case .and: return Value(bits: a.bits & b.bits, a.type)
    case .or: return Value(bits: a.bits | b.bits, a.type)
    case .xor: return Value(bits: a.bits ^ b.bits, a.type)
    case .logicalAnd: return truth(a.bits == 1 && b.bits == 1)
    case .logicalOr: return truth(a.bits == 1 || b.bits == 1)
    case .equal: return truth(a.number == b.number)
    case .notEqual: return truth(a.number != b.number)
    case .less: return truth(a.number < b.number)
    case .lessOrEqual: return truth(a.number <= b.number)
    case .greater: return truth(a.number > b.number)
    case .greaterOrEqual: return truth(a.number >= b.number)
    // Smart shifts: any amount is defined.
    case .shiftLeft: return Value(bits: a.bits << b.bits, a.type)
    case .shiftRight: return Value(bits: a.bits >> b.bits, a.type)
    case .arithmeticShiftRight: return Value(number: a.number >> Int64(b.bits), a.type)
    }
  case .ternary(let c, let then, let otherwise):
    return recurse(c).bits == 1 ? recurse(then) : recurse(otherwise)
  case .bitSelect(let name, let index):
    return Value(bits: named(name).bits >> recurse(index).bits, .bit)
  case .partSelect(let name, let high, let low):
    return Value(bits: named(name).bits >> UInt64(low), .bits(high - low + 1))
  case .indexedSelect(let name, let base, let width):
    return Value(bits: named(name).bits >> recurse(base).bits, .bits(width))
  case .element: preconditionFailure("the generator makes no memories")
  case .concatenation(let parts):
    var bits: UInt64 = 0
    var width = 0
    for part in parts.map(recurse) {
      bits <<= UInt64(part.type.width)
      bits |= part.bits
      width += part.type.width
    }
    return Value(bits: bits, .bits(width))
  case .replication(let count, let part):
    return recurse(.concatenation([VerilogExpression](repeating: part, count: count)))
  case .asSigned(let x):
    let v = recurse(x)
    return Value(bits: v.bits, .signed(v.type.width))
  case .asUnsigned(let x):
    let v = recurse(x)
    return Value(bits: v.bits, .bits(v.type.width))
  case .resized(let x, let width):
    let v = recurse(x)
    return Value(number: v.number, VerilogType(width: width, isSigned: v.type.isSigned))
  }
}

/// Makes random well-typed expressions of a type.
private struct Generator {
  var random: SplitMix64
  static let inputs: [(String, VerilogType)] = [
    ("a_i", .signed(8)), ("b_i", .signed(8)), ("c_i", .bits(8)), ("d_i", .bits(3)),
    ("e_i", .signed(13)), ("f_i", .bit), ("g_i", .bits(16)), ("h_i", .signed(1)),
  ]

  mutating func type(width: Int? = nil) -> VerilogType {
    VerilogType(width: width ?? 1 + random.below(20), isSigned: random.below(2) == 0)
  }

  mutating func expression(_ type: VerilogType, depth: Int) -> VerilogExpression {
    if depth == 0 { return leaf(type) }
    switch random.below(9) {
    case 0: return leaf(type)
    case 1, 2:
      let ops: [VerilogBinaryOperator] = [.add, .subtract, .multiply, .and, .or, .xor]
      return .binary(
        ops[random.below(ops.count)], expression(type, depth: depth - 1),
        expression(type, depth: depth - 1))
    case 3:
      let amount = expression(.bits(1 + random.below(4)), depth: depth - 1)
      let x = expression(type, depth: depth - 1)
      if random.below(2) == 0 { return x << amount }
      return type.isSigned ? x.arithmeticShiftedRight(amount) : x >> amount
    case 4:
      return .mux(
        expression(.bit, depth: depth - 1), expression(type, depth: depth - 1),
        expression(type, depth: depth - 1))
    case 5:
      let inner = VerilogType(width: 1 + random.below(24), isSigned: type.isSigned)
      return expression(inner, depth: depth - 1).resized(type.width)
    case 6:
      let x = expression(
        VerilogType(width: type.width, isSigned: !type.isSigned), depth: depth - 1)
      return type.isSigned ? x.signed : x.unsigned
    case 7:
      let x = expression(type, depth: depth - 1)
      let negate: Bool = type.isSigned && random.below(2) == 0
      return .unary(negate ? .negate : .bitwiseNot, x)
    default:
      if type.isSigned { return expression(.bits(type.width), depth: depth - 1).signed }
      return type.width == 1 ? truth(depth: depth) : pieces(type.width, depth: depth)
    }
  }

  private mutating func truth(depth: Int) -> VerilogExpression {
    let type = self.type()
    let ops: [VerilogBinaryOperator] = [
      .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
    ]
    switch random.below(4) {
    case 0:
      let a = expression(.bit, depth: depth - 1)
      let b = expression(.bit, depth: depth - 1)
      if random.below(2) == 0 { return .binary(.logicalAnd, a, b) }
      return .binary(.logicalOr, a, .unary(.logicalNot, b))
    case 1:
      let ops: [VerilogUnaryOperator] = [.reduceAnd, .reduceOr, .reduceXor]
      return .unary(ops[random.below(3)], expression(type, depth: depth - 1))
    default:
      return .binary(
        ops[random.below(ops.count)], expression(type, depth: depth - 1),
        expression(type, depth: depth - 1))
    }
  }

  private mutating func pieces(_ width: Int, depth: Int) -> VerilogExpression {
    if width % 2 == 0, random.below(3) == 0 {
      let part = VerilogType(width: width / 2, isSigned: random.below(2) == 0)
      return .replication(2, expression(part, depth: depth - 1))
    }
    let low = 1 + random.below(width - 1)
    return .concat([
      expression(type(width: width - low), depth: depth - 1),
      expression(type(width: low), depth: depth - 1),
    ])
  }

  private mutating func leaf(_ type: VerilogType) -> VerilogExpression {
    let (name, own) = Self.inputs[random.below(Self.inputs.count)]
    let value: VerilogExpression
    switch random.below(6) {
    case 0:
      let span: Int64 = Int64(1) << Int64(type.width)
      let least: Int64 = type.isSigned ? -span / 2 : 0
      let drawn = Int64(random.below(Int(span)))
      let codes: [Int64] = [least, least + span - 1, least + drawn]
      return .literal(codes[random.below(3)], type)
    case 1 where own.width > 1:
      let low = random.below(own.width)
      value = .slice(name, low + random.below(own.width - low), low)
    case 2: return fitted(.bit("g_i", at: "d_i_wide"), .bit, to: type)
    case 3: return fitted(.slice("g_i", from: "d_i_wide", width: 5), .bits(5), to: type)
    default: return fitted(.name(name), own, to: type)
    }
    guard case .partSelect(_, let high, let low) = value else { return value }
    return fitted(value, .bits(high - low + 1), to: type)
  }

  private func fitted(
    _ e: VerilogExpression, _ own: VerilogType, to type: VerilogType
  ) -> VerilogExpression {
    let sized = own.width == type.width ? e : e.resized(type.width)
    if own.isSigned == type.isSigned { return sized }
    return type.isSigned ? sized.signed : sized.unsigned
  }
}

@Suite struct ExpressionMeaningTests {
  static let count = 240
  static let cycles = 60

  /// One output per random expression; `d_i_wide` is an index that stays inside of `g_i`.
  fileprivate static func make() -> (VerilogModule, [VerilogExpression], [VerilogType]) {
    var generator = Generator(random: SplitMix64(seed: 2024))
    var module = VerilogModule("random_expressions", doc: "Random expressions.")
    for (name, type) in Generator.inputs { module.input(name, type) }
    var expressions: [VerilogExpression] = []
    var types: [VerilogType] = []
    for i in 0..<count {
      let type = generator.type()
      types.append(type)
      expressions.append(generator.expression(type, depth: 1 + i % 5))
      module.output("y\(i)_o", type)
    }
    module.wire("d_i_wide", .bits(4), .concat([.zero, "d_i"]))
    for (i, expression) in expressions.enumerated() { module.assign(.whole("y\(i)_o"), expression) }
    return (module, expressions, types)
  }

  private static func stimulus() -> [[(String, Value)]] {
    var random = SplitMix64(seed: 8)
    return (0..<cycles).map { cycle in
      Generator.inputs.map { name, type in
        let bits: UInt64 =
          switch (cycle, random.below(5)) {
          case (_, 0): UInt64(1) << UInt64(type.width - 1)  // the most negative
          case (_, 1): UInt64.max
          case (0, _): 0
          default: random.next()
          }
        return (name, Value(bits: bits, type))
      }
    }
  }

  private static func compare(
    files: [(name: String, text: String)], _ simulator: BenchSimulator
  ) throws {
    let (_, expressions, types) = make()
    let stimulus = stimulus()
    let unit = VerilogBench.Unit(
      "random_expressions", hasClock: false,
      inputs: Generator.inputs.map { VerilogBench.Port($0.0, $0.1.width) },
      outputs: types.enumerated().map { VerilogBench.Port("y\($0)_o", $1.width) },
      stimulus: stimulus.map { cycle in
        cycle.map { bits(Int64(bitPattern: $0.1.bits), $0.1.type.width) }
      })
    let trace = try VerilogBench(files: files, units: [unit]).run(simulator)
    for cycle in 0..<cycles {
      var inputs = Dictionary(uniqueKeysWithValues: stimulus[cycle])
      inputs["d_i_wide"] = inputs["d_i"].map { Value(bits: $0.bits, .bits(4)) }
      for (i, expression) in expressions.enumerated() {
        let value = evaluate(expression, inputs)
        #expect(value.type == types[i])
        let expected = bits(Int64(bitPattern: value.bits), types[i].width)
        guard trace.bits(cycle: cycle, unit: 0, output: i) == expected else {
          Issue.record("y\(i)_o = \(expression) for \(inputs) is not \(value)")
          return
        }
      }
    }
  }

  @Test(arguments: BenchSimulator.allCases.filter(\.isEnabled))
  func printedTextMeansTheTree(_ simulator: BenchSimulator) throws {
    let text = try Self.make().0.text()
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    try Self.compare(files: [("random_expressions.sv", text)], simulator)
  }

  /// What Yosys made of the text, simulated by Icarus.
  @Test(.enabled(if: BenchSimulator.icarus.isEnabled && ToolRunner().path(of: "yosys") != nil))
  func yosysReadsTheSameMeaning() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-yosys-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Self.make().0.text().write(
      to: folder.appendingPathComponent("in.sv"), atomically: true, encoding: .utf8)
    try ToolRunner().run(
      "yosys",
      [
        "-q", "-p",
        "read_verilog -sv in.sv; prep -top random_expressions; write_verilog -noattr out.sv",
      ], directory: folder)
    let text = try String(contentsOf: folder.appendingPathComponent("out.sv"), encoding: .utf8)
    try Self.compare(files: [("random_expressions.sv", text)], .icarus)
  }

  @Test(.enabled(if: BenchSimulator.verilator.isEnabled))
  func verilatorSeesNoWidthFault() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-width-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (module, _, _) = Self.make()
    try module.text().write(
      to: folder.appendingPathComponent(module.fileName), atomically: true, encoding: .utf8)
    let output = try ToolRunner().run(
      "verilator", ["--lint-only", "-Wall", "-Wno-fatal", module.fileName], directory: folder)
    let warnings = output.standardError.split(separator: "\n").filter { $0.hasPrefix("%") }
    #expect(warnings.filter { $0.contains("WIDTH") || $0.contains("%Error") } == [])
  }
}
