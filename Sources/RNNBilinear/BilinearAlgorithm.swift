/// A bilinear algorithm for the product of a small structured block with a vector.
///
///     y_i = (sum_p C[i][p] * (A w)_p * (B x)_p) >> divisorLog2
///
/// The shift is exact: the dropped bits are zero for all integers w and x, so the result equals the plain
/// integer product bit for bit. `A w` is computed once per block of weights, `B x` once per block of the
/// operand, and the products of one block row are accumulated over all block columns before C.
package struct BilinearAlgorithm: Hashable, Sendable {
  /// Such as `circulant-8` or `dense-4`.
  package let name: String
  /// The number of results per block, the rows of C.
  package let outputs: Int
  /// The number of operand elements per block, the columns of B.
  package let inputs: Int
  /// The number of weights that define a block, the columns of A.
  package let weights: Int
  /// The number of multiplications per block, the rows of A and B and the columns of C.
  package let products: Int
  /// products x weights; entries 0 and +-1.
  package let A: [[Int]]
  /// products x inputs; entries 0 and +-1.
  package let B: [[Int]]
  /// outputs x products; small integers that carry the factor 2^divisorLog2.
  package let C: [[Int]]
  /// The number of zero bits that end every sum before it becomes a result.
  package let divisorLog2: Int

  /// Takes the matrices as they are; whether they compute anything useful is the caller's knowledge.
  package init(name: String, A: [[Int]], B: [[Int]], C: [[Int]], divisorLog2: Int) {
    precondition(
      !A.isEmpty && A.count == B.count && C.allSatisfy { $0.count == A.count },
      "\(name): A, B and C disagree about the number of products")
    precondition(
      A.allSatisfy { $0.count == A[0].count } && B.allSatisfy { $0.count == B[0].count }
        && !C.isEmpty && divisorLog2 >= 0, "\(name): A, B or C is not a matrix")
    self.name = name
    self.outputs = C.count
    self.inputs = B[0].count
    self.weights = A[0].count
    self.products = A.count
    self.A = A
    self.B = B
    self.C = C
    self.divisorLog2 = divisorLog2
  }

  /// The results of one block computed by the algorithm; `weights` are a block's defining weights.
  package func apply(weights: [Int64], operands: [Int64]) -> [Int64] {
    finished(products(transformedWeights(weights), transformedOperands(operands)))
  }

  /// A w, the factors that a weight memory holds.
  package func transformedWeights(_ w: [Int64]) -> [Int64] {
    precondition(w.count == weights, "\(name) has \(weights) weights per block, not \(w.count)")
    return A.map { dot($0, w) }
  }
  /// B x, the factors that every multiplier shares.
  package func transformedOperands(_ x: [Int64]) -> [Int64] {
    precondition(x.count == inputs, "\(name) has \(inputs) operands per block, not \(x.count)")
    return B.map { dot($0, x) }
  }
  /// The results from the products, which may be sums over many block columns.
  package func finished(_ products: [Int64]) -> [Int64] {
    C.map { row in
      let sum = dot(row, products)
      precondition(
        sum & ((1 << Int64(divisorLog2)) - 1) == 0, "\(name) divides \(sum) with a remainder")
      return sum >> Int64(divisorLog2)
    }
  }
  private func products(_ a: [Int64], _ b: [Int64]) -> [Int64] { zip(a, b).map { $0 * $1 } }
  private func dot(_ row: [Int], _ v: [Int64]) -> Int64 {
    zip(row, v).reduce(0) { $1.0 == 0 ? $0 : $0 + Int64($1.0) * $1.1 }
  }

  /// The coefficients T with 2^divisorLog2 * y_i = sum of T[i][a][b] * w_a * x_b, as `[output][weight][input]`.
  ///
  /// Two algorithms with equal coefficients agree for all integers, so comparing T is a proof of exactness.
  package var coefficients: [[[Int]]] {
    C.map { row in
      var plane = [[Int]](repeating: [Int](repeating: 0, count: inputs), count: weights)
      for p in 0..<products where row[p] != 0 {
        for a in 0..<weights where A[p][a] != 0 {
          for b in 0..<inputs where B[p][b] != 0 { plane[a][b] += row[p] * A[p][a] * B[p][b] }
        }
      }
      return plane
    }
  }
}
