/// Long short-term memory with optional peepholes, projection and coupled gates (f = 1 - i, without parameters of f).
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
  package static let options =
    [
      CellOption(
        "peepholes", summary: "gates see the cell state through a diagonal",
        standard: .bool(false)),
      CellOption(
        "projection", summary: "outputs of the projection layer; 0 for none", standard: .int(0)),
      CellOption(
        "coupled", summary: "whether the forget gate is 1 - i", standard: .bool(false),
        mayBeAbsent: true),
    ] + CellActivation.options("gate", of: "the gates i, f and o", standard: .sigmoid)
    + CellActivation.options("candidate", of: "the candidate g", standard: .tanh)
    + CellActivation.options("output", of: "the cell state in the output", standard: .tanh)
    + [PreactivationClip.option, InitialState.option]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let projection = configuration.int("projection")
    let outputs = projection > 0 ? projection : n
    let uniform = Initializer.uniform(bound: 1 / Double(n).squareRoot())
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = InitialState.state("h", size: outputs, configuration, in: &b)
    let c = InitialState.state("c", size: n, configuration, in: &b)

    let functions = Functions(
      gate: CellActivation("gate", configuration, standard: .sigmoid),
      candidate: CellActivation("candidate", configuration, standard: .tanh),
      output: CellActivation("output", configuration, standard: .tanh),
      isCoupled: configuration.has("coupled") && configuration.bool("coupled"),
      clip: { PreactivationClip.applied(to: $0, configuration, in: &$1) })
    let (m, nextC) = step(cell: c, functions: functions, in: &b) { gate, peephole, b in
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

  /// The non-linearities of the equations, what clamps their arguments, and whether f is 1 - i.
  struct Functions {
    var gate = CellActivation(.sigmoid)
    var candidate = CellActivation(.tanh)
    var output = CellActivation(.tanh)
    var isCoupled = false
    var clip: (ValueID, inout GraphBuilder) -> ValueID = { v, _ in v }
  }

  /// The equations from the gates' pre-activations on; m and c'.
  ///
  /// - Parameter preactivation: the argument of a gate, `i`, `f`, `g` or `o`, which may look at a cell state.
  static func step(
    cell c: ValueID, functions: Functions = Functions(), in b: inout GraphBuilder,
    preactivation: (_ gate: String, _ peephole: ValueID?, _ b: inout GraphBuilder) -> ValueID
  ) -> (output: ValueID, cell: ValueID) {
    func gate(_ name: String, _ peephole: ValueID?, _ function: CellActivation) -> ValueID {
      let argument = functions.clip(preactivation(name, peephole, &b), &b)
      return function.applied(to: argument, in: &b, name: name)
    }
    let i = gate("i", c, functions.gate)
    let f: ValueID
    if functions.isCoupled {
      f = b.affine(i, scale: -1, offset: 1)
      b.name(f, "f")
    } else {
      f = gate("f", c, functions.gate)
    }
    let g = gate("g", nil, functions.candidate)
    let nextC = b.add(b.multiply(f, c), b.multiply(i, g))
    b.name(nextC, "c")
    let o = gate("o", nextC, functions.gate)
    return (b.multiply(o, functions.output.applied(to: nextC, in: &b, name: "tanh_c")), nextC)
  }
}
