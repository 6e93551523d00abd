package import RNNGraph

/// Removes nodes that neither the output nor any state depends on.
package enum RemoveDeadNodes: IntegerPass {
  package static let name = "remove-dead-nodes"
  package static let summary = "drops what nothing reads"

  package static func run(on graph: inout IntegerGraph) -> Bool {
    var live = [Bool](repeating: false, count: graph.nodes.count)
    live[graph.output.index] = true
    for state in graph.states { live[state.next.index] = true }
    // The input stays: its stream is part of the interface.
    for (i, node) in graph.nodes.enumerated() where node.op == .input { live[i] = true }
    for i in graph.nodes.indices.reversed() where live[i] {
      for operand in graph.nodes[i].op.operands { live[operand.index] = true }
    }
    guard live.contains(false) else { return false }
    var moved = [ValueID?](repeating: nil, count: graph.nodes.count)
    var nodes: [IntegerNode] = []
    func map(_ id: ValueID) -> ValueID {
      guard let target = moved[id.index] else {
        preconditionFailure("node \(id.index) is read before it is computed")
      }
      return target
    }
    for (i, node) in graph.nodes.enumerated() where live[i] {
      var node = node
      node.op = node.op.mapOperands(map)
      moved[i] = ValueID(nodes.count)
      nodes.append(node)
    }
    graph.nodes = nodes
    graph.output = map(graph.output)
    for i in graph.states.indices { graph.states[i].next = map(graph.states[i].next) }
    return true
  }
}
