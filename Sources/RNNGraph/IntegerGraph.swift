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
    codes.withUnsafeBufferPointer { codes in
      structure.forEachRow(rows: rows, columns: columns) { row, indices in
        var (positive, negative) = (Int64(0), Int64(0))
        for c in 0..<columns where indices[c] >= 0 {
          let code = codes[Int(indices[c])]
          if transposed {
            sums[c].positive += max(code, 0)
            sums[c].negative += min(code, 0)
          } else {
            positive += max(code, 0)
            negative += min(code, 0)
          }
        }
        if !transposed { sums[row] = (positive, negative) }
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

/// A value of an integer graph: what computes it, its size, format and name.
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
  /// How features become input codes.
  package var inputRounding: RoundingRule = .halfUp
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
    guard transform != .exact else { return nil }
    let algorithm = matrices[term.matrix].structure.definition.algorithm(
      transform, multipliers: nil)
    return algorithm?.matrices == nil ? algorithm : nil
  }
}
