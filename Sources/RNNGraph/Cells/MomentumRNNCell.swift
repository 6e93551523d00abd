/// Simple recurrent network that sees the input through momentum (Nguyen et al., NeurIPS 2020, equation 8).
///
///     h' = tanh(v' + U h + b_h)        v' as in `InputMomentum`
package enum MomentumRNNCell: CellDefinition {
  package static let name = "momentum-rnn"
  package static let summary = "simple recurrent network with momentum on the input"
  package static let options = InputMomentum.options(standard: .momentum)

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)
    let q = b.add(
      b.product("weight_x", x, rows: n, initializer: .orthogonal),
      b.vector("bias_x", size: n, initializer: .constant(0)))
    let recurrent = b.add(
      b.product("weight_h", h, rows: n, initializer: .orthogonal),
      b.vector("bias_h", size: n, initializer: .constant(0)))
    let input = InputMomentum(configuration: configuration).applied(to: q, size: n, in: &b)
    let next = b.tanh(b.add(input, recurrent), name: "h")
    b.update("h", to: next)
    return b.build(output: next)
  }
}
