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

  /// A multiplier of one copy: the node that it computes, and the widths of its operands in bits.
  package struct MultiplierShape: Hashable, Sendable {
    package var node: ValueID
    package var widthA: Int
    package var widthB: Int
  }

  /// - Parameter elementsPerStep: elements that all copies take in a cycle.
  package init(
    _ segment: Segment, in graph: IntegerGraph, elementsPerStep: Int, pipelining: Pipelining
  ) {
    self.pipelining = pipelining
    latency = [:]
    multipliers = []
    depth = pipelining.source
    let members = Set(segment.nodes)
    for id in segment.nodes {
      guard let hardware = graph.hardware(id) else {
        preconditionFailure("\(graph[id].name) is not in a datapath")
      }
      var start = 0
      for operand in graph[id].op.operands {
        if case .constant = graph[operand].op { continue }
        start = max(start, members.contains(operand) ? latency[operand] ?? 0 : pipelining.source)
      }
      let ready =
        max(start, pipelining.source)
        + hardware.latency(pipelining, elementsPerStep: elementsPerStep)
      latency[id] = ready
      depth = max(depth, ready)
      multipliers += hardware.multipliers.map {
        MultiplierShape(node: id, widthA: $0.0, widthB: $0.1)
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
