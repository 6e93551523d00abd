internal import RNNFixedPoint
internal import RNNGraph

/// One expanded matrix and its product with a vector of codes, by plain loops.
///
/// When both factors have at most 16 bits and no partial sum can leave 32 bits, the loop runs on 16-bit
/// factors and 32-bit sums, which the compiler vectorises; otherwise on 64 bits.
struct DenseProduct {
  private let rows: Int
  private let columns: Int
  /// Row-major; one of the two is empty.
  private let narrow: [Int16]
  private let wide: [Int64]

  init(_ matrix: IntegerMatrix, transposed: Bool, operand: QFormat) {
    rows = transposed ? matrix.columns : matrix.rows
    columns = transposed ? matrix.rows : matrix.columns
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
    narrow = fits ? all.map { Int16($0) } : []
    wide = fits ? [] : all
  }

  /// Adds the product with `x` to `y`.
  func accumulate(_ x: UnsafeBufferPointer<Int64>, into y: UnsafeMutableBufferPointer<Int64>) {
    precondition(x.count == columns && y.count == rows, "the product does not fit its vectors")
    if wide.isEmpty {
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
}
