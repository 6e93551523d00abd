internal import RNNBilinear
internal import RNNGraph

/// The products of one `linear` node by a block transform that rounds.
///
/// Factors are rounded where the transform says; the products of a block row are summed exactly over all block columns
/// of all terms, and then become results.
struct RoundedProduct {
  private let algorithm: BilinearAlgorithm
  private let rows: Int
  /// A w of every block, by term, block column, block row.
  private let factors: [[[[Int64]]]]

  /// Nil when the graph's transform does not round these blocks.
  init?(_ terms: [LinearTerm], of graph: IntegerGraph) {
    guard let first = terms.first,
      graph.transform.rounds(block: graph.matrices[first.matrix].structure.block)
    else { return nil }
    let algorithm = graph.transform.algorithm(
      block: graph.matrices[first.matrix].structure.block)
    let L = algorithm.inputs
    let matrix = graph.matrices[first.matrix]
    rows = first.transposed ? matrix.columns : matrix.rows
    let blockRows = (rows + L - 1) / L
    factors = terms.map { term in
      let columns = graph[term.operand].size
      return (0..<(columns + L - 1) / L).map { j in
        (0..<blockRows).map { i in
          algorithm.transformedWeights(
            graph.matrices[term.matrix].block(i, j, transposed: term.transposed))
        }
      }
    }
    self.algorithm = algorithm
  }

  /// The codes of the node for the operands of its terms; elements beyond a vector's end are zero.
  func run(_ operands: [[Int64]]) -> [Int64] {
    let L = algorithm.inputs
    let blockRows = (rows + L - 1) / L
    var sums = [[Int64]](
      repeating: [Int64](repeating: 0, count: algorithm.products), count: blockRows)
    for (columns, x) in zip(factors, operands) {
      for (j, column) in columns.enumerated() {
        let block = (j * L..<(j + 1) * L).map { $0 < x.count ? x[$0] : 0 }
        let shared = algorithm.transformedOperands(block)
        for (i, w) in column.enumerated() {
          for p in w.indices { sums[i][p] += w[p] * shared[p] }
        }
      }
    }
    return Array(sums.flatMap(algorithm.finished).prefix(rows))
  }
}
