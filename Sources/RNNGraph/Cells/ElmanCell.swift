/// Simple recurrent network (Elman, Cognitive Science 1990).
///
///     h' = activation(W x + U h + b)
package enum ElmanCell: CellDefinition {
  package static let name = "elman"
  package static let summary = "simple recurrent network"
  package static let options = [
    CellOption(
      "activation", summary: "the non-linearity", standard: .choice("tanh"),
      choices: Activation.allCases.map(\.rawValue))
  ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)
    let sum = b.add(
      b.product(
        "weight_x", x, rows: n, initializer: .uniform(bound: 1 / Double(n).squareRoot())),
      b.product("weight_h", h, rows: n, initializer: .orthogonal),
      b.vector("bias", size: n, initializer: .constant(0)))
    guard let activation = Activation(rawValue: configuration.choice("activation")) else {
      preconditionFailure("CellRegistry admits only the declared choices")
    }
    let next = b.activation(activation, sum, name: "h")
    b.update("h", to: next)
    return b.build(output: next)
  }
}
