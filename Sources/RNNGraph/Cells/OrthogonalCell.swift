internal import RNNFixedPoint

/// Recurrent network with an orthogonal matrix and modReLU (DTRIV), with or without momentum on the input.
///
/// Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds", NeurIPS 2019; momentum as in
/// Nguyen et al., MomentumRNN, NeurIPS 2020.
///
///     z = v' + B h        h' = sign(z) relu(|z| + b)
///
/// v' is W x without momentum and as in `InputMomentum` with it; no other biases. Training keeps B orthogonal
/// (`Manifold.orthogonal`); a trained B is an ordinary matrix. sign(z) relu(|z| + b) is written as relu(z + b) where
/// z > 0 less relu(b - z) where z < 0.
package enum OrthogonalCell: CellDefinition {
  package static let name = "orthogonal"
  package static let summary = "orthogonal recurrence with modReLU (DTRIV)"
  package static let options =
    [
      CellOption(
        "rebase",
        summary: "updates from one change of the base point to the next; 0 for the identity",
        standard: .int(1)),
      CellOption(
        "angles", summary: "how the rotations of B start",
        standard: .choice(Initializer.RotationAngles.cayley.rawValue),
        choices: Initializer.RotationAngles.allCases.map(\.rawValue)),
    ] + InputMomentum.options(standard: .none)

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    guard let angles = Initializer.RotationAngles(rawValue: configuration.choice("angles")) else {
      preconditionFailure("CellRegistry admits only the declared choices")
    }
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)
    let q = b.product(
      "weight_x", x, rows: n,
      initializer: .normal(deviation: (2 / Double(configuration.inputSize)).squareRoot()))
    let recurrent = b.matrix(
      "weight_h", rows: n, columns: n, initializer: .rotations(angles),
      manifold: .orthogonal(rebase: configuration.int("rebase")))
    let z = b.add(
      InputMomentum(configuration: configuration).applied(to: q, size: n, in: &b),
      b.matvec(recurrent, h))
    b.name(z, "z")
    let bias = b.vector("bias", size: n, initializer: .uniform(bound: 0.01))
    let positive = b.gate(b.activation(.relu, b.add(z, bias)), by: z)
    let negative = b.gate(
      b.activation(.relu, b.subtract(bias, z)), by: b.affine(z, scale: -1, offset: 0))
    let next = b.subtract(positive, negative)
    b.name(next, "h")
    b.update("h", to: next)
    return b.build(output: next)
  }
}
