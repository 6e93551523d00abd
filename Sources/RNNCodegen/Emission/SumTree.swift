internal import RNNSupport
internal import RNNVerilog

/// A pipelined tree of additions over signed signals of one width, modulo 2^width.
struct SumTree {
  /// A signed signal of some width times a signed power of two, or a constant.
  struct Leaf {
    var name = ""
    var width = 0
    var shift = 0
    var negative = false
    var constant: Int64?
  }
  var prefix: String
  var width: Int
  /// Registers from the leaves to the result.
  var stages: Int
  var pipelining: Pipelining

  /// Appends the tree and returns the name of the result.
  func emit(_ leaves: [Leaf], into m: inout VerilogModule) -> String {
    var values = leaves
    for stage in 1...stages {
      var next: [Leaf] = []
      let group = 1 << pipelining.addsPerStage
      for (i, start) in stride(from: 0, to: max(1, values.count), by: group).enumerated() {
        let part = Array(values[start..<min(start + group, values.count)])
        let name = "\(prefix)_s\(stage)_\(i)_q"
        m.declare(name, .signed(width))
        m.always([.set(.whole(name), sum(part))])
        next.append(Leaf(name: name, width: width))
      }
      values = next
    }
    precondition(values.count == 1, "\(stages) stages cannot add \(leaves.count) leaves")
    return values[0].name
  }

  private func sum(_ leaves: [Leaf]) -> VerilogExpression {
    // A positive leaf first saves the negation.
    guard let first = leaves.firstIndex(where: { !$0.negative }) ?? leaves.indices.first else {
      return .signedLit(0, width: width)
    }
    var result = leaves[first].negative ? -shifted(leaves[first]) : shifted(leaves[first])
    for (i, leaf) in leaves.enumerated() where i != first {
      result = leaf.negative ? result - shifted(leaf) : result + shifted(leaf)
    }
    return result
  }

  private func shifted(_ leaf: Leaf) -> VerilogExpression {
    if let constant = leaf.constant { return .signedLit(constant, width: width) }
    if leaf.shift == 0 {
      return leaf.width == width ? .name(leaf.name) : .name(leaf.name).resized(width)
    }
    if leaf.shift >= width { return .signedLit(0, width: width) }
    let kept = min(leaf.width, width - leaf.shift)
    let shifted = VerilogExpression.concat([
      .slice(leaf.name, kept - 1, 0), .zeros(leaf.shift),
    ]).signed
    return kept + leaf.shift == width ? shifted : shifted.resized(width)
  }
}
