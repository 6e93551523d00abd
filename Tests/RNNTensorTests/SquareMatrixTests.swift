import RNNSupport
import RNNTensor
import Testing

@Suite struct SquareMatrixTests {
  static func random(_ size: Int, seed: UInt64) -> SquareMatrix {
    var generator = SplitMix64(seed: seed)
    return SquareMatrix(
      size: size, values: (0..<size * size).map { _ in generator.uniform(-1, 1) })
  }

  @Test(arguments: [1, 2, 15, 16, 17, 33]) func productsAgreeWithLoops(_ n: Int) {
    let (a, b) = (Self.random(n, seed: 1), Self.random(n, seed: 2))
    var c = Self.random(n, seed: 3)
    let old = c
    c.addProduct(a, b)
    let product = a * b
    for i in 0..<n {
      for j in 0..<n {
        let sum = (0..<n).reduce(0) { $0 + a[i, $1] * b[$1, j] }
        #expect(abs(product[i, j] - sum) < 1e-13)
        #expect(abs(c[i, j] - old[i, j] - sum) < 1e-13)
        #expect(a.transposed[j, i] == a[i, j])
      }
    }
    #expect(a.values.count == n * n && SquareMatrix(size: n, values: a.values) == a)
  }

  @Test(arguments: [1, 3, 17]) func inverseAndPolarFactor(_ n: Int) throws {
    var a = Self.random(n, seed: 7)
    a.addDiagonal(0.3)
    let inverse = try #require(a.inverse)
    let orthogonal = try #require(a.nearestOrthogonal)
    let one = a * inverse
    let gram = orthogonal.transposed * orthogonal
    // a = q p with a symmetric p that has no negative eigenvalue: x p x > 0.
    let p = orthogonal.transposed * a
    for i in 0..<n {
      for j in 0..<n {
        #expect(abs(one[i, j] - (i == j ? 1 : 0)) < 1e-11)
        #expect(abs(gram[i, j] - (i == j ? 1 : 0)) < 1e-12)
        #expect(abs(p[i, j] - p[j, i]) < 1e-12)
      }
      #expect(p[i, i] > 0)
    }
  }

  @Test func singularMatricesHaveNeither() {
    let a = SquareMatrix(size: 2, values: [1, -2, -2, 4])
    #expect(a.inverse == nil && a.nearestOrthogonal == nil)
    #expect(SquareMatrix(size: 1, values: [.nan]).nearestOrthogonal == nil)
  }
}
