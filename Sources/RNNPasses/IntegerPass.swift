package import RNNGraph

/// A rewriting of an integer graph that leaves every output code as it was.
package protocol IntegerPass: Sendable {
  /// The word for `--help` and dumps, such as `split-mixed-linear`.
  static var name: String { get }
  /// What it does, in half a line for lists.
  static var summary: String { get }
  /// Rewrites the graph; true exactly if it changed.
  static func run(on graph: inout IntegerGraph) -> Bool
}

/// The passes in the order in which the compiler runs them.
package enum IntegerPasses {
  package static let all: [any IntegerPass.Type] = [
    SplitMixedLinear.self, RemoveDeadNodes.self,
  ]

  /// Runs every pass once, in order.
  package static func run(on graph: inout IntegerGraph) {
    for pass in all {
      let before = graph
      let changed = pass.run(on: &graph)
      assert(changed == (graph != before), "\(pass.name) lies about having changed the graph")
    }
  }
}
