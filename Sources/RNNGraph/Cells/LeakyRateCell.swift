/// Leaky rate unit (Murray, eLife 2019;8:e43299, equation 1).
///
///     u = W h + V x        h' = (1 - 1/tau) h + (1/tau) tanh(u)
///
/// No biases, as in the paper. W starts Gaussian with variance gain^2 / units, V uniform in [-1, 1).
package enum LeakyRateCell: CellDefinition {
  package static let name = "leaky"
  package static let summary = "leaky rate unit"
  package static let options = [
    CellOption(
      "tau", summary: "time constant in steps, at least 1", standard: .number(10),
      range: 1...1e9),
    CellOption("gain", summary: "scale of the recurrent weights at first", standard: .number(1.5)),
    CellOption("initial", summary: "the state at the start of a sequence", standard: .number(0)),
  ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let leak = 1 / configuration.number("tau")
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n, initial: configuration.number("initial"))
    let deviation = configuration.number("gain") / Double(n).squareRoot()
    let rate = b.tanh(
      b.add(
        b.product("weight_x", x, rows: n, initializer: .uniform(bound: 1)),
        b.product("weight_h", h, rows: n, initializer: .normal(deviation: deviation))),
      name: "rate")
    let next = b.add(
      b.affine(h, scale: 1 - leak, offset: 0), b.affine(rate, scale: leak, offset: 0))
    b.name(next, "h")
    b.update("h", to: next)
    return b.build(output: next)
  }
}
