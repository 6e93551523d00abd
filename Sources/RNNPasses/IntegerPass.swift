package import RNNGraph

/// A rewriting of an integer graph that leaves every output code as it was.
package protocol IntegerPass: Sendable {
  /// The word for `--help` and dumps, such as `split-mixed-linear`.
  static var name: String { get }
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

extension IntegerOp {
  /// The same operation on other operands.
  package func mapOperands(_ map: (ValueID) -> ValueID) -> IntegerOp {
    switch self {
    case .input, .state, .vector, .constant, .coefficient: self
    case .linear(let terms):
      .linear(
        terms.map {
          LinearTerm(matrix: $0.matrix, operand: map($0.operand), transposed: $0.transposed)
        })
    case .add(let a, let b): .add(map(a), map(b))
    case .subtract(let a, let b): .subtract(map(a), map(b))
    case .multiply(let a, let b): .multiply(map(a), map(b))
    case .extend(let a): .extend(map(a))
    case .requantize(let a, let rounding, let overflow): .requantize(map(a), rounding, overflow)
    case .activation(let table, let a): .activation(table, map(a))
    case .relu(let a): .relu(map(a))
    case .gate(let a, let b): .gate(map(a), by: map(b))
    case .normalize(let unit, let a, let b): .normalize(unit, map(a), by: map(b))
    }
  }
}
