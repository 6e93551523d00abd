/// Long short-term memory with optional peepholes and projection.
///
/// Hochreiter and Schmidhuber 1997; forget gate, peepholes and projection as in Sak et al., Interspeech 2014.
///
///     i = sigmoid(W_i x + U_i h + p_i * c + b_i)      f = sigmoid(W_f x + U_f h + p_f * c + b_f)
///     g = tanh(W_g x + U_g h + b_g)                   c' = f * c + i * g
///     o = sigmoid(W_o x + U_o h + p_o * c' + b_o)     m = o * tanh(c')
///     h' = P m with a projection, otherwise h' = m
package enum LSTMCell: CellDefinition {
  package static let name = "lstm"
  package static let summary = "long short-term memory"
  package static let options = [
    CellOption(
      "peepholes", summary: "gates see the cell state through a diagonal",
      standard: .bool(false)),
    CellOption(
      "projection", summary: "outputs of the projection layer; 0 for none", standard: .int(0)),
  ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let projection = configuration.int("projection")
    let outputs = projection > 0 ? projection : n
    let uniform = Initializer.uniform(bound: 1 / Double(n).squareRoot())
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: outputs)
    let c = b.state("c", size: n)

    let (m, nextC) = step(cell: c, in: &b) { gate, peephole, b in
      let sum = b.add(
        b.product("\(gate).weight_x", x, rows: n, initializer: uniform),
        b.product("\(gate).weight_h", h, rows: n, initializer: .orthogonal),
        b.vector("\(gate).bias", size: n, initializer: .constant(gate == "f" ? 1 : 0)))
      guard configuration.bool("peepholes"), let peephole else { return sum }
      let weight = b.vector("\(gate).peephole", size: n, initializer: .constant(0))
      return b.add(sum, b.multiply(weight, peephole))
    }
    let nextH =
      projection > 0 ? b.product("projection.weight", m, rows: projection, initializer: uniform) : m
    if projection > 0 { b.name(m, "m") }
    b.name(nextH, "h")
    b.update("h", to: nextH)
    b.update("c", to: nextC)
    return b.build(output: nextH)
  }

  /// The equations from the gates' pre-activations on; m and c'.
  ///
  /// - Parameter preactivation: the argument of a gate, `i`, `f`, `g` or `o`, which may look at a cell state.
  static func step(
    cell c: ValueID, in b: inout GraphBuilder,
    preactivation: (_ gate: String, _ peephole: ValueID?, _ b: inout GraphBuilder) -> ValueID
  ) -> (output: ValueID, cell: ValueID) {
    let i = b.sigmoid(preactivation("i", c, &b), name: "i")
    let f = b.sigmoid(preactivation("f", c, &b), name: "f")
    let g = b.tanh(preactivation("g", nil, &b), name: "g")
    let nextC = b.add(b.multiply(f, c), b.multiply(i, g))
    b.name(nextC, "c")
    let o = b.sigmoid(preactivation("o", nextC, &b), name: "o")
    return (b.multiply(o, b.tanh(nextC, name: "tanh_c")), nextC)
  }
}
