internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport
internal import RNNVerilog

/// One element from all: a tree over the elements of a step with a register at each level, then an accumulator.
///
/// It takes one step a cycle and lies in the core, behind the datapath that computes its operand; its result is ready after the
/// last step and is written into memories of one word, which later segments read.
struct ReductionHardware: HardwareOperation {
  let node: HardwareNode
  let reduction: IntegerReduction
  /// The levels of the tree, and the accumulator.
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int {
    elementsPerStep.trailingZeroBitCount + 1
  }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    // A tree over the copies and the accumulator: as many operators as copies, a register each.
    let bits = node.format.width * copies
    unit.registerBits += bits
    unit.adderBits += bits
    if reduction == .maximum { unit.lutEstimate += bits }
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    preconditionFailure("\(node.name) lies in the core")
  }
  /// The combination of two partial results.
  func combined(_ a: VerilogExpression, _ b: VerilogExpression) -> VerilogExpression {
    switch reduction {
    case .sum: a + b
    case .maximum: .mux(a.isLess(than: b), b, a)
    }
  }
  /// What changes no result: zero, or the least code.
  var neutral: Int64 { reduction == .sum ? 0 : node.operandFormats[0].minCode }

  func widen(_ widths: inout SequentialWidths) {
    guard reduction == .sum else { return }
    // A row of ones.
    widths.weight = max(widths.weight, 2)
    widths.operand = max(widths.operand, node.operandFormats[0].width)
  }
  func instruct(_ builder: inout SequentialProgramBuilder) {
    let base = reduction == .sum ? builder.one() : 0
    builder.append(node, reduction == .sum ? .matrix : .maximum) {
      $0.walk = SequentialInstruction.Walk(base: base, columns: node.operandSize)
    }
  }
}

/// The one element of a vector in every element: wires.
struct BroadcastHardware: HardwareOperation {
  let node: HardwareNode
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int { 0 }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {}
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    emitter.module.wire(node.signal, node.type, emitter.operand(node.operands[0], at: start))
  }
  func instruct(_ builder: inout SequentialProgramBuilder) { builder.repeatFirst(node) }
}

extension CoreEmitter {
  /// The tree and the accumulator of a reduction behind a segment, and the cycle in which its result is there.
  mutating func emitReduction(_ hardware: ReductionHardware, segment s: Int) {
    let node = hardware.node
    let operand = node.operands[0]
    let datapath = schedule.datapaths[s]
    let width = node.format.width
    let inputWidth = node.operandFormats[0].width
    let at = datapath.latency(operand)
    m.blank()
    m.comment(
      "\(node.name), \(node.format): the \(hardware.reduction.rawValue) over \(node.operandSize) elements."
    )
    let count = stepCount(s)
    let last = "n\(node.id.index)_last"
    m.wire(
      last, .bit,
      "segment\(s)_step_d\(at)".e.isEqual(to: .lit(count - 1, width: indexWidth(count))))
    let used = node.operandSize - (count - 1) * steps
    if used == steps { m.sink("unused_\(last)", [.name(last)]) }
    var level = (0..<steps).map { copy -> String in
      let name = "n\(node.id.index)_element\(copy)"
      let value = VerilogExpression.name("n\(operand.index)_\(copy)")
      let element =
        copy < used
        ? value
        : .mux(.name(last), .signedLit(hardware.neutral, width: inputWidth), value)
      m.wire(name, .signed(width), element.resized(width))
      return name
    }
    var depth = 0
    while level.count > 1 {
      depth += 1
      level = stride(from: 0, to: level.count, by: 2).map { k in
        let name = "n\(node.id.index)_tree\(depth)_\(k / 2)_q"
        m.declare(name, .signed(width))
        m.always([.set(.whole(name), hardware.combined(.name(level[k]), .name(level[k + 1])))])
        return name
      }
    }
    let first = "segment\(s)_step_d\(at + depth)".e
      .isEqual(to: .lit(0, width: indexWidth(count)))
    let accumulator = "n\(node.id.index)_q"
    m.declare(accumulator, .signed(width))
    m.always([
      .ifElse(
        valid(s, at: at + depth),
        [
          .set(
            .whole(accumulator),
            .mux(first, .name(level[0]), hardware.combined(.name(accumulator), .name(level[0]))))
        ])
    ])
    m.wire(
      "n\(node.id.index)_step", .bits(width), VerilogExpression.name(accumulator).unsigned)
    let ready = datapath.latency(node.id)
    m.wire(
      "n\(node.id.index)_valid", .bit,
      valid(s, at: ready)
        && "segment\(s)_step_d\(ready)".e.isEqual(to: .lit(count - 1, width: indexWidth(count))))
  }
}
