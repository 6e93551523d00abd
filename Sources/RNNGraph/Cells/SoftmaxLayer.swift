internal import RNNFixedPoint

/// Softmax over the elements of a step, a layer without state: y = exp(x - max(x)) / sum(exp(x - max(x))).
///
/// The greatest exponential is 1, so the sum s is at least 1 and 1 / s = 1 / (1 + (s - 1)) has no pole in its range.
package enum SoftmaxLayer: CellDefinition {
  package static let name = "softmax"
  package static let summary = "softmax over the elements of a step, without state"
  package static let keepsSize = true
  package static let options: [CellOption] = []

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.inputSize
    var b = GraphBuilder(inputSize: n)
    let x = b.input()
    let below = b.subtract(x, b.broadcast(b.reduce(.maximum, x, name: "max"), size: n))
    let e = b.activation(.exp, below, name: "exp")
    let others = b.affine(b.reduce(.sum, e, name: "sum"), scale: 1, offset: -1)
    let factor = b.activation(.reciprocalOfOnePlus, others, name: "factor")
    let y = b.multiply(e, b.broadcast(factor, size: n))
    b.name(y, "y")
    return b.build(output: y)
  }
}
