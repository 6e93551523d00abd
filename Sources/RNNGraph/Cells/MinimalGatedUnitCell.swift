/// Minimal gated unit (Zhou, Wu, Zhang, Zhou, "Minimal gated unit for recurrent neural networks", IJAC 2016).
///
///     f = sigmoid(W_f x + U_f h + b_f)        n = tanh(W_n x + U_n (f * h) + b_n)
///     h' = (1 - f) * h + f * n = h + f * (n - h)
package enum MinimalGatedUnitCell: CellDefinition {
  package static let name = "mgu"
  package static let summary = "minimal gated unit: one gate"
  package static let options: [CellOption] = []

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)
    func preactivation(_ name: String, _ recurrent: ValueID) -> ValueID {
      b.add(
        b.product(
          "\(name).weight_x", x, rows: n, initializer: .uniform(bound: 1 / Double(n).squareRoot())),
        b.product("\(name).weight_h", recurrent, rows: n, initializer: .orthogonal),
        b.vector("\(name).bias", size: n, initializer: .constant(0)))
    }
    let f = b.sigmoid(preactivation("f", h), name: "f")
    let candidate = b.tanh(preactivation("n", b.multiply(f, h)), name: "n")
    let next = b.add(h, b.multiply(f, b.subtract(candidate, h)))
    b.name(next, "h")
    b.update("h", to: next)
    return b.build(output: next)
  }
}
