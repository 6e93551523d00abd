internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport
internal import RNNVerilog

/// A table of lines: a memory of slopes and intercepts, and a multiplier.
struct TableHardware: HardwareOperation {
  let node: HardwareNode
  let index: Int
  let table: ActivationTable
  private var dropped: Int { table.interceptFraction - table.output.fraction }
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int {
    pipelining == .deep ? 6 : 3
  }
  var multipliers: [(Int, Int)] { [(table.slopeWidth, table.segmentBits + 1)] }
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    countRegisters(into: &unit, copies: copies, pipelining)
    unit.memories.append(
      MemoryCounts(
        name: "\(node.name) table", width: table.slopeWidth + table.interceptWidth,
        depth: table.slopes.count, count: copies, kind: .rom, readsPerFrame: steps * copies,
        writesPerFrame: 0))
    unit.adderBits += table.interceptWidth * copies
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    emitter.module.declare(node.signal, node.type)
    emitter.module.instance(
      "rnnc_pwl", "u_\(node.signal)",
      parameters: [
        "InitFile": .string("table_\(index).mem"), "InWidth": .int(table.input.width),
        "OutWidth": .int(table.output.width), "Lower": .int(Int(table.lower)),
        "SegmentBits": .int(table.segmentBits), "Segments": .int(table.slopes.count),
        "SlopeWidth": .int(table.slopeWidth), "InterceptWidth": .int(table.interceptWidth),
        "Shift": .int(dropped), "Deep": .int(emitter.datapath.pipelining.parameter),
      ],
      [
        .input("clk_i", "clk_i"), .input("en_i", .one),
        .input("x_i", emitter.operand(node.operands[0], at: start)),
        .output("y_o", .whole(node.signal)),
      ])
  }
  func widen(_ widths: inout SequentialWidths) {
    widths.slope = max(widths.slope, table.slopeWidth)
    widths.intercept = max(widths.intercept, table.interceptWidth)
    widths.tableInput = max(widths.tableInput, node.operandFormats[0].width)
    widths.offset = max(widths.offset, table.segmentBits)
    widths.span = max(
      widths.span, table.slopes.count.trailingZeroBitCount + table.segmentBits)
    let width = max(table.slopeWidth + table.segmentBits + 1, table.interceptWidth) + 1
    widths.shifted = max(widths.shifted, max(width, dropped) + 2)
  }
  func instruct(_ builder: inout SequentialProgramBuilder) {
    let lookup = builder.lookup(index)
    builder.append(node, .table) {
      $0.lookup = lookup
      $0.rightShift = dropped
      $0.rounding = .halfUp
      $0.fittedWidth = node.format.width
    }
  }
}

/// A division by a root: a normaliser, a table of lines, two multipliers, a shifter.
struct NormalizationHardware: HardwareOperation {
  let node: HardwareNode
  let index: Int
  let unit: Normalization
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int { Self.latency(pipelining) }
  private static func latency(_ pipelining: Pipelining) -> Int { pipelining == .deep ? 12 : 9 }
  /// The sequential engine's units: an even latency, so that a quotient comes when its instruction passes one.
  static let pipelining = Pipelining.deep
  static let sequentialLatency = latency(pipelining)
  var multipliers: [(Int, Int)] {
    [(unit.slopeWidth + 1, unit.offsetBits + 1), (unit.value.width, unit.rootFraction + 2)]
  }
  func count(into counts: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining) {
    let shiftBits = indexWidth(unit.largestShift + 1)
    let shifted = unit.value.width + unit.rootFraction + 2 + unit.largestShift
    counts.memories.append(
      MemoryCounts(
        name: "\(node.name) table", width: unit.slopeWidth + unit.interceptWidth,
        depth: unit.segments, count: copies, kind: .rom, readsPerFrame: steps * copies,
        writesPerFrame: 0))
    // Registers around the products, the subtraction of the line among them, are inside multiplier blocks. The delays
    // of value and shift are a LUT and a register a bit, both shifters a LUT for each bit of each stage.
    let delayed = unit.value.width + shiftBits
    counts.registerBits +=
      (2 * unit.totalBits + shiftBits + delayed + shifted + node.format.width) * copies
    counts.adderBits += (unit.totalBits + node.format.width) * copies
    counts.lutEstimate += ((unit.totalBits + shifted) * shiftBits + delayed) * copies
  }
  func emit(into emitter: inout DatapathEmitter, at start: Int) {
    emitter.module.declare(node.signal, node.type)
    emitter.module.add(
      unit, "u_\(node.signal)", file: "normalization_\(index).mem",
      pipelining: emitter.datapath.pipelining,
      value: emitter.operand(node.operands[0], at: start),
      square: emitter.operand(node.operands[1], at: start), to: node.signal)
  }
  func instruct(_ builder: inout SequentialProgramBuilder) {
    let number = builder.number(of: unit)
    builder.append(node, .normalize) { $0.unit = number }
  }
}

extension VerilogModule {
  /// An instance of a unit whose result drives the signal of a name.
  mutating func add(
    _ unit: Normalization, _ name: String, file: String, pipelining: Pipelining,
    value: VerilogExpression, square: VerilogExpression, to signal: String
  ) {
    instance(
      "rnnc_normalize", name,
      parameters: [
        "InitFile": .string(file), "ValueWidth": .int(unit.value.width),
        "SquareWidth": .int(unit.square.width), "OutWidth": .int(unit.output.width),
        "Floor": .int(Int(unit.floor)), "TotalBits": .int(unit.totalBits),
        "IndexBits": .int(unit.indexBits), "SlopeWidth": .int(unit.slopeWidth),
        "RootBits": .int(unit.rootFraction), "DropBits": .int(unit.droppedBits),
        "Shift": .int(unit.productFraction - unit.output.fraction),
        "Deep": .int(pipelining.parameter),
      ],
      [
        .input("clk_i", "clk_i"), .input("v_i", value), .input("s_i", square),
        .output("y_o", .whole(signal)),
      ])
  }
}
