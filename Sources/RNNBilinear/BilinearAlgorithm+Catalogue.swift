extension BilinearAlgorithm {
  /// The cyclic convolution of a block-circulant block of L x L, for a power of two L.
  ///
  /// The block is defined by its first column w: y_i = sum_j w[(i - j) mod L] * x_j. The algorithm splits
  /// z^L - 1 = (z - 1)(z + 1)(z^2 + 1)(z^4 + 1)... by the Chinese remainder theorem and multiplies in each
  /// factor by Karatsuba: 1, 2, 5, 14, 41, 122 products for L = 1, 2, 4, 8, 16, 32. Every row of A and B
  /// has at most L entries, all +-1, the first of them +1. `divisorLog2` is log2 L. (Blahut, "Fast
  /// Algorithms for Signal Processing", 2010, chapters 3 and 5.)
  package static func circulant(_ L: Int) -> BilinearAlgorithm {
    precondition(L > 0 && L.nonzeroBitCount == 1, "circulant blocks are powers of two, not \(L)")
    let cyclic = cyclic(L)
    return BilinearAlgorithm(
      name: "circulant-\(L)", A: cyclic.factors, B: cyclic.factors, C: cyclic.results,
      divisorLog2: L.trailingZeroBitCount)
  }

  /// One column of a dense matrix, cut into blocks of `rows` x 1: y_i = w_i * x.
  package static func dense(rows: Int) -> BilinearAlgorithm {
    precondition(rows > 0, "a dense block needs at least one row, not \(rows)")
    let identity = (0..<rows).map { row in (0..<rows).map { $0 == row ? 1 : 0 } }
    return BilinearAlgorithm(
      name: "dense-\(rows)", A: identity, B: Array(repeating: [1], count: rows), C: identity,
      divisorLog2: 0)
  }

  /// The first column of the transpose of a circulant block: w'[k] = w[-k mod L].
  package static func transposed<T>(firstColumn w: [T]) -> [T] {
    w.indices.map { w[$0 == 0 ? 0 : w.count - $0] }
  }

  /// A bilinear algorithm that treats both factors alike: `factors` is A and B, `results` is C.
  private struct Symmetric {
    var factors: [[Int]]
    var results: [[Int]]
  }

  /// L times the product modulo z^L - 1.
  private static func cyclic(_ L: Int) -> Symmetric {
    if L == 1 { return Symmetric(factors: [[1]], results: [[1]]) }
    // With u = y mod (z^m - 1) and v = y mod (z^m + 1), the halves of y are (u + v) / 2 and (u - v) / 2.
    let m = L / 2
    let u = cyclic(m)  // m times u
    let v = polynomial(m)
    let factors = u.factors.map { $0 + $0 } + v.factors.map { $0 + $0.map { -$0 } }
    // The product of two polynomials below degree m has 2m - 1 coefficients; z^m is -1 here.
    let negacyclic = (0..<m).map { i in
      i + m < v.results.count ? zip(v.results[i], v.results[i + m]).map { $0 - $1 } : v.results[i]
    }
    let lower = (0..<m).map { u.results[$0] + negacyclic[$0].map { m * $0 } }
    let upper = (0..<m).map { u.results[$0] + negacyclic[$0].map { -m * $0 } }
    return Symmetric(factors: factors, results: lower + upper)
  }

  /// The 2m - 1 coefficients of the product of two polynomials with m coefficients, by Karatsuba.
  private static func polynomial(_ m: Int) -> Symmetric {
    if m == 1 { return Symmetric(factors: [[1]], results: [[1]]) }
    let h = m / 2
    let half = polynomial(h)
    let zero = [Int](repeating: 0, count: h)
    let factors =
      half.factors.map { $0 + zero } + half.factors.map { zero + $0 }
      + half.factors.map { $0 + $0 }
    let r = half.factors.count
    var results = [[Int]](repeating: [Int](repeating: 0, count: 3 * r), count: 2 * m - 1)
    for (i, row) in half.results.enumerated() {
      for p in 0..<r {
        results[i][p] += row[p]  // low * low
        results[i + m][r + p] += row[p]  // high * high
        results[i + h][2 * r + p] += row[p]  // (low + high)(low + high), minus both
        results[i + h][p] -= row[p]
        results[i + h][r + p] -= row[p]
      }
    }
    return Symmetric(factors: factors, results: results)
  }
}
