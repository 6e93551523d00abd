package import RNNGraph

/// The map between a matrix and the free values of its block-circulant form.
///
/// Entry (r, c) of block (i, j) is w[(r - c) mod L]; blocks at the lower and right edge may be cut off.
package struct CirculantProjection: Hashable, Sendable {
  /// Rows of the matrix.
  package var rows: Int
  /// Columns of the matrix.
  package var columns: Int
  /// The block size L.
  package var block: Int
  /// Block columns, cut-off ones included.
  package var blockColumns: Int { (columns + block - 1) / block }
  /// The number of free values, those without an entry in a cut-off block included.
  package var storedCount: Int { (rows + block - 1) / block * blockColumns * block }

  /// Creates the map of a matrix of at least one row and one column.
  package init(rows: Int, columns: Int, block: Int) {
    precondition(rows > 0 && columns > 0 && block > 0, "empty matrix or block")
    self.rows = rows
    self.columns = columns
    self.block = block
  }

  /// The index of the free value that stands at an entry.
  @inlinable
  package func storedIndex(_ row: Int, _ column: Int) -> Int {
    let k = (row - column) % block
    return ((row / block) * blockColumns + column / block) * block + (k < 0 ? k + block : k)
  }

  /// The nearest block-circulant matrix in the Euclidean norm, as free values.
  ///
  /// The set is a linear space whose basis matrices (one circulant diagonal of one block each) have
  /// disjoint entries, so the projection is exactly the mean over the entries of each diagonal that are
  /// present. A diagonal without entries, in a cut-off block, gets zero. Sums are in double precision.
  package func project(_ dense: [Float]) -> [Float] {
    precondition(dense.count == rows * columns, "\(dense.count) entries for \(rows) x \(columns)")
    var sums = [Double](repeating: 0, count: storedCount)
    var counts = [Int32](repeating: 0, count: storedCount)
    for row in 0..<rows {
      for column in 0..<columns {
        let k = storedIndex(row, column)
        sums[k] += Double(dense[row * columns + column])
        counts[k] += 1
      }
    }
    return zip(sums, counts).map { $1 == 0 ? 0 : Float($0 / Double($1)) }
  }

  /// The matrix, row-major, of free values.
  package func expand(_ stored: [Float]) -> [Float] {
    precondition(stored.count == storedCount, "\(stored.count) values, not \(storedCount)")
    var dense = [Float](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns { dense[row * columns + column] = stored[storedIndex(row, column)] }
    }
    return dense
  }
}

extension Parameter {
  /// The map of a block-circulant matrix; nil for a vector or a dense matrix.
  var circulantProjection: CirculantProjection? {
    guard let columns, case .blockCirculant(let block) = structure else { return nil }
    return CirculantProjection(rows: rows, columns: columns, block: block)
  }
  /// The row-major matrix, or the vector, of stored values.
  package func dense(fromStored stored: [Float]) -> [Float] {
    circulantProjection?.expand(stored) ?? stored
  }
  /// The stored values nearest to a row-major matrix; a vector or a dense matrix unchanged.
  package func stored(fromDense dense: [Float]) -> [Float] {
    circulantProjection?.project(dense) ?? dense
  }
}
