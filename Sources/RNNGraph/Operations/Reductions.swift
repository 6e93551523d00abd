package import RNNFixedPoint

/// One element from all elements of a vector: their sum, mean or maximum.
///
/// The derivative of a maximum is 1 at the first greatest element and 0 elsewhere.
package struct Reduced: Operation {
  package var reduction: Reduction
  /// Elements of the operand.
  package var size: Int
  package var shape: OperationShape { .reduction }
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.reduce(reduction, x[0], size: size)
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    switch reduction {
    case .sum: return a.broadcast(g, size: size)
    case .mean: return a.broadcast(a.affine(g, scale: 1 / Double(size), offset: 0), size: size)
    case .maximum:
      let x = a.operand(0)
      return a.atMaximum(g, of: x, size: size)
    }
  }
  /// A sum grows by the bits of its number of addends; a mean is a sum times a rounded constant.
  package func exactFormat(_ x: [QFormat?]) -> QFormat? {
    guard let p = x[0] else { return nil }
    switch reduction {
    case .sum: return .exact(width: p.width + Self.growth(size), fraction: p.fraction)
    case .mean: return nil
    case .maximum: return p
    }
  }
  /// ceil(log2 n): bits that a sum of n addends may have more than each of them.
  static func growth(_ n: Int) -> Int { n <= 1 ? 0 : Int.bitWidth - (n - 1).leadingZeroBitCount }
}

/// The one element of a vector in every element.
package struct Broadcast: Operation {
  /// Elements of the result.
  package var size: Int
  package var shape: OperationShape { .broadcast }
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.broadcast(x[0], size: size)
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    a.reduce(.sum, g, size: size)
  }
  package func exactFormat(_ x: [QFormat?]) -> QFormat? { x[0] }
}
