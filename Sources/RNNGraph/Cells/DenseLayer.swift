/// A fully connected layer without state, applied at every step: y = W x + b.
package enum DenseLayer: CellDefinition {
  package static let name = "dense"
  package static let summary = "fully connected layer without state"
  package static let options: [CellOption] = []

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let bound = 1 / Double(configuration.inputSize).squareRoot()
    let y = b.add(
      b.product("weight", x, rows: configuration.units, initializer: .uniform(bound: bound)),
      b.vector("bias", size: configuration.units, initializer: .constant(0)))
    b.name(y, "y")
    return b.build(output: y)
  }
}
