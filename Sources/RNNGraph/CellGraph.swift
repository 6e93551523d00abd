package import RNNFixedPoint

/// The index of a node in its graph; a node's operands have smaller indices.
package struct ValueID: Hashable, Comparable, Sendable {
  package var index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// The index of a parameter in its graph.
package struct ParameterID: Hashable, Comparable, Sendable {
  package var index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (a: ParameterID, b: ParameterID) -> Bool { a.index < b.index }
}

/// The index of a state in its graph.
package struct StateID: Hashable, Comparable, Sendable {
  package var index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (a: StateID, b: StateID) -> Bool { a.index < b.index }
}

/// How a parameter starts.
package enum Initializer: Hashable, Sendable {
  case constant(Double)
  /// Uniform in [-bound, bound).
  case uniform(bound: Double)
  /// Gaussian with mean 0.
  case normal(deviation: Double)
  /// Ones on the main diagonal, zeros elsewhere.
  case identity
  /// Orthogonal (Gaussian, QR) with gain 1; rows or columns orthonormal, whichever is shorter.
  case orthogonal
  /// The rows from `first` on of one orthogonal matrix of `rows` rows that the gates of a layer share under a name.
  ///
  /// This is how frameworks that keep all gates in one matrix start it.
  case orthogonalRows(stack: String, rows: Int, first: Int)
  /// exp(S) with a skew-symmetric S whose only entries lie at (0, 1), (2, 3), ...: plane rotations.
  case rotations(RotationAngles)
  /// These values, in the parameter's stored shape.
  case values([Double])

  /// How the entries of `rotations` are drawn.
  package enum RotationAngles: String, Hashable, Sendable, CaseIterable {
    /// -sqrt((1 - cos u) / (1 + cos u)) with u uniform in [0, pi / 2) (Helfrich et al., ICML 2018).
    case cayley
    /// Uniform in [-pi, pi) (Henaff et al., ICML 2016).
    case henaff
  }
}

/// The set that training keeps a matrix in.
package enum Manifold: Hashable, Sendable {
  case euclidean
  /// Orthogonal matrices B = base exp(A) with a skew-symmetric A that is trained (Lezcano-Casado, NeurIPS 2019).
  ///
  /// `rebase` is the number of updates after which base becomes B and A zero; 0 never does (static
  /// trivialization, base stays the identity).
  case orthogonal(rebase: Int)
}

/// A trained matrix or vector of a cell.
package struct Parameter: Hashable, Sendable {
  /// Unique in its graph, such as `z.weight_x`, `z.weight_h`, `z.bias`.
  package var name: String
  package var rows: Int
  /// Nil for a vector of `rows` elements.
  package var columns: Int?
  package var structure: MatrixStructure
  package var initializer: Initializer
  /// Whether training changes the parameter; compression and quantization treat it as any other.
  package var isTrainable: Bool
  /// The interval that training clamps every value to before each step; nil for none.
  package var limits: ClosedRange<Double>?
  /// The set that training keeps the parameter in.
  package var manifold: Manifold
  /// The fixed-point format that forward passes round the parameter to; nil in a float network.
  ///
  /// Rounding is half to even and saturates.
  package var format: QFormat?

  package init(
    name: String, rows: Int, columns: Int?, structure: MatrixStructure = .dense,
    initializer: Initializer, isTrainable: Bool = true, limits: ClosedRange<Double>? = nil,
    manifold: Manifold = .euclidean, format: QFormat? = nil
  ) {
    self.name = name
    self.rows = rows
    self.columns = columns
    self.structure = structure
    self.initializer = initializer
    self.isTrainable = isTrainable
    self.limits = limits
    self.manifold = manifold
    self.format = format
  }
  package var isMatrix: Bool { columns != nil }

  /// The shape in which the free values are stored, row-major: `[rows]` for a vector, what the structure says for a matrix.
  package var storedShape: [Int] {
    columns.map { structure.storedShape(rows: rows, columns: $0) } ?? [rows]
  }
  package var storedCount: Int { storedShape.reduce(1, *) }
}

/// A value of a graph: what computes it, its size and its name.
package struct Node: Hashable, Sendable {
  package var op: Op
  /// The number of elements of the result.
  package var size: Int
  /// A name for reports and for the names of emitted signals, such as `z` or `candidate`; unique in its graph.
  package var name: String
  package init(op: Op, size: Int, name: String) {
    self.op = op
    self.size = size
    self.name = name
  }
}

/// A vector that a cell keeps from one step to the next.
package struct State: Hashable, Sendable {
  package var name: String
  package var size: Int
  /// The value of every element at the start of a sequence.
  package var initial: Double
  /// The node whose value the state takes at the end of the step.
  package var next: ValueID
  package init(name: String, size: Int, initial: Double = 0, next: ValueID) {
    self.name = name
    self.size = size
    self.initial = initial
    self.next = next
  }
}

/// One time step of one layer: the only place where a cell's equations are written.
///
/// Nodes are in topological order. A layer without states (a dense readout) is a cell graph too.
package struct CellGraph: Hashable, Sendable {
  package var inputSize: Int
  package var nodes: [Node]
  package var parameters: [Parameter]
  package var states: [State]
  /// The node that the next layer, or the user, sees.
  package var output: ValueID

  package init(
    inputSize: Int, nodes: [Node], parameters: [Parameter], states: [State], output: ValueID
  ) {
    self.inputSize = inputSize
    self.nodes = nodes
    self.parameters = parameters
    self.states = states
    self.output = output
  }
  package subscript(_ id: ValueID) -> Node { nodes[id.index] }
  package subscript(_ id: ParameterID) -> Parameter { parameters[id.index] }
  package subscript(_ id: StateID) -> State { states[id.index] }
  package var outputSize: Int { self[output].size }
  package var valueIDs: [ValueID] { nodes.indices.map(ValueID.init) }
}
