/// Leaky rate units that chain learnt movements ("syllables") by a loop of their own (Murray, eLife 2019;8:e43299, figure 4).
///
///     a = u, or x where x has a positive element                 the active syllable, one-hot
///     k = h + s (initial - h)                                    s = 1 in the first step of a syllable, else 0
///     h' = (1 - 1/tau) k + (1/tau) tanh(W k + V a)
///     u' = a + e (onehot(argmax Ws h') - a)                      e = 1 in the last step of a syllable, else 0
///
/// The input x has one element per syllable. One of them at 1 in the first step starts the sequence; zeros let
/// the loop run; a positive one later overrides the loop. The output is h'. `reset` leaves out k = h + ... .
///
/// The greatest z = Ws h' is found by comparisons: b_ij = [z_j > z_i] for i < j, unit i wins
/// (b_ji summed over j < i) + (1 - b_ij summed over j > i) times, and the one with n - 1 wins is active next. Ties
/// go to the lower index, exactly, in every arithmetic. No derivative passes through the loop.
package enum SyllableLoopCell: CellDefinition {
  package static let name = "syllable-loop"
  package static let summary =
    "leaky rate units that choose their own next input at every syllable's end"
  package static let options =
    LeakyRateCell.options + [
      CellOption("period", summary: "steps of a syllable", standard: .int(200), range: 1...1e6),
      CellOption(
        "reset", summary: "whether a syllable starts from the initial state", standard: .bool(true)),
    ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let syllables = configuration.inputSize
    let leak = 1 / configuration.number("tau")
    let initial = configuration.number("initial")
    let period = configuration.int("period")
    var b = GraphBuilder(inputSize: syllables)
    let x = b.input()
    let h = b.state("h", size: n, initial: initial)
    let u = b.state("u", size: syllables)

    let given = b.matvec(
      fixed("any.weight", rows: syllables, columns: syllables, in: &b) { _, _ in 1 }, x)
    let active = b.add(u, b.gate(b.subtract(x, u), by: given))
    b.name(active, "active")
    var before = h
    if configuration.bool("reset") {
      let start = b.coefficient(.pulse(period: period, at: 0), size: n)
      before = b.add(h, b.multiply(start, b.affine(h, scale: -1, offset: initial)))
      b.name(before, "onset")
    }
    let deviation = configuration.number("gain") / Double(n).squareRoot()
    let rate = b.tanh(
      b.add(
        b.product("weight_x", active, rows: n, initializer: .uniform(bound: 1)),
        b.product("weight_h", before, rows: n, initializer: .normal(deviation: deviation))),
      name: "rate")
    let next = b.add(
      b.affine(before, scale: 1 - leak, offset: 0), b.affine(rate, scale: leak, offset: 0))
    b.name(next, "h")
    b.update("h", to: next)

    let select = b.matrix(
      "select.weight", rows: syllables, columns: n,
      initializer: .uniform(bound: 1 / Double(n).squareRoot()), isTrainable: false)
    let z = b.matvec(select, next)
    b.name(z, "z")
    let chosen = greatest(z, syllables, in: &b)
    let end = b.coefficient(.pulse(period: period, at: period - 1), size: syllables)
    let following = b.add(active, b.multiply(end, b.subtract(chosen, active)))
    b.name(following, "u")
    b.update("u", to: following)
    return b.build(output: next)
  }

  private static func fixed(
    _ name: String, rows: Int, columns: Int, in b: inout GraphBuilder,
    _ value: (Int, Int) -> Double
  ) -> ParameterID {
    let values = (0..<rows).flatMap { r in (0..<columns).map { value(r, $0) } }
    return b.matrix(
      name, rows: rows, columns: columns, initializer: .values(values), isTrainable: false)
  }

  /// 1 at the first of the greatest elements, 0 elsewhere.
  private static func greatest(_ z: ValueID, _ n: Int, in b: inout GraphBuilder) -> ValueID {
    func ones(_ size: Int) -> ValueID { b.coefficient(.pulse(period: 1, at: 0), size: size) }
    let pairs = (0..<n).flatMap { i in (i + 1..<max(n, i + 1)).map { (i: i, j: $0) } }
    // One element is always the greatest.
    if pairs.isEmpty { return ones(n) }
    let compare = fixed("compare.weight", rows: pairs.count, columns: n, in: &b) { r, c in
      c == pairs[r].j ? 1 : c == pairs[r].i ? -1 : 0
    }
    let bits = b.gate(ones(pairs.count), by: b.matvec(compare, z))
    b.name(bits, "later_is_greater")
    let count = fixed("count.weight", rows: n, columns: pairs.count, in: &b) { r, c in
      r == pairs[c].j ? 1 : r == pairs[c].i ? -1 : 0
    }
    let offsets = b.vector(
      "count.offset", size: n, initializer: .values((0..<n).map { Double(n - 1 - $0) }),
      isTrainable: false)
    let wins = b.add(b.matvec(count, bits), offsets)
    b.name(wins, "wins")
    let onehot = b.gate(ones(n), by: b.affine(wins, scale: 1, offset: 1.5 - Double(n)))
    b.name(onehot, "chosen")
    return onehot
  }
}
