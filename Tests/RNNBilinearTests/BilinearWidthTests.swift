import RNNBilinear
import Testing

@Suite struct BilinearWidthTests {
  /// The least signed width that holds a value.
  private func width(_ value: Int64) -> Int {
    65 - (value < 0 ? ~value : value).leadingZeroBitCount
  }
  private func low(_ width: Int) -> Int64 { -(1 << Int64(width - 1)) }
  private func high(_ width: Int) -> Int64 { (1 << Int64(width - 1)) - 1 }

  @Test(arguments: [1, 2, 4, 8, 16]) func factorsGrowByLogLBits(size: Int) throws {
    let algorithm = BilinearAlgorithm.circulant(size)
    let growth = try #require(algorithm.matrices).divisorLog2
    for bits in [2, 8, 12, 16] {
      #expect(algorithm.weightWidth(for: bits) == bits + growth)
      #expect(algorithm.operandWidth(for: bits) == bits + growth)
    }
    #expect(BilinearAlgorithm.dense(rows: size).operandWidth(for: 12) == 12)
    #expect(BilinearAlgorithm.dense(rows: size).weightWidth(for: 12) == 12)
  }

  /// Every width is reached by some operands and exceeded by none, found by trying all corners.
  @Test(arguments: [1, 2, 4, 8]) func widthsAreTightAtTheCorners(size: Int) {
    let algorithm = BilinearAlgorithm.circulant(size)
    for (weightBits, operandBits, terms) in [(2, 2, 1), (3, 5, 3), (12, 12, 7), (12, 16, 128)] {
      let t = Int64(terms)
      let corners = { (bits: Int) in
        (0..<(1 << size)).map { mask in
          (0..<size).map { mask >> $0 & 1 == 1 ? self.low(bits) : self.high(bits) }
        }
      }
      var factorWidth = 0
      var operandWidth = 0
      var accumulator = 0
      // Products are monotonic in each factor, so the extremes of both sides suffice.
      let w = corners(weightBits).map(algorithm.transformedWeights)
      let x = corners(operandBits).map(algorithm.transformedOperands)
      for p in 0..<algorithm.products {
        let a = [w.map { $0[p] }.min()!, w.map { $0[p] }.max()!]
        let b = [x.map { $0[p] }.min()!, x.map { $0[p] }.max()!]
        for a in a { factorWidth = max(factorWidth, width(a)) }
        for b in b { operandWidth = max(operandWidth, width(b)) }
        for a in a { for b in b { accumulator = max(accumulator, width(a * b * t)) } }
      }
      #expect(algorithm.weightWidth(for: weightBits) == factorWidth)
      #expect(algorithm.operandWidth(for: operandBits) == operandWidth)
      #expect(
        algorithm.accumulatorWidth(
          weightWidth: weightBits, operandWidth: operandBits, terms: terms) == accumulator)
      // All weights and operands at -2^(n-1) give the greatest dot product.
      let greatest = low(weightBits) * low(operandBits) * Int64(size) * t
      let least = low(weightBits) * high(operandBits) * Int64(size) * t
      let least2 = high(weightBits) * low(operandBits) * Int64(size) * t
      let output = max(width(greatest), width(least), width(least2))
      #expect(
        algorithm.outputWidth(weightWidth: weightBits, operandWidth: operandBits, terms: terms)
          == output)
      let scaled = [greatest, least, least2].map { width($0 * Int64(size)) }.max()!
      #expect(
        algorithm.scaledOutputWidth(
          weightWidth: weightBits, operandWidth: operandBits, terms: terms) == scaled)
    }
  }

  @Test func denseOutputIsTheSumOfProducts() {
    let dense = BilinearAlgorithm.dense(rows: 4)
    // (-8)(-8) * 1 = 64 needs 8 bits; three of them, 192, need 9.
    #expect(dense.outputWidth(weightWidth: 4, operandWidth: 4, terms: 1) == 8)
    #expect(dense.outputWidth(weightWidth: 4, operandWidth: 4, terms: 3) == 9)
    #expect(dense.accumulatorWidth(weightWidth: 4, operandWidth: 4, terms: 3) == 9)
    #expect(dense.scaledOutputWidth(weightWidth: 4, operandWidth: 4, terms: 3) == 9)
  }

  @Test func accumulatorsMayWrapModuloTheScaledOutput() throws {
    let algorithm = BilinearAlgorithm.circulant(4)
    let matrices = try #require(algorithm.matrices)
    let scaled = algorithm.scaledOutputWidth(weightWidth: 3, operandWidth: 3, terms: 1)
    let wrap = { (v: Int64) in (v << Int64(64 - scaled)) >> Int64(64 - scaled) }
    for w in [[-4, -4, -4, -4], [3, -4, 3, -4], [-4, 3, 3, 3]] as [[Int64]] {
      for x in [[-4, -4, -4, -4], [3, -4, -4, 3], [3, 3, 3, 3]] as [[Int64]] {
        let products = zip(algorithm.transformedWeights(w), algorithm.transformedOperands(x)).map {
          wrap($0 * $1)
        }
        let y = matrices.C.map { row in
          zip(row, products).reduce(Int64(0)) { wrap($0 + Int64($1.0) * $1.1) }
            >> Int64(matrices.divisorLog2)
        }
        #expect(y == algorithm.apply(weights: w, operands: x))
      }
    }
  }
}
