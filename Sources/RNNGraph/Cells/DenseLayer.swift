/// A fully connected layer without state, applied at every step: y = W x + b, or y = W x without a bias.
package enum DenseLayer: CellDefinition {
  package static let name = "dense"
  package static let summary = "fully connected layer without state"
  package static let options = [
    CellOption(
      "bias", summary: "whether a vector is added", standard: .bool(true), mayBeAbsent: true)
  ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let bound = 1 / Double(configuration.inputSize).squareRoot()
    let product = b.product(
      "weight", x, rows: configuration.units, initializer: .uniform(bound: bound))
    let y =
      configuration.bool("bias")
      ? b.add(product, b.vector("bias", size: configuration.units, initializer: .constant(0)))
      : product
    b.name(y, "y")
    return b.build(output: y)
  }
}
