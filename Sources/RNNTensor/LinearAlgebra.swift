internal import CLAPACK
private import Foundation

/// A column-major matrix in memory that somebody else owns.
package struct ColumnMajor<Scalar> {
  package var base: UnsafeMutablePointer<Scalar>
  /// Elements from one column to the next.
  package var stride: Int
  package init(_ base: UnsafeMutablePointer<Scalar>, stride: Int) {
    self.base = base
    self.stride = stride
  }
  /// The matrix without its first `rows` rows and `columns` columns.
  package func dropping(rows: Int = 0, columns: Int = 0) -> ColumnMajor {
    ColumnMajor(base + rows + columns * stride, stride: stride)
  }
}

/// A precision for which there are matrix products and factorizations (BLIS and LAPACK).
///
/// All calls work on the calling thread alone; callers split their work themselves.
package protocol LinearAlgebraScalar: BinaryFloatingPoint, SIMDScalar, Sendable {
  /// c = op(a) b: c is m x n, op(a) is m x k, b is k x n.
  ///
  /// - Parameter transposeA: a is stored as k x m, that is as a row-major m x k.
  static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Self>, aStride: Int, transposeA: Bool,
    _ b: ColumnMajor<Self>, into c: ColumnMajor<Self>)
  /// A = Q R by Householder reflections, m >= n: the upper triangle becomes R, `tau` has n elements.
  static func factor(
    m: Int, n: Int, _ a: ColumnMajor<Self>, tau: UnsafeMutablePointer<Self>,
    work: UnsafeMutableBufferPointer<Self>
  ) -> Int
  /// Replaces what `factor` left by the first n columns of Q.
  static func expandQ(
    m: Int, n: Int, _ a: ColumnMajor<Self>, tau: UnsafeMutablePointer<Self>,
    work: UnsafeMutableBufferPointer<Self>
  ) -> Int
}

extension Double: LinearAlgebraScalar {
  package static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, aStride: Int, transposeA: Bool,
    _ b: ColumnMajor<Double>, into c: ColumnMajor<Double>
  ) {
    cblas_dgemm(
      CblasColMajor, transposeA ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(m), Int32(n),
      Int32(k), 1, a, Int32(aStride), b.base, Int32(b.stride), 0, c.base, Int32(c.stride))
  }
  package static func factor(
    m: Int, n: Int, _ a: ColumnMajor<Double>, tau: UnsafeMutablePointer<Double>,
    work: UnsafeMutableBufferPointer<Double>
  ) -> Int {
    Int(
      LAPACKE_dgeqrf_work(
        LAPACK_COL_MAJOR, Int32(m), Int32(n), a.base, Int32(a.stride), tau, work.baseAddress,
        Int32(work.count)))
  }
  package static func expandQ(
    m: Int, n: Int, _ a: ColumnMajor<Double>, tau: UnsafeMutablePointer<Double>,
    work: UnsafeMutableBufferPointer<Double>
  ) -> Int {
    Int(
      LAPACKE_dorgqr_work(
        LAPACK_COL_MAJOR, Int32(m), Int32(n), Int32(n), a.base, Int32(a.stride), tau,
        work.baseAddress, Int32(work.count)))
  }
}

extension Float: LinearAlgebraScalar {
  package static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, aStride: Int, transposeA: Bool,
    _ b: ColumnMajor<Float>, into c: ColumnMajor<Float>
  ) {
    cblas_sgemm(
      CblasColMajor, transposeA ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(m), Int32(n),
      Int32(k), 1, a, Int32(aStride), b.base, Int32(b.stride), 0, c.base, Int32(c.stride))
  }
  package static func factor(
    m: Int, n: Int, _ a: ColumnMajor<Float>, tau: UnsafeMutablePointer<Float>,
    work: UnsafeMutableBufferPointer<Float>
  ) -> Int {
    Int(
      LAPACKE_sgeqrf_work(
        LAPACK_COL_MAJOR, Int32(m), Int32(n), a.base, Int32(a.stride), tau, work.baseAddress,
        Int32(work.count)))
  }
  package static func expandQ(
    m: Int, n: Int, _ a: ColumnMajor<Float>, tau: UnsafeMutablePointer<Float>,
    work: UnsafeMutableBufferPointer<Float>
  ) -> Int {
    Int(
      LAPACKE_sorgqr_work(
        LAPACK_COL_MAJOR, Int32(m), Int32(n), Int32(n), a.base, Int32(a.stride), tau,
        work.baseAddress, Int32(work.count)))
  }
}

/// Replaces matrices of one shape by the Q of their QR factorization; owns the memory that this takes.
package final class Orthonormalizer<Scalar: LinearAlgebraScalar> {
  package let rows: Int
  package let columns: Int
  private let tau: UnsafeMutablePointer<Scalar>
  private let work: UnsafeMutableBufferPointer<Scalar>
  /// |R[i][i]| of the last factorization.
  package private(set) var diagonal: [Scalar]

  /// - Parameters:
  ///   - rows: at least `columns`.
  package init(rows: Int, columns: Int) {
    precondition(columns > 0 && rows >= columns, "no QR of \(rows) x \(columns)")
    self.rows = rows
    self.columns = columns
    tau = .allocate(capacity: columns)
    tau.initialize(repeating: 0, count: columns)
    // LAPACK's greatest block is 64 columns.
    work = .allocate(capacity: 64 * columns)
    work.initialize(repeating: 0)
    diagonal = [Scalar](repeating: 0, count: columns)
  }
  deinit {
    tau.deallocate()
    work.deallocate()
  }

  /// z becomes orthonormal columns that span what its columns spanned; `diagonal` says how much each shrank.
  ///
  /// Householder reflections, so the columns are orthonormal even where z is singular.
  package func orthonormalize(_ z: ColumnMajor<Scalar>) {
    let status = Scalar.factor(m: rows, n: columns, z, tau: tau, work: work)
    precondition(status == 0, "QR of \(rows) x \(columns) failed: \(status)")
    for i in 0..<columns { diagonal[i] = abs(z.base[i * z.stride + i]) }
    let second = Scalar.expandQ(m: rows, n: columns, z, tau: tau, work: work)
    precondition(second == 0, "Q of \(rows) x \(columns) failed: \(second)")
  }
}

/// log |det A| of an n x n matrix, whose memory it overwrites; minus infinity if a pivot is exactly zero.
package func logAbsoluteDeterminant(_ a: ColumnMajor<Double>, size n: Int) -> Double {
  var pivots = [Int32](repeating: 0, count: n)
  let status = LAPACKE_dgetrf_work(
    LAPACK_COL_MAJOR, Int32(n), Int32(n), a.base, Int32(a.stride), &pivots)
  precondition(status >= 0, "LU of \(n) x \(n) failed: \(status)")
  guard status == 0 else { return -.infinity }
  return (0..<n).reduce(0) { $0 + log(abs(a.base[$1 * a.stride + $1])) }
}
