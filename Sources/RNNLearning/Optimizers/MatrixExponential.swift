package import RNNTensor

/// The exponential of a square matrix, its derivative, and its inverse on rotations, in double precision.
package enum MatrixExponential {
  /// 1 / k! for k = 0...16: with the norm below `radius` the rest of the series is below the rounding.
  private static let coefficients: [Double] = (0...16).map { k in
    1 / (0..<k).reduce(1.0) { $0 * Double($1 + 1) }
  }
  private static let radius = 0.75

  /// How often the argument is halved; nil if it is not finite.
  private static func halvings(_ x: SquareMatrix) -> Int? {
    // The eigenvalues of a skew-symmetric matrix come in pairs, so its norm is at most this.
    let isSkew = x.transposed.values.elementsEqual(x.values.map { -$0 })
    let norm = isSkew ? min(x.columnNorm, x.norm / 2.0.squareRoot()) : x.columnNorm
    guard norm.isFinite, norm < 1e6 else { return nil }
    var count = 0
    var rest = norm
    while rest > radius {
      rest /= 2
      count += 1
    }
    return count
  }
  private static func undefined(_ size: Int) -> SquareMatrix {
    SquareMatrix(size: size, values: [Double](repeating: .nan, count: size * size))
  }

  /// A matrix and the change that goes with it.
  private struct Dual {
    var value: SquareMatrix
    var change: SquareMatrix?

    static func * (a: Dual, b: Dual) -> Dual {
      var result = Dual(value: a.value * b.value, change: nil)
      if let da = a.change, let db = b.change {
        var change = da * b.value
        change.addProduct(a.value, db)
        result.change = change
      }
      return result
    }
    mutating func add(_ other: Dual, times factor: Double) {
      value.add(other.value, times: factor)
      if let change = other.change { self.change?.add(change, times: factor) }
    }
  }

  /// exp(x) by the Taylor polynomial of degree 16 in the manner of Paterson and Stockmeyer, with scaling and squaring.
  private static func exponential(_ x: Dual) -> Dual? {
    guard let halvings = halvings(x.value) else { return nil }
    let factor = halvings == 0 ? 1 : 1 / Double(1 << halvings)
    var x1 = x
    x1.value.scale(by: factor)
    x1.change?.scale(by: factor)
    let x2 = x1 * x1
    let x3 = x2 * x1
    let x4 = x2 * x2
    let zero = SquareMatrix(size: x.value.size)
    var sum = Dual(value: zero, change: x.change == nil ? nil : zero)
    sum.add(x4, times: coefficients[16])
    for first in [12, 8, 4, 0] {
      if first < 12 { sum = sum * x4 }
      sum.add(x3, times: coefficients[first + 3])
      sum.add(x2, times: coefficients[first + 2])
      sum.add(x1, times: coefficients[first + 1])
      sum.value.addDiagonal(coefficients[first])
    }
    for _ in 0..<halvings { sum = sum * sum }
    return sum
  }

  /// exp(x); NaN everywhere if x is not finite.
  package static func exponential(_ x: SquareMatrix) -> SquareMatrix {
    exponential(Dual(value: x, change: nil))?.value ?? undefined(x.size)
  }
  /// The derivative of exp at x in a direction (Frechet), exact to rounding; NaN everywhere if x is not finite.
  ///
  /// Its adjoint is the derivative at the transpose of x.
  package static func derivative(at x: SquareMatrix, along direction: SquareMatrix) -> SquareMatrix
  {
    if x.norm == 0 { return direction }
    return exponential(Dual(value: x, change: direction))?.change ?? undefined(x.size)
  }

  /// The skew-symmetric logarithm of a rotation with angles within (-pi, pi).
  ///
  /// A square root of a rotation q is the polar factor of 1 + q; near the identity the logarithm is
  /// 2 artanh((q - 1) (q + 1)^-1).
  /// - Returns: nil if there is none, as for a reflection, or if rounding drowns it.
  package static func logarithm(ofRotation q: SquareMatrix) -> SquareMatrix? {
    let n = q.size
    var root = q
    var doublings = 0
    while true {
      var difference = root
      difference.addDiagonal(-1)
      guard difference.norm > 0.2 else { break }
      guard doublings < 40 else { return nil }
      root.addDiagonal(1)
      guard let next = root.nearestOrthogonal else { return nil }
      root = next
      doublings += 1
    }
    var difference = root
    difference.addDiagonal(-1)
    root.addDiagonal(1)
    guard let inverse = root.inverse else { return nil }
    let k = difference * inverse
    let square = k * k
    var power = k
    var sum = SquareMatrix(size: n)
    for order in stride(from: 1, through: 15, by: 2) {
      sum.add(power, times: 2 / Double(order))
      power = power * square
    }
    sum.scale(by: Double(sign: .plus, exponent: doublings, significand: 1))
    var skew = sum
    skew.add(sum.transposed, times: -1)
    skew.scale(by: 0.5)
    var error = exponential(skew)
    error.add(q, times: -1)
    return error.norm <= 1e-6 * Double(n).squareRoot() ? skew : nil
  }
}
