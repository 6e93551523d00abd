package import RNNFixedPoint

/// A function of one variable of every element.
package struct Application: Operation {
  package var function: ScalarFunction
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.apply(function, x[0])
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    let point =
      switch function.derivative {
      case .ofArgument: a.operand(0)
      case .ofValue: a.value()
      }
    return a.slope(function, g, at: point)
  }
  /// A table rounds its result, relu keeps its operand's format.
  package func exactFormat(_ x: [QFormat?]) -> QFormat? { x[0] }
}

/// v / sqrt(s + floor) with s >= 0.
package struct Normalized: Operation {
  package var floor: Double
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.normalize(x[0], by: x[1], floor: floor)
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    let s = a.operand(1)
    let scaled = a.normalize(g, by: s, floor: floor)
    guard i == 1 else { return scaled }
    // -g y / (2 (s + floor)), with one of the two roots in `scaled`.
    let y = a.value()
    let product = a.normalize(a.multiply(scaled, y), by: s, floor: floor)
    return a.affine(product, scale: -0.5, offset: 0)
  }
  package func exactFormat(_ x: [QFormat?]) -> QFormat? { nil }
}

/// Rounds to a format; the derivative is 1 inside the format's range and 0 outside (straight-through).
package struct Rounding: Operation {
  package var format: QFormat
  package var rule: RoundingRule
  package func value<A: VectorAlgebra>(_ x: [A.Vector], in a: inout A) -> A.Vector {
    a.round(x[0], format, rule)
  }
  package func pullback<A: PullbackAlgebra>(_ g: A.Vector, to i: Int, in a: inout A) -> A.Vector? {
    let x = a.operand(0)
    return a.mask(g, at: x, inside: format.minValue...format.maxValue)
  }
  package func exactFormat(_ x: [QFormat?]) -> QFormat? { x[0] }
}
