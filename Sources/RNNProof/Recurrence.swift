package import RNNGraph

/// The way from a state of the step before to its next value, through products and element-wise values.
package struct Recurrence: Hashable, Sendable {
  /// A product, and the value that the next product reads, or the state's next value.
  package struct Part: Hashable, Sendable {
    package var product: ValueID
    package var value: ValueID
  }
  package var state: String
  package var parts: [Part]

  /// For each state that some product reads on the way to its next value: the way through the most products.
  package static func all(of graph: IntegerGraph) -> [Recurrence] {
    graph.states.indices.compactMap { index in
      let state = StateID(index)
      let next = graph[state].next
      guard let ways = ways(from: state, in: graph)[next.index], !ways.isEmpty else { return nil }
      // Each product but the first reads the value that the one before leads to.
      let values = ways.dropFirst().map(\.operand) + [next]
      return Recurrence(
        state: graph[state].name,
        parts: zip(ways, values).map { Part(product: $0.product, value: $1) })
    }
  }

  /// The products on a way, each with the operand that lies on it.
  private typealias Way = [(product: ValueID, operand: ValueID)]

  /// For each node the way from a state with the most products; nil where it does not depend on the state.
  private static func ways(from state: StateID, in graph: IntegerGraph) -> [Way?] {
    var ways = [Way?](repeating: nil, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      if case .state(state) = node.op { ways[index] = [] }
      for operand in node.op.operands {
        guard var way = ways[operand.index] else { continue }
        if case .linear = node.op { way.append((ValueID(index), operand)) }
        // Among equals the later: its rows come later as well.
        if way.count >= ways[index]?.count ?? 0 { ways[index] = way }
      }
    }
    return ways
  }
}
