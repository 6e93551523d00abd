internal import CRNNKernels
internal import RNNFixedPoint
internal import RNNGraph

/// One matrix and its product with a vector of codes, by plain loops over its entries.
///
/// When both factors have at most 16 bits and no partial sum can leave 32 bits, the loop runs on 16-bit factors and
/// 32-bit sums; otherwise on 64 bits. Circulant blocks of whole vectors keep their first columns alone and
/// meet the operand in every rotation; other matrices are expanded. Each entry is multiplied.
struct DenseProduct {
  private enum Entries {
    /// The first columns of the blocks, one row of blocks after the other.
    case circulant([Int16], block: Int)
    /// Row-major.
    case narrow([Int16])
    /// Row-major.
    case wide([Int64])
  }
  private let rows: Int
  private let columns: Int
  private let entries: Entries

  init(_ matrix: IntegerMatrix, transposed: Bool, operand: QFormat) {
    let rows = transposed ? matrix.columns : matrix.rows
    let columns = transposed ? matrix.rows : matrix.columns
    (self.rows, self.columns) = (rows, columns)
    // The operand's greatest magnitude is 2^(width - 1), so all partial sums stay within the product.
    func fits(_ codes: [Int64], width: Int) -> Bool {
      let greatest = Int64(Int32.max) >> Int64(operand.width - 1)
      return matrix.format.width <= 16 && operand.width <= 16
        && stride(from: 0, to: codes.count, by: max(1, width)).allSatisfy { start in
          codes[start..<start + width].reduce(0) { $0 + abs($1) } <= greatest
        }
    }
    if case .blockCirculant(let block) = matrix.structure, block % 8 == 0 {
      let blockColumns = (columns + block - 1) / block
      let codes = (0..<(rows + block - 1) / block).flatMap { i in
        (0..<blockColumns).flatMap { matrix.block(i, $0, outputs: block, transposed: transposed) }
      }
      // Every row of a block has the entries of its first column.
      if fits(codes, width: blockColumns * block) {
        entries = .circulant(codes.map { Int16($0) }, block: block)
        return
      }
    }
    let codes = matrix.expanded(transposed: transposed)
    entries = fits(codes, width: columns) ? .narrow(codes.map { Int16($0) }) : .wide(codes)
  }

  /// Adds the product with `x` to `y`.
  func accumulate(_ x: UnsafeBufferPointer<Int64>, into y: UnsafeMutableBufferPointer<Int64>) {
    precondition(x.count == columns && y.count == rows, "the product does not fit its vectors")
    switch entries {
    case .circulant(let codes, let block):
      let width = (columns + block - 1) / block * block
      let blockRows = codes.count / max(1, width)
      withNarrow(x, count: width, sums: blockRows * block, into: y) { v, sums in
        withUnsafeTemporaryAllocation(byteCount: width * block * 2, alignment: 64) { scratch in
          rnn_circulant_products(
            codes, v, Int64(blockRows), Int64(width / block), Int64(block),
            scratch.bindMemory(to: Int16.self).baseAddress, sums)
        }
      }
    case .narrow(let codes):
      withNarrow(x, count: columns, sums: rows, into: y) { v, sums in
        rnn_dense_products(codes, v, Int64(rows), Int64(columns), sums)
      }
    case .wide(let codes):
      codes.withUnsafeBufferPointer { w in
        for i in 0..<rows {
          var sum: Int64 = 0
          for j in 0..<columns { sum += w[i * columns + j] * x[j] }
          y[i] += sum
        }
      }
    }
  }

  /// Gives the operand as 16-bit codes, with zeros behind it up to `count`, and adds the first of the sums to `y`.
  private func withNarrow(
    _ x: UnsafeBufferPointer<Int64>, count: Int, sums: Int,
    into y: UnsafeMutableBufferPointer<Int64>,
    multiply: (UnsafePointer<Int16>?, UnsafeMutablePointer<Int32>?) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Int16.self, capacity: count) { v in
      for j in x.indices { v[j] = Int16(truncatingIfNeeded: x[j]) }
      for j in x.count..<count { v[j] = 0 }
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: sums) { results in
        multiply(UnsafePointer(v.baseAddress), results.baseAddress)
        for i in 0..<rows { y[i] &+= Int64(results[i]) }
      }
    }
  }
}
