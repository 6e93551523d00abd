internal import CLAPACK

/// A small square matrix in double precision, for the few places where single precision is too little.
package struct SquareMatrix: Hashable, Sendable {
  package let size: Int
  /// The `size * size` values, row by row.
  package private(set) var values: [Double]

  /// A matrix of zeros.
  package init(size: Int) {
    precondition(size > 0, "a matrix needs at least one row, not \(size)")
    self.size = size
    values = [Double](repeating: 0, count: size * size)
  }
  /// A matrix from `size * size` values, row by row.
  package init(size: Int, values: [Double]) {
    precondition(values.count == size * size, "\(values.count) values for \(size) rows")
    self.init(size: size)
    self.values = values
  }
  /// Ones on the diagonal, zeros elsewhere.
  package static func identity(_ size: Int) -> SquareMatrix {
    var result = SquareMatrix(size: size)
    for i in 0..<size { result[i, i] = 1 }
    return result
  }

  package subscript(row: Int, column: Int) -> Double {
    get { values[row * size + column] }
    set { values[row * size + column] = newValue }
  }
  package var transposed: SquareMatrix {
    var result = self
    for r in 0..<size { for c in 0..<size { result[c, r] = self[r, c] } }
    return result
  }
  /// The root of the sum of squares.
  package var norm: Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  /// The greatest sum of the magnitudes in a column.
  package var columnNorm: Double {
    (0..<size).reduce(0) { most, c in
      let sum = (0..<size).reduce(0) { $0 + abs(self[$1, c]) }
      return sum > most || sum.isNaN ? sum : most
    }
  }

  /// Adds a multiple of another matrix.
  package mutating func add(_ other: SquareMatrix, times factor: Double = 1) {
    precondition(size == other.size, "add \(other.size) to \(size) rows")
    for i in values.indices { values[i] += factor * other.values[i] }
  }
  /// Adds a multiple of the identity.
  package mutating func addDiagonal(_ value: Double) {
    for i in 0..<size { self[i, i] += value }
  }
  /// Multiplies every entry.
  package mutating func scale(by factor: Double) {
    for i in values.indices { values[i] *= factor }
  }

  /// The matrix product; both have one size.
  package static func * (a: SquareMatrix, b: SquareMatrix) -> SquareMatrix {
    var result = SquareMatrix(size: a.size)
    result.addProduct(a, b)
    return result
  }
  /// Adds a b.
  package mutating func addProduct(_ a: SquareMatrix, _ b: SquareMatrix) {
    precondition(size == a.size && size == b.size, "multiply \(a.size) by \(b.size) rows")
    let n = Int32(size)
    values.withUnsafeMutableBufferPointer { c in
      // By columns, as the library reads them, all three are transposed: c' += b' a'.
      cblas_dgemm(
        CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, b.values, n, a.values, n, 1,
        c.baseAddress, n)
    }
  }

  /// The inverse by Gauss and Jordan's elimination with row pivots; nil for a singular matrix.
  package var inverse: SquareMatrix? {
    var left = values
    var right = SquareMatrix.identity(size).values
    let n = size
    for c in 0..<n {
      guard let pivot = (c..<n).max(by: { abs(left[$0 * n + c]) < abs(left[$1 * n + c]) }),
        left[pivot * n + c] != 0, left[pivot * n + c].isFinite
      else { return nil }
      if pivot != c {
        for k in 0..<n {
          left.swapAt(pivot * n + k, c * n + k)
          right.swapAt(pivot * n + k, c * n + k)
        }
      }
      let scale = 1 / left[c * n + c]
      for k in 0..<n {
        left[c * n + k] *= scale
        right[c * n + k] *= scale
      }
      left.withUnsafeMutableBufferPointer { left in
        right.withUnsafeMutableBufferPointer { right in
          for r in 0..<n where r != c {
            let factor = left[r * n + c]
            if factor == 0 { continue }
            for k in c..<n { left[r * n + k] -= factor * left[c * n + k] }
            for k in 0..<n { right[r * n + k] -= factor * right[c * n + k] }
          }
        }
      }
    }
    return SquareMatrix(size: n, values: right)
  }

  /// The nearest orthogonal matrix (the polar factor) by Newton's iteration; nil for a singular matrix.
  ///
  /// Higham, "Computing the polar decomposition", SIAM J. Sci. Stat. Comput. 7 (1986).
  package var nearestOrthogonal: SquareMatrix? {
    var x = self
    for _ in 0..<60 {
      guard let inverse = x.inverse else { return nil }
      var next = inverse.transposed
      // Scaling makes up for singular values far from 1; near the end it is 1.
      let scale = (next.norm / x.norm).squareRoot()
      next.scale(by: 0.5 / scale)
      next.add(x, times: 0.5 * scale)
      var change = next
      change.add(x, times: -1)
      x = next
      if change.norm <= 1e-14 * x.norm { return x }
    }
    return x.norm.isFinite ? x : nil
  }
}
