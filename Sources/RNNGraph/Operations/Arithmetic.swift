package import RNNFixedPoint

/// The sum of two vectors, or the first minus the second.
package struct Sum: Operation {
  package var subtracts: Bool
  package var isCheap: Bool { true }
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    subtracts ? a.subtract(x[0], x[1]) : a.add(x[0], x[1])
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    subtracts && i == 1 ? a.affine(g, scale: -1, offset: 0) : g
  }
  package func exactFormat(_ x: [QFormat?]) -> QFormat? {
    guard let p = x[0], let q = x[1] else { return nil }
    let fraction = max(p.fraction, q.fraction)
    return .exact(
      width: max(p.width - p.fraction, q.width - q.fraction) + fraction + 1, fraction: fraction)
  }
}

/// The Hadamard product of two vectors.
package struct Product: Operation {
  package var isCheap: Bool { true }
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.multiply(x[0], x[1])
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    let other = a.operand(1 - i)
    return a.multiply(g, other)
  }
  package func exactFormat(_ x: [QFormat?]) -> QFormat? {
    guard let p = x[0], let q = x[1] else { return nil }
    return .exact(width: p.width + q.width, fraction: p.fraction + q.fraction)
  }
}

/// scale * v + offset with constants.
package struct Affine: Operation {
  package var scale: Double
  package var offset: Double
  package var isCheap: Bool { true }
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.affine(x[0], scale: scale, offset: offset)
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    a.affine(g, scale: scale, offset: 0)
  }
  /// A change of sign and an offset beside it cost two bits; other factors are rounded constants.
  package func exactFormat(_ x: [QFormat?]) -> QFormat? {
    guard let p = x[0], abs(scale) == 1, p.width < 62 else { return nil }
    return QFormat(width: p.width + 2, fraction: p.fraction)
  }
}

/// The first where the second is positive, else 0; the derivative by the second is 0.
package struct Gate: Operation {
  package var isCheap: Bool { true }
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.gate(x[0], by: x[1])
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    guard i == 0 else { return nil }
    let by = a.operand(1)
    return a.gate(g, by: by)
  }
  package func exactFormat(_ x: [QFormat?]) -> QFormat? { x[0] }
}
