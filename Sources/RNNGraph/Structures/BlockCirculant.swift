package import RNNBilinear

/// L x L blocks, each defined by its first column w: entry (r, c) of a block is w[(r - c) mod L].
///
/// The last block row and column may be cut off by the matrix's edge. Stored as first columns, row-major:
/// `[ceil(rows / L), ceil(columns / L), L]`. C-LSTM (Wang et al., FPGA 2018), E-RNN (Li et al., HPCA 2019).
package struct BlockCirculant: StructureDefinition, Hashable {
  package static let kind = "block-circulant"
  package static let numberNames = ["block"]
  /// The block sizes that have a product algorithm.
  package static let sizes = [1, 2, 4, 8, 16]
  package var block: Int
  package init(block: Int) {
    precondition(block > 0, "a block of \(block) is empty")
    self.block = block
  }
  package var numbers: [Int] { [block] }
  package var description: String { "circulant-\(block)" }
  package static func make(_ numbers: [Int]) throws -> MatrixStructure {
    guard sizes.contains(numbers[0]) else {
      throw StructureFault(
        message: "a block size of \(numbers[0]) is not supported",
        fix: "use \(sizes.map(String.init).joined(separator: ", "))")
    }
    return .blockCirculant(block: numbers[0])
  }
  package func fault(rows: Int, columns: Int) -> StructureFault? {
    if block <= max(rows, columns) { return nil }
    return StructureFault(
      message: "block size \(block) exceeds the matrix of \(rows) x \(columns)",
      fix: "use a smaller block")
  }
  package var family: MatrixStructure { .blockCirculant(block: block) }

  private func across(_ columns: Int) -> Int { (columns + block - 1) / block }
  package func storedShape(rows: Int, columns: Int) -> [Int] {
    [(rows + block - 1) / block, across(columns), block]
  }
  package func fillIndices(
    row: Int, rows: Int, columns: Int, into indices: UnsafeMutablePointer<Int32>
  ) {
    var first = Int32(truncatingIfNeeded: row / block * across(columns) * block)
    var column = 0
    while column < columns {
      var lag = row % block
      for c in column..<min(column + block, columns) {
        indices[c] = first + Int32(truncatingIfNeeded: lag)
        lag = lag == 0 ? block - 1 : lag - 1
      }
      column += block
      first += Int32(truncatingIfNeeded: block)
    }
  }

  /// The mean over the entries of each diagonal of each block.
  ///
  /// The basis matrices (one circulant diagonal of one block each) have disjoint entries, so this is the exact projection. A
  /// diagonal without entries, in a cut-off block, gets zero. Sums are in double precision.
  package func nearest(to dense: [Float], rows: Int, columns: Int) -> (
    structure: MatrixStructure, stored: [Float]
  ) {
    precondition(dense.count == rows * columns, "\(dense.count) entries for \(rows) x \(columns)")
    let count = storedShape(rows: rows, columns: columns).reduce(1, *)
    var sums = [Double](repeating: 0, count: count)
    var counts = [Int32](repeating: 0, count: count)
    family.forEachRow(rows: rows, columns: columns) { row, indices in
      for c in 0..<columns {
        let k = Int(indices[c])
        sums[k] += Double(dense[row * columns + c])
        counts[k] += 1
      }
    }
    return (family, zip(sums, counts).map { $1 == 0 ? 0 : Float($0 / Double($1)) })
  }

  package func algorithm(_ transform: BlockTransform, multipliers: Int?) -> BilinearAlgorithm? {
    if block == 1 { return Dense().algorithm(transform, multipliers: multipliers) }
    // The fast algorithms halve blocks.
    return block.nonzeroBitCount == 1 ? transform.algorithm(block: block) : nil
  }
  /// The first column of the block; the transpose of a block has the same values in another order.
  package func blockIndices(
    _ blockRow: Int, _ blockColumn: Int, rows: Int, columns: Int, outputs: Int, transposed: Bool
  ) -> [Int] {
    let (row, column) = transposed ? (blockColumn, blockRow) : (blockRow, blockColumn)
    let start = (row * across(columns) + column) * block
    let stored = Array(start..<start + block)
    return transposed ? BilinearAlgorithm.transposed(firstColumn: stored) : stored
  }
}
