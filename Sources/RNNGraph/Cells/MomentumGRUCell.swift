/// GRU whose gates see the input through momentum (Nguyen et al., MomentumRNN, NeurIPS 2020).
///
/// The equations of `GRUCell` with the reset gate after the product; see `InputMomentum` for the input's part.
package enum MomentumGRUCell: CellDefinition {
  package static let name = "momentum-gru"
  package static let summary = "gated recurrent unit with momentum on the input"
  package static let options = InputMomentum.options(standard: .momentum)

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: configuration.units)
    let gates = MomentumGates(names: ["r", "z", "n"], configuration: configuration)
    let next = GRUCell.step(state: h, resets: .product, in: &b) { gate, b in
      b.add(gates.input(gate, x, in: &b), gates.recurrent(gate, h, in: &b))
    } candidateInput: { b in
      gates.input("n", x, in: &b)
    } candidateRecurrent: { operand, b in
      gates.recurrent("n", operand, in: &b)
    }
    b.update("h", to: next)
    return b.build(output: next)
  }
}
