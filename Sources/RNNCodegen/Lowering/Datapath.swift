internal import RNNFixedPoint
package import RNNGraph
package import RNNSupport

/// When each value of a segment's datapath exists, in cycles after its element is read.
///
/// Operations start as soon as their operands exist; earlier operands wait in delay lines.
package struct Datapath: Hashable, Sendable {
  /// Cycles from the read of an element to its value, per node of the segment.
  package var latency: [ValueID: Int]
  /// Multipliers of one copy, as operand widths.
  package var multipliers: [MultiplierShape]
  /// The greatest latency.
  package var depth: Int
  package var pipelining: Pipelining

  package struct MultiplierShape: Hashable, Sendable {
    package var node: ValueID
    package var widthA: Int
    package var widthB: Int
  }

  package init(_ segment: Segment, in graph: IntegerGraph, pipelining: Pipelining) {
    self.pipelining = pipelining
    latency = [:]
    multipliers = []
    depth = pipelining.source
    let members = Set(segment.nodes)
    for id in segment.nodes {
      let node = graph[id]
      var start = 0
      for operand in node.op.operands {
        if case .constant = graph[operand].op { continue }
        start = max(start, members.contains(operand) ? latency[operand] ?? 0 : pipelining.source)
      }
      let ready = max(start, pipelining.source) + pipelining.latency(of: node.op)
      latency[id] = ready
      depth = max(depth, ready)
      switch node.op {
      case .multiply(let a, let b):
        multipliers.append(
          MultiplierShape(node: id, widthA: graph[a].format.width, widthB: graph[b].format.width))
      case .activation(let table, _):
        let table = graph.tables[table]
        multipliers.append(
          MultiplierShape(node: id, widthA: table.slopeWidth, widthB: table.segmentBits + 1))
      case .normalize(let unit, _, _):
        let unit = graph.normalizations[unit]
        multipliers.append(
          MultiplierShape(node: id, widthA: unit.slopeWidth + 1, widthB: unit.offsetBits + 1))
        multipliers.append(
          MultiplierShape(node: id, widthA: unit.value.width, widthB: unit.rootFraction + 2))
      case .input, .state, .vector, .constant, .coefficient, .linear, .add, .subtract, .extend,
        .requantize, .relu, .gate:
        break
      }
    }
  }

  /// The latency of a node that the segment computes.
  package func latency(_ id: ValueID) -> Int {
    guard let value = latency[id] else {
      preconditionFailure("node \(id.index) is not in this datapath")
    }
    return value
  }
}
