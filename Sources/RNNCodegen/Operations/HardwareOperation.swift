internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport
internal import RNNVerilog

/// What an operation of the integer graph is in hardware: a part of a datapath of lanes, and an instruction of the sequential
/// engine.
///
/// One file for each kind; `IntegerGraph.hardware(_:)` gives them with their formats. Whatever the schedule, the emitter, the
/// counts and the programs want to know of an operation, they ask here.
protocol HardwareOperation {
  /// The node and its operands.
  var node: HardwareNode { get }
  /// Cycles from the operands to the result in a datapath that takes `elementsPerStep` elements a cycle.
  func latency(_ pipelining: Pipelining, elementsPerStep: Int) -> Int
  /// Operand widths of the multipliers of one copy.
  var multipliers: [(Int, Int)] { get }
  /// Adds what `copies` copies hold; `steps` are the steps of a frame.
  func count(into unit: inout UnitCounts, copies: Int, steps: Int, _ pipelining: Pipelining)
  /// Emits the operation into a datapath's module: a signal `n<id>` that is ready `latency` cycles after `start`.
  func emit(into emitter: inout DatapathEmitter, at start: Int)

  /// Makes the widths of the sequential engine large enough.
  func widen(_ widths: inout SequentialWidths)
  /// Appends the instructions of the operation.
  func instruct(_ builder: inout SequentialProgramBuilder)
}

/// A node with what its hardware has to know of it and of its operands.
struct HardwareNode {
  var id: ValueID
  var name: String
  var size: Int
  var format: QFormat
  var operands: [ValueID]
  var operandFormats: [QFormat]
  /// Elements of the first operand.
  var operandSize: Int
  /// The signal in a datapath.
  var signal: String { "n\(id.index)" }
  var type: VerilogType { .signed(format.width) }
}

extension HardwareOperation {
  var multipliers: [(Int, Int)] { [] }
  func widen(_ widths: inout SequentialWidths) {}
  /// Registers for every cycle of the latency.
  func countRegisters(
    into unit: inout UnitCounts, copies: Int, _ pipelining: Pipelining
  ) {
    unit.registerBits +=
      node.format.width * latency(pipelining, elementsPerStep: copies) * copies
  }
}

extension IntegerGraph {
  /// What a node is in hardware; nil for sources and sums of products.
  func hardware(_ id: ValueID) -> (any HardwareOperation)? {
    let operands = self[id].op.operands
    let node = HardwareNode(
      id: id, name: self[id].name, size: self[id].size, format: self[id].format,
      operands: operands, operandFormats: operands.map { self[$0].format },
      operandSize: operands.first.map { self[$0].size } ?? 0)
    switch self[id].op {
    case .input, .state, .vector, .constant, .coefficient, .linear: return nil
    case .add: return AdderHardware(node: node, subtracts: false)
    case .subtract: return AdderHardware(node: node, subtracts: true)
    case .multiply: return MultiplierHardware(node: node)
    case .extend: return ExtensionHardware(node: node)
    case .requantize(_, let rounding, let overflow):
      return RounderHardware(node: node, rounding: rounding, overflow: overflow)
    case .activation(let i, _): return TableHardware(node: node, index: i, table: tables[i])
    case .relu: return ReluHardware(node: node)
    case .gate: return GateHardware(node: node)
    case .normalize(let i, _, _):
      return NormalizationHardware(node: node, index: i, unit: normalizations[i])
    case .reduce(let reduction, _): return ReductionHardware(node: node, reduction: reduction)
    case .broadcast: return BroadcastHardware(node: node)
    }
  }
}
