package import RNNBilinear
package import RNNFixedPoint

/// A matrix of integer codes.
package struct IntegerMatrix: Hashable, Sendable {
  /// Unique in the graph, such as `gru0.z.weight_h`.
  package var name: String
  package var rows: Int
  package var columns: Int
  package var structure: MatrixStructure
  package var format: QFormat
  /// Codes in the stored shape of `Parameter.storedShape`, row-major.
  package var codes: [Int64]
  package init(
    name: String, rows: Int, columns: Int, structure: MatrixStructure, format: QFormat,
    codes: [Int64]
  ) {
    self.name = name
    self.rows = rows
    self.columns = columns
    self.structure = structure
    self.format = format
    self.codes = codes
  }

  /// The code at a row and a column of the matrix.
  ///
  /// Slow: `expanded` is for whole matrices.
  package func code(_ row: Int, _ column: Int) -> Int64 {
    structure.storedIndex(row: row, column: column, rows: rows, columns: columns)
      .map { codes[$0] } ?? 0
  }
  /// The codes of all entries, row-major; of the transpose in its own order.
  package func expanded(transposed: Bool = false) -> [Int64] {
    let dense = structure.expanded(codes, rows: rows, columns: columns)
    guard transposed else { return dense }
    return (0..<columns).flatMap { c in (0..<rows).map { dense[$0 * columns + c] } }
  }
  /// The codes that define a block for an algorithm of the matrix's structure; zeros beyond its edges.
  ///
  /// - Parameters: i, j: block row and block column of what is multiplied, the transpose if `transposed`.
  package func block(_ i: Int, _ j: Int, outputs: Int, transposed: Bool) -> [Int64] {
    structure.definition.blockIndices(
      i, j, rows: rows, columns: columns, outputs: outputs, transposed: transposed
    ).map { $0 < 0 ? 0 : codes[$0] }
  }
  /// For every row of what is multiplied: the sum of its positive and that of its negative codes.
  func signedSums(transposed: Bool) -> [(positive: Int64, negative: Int64)] {
    var sums = [(positive: Int64, negative: Int64)](
      repeating: (0, 0), count: transposed ? columns : rows)
    structure.forEachRow(rows: rows, columns: columns) { row, indices in
      for c in 0..<columns where indices[c] >= 0 {
        let code = codes[Int(indices[c])]
        let place = transposed ? c : row
        if code > 0 { sums[place].positive += code } else { sums[place].negative += code }
      }
    }
    return sums
  }
}

/// A vector of integer codes: a bias or a peephole weight.
package struct IntegerVector: Hashable, Sendable {
  package var name: String
  package var format: QFormat
  package var codes: [Int64]
  package init(name: String, format: QFormat, codes: [Int64]) {
    self.name = name
    self.format = format
    self.codes = codes
  }
}

/// One matrix-vector product inside a `linear` node.
package struct LinearTerm: Hashable, Sendable {
  package var matrix: Int
  package var operand: ValueID
  package var transposed: Bool
  package init(matrix: Int, operand: ValueID, transposed: Bool = false) {
    self.matrix = matrix
    self.operand = operand
    self.transposed = transposed
  }
}

/// One operation on vectors of codes.
///
/// Every result is exact in its node's format unless the operation rounds.
///
/// Operands of `add` and `subtract` have equal formats; a change of format is always an `extend` or a
/// `requantize` node of its own.
package enum IntegerOp: Hashable, Sendable {
  case input
  /// The codes that a state had after the previous step; its initial code before the first.
  case state(StateID)
  /// The constant vector with this index.
  case vector(Int)
  /// The same code in every element.
  case constant(Int64)
  /// The coefficient with this index, in every element.
  case coefficient(Int)
  /// The sum of products; all terms have the same number of fraction bits (matrix plus operand). Exact, but for block-circulant
  /// matrices whose blocks the graph's `transform` rounds.
  case linear([LinearTerm])
  /// Exact: the result has one more bit.
  case add(ValueID, ValueID)
  /// Exact: the result has one more bit.
  case subtract(ValueID, ValueID)
  /// Exact: widths and fractions add.
  case multiply(ValueID, ValueID)
  /// Exact change to a format with at least as many integer and fraction bits.
  case extend(ValueID)
  /// Rounds and fits into the node's format.
  case requantize(ValueID, RoundingRule, OverflowRule)
  /// A piecewise-linear function of the code, by the table with this index.
  case activation(Int, ValueID)
  /// The greater of the code and zero, in the operand's format.
  case relu(ValueID)
  /// The first where the second is greater than zero, else zero; in the first's format.
  case gate(ValueID, by: ValueID)
  /// The first over the root of the second plus a floor, by the normalization with this index.
  case normalize(Int, ValueID, by: ValueID)

  package var operands: [ValueID] {
    switch self {
    case .input, .state, .vector, .constant, .coefficient: []
    case .linear(let terms): terms.map(\.operand)
    case .add(let a, let b), .subtract(let a, let b), .multiply(let a, let b),
      .gate(let a, let b), .normalize(_, let a, let b):
      [a, b]
    case .extend(let a), .requantize(let a, _, _), .activation(_, let a), .relu(let a): [a]
    }
  }
}

package struct IntegerNode: Hashable, Sendable {
  package var op: IntegerOp
  package var size: Int
  package var format: QFormat
  /// Unique in the graph, such as `gru0.z`; a node that the user can name is an observation point of a cosimulation.
  package var name: String
  package init(op: IntegerOp, size: Int, format: QFormat, name: String) {
    self.op = op
    self.size = size
    self.format = format
    self.name = name
  }
}

/// A state of the integer graph, in the format of its next value.
package struct IntegerState: Hashable, Sendable {
  package var name: String
  package var size: Int
  package var format: QFormat
  /// The code of every element at the start of a sequence.
  package var initial: Int64
  package var next: ValueID
  package init(name: String, size: Int, format: QFormat, initial: Int64 = 0, next: ValueID) {
    self.name = name
    self.size = size
    self.format = format
    self.initial = initial
    self.next = next
  }
}

/// One time step of a whole network in integers only: what the reference executes and the compiler lowers.
///
/// Layers are inlined; nodes are in topological order.
package struct IntegerGraph: Hashable, Sendable {
  package var name: String
  package var inputSize: Int
  package var inputFormat: QFormat
  package var nodes: [IntegerNode]
  package var matrices: [IntegerMatrix]
  package var vectors: [IntegerVector]
  package var tables: [ActivationTable]
  package var coefficients: [IntegerCoefficient]
  package var normalizations: [Normalization]
  package var states: [IntegerState]
  package var output: ValueID
  /// How block-circulant products are computed: `linear` is exact but for blocks that this rounds.
  package var transform: BlockTransform = .exact

  package init(
    name: String, inputSize: Int, inputFormat: QFormat, nodes: [IntegerNode],
    matrices: [IntegerMatrix], vectors: [IntegerVector], tables: [ActivationTable],
    coefficients: [IntegerCoefficient] = [], normalizations: [Normalization] = [],
    states: [IntegerState], output: ValueID
  ) {
    self.name = name
    self.inputSize = inputSize
    self.inputFormat = inputFormat
    self.nodes = nodes
    self.matrices = matrices
    self.vectors = vectors
    self.tables = tables
    self.coefficients = coefficients
    self.normalizations = normalizations
    self.states = states
    self.output = output
  }
  package subscript(_ id: ValueID) -> IntegerNode { nodes[id.index] }
  package subscript(_ id: StateID) -> IntegerState { states[id.index] }
  package var outputSize: Int { self[output].size }
  /// The algorithm of a term's blocks if the graph's transform rounds them; nil where the product is exact.
  package func roundingAlgorithm(of term: LinearTerm) -> BilinearAlgorithm? {
    let algorithm = matrices[term.matrix].structure.definition.algorithm(
      transform, multipliers: nil)
    return algorithm?.matrices == nil ? algorithm : nil
  }
}
