/// Simple recurrent network (Elman, Cognitive Science 1990).
///
///     h' = activation(W x + U h + b)
package enum ElmanCell: CellDefinition {
  package static let name = "elman"
  package static let summary = "simple recurrent network"
  package static let options =
    CellActivation.options("", of: "the sum", standard: .tanh, mayBeAbsent: false) + [
      PreactivationClip.option, InitialState.option,
    ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = InitialState.state("h", size: n, configuration, in: &b)
    let sum = b.add(
      b.product(
        "weight_x", x, rows: n, initializer: .uniform(bound: 1 / Double(n).squareRoot())),
      b.product("weight_h", h, rows: n, initializer: .orthogonal),
      b.vector("bias", size: n, initializer: .constant(0)))
    let next = CellActivation("", configuration, standard: .tanh).applied(
      to: PreactivationClip.applied(to: sum, configuration, in: &b), in: &b, name: "h")
    b.update("h", to: next)
    return b.build(output: next)
  }
}
