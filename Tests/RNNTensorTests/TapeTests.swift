import Foundation
import RNNSupport
import RNNTensor
import Testing

/// Runs one instruction over a row of values and gives the row that it writes.
func run(_ op: TapeOp, _ rows: [[Float]]) -> [Float] {
  let count = rows[0].count
  let width = padded(count)
  let buffer = AlignedBuffer(count: width * (rows.count + 1))
  for (r, row) in rows.enumerated() {
    for (i, value) in row.enumerated() { buffer.base[r * width + i] = value }
  }
  var tape = Tape()
  tape.append(op, to: rows.count, Array(rows.indices))
  var operands = TapeOperands()
  for r in 0...rows.count {
    operands.appendMemory(buffer.base + r * width, stride: 0, rowBase: 0)
  }
  let registers = AlignedBuffer(count: 512)
  tape.run(operands, rowBases: [0], rows: 1, columns: width, registers: registers.base)
  return (0..<count).map { buffer.base[rows.count * width + $0] }
}

@Suite struct TapeTests {
  let points: [Float] =
    (-4000...4000).map { Float($0) * 0.005 } + [1e-30, -1e-30, 1e-4, -1e-4, 100, -100, 3e38, -3e38]

  @Test func sigmoidIsAccurate() {
    for (x, y) in zip(points, run(.sigmoid, [points])) {
      let exact = 1 / (1 + exp(-Double(x)))
      #expect(abs(Double(y) - exact) <= 1e-6 * exact + 2e-38, "sigmoid(\(x)) = \(y)")
    }
  }
  @Test func tanhIsAccurate() {
    for (x, y) in zip(points, run(.tanh, [points])) {
      let exact = tanh(Double(x))
      #expect(abs(Double(y) - exact) <= 1e-6 * abs(exact), "tanh(\(x)) = \(y)")
    }
  }
  @Test func nanStaysNaN() {
    for op in [TapeOp.sigmoid, .tanh, .relu] {
      #expect(run(op, [[.nan, 1]])[0].isNaN)
      #expect(!run(op, [[.nan, 1]])[1].isNaN)
    }
  }
  @Test func arithmetic() {
    let a: [Float] = [1, -2, 3.5]
    let b: [Float] = [0.5, 4, -1]
    let c: [Float] = [10, 20, -30]
    #expect(run(.copy, [a]) == a)
    #expect(run(.add, [a, b]) == [1.5, 2, 2.5])
    #expect(run(.subtract, [a, b]) == [0.5, -6, 4.5])
    #expect(run(.multiply, [a, b]) == [0.5, -8, -3.5])
    #expect(run(.multiplyAdd, [a, b, c]) == [10.5, 12, -33.5])
    #expect(run(.add3, [a, b, c]) == [11.5, 22, -27.5])
    #expect(run(.affine(scale: -2, offset: 1), [a]) == [-1, 5, -6])
    #expect(run(.relu, [a]) == [1, 0, 3.5])
    #expect(run(.sigmoidSlope, [a, b]) == [0.25, 24, -7])
    #expect(run(.tanhSlope, [a, b]) == [0.75, 30, 0])
    #expect(run(.gate, [a, b]) == [1, -2, 0])
    #expect(run(.normalize(floor: 0.25), [a, [0, 6, 2]]) == [2, -0.8, 3.5 / 1.5])
    #expect(run(.clampSlope(lowest: 0.5, highest: 3), [a, b]) == [1, 0, 0])
  }
  @Test func quantizeRoundsAndSaturates() {
    let x: [Float] = [-1.5, -1.25, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.5, 2.5, 100, -100]
    func quantized(_ rounding: TapeRounding) -> [Float] {
      run(.quantize(rounding, scale: 1, ulp: 1, lowest: -4, highest: 3), [x])
    }
    #expect(quantized(.down) == [-2, -2, -1, -1, -1, 0, 0, 0, 1, 2, 3, -4])
    #expect(quantized(.halfUp) == [-1, -1, -1, 0, 0, 0, 1, 1, 2, 3, 3, -4])
    #expect(quantized(.halfToEven) == [-2, -1, -1, 0, 0, 0, 0, 1, 2, 2, 3, -4])
    // The greatest float below 1/2 must not become 1.
    #expect(
      run(
        .quantize(.halfUp, scale: 4, ulp: 0.25, lowest: -8, highest: 7), [[Float(0.5).nextDown / 4]]
      )
        == [0])
  }

  /// Chunks split rows and columns; every element must be visited once, with broadcast vectors.
  @Test(arguments: [(1, 16), (3, 16), (33, 48), (5, 512), (2, 1040)])
  func rowsAndColumnsBeyondOneChunk(_ rows: Int, _ columns: Int) {
    let a = AlignedBuffer(count: rows * columns)
    let out = AlignedBuffer(count: rows * columns)
    let bias = AlignedBuffer(count: columns)
    let sum = AlignedBuffer(count: columns)
    for i in 0..<rows * columns { a.base[i] = Float(i % 97) }
    for c in 0..<columns { bias.base[c] = Float(c % 13) - 6 }
    var tape = Tape()
    tape.append(.add, to: 4, [0, 1])
    tape.append(.multiply, to: 2, [4, 4])
    tape.append(.accumulate, to: 3, [4])
    var operands = TapeOperands()
    operands.appendMemory(a.base, stride: columns, rowBase: 0)
    operands.appendMemory(bias.base, stride: 0, rowBase: 0)
    operands.appendMemory(out.base, stride: columns, rowBase: 0)
    operands.appendMemory(sum.base, stride: 0, rowBase: 0)
    operands.appendRegister(0)
    let registers = AlignedBuffer(count: 512)
    tape.run(operands, rowBases: [0], rows: rows, columns: columns, registers: registers.base)
    for c in 0..<columns {
      var total: Float = 0
      for r in 0..<rows {
        let e = Float((r * columns + c) % 97) + Float(c % 13) - 6
        total += e
        #expect(out.base[r * columns + c] == e * e)
      }
      #expect(sum.base[c] == total)
    }
  }
}

@Suite struct GemmTests {
  @Test(arguments: [(1, 1, 1), (3, 5, 2), (17, 4, 33), (16, 64, 128)])
  func agreesWithLoops(_ m: Int, _ n: Int, _ k: Int) {
    var generator = SplitMix64(seed: 3)
    for (transposeA, transposeB, accumulate) in [
      (false, false, false), (true, false, true), (false, true, true), (true, true, false),
    ] {
      let lda = (transposeA ? m : k) + 3
      let ldb = (transposeB ? k : n) + 1
      let a = AlignedBuffer(count: lda * max(m, k))
      let b = AlignedBuffer(count: ldb * max(n, k))
      let c = AlignedBuffer(count: (n + 2) * m)
      for i in 0..<a.capacity { a.base[i] = Float(generator.uniform(-1, 1)) }
      for i in 0..<b.capacity { b.base[i] = Float(generator.uniform(-1, 1)) }
      for i in 0..<c.capacity { c.base[i] = 2 }
      Gemm.multiply(
        m: m, n: n, k: k, MatrixView(a.base, stride: lda), transposeA: transposeA,
        MatrixView(b.base, stride: ldb), transposeB: transposeB,
        into: MatrixView(c.base, stride: n + 2), accumulate: accumulate)
      for i in 0..<m {
        for j in 0..<n {
          var sum = accumulate ? 2.0 : 0
          for l in 0..<k {
            sum +=
              Double(a.base[transposeA ? l * lda + i : i * lda + l])
              * Double(b.base[transposeB ? j * ldb + l : l * ldb + j])
          }
          #expect(abs(Double(c.base[i * (n + 2) + j]) - sum) < 1e-5)
        }
        #expect(c.base[i * (n + 2) + n] == 2)
      }
    }
  }
  @Test func transposes() {
    let a = AlignedBuffer(count: 19 * 40)
    let b = AlignedBuffer(count: 37 * 20)
    for i in 0..<a.capacity { a.base[i] = Float(i) }
    transpose(
      MatrixView(a.base, stride: 40), rows: 19, columns: 37, into: MatrixView(b.base, stride: 20))
    for r in 0..<19 { for c in 0..<37 { #expect(b.base[c * 20 + r] == a.base[r * 40 + c]) } }
  }
}
