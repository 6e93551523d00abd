import Foundation
import RNNFixedPoint
import Testing

/// Formulas, derivatives and tables of all functions of one variable.
@Suite struct ScalarFunctionTests {
  static let points = [-7.5, -2.25, -0.5, -1e-3, 0.125, 0.75, 1.25, 3.5, 9]
  static func arguments(_ f: ScalarFunction) -> [Double] {
    points.filter { f.range != .positive || $0 > 0 }
  }

  /// The definitions a second time, in other forms.
  @Test func formulas() {
    func logistic(_ x: Double) -> Double { 0.5 + 0.5 * tanh(x / 2) }
    let expected: [String: (Double) -> Double] = [
      "sigmoid": logistic, "tanh": { (exp($0) - exp(-$0)) / (exp($0) + exp(-$0)) },
      "relu": { ($0 + abs($0)) / 2 }, "hard-tanh": { (abs($0 + 1) - abs($0 - 1)) / 2 },
      "exp": { pow(M_E, $0) }, "log": { log2($0) * M_LN2 },
      "sqrt": { pow($0, 0.5) }, "reciprocal": { pow($0, -1) },
      "reciprocal-one-plus": { pow(1 + $0, -1) }, "softplus": { log(1 + exp($0)) },
      "softsign": { $0 < 0 ? $0 / (1 - $0) : $0 / (1 + $0) },
      "elu": { $0 < 0 ? exp($0) - 1 : $0 },
      "gelu": { $0 * (1 + erf($0 / 2.0.squareRoot())) / 2 }, "silu": { $0 * logistic($0) },
      "mish": { $0 * tanh(log(1 + exp($0))) },
    ]
    #expect(Set(expected.keys) == Set(ScalarFunction.all.map(\.name)))
    for f in ScalarFunction.all {
      for x in Self.arguments(f) {
        let wanted = expected[f.name]?(x) ?? .nan
        #expect(abs(f(x) - wanted) <= 1e-12 * max(1, abs(wanted)), "\(f.name)(\(x))")
      }
    }
  }

  @Test func derivatives() {
    for f in ScalarFunction.all {
      for x in Self.arguments(f) {
        let h = 1e-5
        let slope = (f(x + h) - f(x - h)) / (2 * h)
        #expect(abs(f.slope(x) - slope) <= 1e-6 * max(1, abs(slope)), "\(f.name)'(\(x))")
      }
    }
  }

  /// The greatest error over all input codes by an own evaluation, in output ulp.
  private func error(_ f: ScalarFunction, _ table: ActivationTable) -> Double {
    var worst = 0.0
    for c in table.input.minCode...table.input.maxCode {
      var x = table.input.value(of: c)
      if f.range == .positive, c <= 0 { x = f(0).isFinite ? 0 : table.input.ulp }
      let exact = min(
        max(f(x) / table.output.ulp, Double(table.output.minCode)), Double(table.output.maxCode))
      worst = max(worst, abs(Double(table.code(for: c)) - exact))
    }
    return worst
  }

  /// Every function between formats such as networks have; tables that need not be exact say how far they are.
  @Test(arguments: ScalarFunction.tabulated)
  func accurateTables(_ f: ScalarFunction) {
    let bound = f.isBounded || f == .reciprocalOfOnePlus
    for (input, output) in [
      (QFormat(width: 12, fraction: 8), QFormat(width: 8, fraction: bound ? 7 : 4)),
      (QFormat(width: 12, fraction: 9), QFormat(width: 12, fraction: bound ? 11 : 8)),
      (QFormat(width: 9, fraction: 5), QFormat(width: 12, fraction: bound ? 11 : 8)),
    ] {
      let table = ActivationTable.accurate(f, input: input, output: output)
      #expect(table.maximalError == error(f, table))
      // With up to 4096 segments a table of 12 bits has a segment for every code.
      #expect(table.maximalError <= 1, "\(f.name) \(input) to \(output): \(table.maximalError)")
      #expect(table.function == f.name && table.slopes.count <= ActivationTable.mostSegments)
    }
  }

  /// What a table of 128 segments on 16 bits is off by, over all codes; printed in the documents.
  @Test func standardTables() {
    let bounds: [String: Double] = [
      // The corner at which exp leaves the output's range falls into one segment.
      "exp": 28.9, "softplus": 0.97, "softsign": 3.82, "elu": 0.94, "gelu": 0.94, "silu": 0.97,
      "mish": 0.94, "reciprocal-one-plus": 1.35, "hard-tanh": 0.5,
    ]
    for (name, bound) in bounds.sorted(by: { $0.key < $1.key }) {
      guard let f = ScalarFunction.named(name) else {
        Issue.record("no \(name)")
        continue
      }
      let fraction = f.isBounded || f == .reciprocalOfOnePlus ? 11 : 8
      let table = ActivationTable.fitted(
        f, input: QFormat(width: 16, fraction: 12), output: QFormat(width: 12, fraction: fraction),
        segments: 128)
      #expect(table.maximalError <= bound, "\(name): \(table.maximalError)")
    }
  }
}
