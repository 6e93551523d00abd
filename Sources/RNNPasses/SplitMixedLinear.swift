package import RNNGraph
internal import RNNFixedPoint

/// Splits a sum of products whose matrices differ in structure into one sum for each structure.
///
/// A lane accumulates before the output transform, so all products of one accumulation must share the
/// transform. The parts are added exactly afterwards, so no code changes.
package enum SplitMixedLinear: IntegerPass {
  package static let name = "split-mixed-linear"
  package static let summary = "one accumulation per matrix structure"

  package static func run(on graph: inout IntegerGraph) -> Bool {
    var nodes: [IntegerNode] = []
    var moved: [ValueID] = []
    var changed = false
    for node in graph.nodes {
      var node = node
      node.op = node.op.mapOperands { moved[$0.index] }
      if case .linear(let terms) = node.op {
        var families: [MatrixStructure] = []
        for term in terms {
          let family = graph.matrices[term.matrix].structure.family
          if !families.contains(family) { families.append(family) }
        }
        if families.count > 1 {
          changed = true
          append(parts: families, of: terms, as: node, matrices: graph.matrices, to: &nodes)
          moved.append(ValueID(nodes.count - 1))
          continue
        }
      }
      nodes.append(node)
      moved.append(ValueID(nodes.count - 1))
    }
    guard changed else { return false }
    graph.nodes = nodes
    graph.output = moved[graph.output.index]
    for i in graph.states.indices { graph.states[i].next = moved[graph.states[i].next.index] }
    return true
  }

  private static func append(
    parts families: [MatrixStructure], of terms: [LinearTerm], as node: IntegerNode,
    matrices: [IntegerMatrix],
    to nodes: inout [IntegerNode]
  ) {
    var sum: ValueID?
    for (i, family) in families.enumerated() {
      let part = terms.filter { matrices[$0.matrix].structure.family == family }
      // The whole sum fits its format for every operand, so each part of it does as well.
      nodes.append(
        IntegerNode(
          op: .linear(part), size: node.size, format: node.format, name: "\(node.name).part\(i)"))
      var value = ValueID(nodes.count - 1)
      if let before = sum {
        let format = nodes[before.index].format
        if nodes[value.index].format != format {
          nodes.append(
            IntegerNode(
              op: .extend(value), size: node.size, format: format,
              name: "\(node.name).extended\(i)"))
          value = ValueID(nodes.count - 1)
        }
        nodes.append(
          IntegerNode(
            op: .add(before, value), size: node.size,
            format: QFormat(width: format.width + 1, fraction: format.fraction),
            name: "\(node.name).sum\(i)"))
        value = ValueID(nodes.count - 1)
      }
      sum = value
    }
    guard let sum else { return }
    // Saturation never acts: the node's format holds the whole sum.
    nodes.append(
      IntegerNode(
        op: .requantize(sum, .down, .saturate), size: node.size, format: node.format,
        name: node.name))
  }
}
