/// Gated recurrent unit (Cho et al., EMNLP 2014), with the reset gate before or after the recurrent product.
///
///     z = sigmoid(W_z x + U_z h + b_z)        r = sigmoid(W_r x + U_r h + b_r)
///     before:  n = tanh(W_n x + U_n (r * h) + b_n)
///     after:   n = tanh(W_n x + b_n + r * (U_n h + c_n))          (cuDNN, PyTorch; c_n is `n.bias_h`)
///     h' = (1 - z) * n + z * h = n + z * (h - n)
package enum GRUCell: CellDefinition {
  package static let name = "gru"
  package static let summary = "gated recurrent unit"
  package static let options =
    [
      CellOption(
        "reset",
        summary:
          "where the reset gate acts: on the state before the recurrent product, or on the product",
        standard: .choice("after"), choices: ["before", "after"])
    ] + CellActivation.options("gate", of: "the gates z and r", standard: .sigmoid)
    + CellActivation.options("candidate", of: "the candidate n", standard: .tanh)
    + [PreactivationClip.option, InitialState.option]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let uniform = Initializer.uniform(bound: 1 / Double(n).squareRoot())
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = InitialState.state("h", size: n, configuration, in: &b)

    let next = step(
      state: h, resets: configuration.choice("reset") == "before" ? .state : .product,
      functions: Functions(
        gate: CellActivation("gate", configuration, standard: .sigmoid),
        candidate: CellActivation("candidate", configuration, standard: .tanh),
        clip: { PreactivationClip.applied(to: $0, configuration, in: &$1) }), in: &b
    ) { gate, b in
      b.add(
        b.product("\(gate).weight_x", x, rows: n, initializer: uniform),
        b.product("\(gate).weight_h", h, rows: n, initializer: .orthogonal),
        b.vector("\(gate).bias", size: n, initializer: .constant(0)))
    } candidateInput: { b in
      b.add(
        b.product("n.weight_x", x, rows: n, initializer: uniform),
        b.vector("n.bias", size: n, initializer: .constant(0)))
    } candidateRecurrent: { operand, b in
      let product = b.product("n.weight_h", operand, rows: n, initializer: .orthogonal)
      if configuration.choice("reset") == "before" { return product }
      return b.add(product, b.vector("n.bias_h", size: n, initializer: .constant(0)))
    }
    b.update("h", to: next)
    return b.build(output: next)
  }

  /// What the reset gate multiplies.
  enum Reset { case state, product }

  /// The non-linearities of the equations, and what clamps their arguments.
  struct Functions {
    var gate = CellActivation(.sigmoid)
    var candidate = CellActivation(.tanh)
    var clip: (ValueID, inout GraphBuilder) -> ValueID = { v, _ in v }
  }

  /// The equations from the gates' pre-activations on; h'.
  ///
  /// - Parameters:
  ///   - preactivation: the argument of the gate `z` or `r`.
  ///   - candidateInput: the input's part of the candidate's argument.
  ///   - candidateRecurrent: the recurrent part, a product with what it is given.
  static func step(
    state h: ValueID, resets: Reset, functions: Functions = Functions(), in b: inout GraphBuilder,
    preactivation: (_ gate: String, _ b: inout GraphBuilder) -> ValueID,
    candidateInput: (_ b: inout GraphBuilder) -> ValueID,
    candidateRecurrent: (_ operand: ValueID, _ b: inout GraphBuilder) -> ValueID
  ) -> ValueID {
    func gate(_ name: String) -> ValueID {
      let argument = functions.clip(preactivation(name, &b), &b)
      return functions.gate.applied(to: argument, in: &b, name: name)
    }
    let z = gate("z")
    let r = gate("r")
    let input = candidateInput(&b)
    let recurrent =
      switch resets {
      case .state: candidateRecurrent(b.multiply(r, h), &b)
      case .product: b.multiply(r, candidateRecurrent(h, &b))
      }
    let n = functions.candidate.applied(
      to: functions.clip(b.add(input, recurrent), &b), in: &b, name: "n")
    let next = b.add(n, b.multiply(z, b.subtract(h, n)))
    b.name(next, "h")
    return next
  }
}
