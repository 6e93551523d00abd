import Foundation
import RNNBilinear
import RNNSupport
import Testing

@Suite struct FourierAlgorithmTests {
  private func cyclicProduct(_ w: [Int64], _ x: [Int64]) -> [Int64] {
    let L = w.count
    return (0..<L).map { i in (0..<L).reduce(0) { $0 + w[(i - $1 + L) % L] * x[$1] } }
  }

  @Test(arguments: [(8, 11), (16, 23)])
  func productsAreTheFewestOverTheReals(size: Int, products: Int) {
    let algorithm = BilinearAlgorithm.fourier(size)
    #expect(algorithm.products == products && algorithm.matrices == nil)
    #expect(algorithm.inputs == size && algorithm.outputs == size && algorithm.weights == size)
    // What a multiplier of 18 x 25 bits takes.
    #expect(algorithm.weightWidth(for: 12) <= 18 && algorithm.operandWidth(for: 12) <= 25)
  }

  /// Against the plain product of integers, over many block columns; the error also has to be small in the mean.
  @Test(arguments: [8, 16]) func errorsStayWithinTheBound(size: Int) {
    let algorithm = BilinearAlgorithm.fourier(size)
    var random = SplitMix64(seed: UInt64(size))
    var squares = 0.0
    var count = 0.0
    for trial in 0..<60 {
      let columns = 1 + random.below(40)
      var sums = [Int64](repeating: 0, count: algorithm.products)
      var exact = [Int64](repeating: 0, count: size)
      var blocks: [[Int64]] = []
      for _ in 0..<columns {
        // Every third trial takes the ends of the range only.
        func code() -> Int64 {
          trial % 3 == 0 ? [-2048, 2047][random.below(2)] : Int64(random.below(4096)) - 2048
        }
        let w = (0..<size).map { _ in code() }
        let x = (0..<size).map { _ in code() }
        blocks.append(w)
        let factors = zip(algorithm.transformedWeights(w), algorithm.transformedOperands(x))
        for (p, factor) in factors.enumerated() { sums[p] += factor.0 * factor.1 }
        for (i, y) in cyclicProduct(w, x).enumerated() { exact[i] += y }
      }
      let bound = algorithm.errorBound(row: blocks, operandWidth: 12)
      for (got, wanted) in zip(algorithm.finished(sums), exact) {
        let error = Double(got - wanted)
        #expect(abs(error) <= bound)
        squares += error * error / Double(columns)
        count += 1
      }
    }
    // Of one block: the roundings of factors, 2^-1 and 2^-2 / sqrt 12 wide, times the other factors. A turn in the
    // wrong direction or a bin in the wrong place gives millions.
    #expect((squares / count).squareRoot() < 1500)
  }

  /// The factors of the operand are its spectrum: a + b, a, b for a + ib, by the definition of the transform.
  @Test(arguments: [8, 16]) func factorsAreTheSpectrum(size: Int) {
    let algorithm = BilinearAlgorithm.fourier(size)
    var random = SplitMix64(seed: 5)
    let x = (0..<size).map { _ in Int64(random.below(4096)) - 2048 }
    let spectrum = (0..<size).map { k in
      x.enumerated().reduce((re: 0.0, im: 0.0)) { sum, element in
        let angle = 2 * Double.pi * Double(k * element.offset) / Double(size)
        return (
          sum.re + Double(element.element) * cos(angle),
          sum.im - Double(element.element) * sin(angle)
        )
      }
    }
    let factors = algorithm.transformedOperands(x).map { Double($0) / 4 }
    // Every bin up to its conjugate must be there once.
    var found: Set<Int> = []
    for p in factors.indices {
      for (k, bin) in spectrum.enumerated()
      where p + 1 < factors.count && abs(factors[p] - bin.re) < 2
        && abs(factors[p + 1] - bin.im) < 2
      {
        found.insert(min(k, size - k))
      }
    }
    for (k, bin) in spectrum.enumerated() where abs(bin.im) < 1e-6 {
      if factors.contains(where: { abs($0 - bin.re) < 2 }) { found.insert(min(k, size - k)) }
    }
    #expect(found == Set(0...size / 2))
  }

  @Test func exactAlgorithmsHaveNoError() {
    #expect(
      BilinearAlgorithm.circulant(8).errorBound(
        row: [[1, 2, 3, 4, 5, 6, 7, 8]], operandWidth: 12) == 0)
  }

  @Test func theTransformChoosesByBlock() {
    #expect(BlockTransform.fourier.algorithm(block: 4).name == "circulant-4")
    #expect(BlockTransform.fourier.algorithm(block: 16).name == "fourier-16")
    #expect(BlockTransform.exact.algorithm(block: 16).name == "circulant-16")
  }
}

@Suite struct LinearProgramTests {
  @Test func sumsRoundHalfUpAndDropExactly() {
    var program = LinearProgram(inputs: 2)
    let rounded = program.sum([.init(0), .init(1, shift: 2, negative: true)], rounding: 2)
    let exact = program.sum([.init(rounded, shift: 3)], exactlyDropping: 1)
    program.outputs = [exact, rounded]
    // (x - 4 y + 2) >> 2, and four times it.
    for (x, y) in [(0, 0), (1, 0), (2, 0), (5, 1), (-2, 0), (-3, 0), (-7, 3)] as [(Int64, Int64)] {
      let value = Int64((Double(x - 4 * y) / 4 + 0.5).rounded(.down))
      #expect(program.run([x, y]) == [4 * value, value])
    }
    #expect(program.depth { _ in 1 } == 2)
  }

  @Test func digitsOfAConstantGiveItBack() {
    for c in -200...200 {
      let terms = LinearProgram.terms(0, times: c)
      let sum = terms.reduce(0) { $0 + ($1.negative ? -1 : 1) << $1.shift }
      #expect(sum == c)
      // No two digits are neighbours.
      #expect(zip(terms, terms.dropFirst()).allSatisfy { $1.shift - $0.shift >= 2 })
    }
  }

  @Test func widthsHoldEveryValue() {
    let program = BilinearAlgorithm.fourier(8).operandProgram
    let widths = program.widths(inputWidth: 3)
    let greatest = program.outputs.map { widths.values[$0] }
    for code in 0..<(1 << 16) {
      // All corners of two halves: every element at an end of its range, in 2^8 patterns, and some between.
      let x = (0..<8).map { Int64(code >> (2 * $0) & 3) }.map { [-4, 3, -1, 0][Int($0)] as Int64 }
      for (value, width) in zip(program.run(x), greatest) {
        #expect(value >= -(1 << Int64(width - 1)) && value < 1 << Int64(width - 1))
      }
    }
  }
}
