package import RNNBilinear

/// A matrix whose entries are independent: each is stored, row-major, `[rows, columns]`.
package struct Dense: StructureDefinition, Hashable {
  package static let kind = "dense"
  package static let numberNames: [String] = []
  package var numbers: [Int] { [] }
  package init() {}
  package static func make(_ numbers: [Int]) -> MatrixStructure { .dense }
  package func fault(rows: Int, columns: Int) -> StructureFault? { nil }
  package var family: MatrixStructure { .dense }

  package func storedShape(rows: Int, columns: Int) -> [Int] { [rows, columns] }
  package func fillIndices(
    row: Int, rows: Int, columns: Int, into indices: UnsafeMutablePointer<Int32>
  ) {
    for c in 0..<columns { indices[c] = Int32(truncatingIfNeeded: row * columns + c) }
  }
  package func nearest(to dense: [Float], rows: Int, columns: Int) -> (
    structure: MatrixStructure, stored: [Float]
  ) { (.dense, dense) }

  /// One column of as many rows as fill a lane, a power of two.
  package func algorithm(_ transform: BlockTransform, multipliers: Int?) -> BilinearAlgorithm? {
    guard let multipliers else { return nil }
    var rows = 1
    while rows * 2 <= multipliers { rows *= 2 }
    return .dense(rows: rows)
  }
  package func blockIndices(
    _ blockRow: Int, _ blockColumn: Int, rows: Int, columns: Int, outputs: Int, transposed: Bool
  ) -> [Int] {
    (blockRow * outputs..<(blockRow + 1) * outputs).map { row in
      guard row < (transposed ? columns : rows) else { return -1 }
      return transposed ? blockColumn * columns + row : row * columns + blockColumn
    }
  }
}
