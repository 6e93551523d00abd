internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport
internal import RNNVerilog

/// A sum or a difference: an adder and a register.
struct AdderHardware: HardwareOperation {
  let node: HardwareNode
  let subtracts: Bool
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int { 1 }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    countRegisters(into: &unit, copies: copies, pipelining)
    unit.adderBits += node.format.width * copies
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    let a = emitter.operand(node.operands[0], at: start).resized(node.format.width)
    let b = emitter.operand(node.operands[1], at: start).resized(node.format.width)
    emitter.register(node.signal, node.type, subtracts ? a - b : a + b)
  }
  func instruct(_ builder: inout SequentialProgramBuilder) {
    builder.append(node, .add) { $0.subtracts = subtracts }
  }
}

/// A product: a multiplier with its registers.
struct MultiplierHardware: HardwareOperation {
  let node: HardwareNode
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int {
    pipelining == .deep ? 3 : 2
  }
  var multipliers: [(Int, Int)] { [(node.operandFormats[0].width, node.operandFormats[1].width)] }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    countRegisters(into: &unit, copies: copies, pipelining)
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    let widths = multipliers[0]
    precondition(node.format.width == widths.0 + widths.1, "\(node.name) is not an exact product")
    emitter.module.declare(node.signal, node.type)
    emitter.module.instance(
      "rnnc_mul", "u_\(node.signal)",
      parameters: [
        "AWidth": .int(widths.0), "BWidth": .int(widths.1),
        "Deep": .int(emitter.datapath.pipelining.parameter),
      ],
      [
        .input("clk_i", "clk_i"), .input("a_i", emitter.operand(node.operands[0], at: start)),
        .input("b_i", emitter.operand(node.operands[1], at: start)),
        .output("p_o", .whole(node.signal)),
      ])
  }
  func widen(_ widths: inout SequentialWidths) {
    widths.factor = max(widths.factor, node.operandFormats[0].width)
    widths.operand = max(widths.operand, node.operandFormats[1].width)
  }
  func instruct(_ builder: inout SequentialProgramBuilder) { builder.append(node, .multiply) }
}

/// Zero bits behind a value, and copies of its sign before it: wires.
struct ExtensionHardware: HardwareOperation {
  let node: HardwareNode
  private var shift: Int { node.format.fraction - node.operandFormats[0].fraction }
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int { 0 }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {}
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    emitter.module.wire(
      node.signal, node.type,
      emitter.operand(node.operands[0], at: start).appendingZeros(shift)
        .resized(node.format.width))
  }
  func instruct(_ builder: inout SequentialProgramBuilder) {
    if builder.extendKnownCodes(node, by: shift) { return }
    builder.append(node, .pass) { $0.leftShift = shift }
  }
}

/// A change of format: rounding, saturation, a register.
struct RounderHardware: HardwareOperation {
  let node: HardwareNode
  let rounding: RoundingRule
  let overflow: OverflowRule
  private var from: QFormat { node.operandFormats[0] }
  private var shift: Int { from.fraction - node.format.fraction }
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int { 1 }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    countRegisters(into: &unit, copies: copies, pipelining)
    unit.adderBits += node.format.width * copies
    unit.lutEstimate += from.width * copies / 2
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    precondition(overflow == .saturate, "the datapath saturates; \(node.name) wraps")
    let name = node.signal
    let widened = max(0, -shift)
    emitter.module.wire(
      "\(name)_in", .signed(from.width + widened),
      emitter.operand(node.operands[0], at: start).appendingZeros(widened))
    emitter.module.declare("\(name)_rounded", node.type)
    let rule: Int =
      switch rounding {
      case .down: 0
      case .halfUp: 1
      case .halfToEven: 2
      }
    emitter.module.instance(
      "rnnc_round_sat", "u_\(name)",
      parameters: [
        "InWidth": .int(from.width + widened), "Shift": .int(max(0, shift)),
        "OutWidth": .int(node.format.width), "Rounding": .int(rule),
      ],
      [.input("in_i", .name("\(name)_in")), .output("out_o", .whole("\(name)_rounded"))])
    emitter.register(name, node.type, .name("\(name)_rounded"))
  }
  func widen(_ widths: inout SequentialWidths) {
    widths.shifted = max(
      widths.shifted, shift > 0 ? max(from.width, shift) + 2 : from.width - shift + 1,
      node.format.width + 1)
  }
  func instruct(_ builder: inout SequentialProgramBuilder) {
    builder.append(node, .pass) {
      $0.leftShift = max(0, -shift)
      $0.rightShift = max(0, shift)
      $0.rounding = rounding
      $0.fittedWidth = node.format.width
      $0.wraps = overflow == .wrap
    }
  }
}

/// The greater of a value and zero: a multiplexer and a register.
struct ReluHardware: HardwareOperation {
  let node: HardwareNode
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int { 1 }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    countRegisters(into: &unit, copies: copies, pipelining)
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    let zero = VerilogExpression.signedLit(0, width: node.operandFormats[0].width)
    let value = emitter.operand(node.operands[0], at: start)
    emitter.register(node.signal, node.type, .mux(value.isLess(than: zero), zero, value))
  }
  func instruct(_ builder: inout SequentialProgramBuilder) {
    builder.append(node, .pass) { $0.isRelu = true }
  }
}

/// A value or zero, by the sign of another: a comparison with zero, a gate for each bit, a register.
struct GateHardware: HardwareOperation {
  let node: HardwareNode
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int { 1 }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    countRegisters(into: &unit, copies: copies, pipelining)
    unit.lutEstimate += (node.format.width + node.operandFormats[1].width / 5) * copies
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    let zero = VerilogExpression.signedLit(0, width: node.operandFormats[1].width)
    let by = emitter.operand(node.operands[1], at: start)
    let value = emitter.operand(node.operands[0], at: start)
    emitter.register(
      node.signal, node.type,
      .mux(zero.isLess(than: by), value, .signedLit(0, width: node.format.width)))
  }
  func instruct(_ builder: inout SequentialProgramBuilder) { builder.append(node, .gate) }
}

extension VerilogExpression {
  /// A signed value with zero bits behind it.
  func appendingZeros(_ count: Int) -> VerilogExpression {
    count == 0 ? self : .concat([unsigned, .zeros(count)]).signed
  }
}
