/// LSTM whose gates see the input through momentum (Nguyen et al., MomentumRNN, NeurIPS 2020, equation 10).
///
/// The equations of `LSTMCell`; see `InputMomentum` for the input's part. `momentum` with mu = 0 and step = 1 is the
/// LSTM itself.
package enum MomentumLSTMCell: CellDefinition {
  package static let name = "momentum-lstm"
  package static let summary = "long short-term memory with momentum on the input"
  package static let options = InputMomentum.options(standard: .momentum)

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)
    let c = b.state("c", size: n)
    let gates = MomentumGates(
      names: ["i", "f", "g", "o"], ones: ["f"], configuration: configuration)
    let (m, nextC) = LSTMCell.step(cell: c, in: &b) { gate, _, b in
      b.add(gates.input(gate, x, in: &b), gates.recurrent(gate, h, in: &b))
    }
    b.name(m, "h")
    b.update("h", to: m)
    b.update("c", to: nextC)
    return b.build(output: m)
  }
}
