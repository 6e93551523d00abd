/// A fully connected layer without state, applied at every step: y = activation(W x + b), or without b.
package enum DenseLayer: CellDefinition {
  package static let name = "dense"
  package static let summary = "fully connected layer without state"
  package static let options =
    [
      CellOption(
        "bias", summary: "whether a vector is added", standard: .bool(true), mayBeAbsent: true)
    ]
    + CellActivation.options(
      "", of: "the sum", standard: .linear, choices: CellActivation.Kind.layers)

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let bound = 1 / Double(configuration.inputSize).squareRoot()
    let product = b.product(
      "weight", x, rows: configuration.units, initializer: .uniform(bound: bound))
    let sum =
      configuration.bool("bias")
      ? b.add(product, b.vector("bias", size: configuration.units, initializer: .constant(0)))
      : product
    let activation = CellActivation("", configuration, standard: .linear)
    if activation.kind == .linear {
      b.name(sum, "y")
      return b.build(output: sum)
    }
    let y = activation.applied(to: sum, in: &b, name: "y")
    return b.build(output: y)
  }
}
