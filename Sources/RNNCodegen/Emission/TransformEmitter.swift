internal import RNNBilinear
internal import RNNVerilog

extension Design {
  /// `<name>_transform_in`: the block of each column group through B of its algorithm, onto the broadcast bus.
  func transformInModule() -> VerilogModule {
    let stages = schedule.timing.transformIn
    var m = VerilogModule(
      "\(name)_transform_in",
      doc: """
        Input transform: operands_o = B x for the \(lowered.columnGroups) blocks x from element offset_i of block_i on. \
        Latency \(stages), throughput 1. Algorithms: \(algorithmList).
        """)
    let elements = lowered.wordElements
    m.input("clk_i")
    m.input("block_i", .bits(elements * blockElementWidth))
    m.input("offset_i", .bits(indexWidth(elements)))
    m.input("algorithm_i", .bits(indexWidth(lowered.algorithms.count)))
    m.output("operands_o", .bits(lowered.productsPerLane * operandWidth))

    let algorithm = delayedAlgorithm(stages, into: &m)
    // By algorithm; the products of one column group after those of another.
    var results: [[String]] = []
    for (a, algorithm) in lowered.algorithms.enumerated() {
      m.blank()
      m.comment(algorithm.name)
      var names: [String] = []
      let inputs = lowered.columnGroups * algorithm.inputs
      let widths = operandWidths(of: algorithm)
      let width = widths.values[0]
      for i in 0..<inputs {
        // The blocks may start at any multiple of their size.
        var value: VerilogExpression?
        for start in stride(from: 0, to: elements, by: inputs).reversed() {
          let element = VerilogExpression.lane("block_i", start + i, width: blockElementWidth)
            .signed.resized(width)
          value =
            value.map {
              .mux(
                VerilogExpression.name("offset_i").isEqual(
                  to: .lit(start, width: indexWidth(elements))), element, $0)
            } ?? element
        }
        let name = "x\(a)_\(i)"
        m.wire(name, .signed(width), value ?? .signedLit(0, width: width))
        names.append(name)
      }
      let pipeline = LinearPipeline(
        algorithm.operandProgram, stages: stages, pipelining: schedule.timing.pipelining,
        widths: widths)
      results.append(
        (0..<lowered.columnGroups).flatMap { g in
          pipeline.emit(
            Array(names[g * algorithm.inputs..<(g + 1) * algorithm.inputs]), prefix: "b\(a)_\(g)",
            into: &m)
        })
    }
    m.blank()
    for g in 0..<lowered.columnGroups {
      for p in 0..<lowered.productsPerSet {
        let value = select(
          zip(lowered.algorithms, results).map { algorithm, names in
            p < algorithm.products
              ? .name(names[g * algorithm.products + p]).resized(operandWidth)
              : .signedLit(0, width: operandWidth)
          }, by: algorithm)
        m.assign(
          .lane("operands_o", g * lowered.productsPerSet + p, width: operandWidth), value.unsigned)
      }
    }
    if lowered.algorithms.allSatisfy({ lowered.columnGroups * $0.inputs == elements }) {
      m.sink("unused_offset", ["offset_i"])
    }
    return m
  }

  /// `<name>_transform_out`: the sums of one block row through C of its algorithm, divided exactly.
  func transformOutModule() -> VerilogModule {
    let groupSum = schedule.timing.groupSum
    let stages = schedule.timing.transformOut - 1 - groupSum
    let outputs = lowered.algorithms.map(\.outputs).max() ?? 1
    var m = VerilogModule(
      "\(name)_transform_out",
      doc: """
        Output transform: outputs_o = C s for the sums s of one block row; the division of an exact algorithm \
        drops zero bits only. Latency \(schedule.timing.transformOut), throughput 1. Algorithms: \(algorithmList).
        """)
    m.input("clk_i")
    m.input("valid_i")
    m.input("algorithm_i", .bits(indexWidth(lowered.algorithms.count)))
    m.input("sums_i", .bits(lowered.productsPerLane * sumWidth))
    m.output("outputs_o", .bits(outputs * sumWidth))

    let algorithm = delayedAlgorithm(schedule.timing.transformOut, into: &m)
    m.declare("sums_q", .bits(lowered.productsPerLane * sumWidth))
    m.always([.ifElse("valid_i", [.set("sums_q", "sums_i")])])
    let parts = (0..<lowered.productsPerLane).map { "sum_\($0)" }
    for (p, name) in parts.enumerated() {
      m.wire(name, .signed(sumWidth), .lane("sums_q", p, width: sumWidth).signed)
    }
    var names = parts
    if groupSum > 0 {
      m.blank()
      m.comment("The sums of the column groups.")
      names = (0..<lowered.productsPerSet).map { p in
        let leaves = stride(from: p, to: parts.count, by: lowered.productsPerSet).map {
          SumTree.Leaf(name: parts[$0], width: sumWidth)
        }
        return SumTree(
          prefix: "group_\(p)", width: sumWidth, stages: groupSum,
          pipelining: schedule.timing.pipelining
        ).emit(leaves, into: &m)
      }
    }
    // A shifted sum loses its top bits: sums are kept modulo 2^width.
    m.sink("unused_sums", names.map { .name($0) })
    var results: [[VerilogExpression]] = []
    for (a, algorithm) in lowered.algorithms.enumerated() {
      m.blank()
      m.comment(algorithm.name)
      let pipeline = LinearPipeline(
        algorithm.resultProgram, stages: stages, pipelining: schedule.timing.pipelining,
        widths: resultWidths(of: algorithm))
      results.append(
        pipeline.emit(Array(names.prefix(algorithm.products)), prefix: "c\(a)", into: &m)
          .map { .name($0).resized(sumWidth) })
    }
    m.blank()
    for i in 0..<outputs {
      let value = select(
        results.map { i < $0.count ? $0[i] : .signedLit(0, width: sumWidth) }, by: algorithm)
      m.assign(.lane("outputs_o", i, width: sumWidth), value.unsigned)
    }
    return m
  }

  private var algorithmList: String {
    lowered.algorithms.enumerated().map { "\($0.offset) = \($0.element.name)" }
      .joined(separator: ", ")
  }

  /// The algorithm's index delayed along with the data; nil with only one algorithm.
  private func delayedAlgorithm(_ cycles: Int, into m: inout VerilogModule) -> String? {
    guard lowered.algorithms.count > 1 else {
      m.sink("unused_algorithm", ["algorithm_i"])
      return nil
    }
    let width = indexWidth(lowered.algorithms.count)
    m.declare("algorithm_q", .bits(width))
    m.instance(
      "rnnc_delay", "u_algorithm", parameters: ["Width": .int(width), "Depth": .int(cycles)],
      [
        .input("clk_i", "clk_i"), .input("data_i", "algorithm_i"),
        .output("data_o", "algorithm_q"),
      ])
    return "algorithm_q"
  }

  private func select(_ values: [VerilogExpression], by algorithm: String?) -> VerilogExpression {
    guard let algorithm, var result = values.last else { return values[0] }
    let width = indexWidth(lowered.algorithms.count)
    for (a, value) in values.enumerated().dropLast().reversed() {
      result = .mux(
        VerilogExpression.name(algorithm).isEqual(to: .lit(a, width: width)), value, result)
    }
    return result
  }
}
