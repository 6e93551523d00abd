import RNNBilinear
import RNNSupport
import Testing

/// The definition of a circulant block, written without any algorithm.
private func cyclicProduct(_ w: [Int64], _ x: [Int64]) -> [Int64] {
  let L = w.count
  return (0..<L).map { i in (0..<L).reduce(0) { $0 + w[(i - $1 + L) % L] * x[$1] } }
}

/// All vectors of `count` signed codes of `width` bits, in order.
private func allVectors(_ count: Int, width: Int) -> [[Int64]] {
  let codes = Array(-(Int64(1) << Int64(width - 1))..<(Int64(1) << Int64(width - 1)))
  return (0..<count).reduce([[]]) { vectors, _ in
    vectors.flatMap { vector in codes.map { vector + [$0] } }
  }
}

private func extreme(_ count: Int, width: Int, _ random: inout SplitMix64) -> [Int64] {
  let low = -(Int64(1) << Int64(width - 1))
  return (0..<count).map { _ in
    switch random.below(4) {
    case 0: low
    case 1: -low - 1
    default: low + Int64(random.below(Int(-2 * low)))
    }
  }
}

@Suite struct BilinearAlgorithmTests {
  static let sizes = [1, 2, 4, 8, 16, 32]

  @Test(arguments: zip(sizes, [1, 2, 5, 14, 41, 122]))
  func circulantHasTheKnownNumberOfProducts(size: Int, products: Int) throws {
    let algorithm = BilinearAlgorithm.circulant(size)
    #expect(algorithm.products == products)
    #expect(algorithm.inputs == size && algorithm.outputs == size && algorithm.weights == size)
    #expect(try 1 << #require(algorithm.matrices).divisorLog2 == size)
  }

  /// Equal coefficients prove equality for all integers.
  @Test(arguments: sizes) func circulantCoefficientsAreThoseOfTheDefinition(size: Int) throws {
    let matrices = try #require(BilinearAlgorithm.circulant(size).matrices)
    for (i, plane) in matrices.coefficients.enumerated() {
      for a in 0..<size {
        for b in 0..<size { #expect(plane[a][b] == ((a + b) % size == i ? size : 0)) }
      }
    }
  }

  @Test func denseCoefficientsAreThoseOfTheDefinition() throws {
    for rows in [1, 3, 8] {
      let matrices = try #require(BilinearAlgorithm.dense(rows: rows).matrices)
      for (i, plane) in matrices.coefficients.enumerated() {
        #expect(plane == (0..<rows).map { [$0 == i ? 1 : 0] })
      }
    }
  }

  @Test(arguments: [(1, 6), (2, 3), (4, 2)])
  func circulantIsExactForAllOperands(size: Int, width: Int) {
    let algorithm = BilinearAlgorithm.circulant(size)
    let vectors = allVectors(size, width: width)
    for w in vectors {
      for x in vectors where algorithm.apply(weights: w, operands: x) != cyclicProduct(w, x) {
        Issue.record("\(w) times \(x)")
        return
      }
    }
  }

  @Test(arguments: sizes) func circulantIsExactForRandomAndExtremeOperands(size: Int) {
    let algorithm = BilinearAlgorithm.circulant(size)
    var random = SplitMix64(seed: UInt64(size))
    for _ in 0..<200 {
      let w = extreme(size, width: 12, &random)
      let x = extreme(size, width: 16, &random)
      #expect(algorithm.apply(weights: w, operands: x) == cyclicProduct(w, x))
    }
  }

  @Test(arguments: sizes) func rowsOfAAndBAreFewSignsAndStartPositive(size: Int) throws {
    let matrices = try #require(BilinearAlgorithm.circulant(size).matrices)
    for row in matrices.A + matrices.B {
      let entries = row.filter { $0 != 0 }
      #expect(entries.allSatisfy { abs($0) == 1 } && (1...size).contains(entries.count))
      #expect(entries.first == 1)
    }
  }

  @Test func sumsOverBlockColumnsAreFinishedOnce() {
    let algorithm = BilinearAlgorithm.circulant(8)
    var random = SplitMix64(seed: 7)
    var sums = [Int64](repeating: 0, count: algorithm.products)
    var expected = [Int64](repeating: 0, count: 8)
    for _ in 0..<5 {
      let w = extreme(8, width: 12, &random)
      let x = extreme(8, width: 12, &random)
      let factors = zip(algorithm.transformedWeights(w), algorithm.transformedOperands(x))
      for (p, factor) in factors.enumerated() { sums[p] += factor.0 * factor.1 }
      for (i, y) in cyclicProduct(w, x).enumerated() { expected[i] += y }
    }
    #expect(algorithm.finished(sums) == expected)
  }

  @Test(arguments: sizes) func transposeIsTheTransposedBlock(size: Int) {
    let w = (0..<size).map { Int64($0 * $0 + 1) }
    let t = BilinearAlgorithm.transposed(firstColumn: w)
    for i in 0..<size {
      for j in 0..<size { #expect(t[(i - j + size) % size] == w[(j - i + size) % size]) }
    }
  }

  @Test func denseIsAColumn() {
    #expect(
      BilinearAlgorithm.dense(rows: 3).apply(weights: [-8, 0, 7], operands: [-8]) == [64, 0, -56])
  }
}
