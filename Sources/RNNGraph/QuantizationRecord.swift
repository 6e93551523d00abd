package import RNNFixedPoint
internal import RNNSupport

/// What quantization adds to a plain cell graph: a format for some of its values and parameters.
///
/// A cell graph is always rebuilt from its cell and configuration; the record is the only other thing
/// that a file must hold to get the quantized graph back. Nodes and parameters are named as in the
/// plain graph, the one without `.quantize` nodes.
package struct QuantizationRecord: Hashable, Sendable {
  /// The format that the result of one node of the plain graph is rounded to; it saturates.
  package struct Value: Hashable, Sendable {
    package var node: String
    package var format: QFormat
    /// What matrices and the reader of the graph's output see instead, rounded once more; nil for the same value.
    package var operandFormat: QFormat?
    package var rounding: RoundingRule
    package init(
      node: String, format: QFormat, operandFormat: QFormat? = nil, rounding: RoundingRule
    ) {
      self.node = node
      self.format = format
      self.operandFormat = operandFormat
      self.rounding = rounding
    }
  }
  /// The format of one parameter; forward passes round it half to even and saturate.
  package struct ParameterFormat: Hashable, Sendable {
    package var parameter: String
    package var format: QFormat
    package init(parameter: String, format: QFormat) {
      self.parameter = parameter
      self.format = format
    }
  }

  /// At most one entry per node, in any order; `CellGraph.quantizationRecord` gives node order.
  package var values: [Value]
  /// At most one entry per parameter, in any order; `CellGraph.quantizationRecord` gives parameter order.
  package var parameters: [ParameterFormat]
  package init(values: [Value] = [], parameters: [ParameterFormat] = []) {
    self.values = values
    self.parameters = parameters
  }
  package var isEmpty: Bool { values.isEmpty && parameters.isEmpty }

  /// The name that a node of the plain graph has when its rounded value takes over its own name.
  package static func exactName(of node: String) -> String { "\(node)_exact" }
  /// The name of the narrower value of a node, or state, that has an operand format.
  package static func operandName(of node: String) -> String { "\(node)_operand" }
}

/// Gives a plain graph the formats of a record.
///
/// After each recorded node `n` stands a `.quantize` node, which takes over the name `n`; the node itself is then
/// called `n_exact`. Every consumer of `n`, every state update from `n` and the graph's output if it is `n`
/// read the rounded value. Parameters get their `format`.
///
/// If `n` has an operand format, a second `.quantize` node `n_operand` follows, which matrices multiply and the
/// graph's output gives. A state that takes `n` and that a matrix multiplies gets a companion `<state>_operand`
/// that takes `n_operand`: hardware keeps the narrow copy beside the wide state, as it keeps every operand.
///
/// `applying(g.quantizationRecord, to: g.plain) == g` for every graph that this function made.
///
/// - Throws: `DiagnosticsEmitted` if the graph already has `.quantize` nodes or formats, or if an entry
///   names an unknown node or parameter, one that is named twice, or would take an existing name.
package func applying(_ record: QuantizationRecord, to graph: CellGraph) throws -> CellGraph {
  var sink = DiagnosticSink(stage: "quantize")
  let rebuild = "write the record against the plain graph of the layer's cell"
  if graph.nodes.contains(where: { $0.op.isQuantize })
    || graph.parameters.contains(where: { $0.format != nil })
  {
    sink.error("graph", "the graph is quantized already", fix: "apply the record to `graph.plain`")
  }
  var entries: [Int: QuantizationRecord.Value] = [:]
  for (k, value) in record.values.enumerated() {
    let path = "values[\(k)]"
    guard let i = graph.nodes.firstIndex(where: { $0.name == value.node }) else {
      sink.error(path, "no node is named \"\(value.node)\"", fix: rebuild)
      continue
    }
    if entries.updateValue(value, forKey: i) != nil {
      sink.error(path, "node \"\(value.node)\" has two formats", fix: "keep one of them")
    }
    var names = [QuantizationRecord.exactName(of: value.node)]
    if value.operandFormat != nil { names.append(QuantizationRecord.operandName(of: value.node)) }
    for name in names where graph.nodes.contains(where: { $0.name == name }) {
      sink.error(path, "the name \"\(name)\" is taken by another node", fix: "rename that node")
    }
  }
  var quantized = graph
  var seen: Set<Int> = []
  for (k, entry) in record.parameters.enumerated() {
    let path = "parameters[\(k)]"
    guard let i = graph.parameters.firstIndex(where: { $0.name == entry.parameter }) else {
      sink.error(path, "no parameter is named \"\(entry.parameter)\"", fix: rebuild)
      continue
    }
    if !seen.insert(i).inserted {
      sink.error(path, "parameter \"\(entry.parameter)\" has two formats", fix: "keep one of them")
    }
    quantized.parameters[i].format = entry.format
  }
  try sink.throwIfErrors()

  var nodes: [Node] = []
  nodes.reserveCapacity(graph.nodes.count + entries.count)
  // What consumers of the plain node read now: most of them, and matrices and the reader of the output.
  var reading: [ValueID] = []
  var operands: [ValueID] = []
  func append(_ op: Op, size: Int, name: String) -> ValueID {
    nodes.append(Node(op: op, size: size, name: name))
    return ValueID(nodes.count - 1)
  }
  var companions: [Int: StateID] = [:]
  for (i, node) in graph.nodes.enumerated() {
    var op = node.op.mappingOperands { reading[$0.index] }
    if case .matvec(let w, let v, let transposed) = node.op {
      op = .matvec(w, operands[v.index], transposed: transposed)
    }
    guard let value = entries[i] else {
      reading.append(append(op, size: node.size, name: node.name))
      operands.append(reading[i])
      if case .state(let s) = node.op, entries[graph[s].next.index]?.operandFormat != nil,
        graph.isMatrixOperand(ValueID(i))
      {
        let companion = companions[s.index] ?? StateID(quantized.states.count)
        if companions.updateValue(companion, forKey: s.index) == nil {
          var state = graph[s]
          state.name = QuantizationRecord.operandName(of: state.name)
          quantized.states.append(state)
        }
        operands[i] = append(
          .state(companion), size: node.size,
          name: QuantizationRecord.operandName(of: node.name))
      }
      continue
    }
    let exact = append(
      op, size: node.size, name: QuantizationRecord.exactName(of: node.name))
    reading.append(
      append(.quantize(exact, value.format, value.rounding), size: node.size, name: node.name))
    operands.append(reading[i])
    if let format = value.operandFormat {
      operands[i] = append(
        .quantize(reading[i], format, value.rounding), size: node.size,
        name: QuantizationRecord.operandName(of: node.name))
    }
  }
  quantized.nodes = nodes
  for s in graph.states.indices {
    quantized.states[s].next = reading[graph.states[s].next.index]
    if let companion = companions[s] {
      quantized.states[companion.index].next = operands[graph.states[s].next.index]
    }
  }
  quantized.output = operands[graph.output.index]
  return quantized
}

extension CellGraph {
  /// The graph without `.quantize` nodes and parameter formats; consumers read the unrounded values.
  package var plain: CellGraph {
    var result = self
    var kept: [Node] = []
    var reading: [ValueID] = []
    // The state that each companion stands beside.
    var originals: [StateID: StateID] = [:]
    for (s, state) in states.enumerated() {
      guard let wide = wideValue(of: state.next) else { continue }
      originals[StateID(s)] = states.firstIndex { $0.next == wide }.map(StateID.init)
    }
    for node in nodes {
      switch node.op {
      case .quantize(let v, _, _):
        // The exact value takes its name back.
        if !self[v].op.isQuantize { kept[reading[v.index].index].name = node.name }
        reading.append(reading[v.index])
      case .state(let s) where originals[s] != nil:
        // It follows the state's own node.
        reading.append(ValueID(kept.count - 1))
      default:
        kept.append(
          Node(op: node.op.mappingOperands { reading[$0.index] }, size: node.size, name: node.name))
        reading.append(ValueID(kept.count - 1))
      }
    }
    result.nodes = kept
    result.states = states.indices.filter { originals[StateID($0)] == nil }.map { s in
      var state = states[s]
      state.next = reading[state.next.index]
      return state
    }
    result.output = reading[output.index]
    for p in parameters.indices { result.parameters[p].format = nil }
    return result
  }

  /// The record that, applied to `plain`, gives this graph; empty for a float graph.
  ///
  /// It is complete only for graphs made by `applying(_:to:)`; a writer of files checks that by applying it.
  package var quantizationRecord: QuantizationRecord {
    var record = QuantizationRecord()
    for node in nodes {
      guard case .quantize(let v, let format, let rounding) = node.op else { continue }
      if self[v].op.isQuantize {
        let last = record.values.indices.last { record.values[$0].node == self[v].name }
        if let last { record.values[last].operandFormat = format }
      } else {
        record.values.append(.init(node: node.name, format: format, rounding: rounding))
      }
    }
    for parameter in parameters {
      guard let format = parameter.format else { continue }
      record.parameters.append(.init(parameter: parameter.name, format: format))
    }
    return record
  }

  /// The rounded value that another one rounds further; nil for values that no operand format made.
  package func wideValue(of id: ValueID) -> ValueID? {
    guard case .quantize(let v, _, _) = self[id].op, self[v].op.isQuantize else { return nil }
    return v
  }

  /// Whether some matrix multiplies a value.
  package func isMatrixOperand(_ id: ValueID) -> Bool {
    nodes.contains {
      if case .matvec(_, let v, _) = $0.op { v == id } else { false }
    }
  }
}
