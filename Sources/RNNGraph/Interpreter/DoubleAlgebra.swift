internal import RNNFixedPoint

/// Operations on vectors of doubles: what the interpreter computes with.
struct DoubleAlgebra: PullbackAlgebra {
  /// The operands and the value of the node at which gradients are; empty in the forward pass.
  var operands: [[Double]] = []
  var nodeValue: [Double] = []
  func operand(_ index: Int) -> [Double] { operands[index] }
  func value() -> [Double] { nodeValue }

  func add(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
  func subtract(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
  func multiply(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 * $1 } }
  func affine(_ a: [Double], scale: Double, offset: Double) -> [Double] {
    a.map { scale * $0 + offset }
  }
  func apply(_ f: ScalarFunction, _ a: [Double]) -> [Double] { a.map { f($0) } }
  func slope(_ f: ScalarFunction, _ g: [Double], at x: [Double]) -> [Double] {
    switch f.derivative {
    case .ofArgument(let slope), .ofValue(let slope): zip(g, x).map { $0 * slope($1) }
    }
  }
  func gate(_ a: [Double], by s: [Double]) -> [Double] { zip(a, s).map { $1 > 0 ? $0 : 0 } }
  func normalize(_ a: [Double], by s: [Double], floor: Double) -> [Double] {
    zip(a, s).map { $0 / ($1 + floor).squareRoot() }
  }
  func round(_ a: [Double], _ format: QFormat, _ rounding: RoundingRule) -> [Double] {
    a.map { format.value(of: quantized($0, to: format, rounding: rounding, overflow: .saturate)) }
  }
  func mask(_ g: [Double], at x: [Double], inside range: ClosedRange<Double>) -> [Double] {
    zip(g, x).map { range.contains($1) ? $0 : 0 }
  }
  func reduce(_ reduction: Reduction, _ a: [Double], size: Int) -> [Double] {
    switch reduction {
    case .sum: [a.reduce(0, +)]
    case .mean: [a.reduce(0, +) / Double(size)]
    case .maximum: [a.reduce(-.infinity) { $0 > $1 ? $0 : $1 }]
    }
  }
  func broadcast(_ a: [Double], size: Int) -> [Double] { [Double](repeating: a[0], count: size) }
  func atMaximum(_ g: [Double], of x: [Double], size: Int) -> [Double] {
    var result = [Double](repeating: 0, count: size)
    if let place = x.indices.max(by: { x[$0] < x[$1] || (x[$0] == x[$1] && $0 > $1) }) {
      result[place] = g[0]
    }
    return result
  }
}
