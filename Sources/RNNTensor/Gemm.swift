internal import CDNNL

/// A row-major matrix in memory that somebody else owns.
package struct MatrixView {
  package var base: UnsafeMutablePointer<Float>
  /// Floats from one row to the next.
  package var stride: Int
  package init(_ base: UnsafeMutablePointer<Float>, stride: Int) {
    self.base = base
    self.stride = stride
  }
}

/// Matrix products in float32 by oneDNN's `dnnl_sgemm`, on the calling thread alone.
///
/// Callers split their work over threads themselves: at the sizes of recurrent steps a product takes
/// microseconds, so a team of OpenMP threads would spend them waiting for each other, and its
/// spinning would take the cores from everyone else.
package enum Gemm {
  /// c = op(a) op(b), or c += op(a) op(b): c is m x n, op(a) is m x k, op(b) is k x n.
  ///
  /// - Parameters:
  ///   - transposeA: a is stored as k x m.
  ///   - transposeB: b is stored as n x k.
  package static func multiply(
    m: Int, n: Int, k: Int, _ a: MatrixView, transposeA: Bool = false, _ b: MatrixView,
    transposeB: Bool = false, into c: MatrixView, accumulate: Bool
  ) {
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      if !accumulate {
        for row in 0..<m { (c.base + row * c.stride).update(repeating: 0, count: n) }
      }
      return
    }
    omp_set_num_threads(1)
    let letters = (n: CChar(UInt8(ascii: "N")), t: CChar(UInt8(ascii: "T")))
    let status = dnnl_sgemm(
      transposeA ? letters.t : letters.n, transposeB ? letters.t : letters.n, dnnl_dim_t(m),
      dnnl_dim_t(n), dnnl_dim_t(k), 1, a.base, dnnl_dim_t(a.stride), b.base, dnnl_dim_t(b.stride),
      accumulate ? 1 : 0, c.base, dnnl_dim_t(c.stride))
    precondition(status == dnnl_success, "sgemm \(m) x \(n) x \(k) failed: \(status)")
  }
}
