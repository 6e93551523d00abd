/// A bilinear algorithm for the product of a small structured block with a vector.
///
///     y = C ((A w) . (B x))
///
/// `A w` is computed once per block of weights, `B x` once per block of the operand, and the products of one block row are
/// accumulated over all block columns before C. Each of the three maps is a `LinearProgram`, run alike by the reference and
/// by the hardware.
///
/// An exact algorithm has matrices of small integers, C with a factor 2^divisorLog2 that the last step drops: the dropped
/// bits are zero for all integers w and x, so the result equals the plain integer product bit for bit. Other algorithms
/// round inside their maps; `errorBound` says how far they may be from it.
package struct BilinearAlgorithm: Hashable, Sendable {
  /// Such as `circulant-8`, `fourier-16` or `dense-4`.
  package let name: String
  /// The number of results per block.
  package let outputs: Int
  /// The number of operand elements per block.
  package let inputs: Int
  /// The number of weights that define a block.
  package let weights: Int
  /// The number of multiplications per block.
  package let products: Int
  /// A: the factors that a weight memory holds.
  package let weightProgram: LinearProgram
  /// B: the factors that every multiplier shares.
  package let operandProgram: LinearProgram
  /// C and the division: results from products.
  package let resultProgram: LinearProgram
  /// The matrices of an exact algorithm; nil for one that rounds.
  package let matrices: Matrices?

  /// The three matrices of y = C ((A w) * (B x)) / 2^divisorLog2.
  package struct Matrices: Hashable, Sendable {
    /// products x weights; entries 0 and +-1.
    package let A: [[Int]]
    /// products x inputs; entries 0 and +-1.
    package let B: [[Int]]
    /// outputs x products; small integers that carry the factor 2^divisorLog2.
    package let C: [[Int]]
    /// The number of zero bits that end every sum before it becomes a result.
    package let divisorLog2: Int

    /// The coefficients T with 2^divisorLog2 * y_i = sum of T[i][a][b] * w_a * x_b, as `[output][weight][input]`.
    ///
    /// Two algorithms with equal coefficients agree for all integers, so comparing T is a proof of exactness.
    package var coefficients: [[[Int]]] {
      C.map { row in
        var plane = [[Int]](repeating: [Int](repeating: 0, count: B[0].count), count: A[0].count)
        for p in A.indices where row[p] != 0 {
          for a in A[p].indices where A[p][a] != 0 {
            for b in B[p].indices where B[p][b] != 0 { plane[a][b] += row[p] * A[p][a] * B[p][b] }
          }
        }
        return plane
      }
    }
  }

  /// Takes the matrices as they are; whether they compute anything useful is the caller's knowledge.
  package init(name: String, A: [[Int]], B: [[Int]], C: [[Int]], divisorLog2: Int) {
    precondition(
      !A.isEmpty && A.count == B.count && C.allSatisfy { $0.count == A.count },
      "\(name): A, B and C disagree about the number of products")
    precondition(
      A.allSatisfy { $0.count == A[0].count } && B.allSatisfy { $0.count == B[0].count }
        && !C.isEmpty && divisorLog2 >= 0, "\(name): A, B or C is not a matrix")
    self.init(
      name: name, weightProgram: LinearProgram(A), operandProgram: LinearProgram(B),
      resultProgram: LinearProgram(C, divisorLog2: divisorLog2),
      matrices: Matrices(A: A, B: B, C: C, divisorLog2: divisorLog2))
  }

  init(
    name: String, weightProgram: LinearProgram, operandProgram: LinearProgram,
    resultProgram: LinearProgram, matrices: Matrices?
  ) {
    precondition(
      weightProgram.outputs.count == operandProgram.outputs.count
        && resultProgram.inputs == weightProgram.outputs.count,
      "\(name): the maps disagree about the number of products")
    self.name = name
    self.weightProgram = weightProgram
    self.operandProgram = operandProgram
    self.resultProgram = resultProgram
    self.matrices = matrices
    outputs = resultProgram.outputs.count
    inputs = operandProgram.inputs
    weights = weightProgram.inputs
    products = weightProgram.outputs.count
  }

  /// The results of one block computed by the algorithm; `weights` are a block's defining weights.
  package func apply(weights: [Int64], operands: [Int64]) -> [Int64] {
    finished(zip(transformedWeights(weights), transformedOperands(operands)).map { $0 * $1 })
  }

  /// A w, the factors that a weight memory holds.
  package func transformedWeights(_ w: [Int64]) -> [Int64] {
    precondition(w.count == weights, "\(name) has \(weights) weights per block, not \(w.count)")
    return weightProgram.run(w)
  }
  /// B x, the factors that every multiplier shares.
  package func transformedOperands(_ x: [Int64]) -> [Int64] {
    precondition(x.count == inputs, "\(name) has \(inputs) operands per block, not \(x.count)")
    return operandProgram.run(x)
  }
  /// The results from the products, which may be sums over many block columns.
  package func finished(_ products: [Int64]) -> [Int64] { resultProgram.run(products) }
}
