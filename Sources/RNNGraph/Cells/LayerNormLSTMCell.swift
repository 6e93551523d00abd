/// Long short-term memory with layer normalization of both products and of the cell state.
///
///     (i, f, g, o) = LN(W x; w_x, b_x) + LN(U h; w_h, b_h)      over all four gates together
///     c' = sigmoid(f) * c + sigmoid(i) * tanh(g)                h' = sigmoid(o) * tanh(LN(c'; w_c, b_c))
///
/// Ba, Kiros and Hinton, "Layer normalization", 2016, equations 20 to 22; the bias of the sum is in b_x and b_h.
package enum LayerNormLSTMCell: CellDefinition {
  package static let name = "layer-norm-lstm"
  package static let summary = "long short-term memory with layer normalization"
  package static let options = [
    CellOption(
      "epsilon", summary: "what is added to the variances", standard: .number(1e-5),
      range: 1e-12...1)
  ]
  private static let gates = ["i", "f", "g", "o"]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let epsilon = configuration.number("epsilon")
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)
    let c = b.state("c", size: n)
    func scaled(_ v: ValueID, _ weight: String, _ bias: String, _ start: Double) -> ValueID {
      b.add(
        b.multiply(b.vector(weight, size: n, initializer: .constant(1)), v),
        b.vector(bias, size: n, initializer: .constant(start)))
    }
    func normalized(_ operand: ValueID, _ side: String, _ initializer: Initializer) -> [ValueID] {
      let products = gates.map {
        b.product("\($0).weight_\(side)", operand, rows: n, initializer: initializer)
      }
      let parts = LayerNormLayer.normalized(products, isCentred: true, epsilon: epsilon, in: &b)
      return zip(gates, parts).map { gate, part in
        scaled(
          part, "\(gate).norm_\(side)", "\(gate).bias_\(side)",
          gate == "f" && side == "x" ? 1 : 0)
      }
    }
    let fromInput = normalized(x, "x", .uniform(bound: 1 / Double(n).squareRoot()))
    let fromState = normalized(h, "h", .orthogonal)
    let sums = zip(fromInput, fromState).map { b.add($0, $1) }
    let i = b.sigmoid(sums[0], name: "i")
    let f = b.sigmoid(sums[1], name: "f")
    let g = b.tanh(sums[2], name: "g")
    let o = b.sigmoid(sums[3], name: "o")
    let nextC = b.add(b.multiply(f, c), b.multiply(i, g))
    b.name(nextC, "c")
    let inner = LayerNormLayer.normalized([nextC], isCentred: true, epsilon: epsilon, in: &b)[0]
    let nextH = b.multiply(o, b.tanh(scaled(inner, "c.norm", "c.bias", 0), name: "tanh_c"))
    b.name(nextH, "h")
    b.update("h", to: nextH)
    b.update("c", to: nextC)
    return b.build(output: nextH)
  }
}
