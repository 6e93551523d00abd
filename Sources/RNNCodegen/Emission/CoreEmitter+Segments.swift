internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// The element-wise part: source memories, datapaths, and where their values go.
extension CoreEmitter {
  /// An instance of the delay line.
  private mutating func delay(_ name: String, to result: String, width: Int, cycles: Int) {
    m.instance(
      "rnnc_delay", "u_\(result)", parameters: ["Width": .int(width), "Depth": .int(cycles)],
      [
        .input("clk_i", "clk_i"), .input("data_i", .name(name)), .output("data_o", .whole(result)),
      ])
  }

  /// The step counter of a segment, the chain of valid bits along its pipeline, and the signals of its values.
  mutating func emitSegmentControl(_ s: Int) {
    let datapath = schedule.datapaths[s]
    let count = stepCount(s)
    let width = indexWidth(count)
    m.blank()
    m.comment("Segment \(s): \(count) steps of \(steps), \(datapath.depth) cycles deep.")
    let running = "segment\(s)_run_q"
    let counter = "segment\(s)_count_q"
    m.declare(running)
    m.declare(counter, .bits(width))
    let start = control("segment\(s)_start")
    let read = "segment\(s)_read"
    m.wire(read, .bit, start || .name(running))
    m.wire("segment\(s)_step", .bits(width), .mux(start, .lit(0, width: width), .name(counter)))
    registerWithReset(
      [(running, .zero), (counter, .lit(0, width: width))],
      [
        .ifElse(
          .name(read),
          [
            .set(.whole(counter), "segment\(s)_step".e + .lit(1, width: width)),
            .set(
              .whole(running),
              "segment\(s)_step".e.isNotEqual(to: .lit(count - 1, width: width))),
          ])
      ])
    emitSegmentFlags(s, start: start, read: read)
    // valid[k] and index at k cycles after the read.
    m.declare("segment\(s)_valid_q", .bits(datapath.depth))
    registerWithReset(
      [("segment\(s)_valid_q", .zeros(datapath.depth))],
      [
        .set(
          .whole("segment\(s)_valid_q"),
          .concat([.slice("segment\(s)_valid_q", datapath.depth - 2, 0), .name(read)]))
      ])
    var latest = ("segment\(s)_step", 0)
    for cycle in tapCycles(s) {
      let name = "segment\(s)_step_d\(cycle)"
      m.declare(name, .bits(width))
      delay(latest.0, to: name, width: width, cycles: cycle - latest.1)
      latest = (name, cycle)
    }
    if tapCycles(s).last != datapath.depth {
      m.sink("unused_segment\(s)_valid", [.bit("segment\(s)_valid_q", datapath.depth - 1)])
    }
    let words = DatapathEmitter.words(s, of: design)
    for id in DatapathEmitter.exported(s, of: design) {
      for copy in 0..<steps {
        m.declare("n\(id.index)_\(copy)", .signed(design.graph[id].format.width))
      }
      if !words.contains(id) { continue }
      m.wire(
        "n\(id.index)_step", .bits(design.graph[id].format.width * steps),
        .concat(
          (0..<steps).reversed().map { VerilogExpression.name("n\(id.index)_\($0)").unsigned }))
    }
  }

  /// The sources and the datapath copies of a segment, and its probes.
  mutating func emitSegment(_ s: Int) {
    let segment = lowered.segments[s]
    let datapath = schedule.datapaths[s]
    m.blank()
    m.comment("Segment \(s): \(design.segmentName(s)).")
    for (k, source) in segment.sources.enumerated() { emitSource(s, k, source) }
    for copy in 0..<steps {
      var connections: [VerilogInstance.Connection] = [.input("clk_i", "clk_i")]
      for (k, source) in segment.sources.enumerated() {
        let width = DatapathEmitter.format(of: source, in: design.graph).width
        let input = "segment\(s)_in\(k)_\(copy)"
        m.wire(
          input, .signed(width), .lane("segment\(s)_source\(k)_q", copy, width: width).signed)
        connections.append(.input("source\(k)_i", .name(input)))
      }
      for id in DatapathEmitter.exported(s, of: design) {
        connections.append(
          .output(DatapathEmitter.port(id), .whole("n\(id.index)_\(copy)")))
      }
      m.instance(
        "\(design.name)_datapath\(s)", "u_datapath\(s)_\(copy)", connections)
    }
    for id in segment.nodes {
      if let reduction = design.graph.hardware(id) as? ReductionHardware {
        emitReduction(reduction, segment: s)
      }
    }
    for (k, probe) in design.probes.enumerated() where probe.segment == s {
      let latency = datapath.latency(probe.node)
      if design.graph[probe.node].op.isReduction {
        m.assign(.whole("probe_\(k)_valid_o"), .name("n\(probe.node.index)_valid"))
        m.assign(.whole("probe_\(k)_index_o"), .lit(0, width: indexWidth(probe.steps)))
      } else {
        m.assign(.whole("probe_\(k)_valid_o"), valid(s, at: latency))
        m.assign(.whole("probe_\(k)_index_o"), .name("segment\(s)_step_d\(latency)"))
      }
      m.assign(.whole("probe_\(k)_data_o"), value(probe.node))
    }
  }

  // MARK: - Flags of the frame that a segment works on

  /// A flag of the frame whose step was read so many cycles ago.
  func flagTap(_ flag: FrameFlag, _ s: Int, after cycles: Int) -> VerilogExpression {
    .name("segment\(s)_\(name(of: flag))_d\(cycles)")
  }
  /// Whether the step whose word a memory gives now belongs to the first frame of a sequence.
  private func firstTap(_ s: Int) -> VerilogExpression {
    flagTap(.first, s, after: pipelining.memory)
  }

  /// The flags by which a segment addresses memories, each with the cycles after a read at which a memory takes a value
  /// of the segment, of whatever frame it is.
  private func addressFlags(_ s: Int) -> [(flag: FrameFlag, taps: [Int])] {
    var taps: [FrameFlag: Set<Int>] = [:]
    // With one stream both are the same signal.
    func flag(isState: Bool) -> FrameFlag { isState && streams > 1 ? .state : .bank }
    for case .stored(let read) in lowered.segments[s].sources {
      taps[sourceFlag(read), default: []] = []
    }
    if schedule.overlap.bankedSums.contains(where: { $0.segment == s }) { taps[.bank] = [] }
    for memory in design.memories {
      switch memory.role {
      case .element(let read, _) where lowered.segmentOf[read.value] == s:
        taps[flag(isState: read.previous), default: []].insert(
          schedule.datapaths[s].latency(read.value))
      case .operand(let value) where lowered.segmentOf[value] == s:
        taps[flag(isState: lowered.isState(value)), default: []].insert(
          schedule.datapaths[s].latency(value) + 1)
      default: continue
      }
    }
    return [FrameFlag.bank, .input, .state].compactMap { flag in
      taps[flag].map { (flag, $0.sorted()) }
    }
  }

  /// The flag by which a segment addresses what it reads; of those that are the same signal, always the same one.
  private func sourceFlag(_ read: StoredRead) -> FrameFlag {
    let flag: FrameFlag =
      read.previous ? .state : design.graph[read.value].op == .input ? .input : .bank
    return name(of: flag) == flag.rawValue ? flag : .bank
  }

  /// Bank, stream and first flag travel with the steps: the next frame's steps may follow at once.
  private mutating func emitSegmentFlags(
    _ s: Int, start: VerilogExpression, read: String
  ) {
    func held(_ flag: FrameFlag) -> String {
      let name = "segment\(s)_\(flag.rawValue)"
      let type = VerilogType.bits(bits(of: flag))
      m.declare("\(name)_q", type)
      m.wire(
        name, type, .mux(start, frameFlag(flag, at: "segment\(s)_start"), .name("\(name)_q")))
      m.always([.ifElse(.name(read), [.set(.whole("\(name)_q"), .name(name))])])
      return name
    }
    for (flag, taps) in addressFlags(s) {
      var latest = (held(flag), 0)
      for cycle in taps {
        let name = "segment\(s)_\(flag.rawValue)_d\(cycle)"
        m.declare(name, .bits(bits(of: flag)))
        delay(latest.0, to: name, width: bits(of: flag), cycles: cycle - latest.1)
        latest = (name, cycle)
      }
    }
    let readsPrevious = lowered.segments[s].sources.contains {
      if case .stored(let read) = $0 { read.previous } else { false }
    }
    if readsPrevious {
      let name = "segment\(s)_first_d\(pipelining.memory)"
      m.declare(name)
      delay(held(.first), to: name, width: 1, cycles: pipelining.memory)
    }
  }

  func stepCount(_ s: Int) -> Int {
    (lowered.segments[s].size + steps - 1) / steps
  }

  /// The cycles after a read at which some value leaves the datapath.
  func tapCycles(_ s: Int) -> [Int] {
    let datapath = schedule.datapaths[s]
    // A reduction knows its first step behind its tree, and its last one when the result is ready.
    let reductions = lowered.segments[s].nodes.filter { design.graph[$0].op.isReduction }
    return Set(
      DatapathEmitter.exported(s, of: design).map(datapath.latency)
        + reductions.flatMap { [datapath.latency($0) - 1, datapath.latency($0)] }
    ).sorted()
  }

  func valid(_ s: Int, at cycle: Int) -> VerilogExpression {
    .bit("segment\(s)_valid_q", cycle - 1)
  }

  /// A datapath value of all copies, element 0 lowest.
  private func value(_ id: ValueID) -> VerilogExpression {
    .name("n\(id.index)_step")
  }

  /// Packs a datapath value into words; elements beyond the vector's end become zero.
  mutating func collect(
    _ id: ValueID, segment s: Int, as name: String, wordElements: Int
  ) {
    let latency = schedule.datapaths[s].latency(id)
    let count = stepCount(s)
    let width = design.graph[id].format.width
    m.wire(
      "\(name)_last", .bit,
      "segment\(s)_step_d\(latency)".e.isEqual(to: .lit(count - 1, width: indexWidth(count))))
    let data = padded(
      value(id), elementWidth: width, elements: steps,
      used: lowered.segments[s].size - (count - 1) * steps, when: .name("\(name)_last"))
    collector(
      name, elementWidth: width, elements: steps, wordElements: wordElements,
      valid: valid(s, at: latency), last: .name("\(name)_last"), data: data)
  }

  /// One source of a segment: memory, element select, register.
  private mutating func emitSource(_ s: Int, _ k: Int, _ source: SegmentSource) {
    let count = stepCount(s)
    let step = "segment\(s)_step".e
    let read = "segment\(s)_read".e
    let name = "segment\(s)_source\(k)"
    let format = DatapathEmitter.format(of: source, in: design.graph)
    let width = format.width * steps
    m.declare("\(name)_q", .bits(width))
    var next: VerilogExpression
    switch source {
    case .vector(let vector):
      rom(
        name, file: "vector_\(vector).mem", width: width, depth: count,
        latency: pipelining.memory, enable: read, address: step)
      next = .name("\(name)_data")
    case .stored(let stored):
      emitElementMemory(name, stored, reader: s, read: read, step: step)
      next = .name("\(name)_data")
      if lowered.isSingle(stored, segment: s) {
        next = .concat(Array(repeating: next, count: steps))
      }
      if stored.previous {
        next =
          stored.initial == 0
          ? next & .replication(width, !firstTap(s))
          : .mux(
            firstTap(s),
            .concat(
              Array(
                repeating: .signedLit(stored.initial, width: format.width).unsigned, count: steps)),
            next)
      }
    case .coefficient(let k):
      next = .concat(Array(repeating: .name("coefficient\(k)"), count: steps))
    case .product(let node):
      next = emitProductMemory(name, node, reader: s, read: read, step: step)
    }
    m.always([.ifElse(valid(s, at: pipelining.memory), [.set(.whole("\(name)_q"), next)])])
  }

  /// A memory of steps, written by the segment that computes the value or by the input stream.
  private mutating func emitElementMemory(
    _ name: String, _ stored: StoredRead, reader s: Int, read: VerilogExpression,
    step: VerilogExpression
  ) {
    guard
      let memory = design.memories.first(where: { $0.role == .element(stored, segment: s) })
    else { preconditionFailure("segment \(s) reads \(stored) from no memory") }
    let flag = sourceFlag(stored)
    let current = VerilogExpression.name("segment\(s)_\(flag.rawValue)")
    let bank = stored.previous ? otherBank(current, flag) : current
    if design.graph[stored.value].op == .input {
      collector(
        "\(name)_collect", elementWidth: memory.elementWidth,
        elements: interface.input.elementsPerBeat, wordElements: steps, valid: "s_accept",
        last: "input_at_end", data: "input_elements")
      wrappingCounter(
        "\(name)_word_q", count: memory.words, enable: .name("\(name)_collect_valid"))
      self.memory(
        name, width: memory.width, depth: memory.depth, latency: pipelining.memory,
        write: .name("\(name)_collect_valid"),
        writeAddress: banked("collect_bank_q", .name("\(name)_word_q")),
        writeData: .name("\(name)_collect_word"), read: read, readAddress: banked(bank, step))
      return
    }
    guard let writer = lowered.segmentOf[stored.value] else {
      preconditionFailure("no segment computes \(stored)")
    }
    let latency = schedule.datapaths[writer].latency(stored.value)
    let isReduction = design.graph[stored.value].op.isReduction
    let isSingle = lowered.isSingle(stored, segment: s)
    let word = VerilogExpression.lit(0, width: memory.addressWidth)
    self.memory(
      name, width: memory.width, depth: memory.depth, latency: pipelining.memory,
      write: isReduction ? .name("n\(stored.value.index)_valid") : valid(writer, at: latency),
      writeAddress: banked(
        flagTap(flag, writer, after: latency),
        isSingle ? word : .name("segment\(writer)_step_d\(latency)")),
      writeData: isSingle && !isReduction && steps > 1
        ? .slice("n\(stored.value.index)_step", memory.width - 1, 0) : value(stored.value),
      read: read, readAddress: banked(bank, isSingle ? word : step), values: memory)
  }

  /// A memory of block rows of sums; gives the elements of the step that was read one cycle ago.
  private mutating func emitProductMemory(
    _ name: String, _ node: ValueID, reader s: Int, read: VerilogExpression,
    step: VerilogExpression
  ) -> VerilogExpression {
    let index = lowered.product(node)
    let banks = design.memories.compactMap { memory -> (chain: Int, memory: ValueMemory)? in
      guard case .product(node, segment: s, let chain) = memory.role else { return nil }
      return (chain, memory)
    }
    guard let memory = banks.first?.memory else {
      preconditionFailure("segment \(s) reads \(design.graph[node].name) from no memory")
    }
    let outputs = memory.elementsPerWord
    let width = memory.elementWidth
    let address = memory.addressWidth
    let stepWidth = indexWidth(stepCount(s))
    let stepsPerWord = outputs / steps
    var offsetBits = 0
    while 1 << offsetBits < stepsPerWord { offsetBits += 1 }

    // Step = {word, offset}; a vector of one word has no word bits.
    let readAddress: VerilogExpression
    if stepWidth > offsetBits {
      let word = VerilogExpression.slice("segment\(s)_step", stepWidth - 1, offsetBits)
      readAddress = word.resized(address)
    } else {
      readAddress = .lit(0, width: address)
    }
    let isBanked = memory.banks > 1
    for (chain, memory) in banks {
      let select = control("product\(chain)_select").isEqual(
        to: .lit(index, width: indexWidth(lowered.products.count)))
      let field = "ctl_product\(chain)_address"
      let writeAddress: VerilogExpression =
        address < program.field("product\(chain)_address").width
        ? .slice(field, address - 1, 0) : .name(field)
      self.memory(
        memory.name, width: memory.width, depth: memory.depth, latency: pipelining.memory,
        write: control("product\(chain)_write") && select,
        writeAddress: isBanked
          ? banked(frameFlag(.bank, at: "product\(chain)_write"), writeAddress) : writeAddress,
        writeData: .concat(
          (0..<outputs).reversed().map {
            .slice("results\(chain)", $0 * design.sumWidth + width - 1, $0 * design.sumWidth)
          }),
        read: read,
        readAddress: isBanked
          ? banked(.name("segment\(s)_bank"), readAddress) : readAddress)
    }
    // A block row lies in the memory of the chain that it came through.
    var data = "\(memory.name)_data"
    if banks.count > 1 {
      let chainWidth = indexWidth(schedule.drainChains)
      rom(
        "\(name)_chain", file: "chain_\(index).mem", width: chainWidth, depth: memory.words,
        latency: pipelining.memory, enable: read, address: readAddress)
      var word = VerilogExpression.name(data)
      for (chain, memory) in banks.dropFirst() {
        word = .mux(
          "\(name)_chain_data".e.isEqual(to: .lit(chain, width: chainWidth)),
          .name("\(memory.name)_data"), word)
      }
      data = "\(name)_data"
      m.wire(data, .bits(memory.width), word)
    }
    guard offsetBits > 0 else { return .name(data) }
    let used = min(offsetBits, stepWidth)
    m.wire("\(name)_offset", .bits(used), .slice("segment\(s)_step", used - 1, 0))
    m.declare("\(name)_offset_q", .bits(used))
    delay("\(name)_offset", to: "\(name)_offset_q", width: used, cycles: pipelining.memory)
    var result = VerilogExpression.lane(data, 0, width: width * steps)
    for offset in 1..<min(stepsPerWord, 1 << used) {
      result = .mux(
        "\(name)_offset_q".e.isEqual(to: .lit(offset, width: used)),
        .lane(data, offset, width: width * steps), result)
    }
    return result
  }
}
