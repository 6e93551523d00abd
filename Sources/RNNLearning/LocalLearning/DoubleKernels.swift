/// Doubles at a fixed place in memory, so that inner loops need no checks.
final class DoubleBuffer {
  let base: UnsafeMutablePointer<Double>
  let count: Int

  init(zeros count: Int) {
    base = .allocate(capacity: max(1, count))
    base.initialize(repeating: 0, count: max(1, count))
    self.count = count
  }
  convenience init(_ values: [Double]) {
    self.init(zeros: values.count)
    for (i, value) in values.enumerated() { base[i] = value }
  }
  deinit { base.deallocate() }

  var values: [Double] { Array(UnsafeBufferPointer(start: base, count: count)) }
  func fill(_ value: Double) { base.update(repeating: value, count: count) }
  func copy(_ other: DoubleBuffer) { base.update(from: other.base, count: count) }
  func set(_ values: [Double]) {
    precondition(values.count == count, "\(values.count) values instead of \(count)")
    for i in 0..<count { base[i] = values[i] }
  }
}

/// Loops over doubles that local learning spends its time in; concrete types, so that they compile to vector code.
///
/// Matrices lie by columns, so that every inner loop runs along the units and needs no sum across a vector.
enum DoubleKernels {
  typealias Input = UnsafePointer<Double>
  typealias Output = UnsafeMutablePointer<Double>

  /// y += M v with M of `columns` columns of `rows` values.
  static func addProduct(_ m: Input, _ v: Input, rows: Int, columns: Int, to y: Output) {
    var c = 0
    while c + 4 <= columns {
      let (c0, c1, c2, c3) = (
        m + c * rows, m + (c + 1) * rows, m + (c + 2) * rows, m + (c + 3) * rows
      )
      let (v0, v1, v2, v3) = (v[c], v[c + 1], v[c + 2], v[c + 3])
      for r in 0..<rows { y[r] += c0[r] * v0 + c1[r] * v1 + c2[r] * v2 + c3[r] * v3 }
      c += 4
    }
    while c < columns {
      let (column, value) = (m + c * rows, v[c])
      for r in 0..<rows { y[r] += column[r] * value }
      c += 1
    }
  }

  /// y += M^T v with M of `columns` columns of `rows` values.
  static func addTransposedProduct(_ m: Input, _ v: Input, rows: Int, columns: Int, to y: Output) {
    for c in 0..<columns {
      let column = m + c * rows
      var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
      var r = 0
      while r + 4 <= rows {
        s0 += column[r] * v[r]
        s1 += column[r + 1] * v[r + 1]
        s2 += column[r + 2] * v[r + 2]
        s3 += column[r + 3] * v[r + 3]
        r += 4
      }
      while r < rows {
        s0 += column[r] * v[r]
        r += 1
      }
      y[c] += (s0 + s2) + (s1 + s3)
    }
  }

  /// M += sum over t of a_t b_t^T, with a of `count` rows of `rows` values and b of `count` rows of `columns`.
  ///
  /// Columns whose values of b are all zero are skipped: inputs are often one of several, or none.
  static func addOuterProducts(
    _ a: Input, _ b: Input, count: Int, rows: Int, columns: Int, to m: Output
  ) {
    var t = 0
    while t + 4 <= count {
      let (a0, a1, a2, a3) = (
        a + t * rows, a + (t + 1) * rows, a + (t + 2) * rows, a + (t + 3) * rows
      )
      for c in 0..<columns {
        let (b0, b1, b2, b3) = (
          b[t * columns + c], b[(t + 1) * columns + c], b[(t + 2) * columns + c],
          b[(t + 3) * columns + c]
        )
        if b0 == 0, b1 == 0, b2 == 0, b3 == 0 { continue }
        let column = m + c * rows
        for r in 0..<rows { column[r] += a0[r] * b0 + a1[r] * b1 + a2[r] * b2 + a3[r] * b3 }
      }
      t += 4
    }
    while t < count {
      let row = a + t * rows
      for c in 0..<columns {
        let (column, value) = (m + c * rows, b[t * columns + c])
        if value == 0 { continue }
        for r in 0..<rows { column[r] += row[r] * value }
      }
      t += 1
    }
  }

  /// M = keep M + a b^T.
  static func decayAndAddOuterProduct(
    _ m: Output, keep: Double, _ a: Input, _ b: Input, rows: Int, columns: Int
  ) {
    for c in 0..<columns {
      let (column, value) = (m + c * rows, b[c])
      for r in 0..<rows { column[r] = keep * column[r] + a[r] * value }
    }
  }

  /// P = keep P + a b^T, then M += diag(f) P.
  static func decayAddAndScale(
    _ p: Output, keep: Double, _ a: Input, _ b: Input, _ f: Input, rows: Int, columns: Int,
    to m: Output
  ) {
    for c in 0..<columns {
      let (trace, target, value) = (p + c * rows, m + c * rows, b[c])
      for r in 0..<rows {
        let next = keep * trace[r] + a[r] * value
        trace[r] = next
        target[r] += f[r] * next
      }
    }
  }

  /// M += diag(f) P.
  static func addScaledRows(_ p: Input, _ f: Input, rows: Int, columns: Int, to m: Output) {
    for c in 0..<columns {
      let (column, source) = (m + c * rows, p + c * rows)
      for r in 0..<rows { column[r] += f[r] * source[r] }
    }
  }

  /// y += scale x.
  static func add(_ x: Input, scale: Double, count: Int, to y: Output) {
    for i in 0..<count { y[i] += scale * x[i] }
  }
}
