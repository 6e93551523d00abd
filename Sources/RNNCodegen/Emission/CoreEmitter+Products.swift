internal import RNNBilinear
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// The matrix-vector part: operand memories, broadcast bus, lanes, output transform.
extension CoreEmitter {
  /// Operand memories with their writers, and the register of the block to broadcast.
  mutating func emitOperands() {
    m.blank()
    m.comment("Operand memories: what the matrix products read, one block a cycle.")
    let select = indexWidth(lowered.operands.count)
    let elements = lowered.wordElements
    var blocks: [VerilogExpression] = []
    for (k, value) in lowered.operands.enumerated() {
      let memory = design.memories.first { $0.role == .operand(value) }
      guard let memory else { continue }
      let collect = "collect_operand\(k)"
      let bank: VerilogExpression
      if design.graph[value].op == .input {
        bank = "collect_bank_q"
        collector(
          collect, elementWidth: memory.elementWidth,
          elements: interface.input.elementsPerBeat, wordElements: elements, valid: "s_accept",
          last: "input_at_end", data: "input_elements")
      } else {
        guard let s = lowered.segmentOf[value] else { continue }
        bank = flagTap(
          lowered.isState(value) ? .state : .bank, s,
          after: schedule.datapaths[s].latency(value) + 1)
        self.collect(value, segment: s, as: collect, wordElements: elements)
      }
      wrappingCounter("operand\(k)_word_q", count: memory.words, enable: .name("\(collect)_valid"))
      let readBank: VerilogExpression
      if design.graph[value].op == .input {
        readBank = frameFlag(.input, at: "operand_read")
      } else {
        // A value of the step before lies in the other bank.
        let flag: FrameFlag = lowered.isState(value) ? .state : .bank
        readBank =
          frameFlag(flag, at: "operand_read") ^ control("operand_previous").resized(bits(of: flag))
      }
      let width = program.field("operand_address").width
      let address: VerilogExpression =
        memory.addressWidth < width
        ? .slice("ctl_operand_address", memory.addressWidth - 1, 0) : "ctl_operand_address"
      self.memory(
        "operand\(k)", width: memory.width, depth: memory.depth,
        latency: pipelining.memory,
        write: .name("\(collect)_valid"),
        writeAddress: banked(bank, .name("operand\(k)_word_q")),
        writeData: .name("\(collect)_word"),
        read: control("operand_read")
          && control("operand_select").isEqual(to: .lit(k, width: select)),
        readAddress: banked(readBank, address), values: memory)
      // Elements extended to the width of the widest operand.
      let widened = (0..<elements).reversed().map { e -> VerilogExpression in
        let element = VerilogExpression.lane("operand\(k)_data", e, width: memory.elementWidth)
        return memory.elementWidth == design.blockElementWidth
          ? element : element.signed.resized(design.blockElementWidth).unsigned
      }
      blocks.append(.concat(widened))
    }
    let width = elements * design.blockElementWidth
    let initial = initialOperandBlock(width)
    m.declare("block_q", .bits(width))
    var block = blocks.last ?? .zeros(width)
    for (k, value) in blocks.enumerated().dropLast().reversed() {
      block = .mux(control("block_select").isEqual(to: .lit(k, width: select)), value, block)
    }
    if blocks.count == 1 { m.sink("unused_block_select", ["ctl_block_select"]) }
    if lowered.operands.allSatisfy({ design.graph[$0].op == .input }) {
      m.sink("unused_operand_previous", ["ctl_operand_previous"])
    }
    m.always([
      .ifElse(
        control("block_load"),
        [
          .ifElse(
            control("block_previous") && frameFlag(.first, at: "block_load"),
            [.set("block_q", initial)],
            [.set("block_q", block)])
        ])
    ])
  }

  /// What a block of a state holds in the first frame: the initial block that the program names.
  private mutating func initialOperandBlock(_ width: Int) -> VerilogExpression {
    let blocks = lowered.initialBlocks
    guard blocks.count > 1 else {
      m.comment("A state reads as zero in the first frame of a sequence.")
      return .zeros(width)
    }
    m.comment("A state reads as its initial codes in the first frame of a sequence.")
    let select = indexWidth(blocks.count)
    let words = blocks.map { block in
      VerilogExpression.concat(
        (0..<lowered.wordElements).reversed().map { e in
          .signedLit(e < block.elements ? block.code : 0, width: design.blockElementWidth).unsigned
        })
    }
    var result = words[0]
    for (k, word) in words.enumerated().dropFirst() {
      result = .mux(control("block_initial").isEqual(to: .lit(k, width: select)), word, result)
    }
    return result
  }

  /// Input transform, weight memories and lanes, with their drain chain.
  mutating func emitLanes() {
    m.blank()
    m.comment("Lanes: one block row each; all see the same transformed operand block.")
    let bus = lowered.productsPerLane * design.operandWidth
    m.declare("bus", .bits(bus))
    m.instance(
      "\(design.name)_transform_in", "u_transform_in",
      [
        .input("clk_i", "clk_i"), .input("block_i", "block_q"),
        .input("offset_i", control("in_offset")),
        .input("algorithm_i", control("in_algorithm")), .output("operands_o", "bus"),
      ])
    let depth = schedule.feeds.count
    let sums = lowered.productsPerLane * design.sumWidth
    let chains = schedule.drainChains
    for lane in 0..<design.lanes {
      rom(
        "weights_\(lane)", file: "weights_\(lane).mem",
        width: lowered.productsPerLane * design.weightWidth, depth: depth,
        latency: pipelining.memory, interleave: pipelining.interleave(depth: depth),
        isBlock: depth > Design.distributedDepth,
        enable: control("weight_read"), address: control("weight_address"))
    }
    for lane in 0..<design.lanes { m.declare("drain_\(lane)", .bits(sums)) }
    for lane in 0..<design.lanes {
      m.instance(
        "rnnc_lane", "u_lane_\(lane)",
        parameters: [
          "Products": .int(lowered.productsPerLane), "WeightWidth": .int(design.weightWidth),
          "OperandWidth": .int(design.operandWidth), "SumWidth": .int(design.sumWidth),
        ],
        [
          .input("clk_i", "clk_i"), .input("valid_i", control("lane_valid")),
          .input("first_i", control("lane_first")),
          .input("weights_i", .name("weights_\(lane)_data")), .input("operands_i", "bus"),
          .input("drain_load_i", control("drain_load")),
          .input("drain_shift_i", control("drain_shift")),
          .input(
            "drain_i",
            lane + chains < design.lanes ? .name("drain_\(lane + chains)") : .zeros(sums)),
          .output("drain_o", .whole("drain_\(lane)")),
        ])
    }
  }

  /// The output transforms, one a drain chain; results go to the product memories of the segments that read them.
  mutating func emitProducts() {
    m.blank()
    m.comment("Output transform, shared by all lanes of a drain chain.")
    let outputs = lowered.algorithms.map(\.outputs).max() ?? 1
    for chain in 0..<schedule.drainChains {
      let results = "results\(chain)"
      m.declare(results, .bits(outputs * design.sumWidth))
      m.instance(
        "\(design.name)_transform_out", "u_transform_out\(chain)",
        [
          .input("clk_i", "clk_i"), .input("valid_i", control("out_valid")),
          .input("algorithm_i", control("out_algorithm")),
          .input("sums_i", .name("drain_\(chain)")), .output("outputs_o", .whole(results)),
        ])
      // Products differ in rows and widths; bits above a product's width are copies of its sign.
      m.sink("unused_\(results)", [.name(results)])
      if !schedule.chains.contains(where: { $0.contains(chain) }) {
        m.sink(
          "unused_product\(chain)",
          ["write", "select", "address"].map { .name("ctl_product\(chain)_\($0)") })
      }
    }
  }
}
