internal import Foundation

/// A function of one variable that is applied to every element of a vector, such as the sigmoid.
///
/// A new one is a line of `all`: its name, its formula, its derivative and the range that its table has to hold. Training,
/// quantization, tables, both engines and the options of cells follow from that. All but relu are computed in hardware by an
/// `ActivationTable`.
package struct ScalarFunction: Hashable, Sendable {
  /// The derivative, as a function of the argument or, where that is simpler, of the value.
  package enum Derivative: Sendable {
    case ofArgument(@Sendable (Double) -> Double)
    case ofValue(@Sendable (Double) -> Double)
  }
  /// What a table has to hold.
  package enum Range: Hashable, Sendable {
    /// Increasing, convex below zero and concave above, with limits on both sides; arguments far out may saturate.
    case saturating
    /// Zero (within half an ulp) below an argument; what lies above follows from the data.
    case vanishingBelow
    /// The whole argument format, or its part above zero where the function has a pole or an end there.
    case whole, positive
  }

  /// The word in files and on the command line.
  package let name: String
  package let range: Range
  /// Whether all values lie in [-1, 1].
  package let isBounded: Bool
  /// Whether hardware computes it by a table; false for relu, which is an operation of its own.
  package let isTabulated: Bool
  private let formula: @Sendable (Double) -> Double
  package let derivative: Derivative

  private init(
    _ name: String, _ range: Range, isBounded: Bool = false, isTabulated: Bool = true,
    _ formula: @escaping @Sendable (Double) -> Double, derivative: Derivative
  ) {
    self.name = name
    self.range = range
    self.isBounded = isBounded
    self.isTabulated = isTabulated
    self.formula = formula
    self.derivative = derivative
  }

  /// 1 / (1 + e^-x).
  package static let sigmoid = ScalarFunction(
    "sigmoid", .saturating, isBounded: true, logistic, derivative: .ofValue { $0 * (1 - $0) })
  package static let tanh = ScalarFunction(
    "tanh", .saturating, isBounded: true, { Foundation.tanh($0) },
    derivative: .ofValue { 1 - $0 * $0 })
  /// max(0, x), with derivative 0 at 0.
  package static let relu = ScalarFunction(
    "relu", .whole, isTabulated: false, { max($0, 0) }, derivative: .ofValue { $0 > 0 ? 1 : 0 })
  /// x cut off at -1 and 1, with derivative 0 there.
  package static let hardTanh = ScalarFunction(
    "hard-tanh", .saturating, isBounded: true, { min(max($0, -1), 1) },
    derivative: .ofValue { abs($0) < 1 ? 1 : 0 })
  package static let exp = ScalarFunction(
    "exp", .vanishingBelow, { Foundation.exp($0) }, derivative: .ofValue { $0 })
  /// The natural logarithm.
  package static let log = ScalarFunction(
    "log", .positive, { Foundation.log($0) }, derivative: .ofArgument { 1 / $0 })
  package static let sqrt = ScalarFunction(
    "sqrt", .positive, { $0.squareRoot() }, derivative: .ofValue { 0.5 / $0 })
  package static let reciprocal = ScalarFunction(
    "reciprocal", .positive, { 1 / $0 }, derivative: .ofValue { -$0 * $0 })
  /// 1 / (1 + x) for x >= 0, which has no pole in its range: 1 / s of a sum s whose least addend is 1.
  package static let reciprocalOfOnePlus = ScalarFunction(
    "reciprocal-one-plus", .positive, { 1 / (1 + max($0, 0)) }, derivative: .ofValue { -$0 * $0 })
  /// log(1 + e^x).
  package static let softplus = ScalarFunction(
    "softplus", .whole, logOfOnePlusExp, derivative: .ofArgument(logistic))
  /// x / (1 + |x|).
  package static let softsign = ScalarFunction(
    "softsign", .whole, isBounded: true, { $0 / (1 + abs($0)) },
    derivative: .ofValue { (1 - abs($0)) * (1 - abs($0)) })
  /// x where x > 0, else e^x - 1.
  package static let elu = ScalarFunction(
    "elu", .whole, { $0 > 0 ? $0 : Foundation.expm1($0) },
    derivative: .ofValue { $0 > 0 ? 1 : $0 + 1 })
  /// x Phi(x) with the Gaussian distribution function, exactly.
  package static let gelu = ScalarFunction(
    "gelu", .whole, { 0.5 * $0 * Foundation.erfc(-$0 / 2.0.squareRoot()) },
    derivative: .ofArgument {
      0.5 * Foundation.erfc(-$0 / 2.0.squareRoot())
        + $0 * Foundation.exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot()
    })
  /// x sigmoid(x).
  package static let silu = ScalarFunction(
    "silu", .whole, { $0 * logistic($0) },
    derivative: .ofArgument { logistic($0) * (1 + $0 * (1 - logistic($0))) })
  /// x tanh(softplus(x)).
  package static let mish = ScalarFunction(
    "mish", .whole, { $0 * Foundation.tanh(logOfOnePlusExp($0)) },
    derivative: .ofArgument {
      let t = Foundation.tanh(logOfOnePlusExp($0))
      return t + $0 * (1 - t * t) * logistic($0)
    })

  /// All functions, in the order of documents and messages.
  package static let all: [ScalarFunction] = [
    .sigmoid, .tanh, .relu, .hardTanh, .exp, .log, .sqrt, .reciprocal, .reciprocalOfOnePlus,
    .softplus,
    .softsign, .elu, .gelu, .silu, .mish,
  ]
  /// Those that hardware computes by a table.
  package static let tabulated = all.filter(\.isTabulated)
  /// The function that files and options call so; nil for a word that names none.
  package static func named(_ name: String) -> ScalarFunction? { all.first { $0.name == name } }

  /// Whether both have one name: formulas are closures, and a name stands for one formula alone.
  package static func == (a: ScalarFunction, b: ScalarFunction) -> Bool { a.name == b.name }
  /// Hashes the name, as `==` compares it.
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// The real function in double precision.
  package func callAsFunction(_ x: Double) -> Double { formula(x) }
  /// The derivative at an argument.
  package func slope(_ x: Double) -> Double {
    switch derivative {
    case .ofArgument(let slope): slope(x)
    case .ofValue(let slope): slope(formula(x))
    }
  }

  // Neither form overflows, and each keeps full relative precision on its side.
  private static let logistic: @Sendable (Double) -> Double = { x in
    x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x))
  }
  private static let logOfOnePlusExp: @Sendable (Double) -> Double = { x in
    max(x, 0) + Foundation.log1p(Foundation.exp(-abs(x)))
  }

  /// The integer bits n of the least range [-2^n, 2^n) outside which a saturating function stays within 3/2 ulp of its limits,
  /// or below which a vanishing one does; nil for functions whose range the data say.
  ///
  /// A pre-activation may saturate to this range: 3 for the sigmoid (+-8) and 2 for tanh (+-4) with 11
  /// fraction bits.
  package func usefulIntegerBits(outputFraction: Int) -> Int? {
    guard range == .saturating || range == .vanishingBelow else { return nil }
    let ulp = Double(sign: .plus, exponent: -outputFraction, significand: 1)
    var bits = 0
    while bits < 6 {
      // The distance from the lower limit, 0 or -1, without cancellation.
      let x = Double(1 << bits)
      let distance =
        self == .tanh ? 2 * Foundation.exp(-2 * x) / (1 + Foundation.exp(-2 * x)) : self(-x)
      if distance <= 1.5 * ulp { break }
      bits += 1
    }
    return bits
  }
}
