/// Gated recurrent unit (Cho et al., EMNLP 2014), with the reset gate before or after the recurrent product.
///
///     z = sigmoid(W_z x + U_z h + b_z)        r = sigmoid(W_r x + U_r h + b_r)
///     before:  n = tanh(W_n x + U_n (r * h) + b_n)
///     after:   n = tanh(W_n x + b_n + r * (U_n h + c_n))          (cuDNN, PyTorch; c_n is `n.bias_h`)
///     h' = (1 - z) * n + z * h = n + z * (h - n)
package enum GRUCell: CellDefinition {
  package static let name = "gru"
  package static let summary = "gated recurrent unit"
  package static let options = [
    CellOption(
      "reset",
      summary:
        "where the reset gate acts: on the state before the recurrent product, or on the product",
      standard: .choice("after"), choices: ["before", "after"])
  ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let uniform = Initializer.uniform(bound: 1 / Double(n).squareRoot())
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)

    func gate(_ gate: String) -> ValueID {
      b.sigmoid(
        b.add(
          b.product("\(gate).weight_x", x, rows: n, initializer: uniform),
          b.product("\(gate).weight_h", h, rows: n, initializer: .orthogonal),
          b.vector("\(gate).bias", size: n, initializer: .constant(0))), name: gate)
    }
    let z = gate("z")
    let r = gate("r")
    let candidateX = b.add(
      b.product("n.weight_x", x, rows: n, initializer: uniform),
      b.vector("n.bias", size: n, initializer: .constant(0)))
    let candidateH: ValueID
    if configuration.choice("reset") == "before" {
      candidateH = b.product("n.weight_h", b.multiply(r, h), rows: n, initializer: .orthogonal)
    } else {
      candidateH = b.multiply(
        r,
        b.add(
          b.product("n.weight_h", h, rows: n, initializer: .orthogonal),
          b.vector("n.bias_h", size: n, initializer: .constant(0))))
    }
    let candidate = b.tanh(b.add(candidateX, candidateH), name: "n")
    let next = b.add(candidate, b.multiply(z, b.subtract(h, candidate)))
    b.name(next, "h")
    b.update("h", to: next)
    return b.build(output: next)
  }
}
