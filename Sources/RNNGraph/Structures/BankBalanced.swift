package import RNNBilinear

/// Rows cut into banks of B neighbouring columns, of which exactly k entries each are kept; the others are zero.
///
/// The last bank of a row may be cut off by the matrix's edge: it has `columns mod B` columns and keeps at most that many.
/// Stored as the kept values in order of their columns, `[rows, kept values of a row]`, beside their columns. ESE's
/// load-balanced pruning (Han et al., FPGA 2017) in the form of bank-balanced sparsity (Cao et al., FPGA 2019).
package struct BankBalanced: StructureDefinition, Hashable {
  package static let kind = "bank-balanced"
  package static let numberNames = ["bank", "kept"]
  /// The bank sizes: an index into a bank fits one byte.
  package static let banks = 2...256
  /// Columns of a bank.
  package var bank: Int
  /// Kept entries of a bank.
  package var kept: Int
  /// The column of every stored value, ascending within each row; empty before a pattern is chosen.
  package private(set) var columns: [Int32]

  package init(bank: Int, kept: Int) {
    precondition(bank > 0 && (1...bank).contains(kept), "\(kept) of \(bank) columns are no bank")
    self.bank = bank
    self.kept = kept
    columns = []
  }
  package var numbers: [Int] { [bank, kept] }
  package static func make(_ numbers: [Int]) throws -> MatrixStructure {
    let (bank, kept) = (numbers[0], numbers[1])
    guard banks.contains(bank) else {
      throw StructureFault(
        message: "a bank of \(bank) columns is not supported",
        fix: "use \(banks.lowerBound) to \(banks.upperBound) columns")
    }
    guard (1..<bank).contains(kept) else {
      throw StructureFault(
        message: "\(kept) of \(bank) columns cannot be kept", fix: "keep 1 to \(bank - 1) columns")
    }
    return .bankBalanced(bank: bank, kept: kept)
  }
  package func fault(rows: Int, columns: Int) -> StructureFault? {
    if bank <= columns { return nil }
    return StructureFault(
      message: "a bank of \(bank) columns exceeds the matrix of \(rows) x \(columns)",
      fix: "use a smaller bank")
  }
  package var family: MatrixStructure { .bankBalanced(bank: bank, kept: kept) }
  package var isPlaced: Bool { !columns.isEmpty }
  package var storedColumns: [Int32]? { columns }

  /// Stored values of one row.
  package func keptInRow(columns: Int) -> Int { columns / bank * kept + min(kept, columns % bank) }
  package func storedShape(rows: Int, columns: Int) -> [Int] {
    [rows, keptInRow(columns: columns)]
  }

  package func placed(at places: [Int32], rows: Int, columns count: Int) throws -> MatrixStructure {
    let perRow = keptInRow(columns: count)
    func fault(_ message: String) -> StructureFault {
      StructureFault(message: message, fix: "store \(kept) ascending columns of every bank")
    }
    guard places.count == rows * perRow else {
      throw fault("\(places.count) columns are not those of \(rows) rows of \(perRow) values")
    }
    for row in 0..<rows {
      for i in 0..<perRow {
        let column = Int(places[row * perRow + i])
        // Value i of a row belongs to bank i / kept.
        guard column / bank == i / kept, (0..<count).contains(column),
          i % kept == 0 || column > Int(places[row * perRow + i - 1])
        else { throw fault("column \(column) cannot be that of value \(i) of row \(row)") }
      }
    }
    var result = self
    result.columns = places
    return .bankBalanced(result)
  }

  package func fillIndices(
    row: Int, rows: Int, columns count: Int, into indices: UnsafeMutablePointer<Int32>
  ) {
    let perRow = keptInRow(columns: count)
    for c in 0..<count { indices[c] = -1 }
    for i in row * perRow..<(row + 1) * perRow {
      indices[Int(columns[i])] = Int32(truncatingIfNeeded: i)
    }
  }

  /// The k greatest magnitudes of every bank; of equal ones the lower column.
  ///
  /// What is dropped is the least possible in each bank, and banks are independent, so the projection is exact. With a
  /// pattern, its entries are taken.
  package func nearest(to dense: [Float], rows: Int, columns count: Int) -> (
    structure: MatrixStructure, stored: [Float]
  ) {
    precondition(dense.count == rows * count, "\(dense.count) entries for \(rows) x \(count)")
    var result = self
    let perRow = keptInRow(columns: count)
    if !isPlaced {
      result.columns.reserveCapacity(rows * perRow)
      for row in 0..<rows {
        for start in stride(from: 0, to: count, by: bank) {
          let places = Array(start..<min(start + bank, count))
          func magnitude(_ column: Int) -> Float {
            let value = dense[row * count + column].magnitude
            // A value that is no number is never dropped in silence.
            return value.isNaN ? .infinity : value
          }
          let greatest = places.sorted { a, b in
            (magnitude(b), a) < (magnitude(a), b)
          }
          result.columns += greatest.prefix(kept).sorted().map { Int32(truncatingIfNeeded: $0) }
        }
      }
    }
    let stored = result.columns.indices.map { i in
      dense[i / perRow * count + Int(result.columns[i])]
    }
    return (.bankBalanced(result), stored)
  }
  /// Fresh values are those of a dense matrix, so that the pattern is drawn with them.
  package var drawsStoredValues: Bool { false }

  package func algorithm(_ transform: BlockTransform, multipliers: Int?) -> BilinearAlgorithm? {
    nil
  }
  package func blockIndices(
    _ blockRow: Int, _ blockColumn: Int, rows: Int, columns: Int, outputs: Int, transposed: Bool
  ) -> [Int] { preconditionFailure("bank-balanced matrices have no blocks") }
}

extension MatrixStructure {
  /// Banks of `bank` columns with `kept` entries, before a pattern is chosen.
  package static func bankBalanced(bank: Int, kept: Int) -> MatrixStructure {
    .bankBalanced(BankBalanced(bank: bank, kept: kept))
  }
}
