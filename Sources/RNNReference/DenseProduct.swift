internal import CRNNKernels
internal import RNNFixedPoint
internal import RNNGraph

/// One matrix and its product with a vector of codes, by plain loops over its entries.
///
/// When both factors have at most 16 bits and no partial sum can leave 32 bits, the loop runs on 16-bit
/// factors and 32-bit sums; otherwise on 64 bits. Of circulant blocks of whole vectors every
/// row is then read where it lies in the first column written twice, an eighth of the memory or less; other
/// matrices are expanded. Nothing is saved but memory: each entry is multiplied.
struct DenseProduct {
  private let rows: Int
  private let columns: Int
  /// Row-major; one of the three is not empty.
  private let narrow: [Int16]
  private let wide: [Int64]
  private let circulant: [Int16]
  private let block: Int
  private var blockRows: Int { (rows + block - 1) / block }
  private var blockColumns: Int { (columns + block - 1) / block }

  init(_ matrix: IntegerMatrix, transposed: Bool, operand: QFormat) {
    rows = transposed ? matrix.columns : matrix.rows
    columns = transposed ? matrix.rows : matrix.columns
    let block = matrix.structure.block
    self.block = block
    let isCirculant = block % 8 == 0
    var all = [Int64](repeating: 0, count: rows * columns)
    var greatest: Int64 = 0
    for row in 0..<rows {
      var sum: Int64 = 0
      for column in 0..<columns {
        let w = transposed ? matrix.code(column, row) : matrix.code(row, column)
        all[row * columns + column] = w
        sum += abs(w)
      }
      greatest = max(greatest, sum)
    }
    // The operand's greatest magnitude is 2^(width - 1), so all partial sums stay within the product.
    let fits =
      matrix.format.width <= 16 && operand.width <= 16
      && greatest <= Int64(Int32.max) >> Int64(operand.width - 1)
    narrow = fits && !isCirculant ? all.map { Int16($0) } : []
    wide = fits ? [] : all
    var twice: [Int16] = []
    if fits, isCirculant {
      for i in 0..<(rows + block - 1) / block {
        for j in 0..<(columns + block - 1) / block {
          let first = matrix.block(i, j, transposed: transposed)
          // Number t is entry (r, c) with t = block - 1 - r + c, so r - c is block - 1 - t.
          twice += (0..<2 * block).map { Int16(first[(2 * block - 1 - $0) % block]) }
        }
      }
    }
    circulant = twice
  }

  /// Adds the product with `x` to `y`.
  func accumulate(_ x: UnsafeBufferPointer<Int64>, into y: UnsafeMutableBufferPointer<Int64>) {
    precondition(x.count == columns && y.count == rows, "the product does not fit its vectors")
    if !circulant.isEmpty {
      accumulateCirculant(x, into: y)
    } else if wide.isEmpty {
      withUnsafeTemporaryAllocation(of: Int16.self, capacity: columns) { v in
        for j in 0..<columns { v[j] = Int16(truncatingIfNeeded: x[j]) }
        narrow.withUnsafeBufferPointer { w in
          for i in 0..<rows {
            var sum: Int32 = 0
            let row = w.baseAddress! + i * columns
            for j in 0..<columns { sum &+= Int32(row[j]) &* Int32(v[j]) }
            y[i] += Int64(sum)
          }
        }
      }
    } else {
      wide.withUnsafeBufferPointer { w in
        for i in 0..<rows {
          var sum: Int64 = 0
          for j in 0..<columns { sum += w[i * columns + j] * x[j] }
          y[i] += sum
        }
      }
    }
  }

  private func accumulateCirculant(
    _ x: UnsafeBufferPointer<Int64>, into y: UnsafeMutableBufferPointer<Int64>
  ) {
    withUnsafeTemporaryAllocation(of: Int16.self, capacity: blockColumns * block) { v in
      // What lies beyond the edge of the matrix is multiplied by zero.
      for j in v.indices { v[j] = j < columns ? Int16(truncatingIfNeeded: x[j]) : 0 }
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: blockRows * block) { sums in
        circulant.withUnsafeBufferPointer { w in
          rnn_circulant_products(
            w.baseAddress, v.baseAddress, Int64(blockRows), Int64(blockColumns), Int64(block),
            sums.baseAddress)
        }
        for i in 0..<rows { y[i] += Int64(sums[i]) }
      }
    }
  }
}
