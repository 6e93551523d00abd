internal import CRNNKernels
internal import RNNBilinear
internal import RNNGraph

/// The products of one `linear` node by a block transform that rounds.
///
/// Factors are rounded where the transform says; the products of a block row are summed exactly over all block columns
/// of all terms, and then become results.
struct RoundedProduct {
  private let algorithm: BilinearAlgorithm
  private let rows: Int
  /// By term: A w of every block, one row of blocks after the other.
  private let factors: [[Int64]]

  /// Nil when the graph's transform does not round these blocks.
  init?(_ terms: [LinearTerm], of graph: IntegerGraph) {
    guard let first = terms.first, let algorithm = graph.roundingAlgorithm(of: first) else {
      return nil
    }
    let L = algorithm.inputs
    let matrix = graph.matrices[first.matrix]
    let rows = first.transposed ? matrix.columns : matrix.rows
    factors = terms.map { term in
      let columns = graph[term.operand].size
      return (0..<(rows + L - 1) / L).flatMap { i in
        (0..<(columns + L - 1) / L).flatMap { j in
          algorithm.transformedWeights(
            graph.matrices[term.matrix].block(
              i, j, outputs: algorithm.outputs, transposed: term.transposed))
        }
      }
    }
    self.algorithm = algorithm
    self.rows = rows
  }

  /// The codes of the node for the operands of its terms; elements beyond a vector's end are zero.
  func run(_ operands: [[Int64]]) -> [Int64] {
    let L = algorithm.inputs
    let products = algorithm.products
    let blockRows = (rows + L - 1) / L
    var sums = [Int64](repeating: 0, count: blockRows * products)
    for (w, x) in zip(factors, operands) {
      let blockColumns = (x.count + L - 1) / L
      let shared = (0..<blockColumns).flatMap { j in
        algorithm.transformedOperands((j * L..<(j + 1) * L).map { $0 < x.count ? x[$0] : 0 })
      }
      rnn_transformed_products(
        w, shared, Int64(blockRows), Int64(blockColumns), Int64(products), &sums)
    }
    let results = (0..<blockRows).flatMap { i in
      algorithm.finished(Array(sums[i * products..<(i + 1) * products]))
    }
    return Array(results.prefix(rows))
  }
}
