internal import RNNBilinear
internal import RNNFixedPoint
internal import RNNGraph
package import RNNSupport
internal import RNNVerilog

extension Design {
  /// Throws if the design needs more of a resource than the device has, naming every resource that binds.
  package func requireFit(in device: DeviceDescription) throws {
    let shortfalls = device.shortfalls(of: counts, stage: "compile")
    if !shortfalls.isEmpty { throw DiagnosticsEmitted(shortfalls) }
  }

  /// `counts` with the rate that the ports sustain, which takes a simulation of some dozens of frames.
  package var sustainedCounts: DesignCounts {
    var counts = counts
    counts.sustainedCyclesPerFrame = sustainedCyclesPerFrame
    return counts
  }

  /// Memories of at most this many words are made of LUTs.
  static let distributedDepth = 64

  /// What the design holds and does in a frame, by unit.
  func designCounts() -> DesignCounts {
    let T = schedule.cyclesPerFrame
    var useful = 0
    var denseEquivalent = 0
    for product in lowered.products {
      guard case .linear(let terms) = graph[product.node].op else { continue }
      let algorithm = lowered.algorithms[product.algorithm]
      for term in terms {
        let rows = graph[product.node].size
        let columns = graph[term.operand].size
        denseEquivalent += 2 * rows * columns
        let blockColumns = (columns + algorithm.inputs - 1) / algorithm.inputs
        // A dense column's blocks hold exactly the matrix; a circulant block's products are all needed.
        useful +=
          graph.matrices[term.matrix].structure.storesEveryEntry
          ? rows * columns : product.blockRows * blockColumns * algorithm.products
      }
    }
    let timing = frameTiming
    return DesignCounts(
      units: [laneUnit, weightUnit, operandUnit, transformInUnit, transformOutUnit]
        + lowered.segments.indices.map(segmentUnit) + [controlUnit, streamUnit]
        + (hasControl ? [controlPortUnit] : []),
      cyclesPerFrame: T,
      latencyCycles: timing.inputBeats - 1 + timing.latencyCycles + timing.outputBeats - 1,
      usefulMultiplicationsPerFrame: useful, denseEquivalentOperationsPerFrame: denseEquivalent,
      streams: interface.streams)
  }

  private var laneUnit: UnitCounts {
    let multipliers = lanes * lowered.productsPerLane
    return UnitCounts(
      name: "lanes", multipliers: multipliers,
      multiplierWidths: MultiplierWidths(weightWidth, operandWidth),
      multiplicationsPerFrame: schedule.feeds.count * multipliers,
      // Operand, product and sum registers are inside the multiplier block; the drain register is not, and takes
      // a multiplexer for each bit.
      registerBits: multipliers * sumWidth, lutEstimate: multipliers * sumWidth,
      scope: (0..<lanes).map { "u_lane_\($0)" })
  }

  private var weightUnit: UnitCounts {
    let depth = max(1, schedule.feeds.count)
    let memories = [
      lines(
        MemoryCounts(
          name: "weights", width: lowered.productsPerLane * weightWidth, depth: depth,
          count: lanes, kind: depth <= Self.distributedDepth ? .rom : .block,
          readsPerFrame: depth * lanes, writesPerFrame: 0))
    ]
    return UnitCounts(
      name: "weight memory", memories: memories, registerBits: wordRegisterBits(memories),
      scope: (0..<lanes).map { "u_weights_\($0)" })
  }

  /// A read-only memory as it is made, with several words a line where the pipelining says so.
  private func lines(_ memory: MemoryCounts) -> MemoryCounts {
    let interleave = schedule.timing.pipelining.interleave(depth: memory.depth)
    var memory = memory
    memory.width *= interleave
    memory.depth = (memory.depth + interleave - 1) / interleave
    return memory
  }

  private func memoryCounts(_ memory: ValueMemory, reads: Int, writes: Int) -> MemoryCounts {
    MemoryCounts(
      name: memory.name, width: memory.width, depth: memory.depth, count: 1,
      kind: memory.depth <= Self.distributedDepth ? .distributed : .block, readsPerFrame: reads,
      writesPerFrame: writes)
  }

  /// Bits of the registers behind the memories of a unit, where the pipelining has them.
  private func wordRegisterBits(_ memories: [MemoryCounts]) -> Int {
    memories.reduce(0) { $0 + (schedule.timing.pipelining.memory - 1) * $1.width * $1.count }
  }

  private var operandUnit: UnitCounts {
    var memories: [MemoryCounts] = []
    for memory in self.memories {
      guard case .operand(let value) = memory.role else { continue }
      let reads = schedule.feeds.filter {
        lowered.groups[$0.group].columns[$0.column].read.value == value
      }.count
      memories.append(memoryCounts(memory, reads: reads, writes: memory.words))
    }
    let block = blockElementWidth * lowered.wordElements
    return UnitCounts(
      name: "operand memory", memories: memories,
      registerBits: block + wordRegisterBits(memories),
      lutEstimate: block * lowered.operands.count / 2, scope: ["u_operand"])
  }

  private var transformInUnit: UnitCounts {
    var adders = 0
    var registers = 0
    for algorithm in lowered.algorithms {
      let pipeline = LinearPipeline(
        algorithm.operandProgram, stages: schedule.timing.transformIn,
        pipelining: schedule.timing.pipelining,
        widths: operandWidths(of: algorithm))
      adders += lowered.columnGroups * pipeline.adderBits
      registers += lowered.columnGroups * pipeline.registerBits
    }
    let bus = lowered.productsPerLane * operandWidth
    return UnitCounts(
      name: "transform in", registerBits: registers, adderBits: adders,
      lutEstimate: adders + bus * lowered.algorithms.count / 2, scope: ["u_transform_in"])
  }

  private var transformOutUnit: UnitCounts {
    let chains = schedule.drainChains
    let sums = lowered.productsPerSet * sumWidth
    var adders = (lowered.columnGroups - 1) * sums
    var registers = lowered.productsPerLane * sumWidth + sums * schedule.timing.groupSum
    for algorithm in lowered.algorithms {
      let pipeline = LinearPipeline(
        algorithm.resultProgram,
        stages: schedule.timing.transformOut - 1 - schedule.timing.groupSum,
        pipelining: schedule.timing.pipelining,
        widths: resultWidths(of: algorithm))
      adders += pipeline.adderBits
      registers += pipeline.registerBits
    }
    return UnitCounts(
      name: "transform out", registerBits: chains * registers, adderBits: chains * adders,
      lutEstimate: chains * (adders + sums / 2),
      scope: (0..<chains).map { "u_transform_out\($0)" })
  }

  private func segmentUnit(_ s: Int) -> UnitCounts {
    let segment = lowered.segments[s]
    let copies = options.lanes.step
    let steps = (segment.size + copies - 1) / copies
    let datapath = schedule.datapaths[s]
    var unit = UnitCounts(
      name: "element-wise \(segmentName(s))", scope: ["u_segment\(s)", "u_datapath\(s)"])
    unit.multipliers = datapath.multipliers.count * copies
    unit.multiplierWidths = MultiplierWidths(
      datapath.multipliers.map(\.widthA).max() ?? 0, datapath.multipliers.map(\.widthB).max() ?? 0)
    unit.multiplicationsPerFrame = datapath.multipliers.count * copies * steps
    for id in segment.nodes {
      graph.hardware(id)?.count(
        into: &unit, copies: copies, steps: steps, schedule.timing.pipelining)
    }
    unit.lutEstimate += unit.adderBits
    for memory in memories {
      switch memory.role {
      case .element(_, let reader) where reader == s:
        unit.memories.append(memoryCounts(memory, reads: steps, writes: memory.words))
      case .product(let node, let reader, let chain) where reader == s:
        let p = lowered.product(node)
        let written = schedule.chains[p].filter { $0 == chain }.count
        unit.memories.append(memoryCounts(memory, reads: steps, writes: written))
      default: break
      }
    }
    for case .vector(let vector) in segment.sources {
      unit.memories.append(
        MemoryCounts(
          name: graph.vectors[vector].name, width: graph.vectors[vector].format.width * copies,
          depth: steps, count: 1, kind: .rom, readsPerFrame: steps, writesPerFrame: 0))
    }
    unit.registerBits += wordRegisterBits(unit.memories)
    return unit
  }

  /// The layers whose nodes a segment holds, such as `gru0` or `gru0+gru1`.
  package func segmentName(_ s: Int) -> String {
    var layers: [String] = []
    for id in lowered.segments[s].nodes {
      let layer = String(graph[id].name.split(separator: ".").first ?? "network")
      if !layers.contains(layer) { layers.append(layer) }
    }
    let twin = lowered.segments[..<s].contains { other in
      other.nodes.contains {
        layers.contains(String(graph[$0].name.split(separator: ".").first ?? ""))
      }
    }
    return layers.joined(separator: "+") + (twin ? " \(s)" : "")
  }

  private var controlUnit: UnitCounts {
    let T = schedule.frameLength
    let slots = schedule.overlap.slots
    var unit = UnitCounts(
      name: "control",
      memories: [
        lines(
          MemoryCounts(
            name: "program", width: schedule.program.wordWidth, depth: T, count: slots,
            kind: T <= Self.distributedDepth ? .rom : .block, readsPerFrame: T, writesPerFrame: 0))
      ], registerBits: (indexWidth(T) * 2 + 8) * slots + 8,
      lutEstimate: (indexWidth(T) * 4 + 16) * slots + 16
        + (slots > 1 ? schedule.program.wordWidth * slots : 0),
      scope: (0..<slots).map { "u_program\($0)" } + ["u_core"])
    // A counter is a register, an adder and a comparison; a pulse is another comparison.
    // The control word in effect.
    unit.registerBits += schedule.program.wordWidth + wordRegisterBits(unit.memories)
    for counter in lowered.stepCounters {
      unit.registerBits += indexWidth(counter.count)
      unit.lutEstimate += 2 * indexWidth(counter.count)
    }
    for k in lowered.usedCoefficients {
      let coefficient = graph.coefficients[k]
      guard let codes = coefficient.tableCodes else {
        if coefficient.constant == nil { unit.lutEstimate += indexWidth(coefficient.count) / 4 + 1 }
        continue
      }
      unit.memories.append(
        MemoryCounts(
          name: coefficient.name, width: coefficient.format.width, depth: codes.count, count: 1,
          kind: codes.count <= Self.distributedDepth ? .rom : .block, readsPerFrame: 1,
          writesPerFrame: 0))
      unit.scope.append("u_coefficient\(k)")
    }
    return unit
  }

  private var streamUnit: UnitCounts {
    var unit = UnitCounts(
      name: "stream", registerBits: interface.input.dataBits + 24,
      lutEstimate: interface.input.dataBits + 48, scope: ["u_collect_input", "u_output"])
    for memory in memories where memory.role == .output {
      unit.memories.append(
        memoryCounts(memory, reads: memory.words, writes: memory.words))
    }
    return unit
  }
}
