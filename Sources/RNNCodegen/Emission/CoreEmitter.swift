internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// Emits `<name>_core`: streams, sequencer, memories, lanes and datapaths of one design.
///
/// The parts are emitted in the order of the data; each is an extension in a file of its own.
struct CoreEmitter {
  let design: Design
  var m: VerilogModule

  static func module(_ design: Design) -> VerilogModule {
    var emitter = CoreEmitter(design: design, m: VerilogModule("\(design.name)_core", doc: ""))
    emitter.emit()
    return emitter.m
  }

  var lowered: Lowered { design.lowered }
  var schedule: Schedule { design.schedule }
  var program: Program { design.schedule.program }
  var interface: StreamInterface { design.interface }
  var steps: Int { design.options.step }

  private mutating func emit() {
    m.doc = """
      \(design.name): \(design.lanes) lanes of \(lowered.productsPerLane) multipliers, \(schedule.cyclesPerFrame) cycles a \
      frame. The program memory holds one control word for each cycle of a frame; every field acts in the cycle of \
      its word. Up to \(schedule.overlap.slots) frames run the program at a time, never two in one unit. All memories of \
      values have two banks that change roles from frame to frame.
      """
    m.input("clk_i")
    m.input("rst_i")
    m.input("s_valid_i")
    m.output("s_ready_o")
    m.input("s_data_i", .bits(interface.input.dataBits))
    m.input("s_last_i")
    m.output("m_valid_o")
    m.input("m_ready_i")
    m.output("m_data_o", .bits(interface.output.dataBits))
    m.output("m_last_o")
    m.output("frame_error_o")
    for (k, probe) in design.probes.enumerated() { Self.probePorts(k, probe, into: &m, .output) }

    emitSequencer()
    emitCoefficients()
    emitInput()
    for s in lowered.segments.indices { emitSegmentControl(s) }
    emitOperands()
    emitLanes()
    emitProducts()
    for s in lowered.segments.indices { emitSegment(s) }
    emitOutput()
  }

  /// Declares the ports of a probe: valid, step index and data, element 0 lowest.
  static func probePorts(
    _ k: Int, _ probe: Probe, into m: inout VerilogModule, _ direction: VerilogPort.Direction
  ) {
    m.ports.append(VerilogPort("probe_\(k)_valid_o", direction, .bit))
    m.ports.append(VerilogPort("probe_\(k)_index_o", direction, .bits(indexWidth(probe.steps))))
    m.ports.append(
      VerilogPort("probe_\(k)_data_o", direction, .bits(probe.width * probe.elementsPerStep)))
  }

  // MARK: - Idioms

  /// A field of the control word in effect.
  func control(_ field: String) -> VerilogExpression { .name("ctl_\(field)") }

  /// A counter or flag with reset: `body` runs when out of reset.
  mutating func registerWithReset(
    _ resets: [(String, VerilogExpression)], _ body: [VerilogStatement]
  ) {
    m.always([.ifElse("rst_i", resets.map { .set(.whole($0.0), $0.1) }, body)])
  }

  /// `name` counts from 0 to `count - 1` and wraps, one up whenever `enable` holds.
  mutating func wrappingCounter(_ name: String, count: Int, enable: VerilogExpression) {
    let width = indexWidth(count)
    m.declare(name, .bits(width))
    registerWithReset(
      [(name, .lit(0, width: width))],
      [
        .ifElse(
          enable,
          [
            .ifElse(
              VerilogExpression.name(name).isEqual(to: .lit(count - 1, width: width)),
              [.set(.whole(name), .lit(0, width: width))],
              [.set(.whole(name), .name(name) + .lit(1, width: width))])
          ])
      ])
  }

  /// An instance of the simple dual-port memory.
  mutating func memory(
    _ name: String, width: Int, depth: Int, write: VerilogExpression,
    writeAddress: VerilogExpression, writeData: VerilogExpression, read: VerilogExpression,
    readAddress: VerilogExpression
  ) {
    m.declare("\(name)_data", .bits(width))
    m.instance(
      "rnnc_ram_sdp", "u_\(name)", parameters: ["Width": .int(width), "Depth": .int(depth)],
      [
        .input("clk_i", "clk_i"), .input("we_i", write), .input("waddr_i", writeAddress),
        .input("wdata_i", writeData), .input("re_i", read), .input("raddr_i", readAddress),
        .output("rdata_o", .whole("\(name)_data")),
      ])
  }

  mutating func rom(
    _ name: String, file: String, width: Int, depth: Int, enable: VerilogExpression,
    address: VerilogExpression
  ) {
    m.declare("\(name)_data", .bits(width))
    m.instance(
      "rnnc_rom", "u_\(name)",
      parameters: ["InitFile": .string(file), "Width": .int(width), "Depth": .int(depth)],
      [
        .input("clk_i", "clk_i"), .input("en_i", enable), .input("addr_i", address),
        .output("data_o", .whole("\(name)_data")),
      ])
  }

  /// A collector that packs steps into words.
  mutating func collector(
    _ name: String, elementWidth: Int, elements: Int, wordElements: Int, valid: VerilogExpression,
    last: VerilogExpression, data: VerilogExpression
  ) {
    m.declare("\(name)_valid")
    m.declare("\(name)_word", .bits(elementWidth * wordElements))
    m.instance(
      "rnnc_collect", "u_\(name)",
      parameters: [
        "ElementWidth": .int(elementWidth), "Elements": .int(elements),
        "WordElements": .int(wordElements),
      ],
      [
        .input("clk_i", "clk_i"), .input("rst_i", "rst_i"), .input("valid_i", valid),
        .input("last_i", last), .input("data_i", data),
        .output("word_valid_o", .whole("\(name)_valid")),
        .output("word_o", .whole("\(name)_word")),
      ])
  }

  /// Sets elements from `used` on to zero in the step or beat for which `when` holds.
  func padded(
    _ data: VerilogExpression, elementWidth: Int, elements: Int, used: Int,
    when: VerilogExpression
  ) -> VerilogExpression {
    guard used < elements else { return data }
    let mask = VerilogExpression.concat([
      .replication((elements - used) * elementWidth, !when),
      .replication(used * elementWidth, .one),
    ])
    return data & mask
  }

  /// `{bank, address}` for a memory with two banks.
  func banked(_ bank: VerilogExpression, _ address: VerilogExpression) -> VerilogExpression {
    .concat([bank, address])
  }

  // MARK: - Sequencer

  /// A flag of the frame whose program sets an enabling field in this cycle: `bank`, `first` or `last`.
  func frameFlag(_ flag: String, at field: String) -> VerilogExpression {
    if slots == 1 { return .name("\(flag)0_q") }
    return (1..<slots).reduce(slotFlag(flag, field, 0)) { $0 || slotFlag(flag, field, $1) }
  }
  private func slotFlag(_ flag: String, _ field: String, _ slot: Int) -> VerilogExpression {
    .name("slot\(slot)_\(field)") && .name("\(flag)\(slot)_q")
  }
  private var slots: Int { schedule.overlap.slots }

  /// Program counters and memories, one for each frame that may be in progress, and the flags of these frames.
  private mutating func emitSequencer() {
    let T = schedule.frameLength
    let width = indexWidth(T)
    m.blank()
    m.comment(
      "Sequencer: a frame starts when its input is there, an output buffer is free, and no frame in progress forbids it."
    )
    for name in ["frame_bank_q", "sequence_ended_q"] { m.declare(name) }
    for name in ["input_full_q", "input_last_q", "output_full_q", "output_reserved_q"] {
      m.declare(name, .bits(2))
    }
    for flag in ["input_full", "input_last", "output_reserved"] {
      m.wire(
        "next_\(flag)", .bit,
        .mux("frame_bank_q", .bit("\(flag)_q", 0), .bit("\(flag)_q", 1)))
    }
    for k in 0..<slots {
      for name in ["run", "word_valid", "bank", "first", "last"] { m.declare("\(name)\(k)_q") }
      m.declare("counter\(k)_q", .bits(width))
    }
    for k in 0..<slots { emitProgram(k, length: T) }
    for k in 0..<slots {
      m.wire(
        "begin\(k)", .bit,
        .name("run\(k)_q")
          && VerilogExpression.name("counter\(k)_q").isEqual(to: .lit(0, width: width)))
    }
    let begins = (0..<slots).map { VerilogExpression.name("begin\($0)") }
    m.wire("frame_begins", .bit, begins.dropFirst().reduce(begins[0]) { $0 || $1 })
    let blocks = (0..<slots).map { k in
      VerilogExpression.name("run\(k)_q")
        && (!VerilogExpression.name("word_valid\(k)_q") || .name("slot\(k)_start_blocked"))
    }
    m.wire(
      "start", .bit,
      "next_input_full" && !"next_output_reserved"
        && !blocks.dropFirst().reduce(blocks[0]) { $0 || $1 })
    registerWithReset(
      [("frame_bank_q", .one), ("sequence_ended_q", .one)],
      [
        .ifElse(
          "frame_begins",
          [.set("frame_bank_q", !"frame_bank_q"), .set("sequence_ended_q", "next_input_last")])
      ])
    if slots > 1 { wrappingCounter("slot_q", count: slots, enable: "start") }
    for k in 0..<slots { emitSlot(k, length: T, counterWidth: width) }
    for field in program.fields where field.name != "start_blocked" {
      let parts = (0..<slots).map { VerilogExpression.name("slot\($0)_\(field.name)") }
      m.wire(
        "ctl_\(field.name)", .bits(field.width), parts.dropFirst().reduce(parts[0]) { $0 | $1 })
    }
  }

  /// The control words of one frame in progress.
  private mutating func emitProgram(_ k: Int, length T: Int) {
    rom(
      "program\(k)", file: "program.mem", width: program.wordWidth, depth: T,
      enable: .name("run\(k)_q"),
      address: .name("counter\(k)_q"))
    for field in program.fields {
      let low = program.offset(of: field.name)
      let bits = VerilogExpression.slice("program\(k)_data", low + field.width - 1, low)
      // With several frames the fields are joined, so one without a word must give zeros.
      m.wire(
        "slot\(k)_\(field.name)", .bits(field.width),
        field.isEnable || slots > 1
          ? bits & .replication(field.width, .name("word_valid\(k)_q")) : bits)
    }
  }

  /// The program counter of one frame in progress, and its flags.
  private mutating func emitSlot(_ k: Int, length T: Int, counterWidth width: Int) {
    let (run, counter) = ("run\(k)_q", "counter\(k)_q")
    let isMine: VerilogExpression =
      slots == 1
      ? "start"
      : "start" && VerilogExpression.name("slot_q").isEqual(to: .lit(k, width: indexWidth(slots)))
    m.wire("start\(k)", .bit, isMine)
    let zero = VerilogExpression.lit(0, width: width)
    registerWithReset(
      [(run, .zero), (counter, zero), ("word_valid\(k)_q", .zero)],
      [
        .set(.whole("word_valid\(k)_q"), .name(run)),
        .ifElse(
          .name("start\(k)"), [.set(.whole(run), .one), .set(.whole(counter), zero)],
          [
            .ifElse(
              VerilogExpression.name(counter).isEqual(to: .lit(T - 1, width: width)),
              [.set(.whole(run), .zero)],
              [
                .ifElse(
                  .name(run),
                  [.set(.whole(counter), .name(counter) + .lit(1, width: width))])
              ])
          ]),
      ])
    m.comment("Flags of a frame change together with its first control word.")
    registerWithReset(
      [("bank\(k)_q", .one), ("first\(k)_q", .one), ("last\(k)_q", .one)],
      [
        .ifElse(
          .name("begin\(k)"),
          [
            .set(.whole("bank\(k)_q"), !"frame_bank_q"),
            .set(.whole("first\(k)_q"), "sequence_ended_q"),
            .set(.whole("last\(k)_q"), "next_input_last"),
          ])
      ])
  }

  // MARK: - Input

  /// Beats into words of the input's operand memory, and of the memories of datapaths that read it.
  private mutating func emitInput() {
    let port = interface.input
    m.blank()
    m.comment("Input stream: two frame buffers.")
    for name in ["input_bank_q", "collect_bank_q", "frame_error_q"] { m.declare(name) }
    m.wire(
      "s_ready", .bit,
      !"rst_i"
        && !VerilogExpression.mux("input_bank_q", .bit("input_full_q", 1), .bit("input_full_q", 0)))
    m.assign("s_ready_o", "s_ready")
    m.wire("s_accept", .bit, "s_valid_i" && "s_ready")
    wrappingCounter("input_beat_q", count: port.beats, enable: "s_accept")
    m.wire(
      "input_at_end", .bit,
      VerilogExpression.name("input_beat_q").isEqual(
        to: .lit(port.beats - 1, width: indexWidth(port.beats))))
    m.wire("input_done", .bit, "s_accept" && "input_at_end")
    registerWithReset(
      [
        ("input_bank_q", .zero), ("input_full_q", .lit(0, width: 2)), ("frame_error_q", .zero),
        ("input_last_q", .lit(0, width: 2)),
      ],
      [
        .ifElse(
          "input_done",
          [
            .set("input_bank_q", !"input_bank_q"),
            .ifElse(
              "input_bank_q",
              [
                .set(.slice("input_full_q", high: 1, low: 1), .one),
                .set(.slice("input_last_q", high: 1, low: 1), "s_last_i"),
              ],
              [
                .set(.slice("input_full_q", high: 0, low: 0), .one),
                .set(.slice("input_last_q", high: 0, low: 0), "s_last_i"),
              ]),
          ]),
        .ifElse(
          control("input_release"),
          [
            .ifElse(
              frameFlag("bank", at: "input_release"),
              [.set(.slice("input_full_q", high: 1, low: 1), .zero)],
              [.set(.slice("input_full_q", high: 0, low: 0), .zero)])
          ]),
        .comment("TLAST inside a frame is a fault of the sender: it is ignored and remembered."),
        .ifElse("s_accept" && "s_last_i" && !"input_at_end", [.set("frame_error_q", .one)]),
      ])
    m.assign("frame_error_o", "frame_error_q")
    m.always([.set("collect_bank_q", "input_bank_q")])

    let elementBits = 8 * port.elementBytes
    let elements = (0..<port.elementsPerBeat).reversed().map { e -> VerilogExpression in
      .slice("s_data_i", e * elementBits + port.format.width - 1, e * elementBits)
    }
    if elementBits > port.format.width {
      m.sink(
        "unused_s_data",
        (0..<port.elementsPerBeat).map {
          .slice("s_data_i", ($0 + 1) * elementBits - 1, $0 * elementBits + port.format.width)
        })
    }
    let data = padded(
      .concat(elements), elementWidth: port.format.width, elements: port.elementsPerBeat,
      used: port.elements - (port.beats - 1) * port.elementsPerBeat, when: "input_at_end")
    m.wire("input_elements", .bits(port.format.width * port.elementsPerBeat), data)
  }

  // MARK: - Output

  private mutating func emitOutput() {
    let port = interface.output
    guard let memory = design.memories.first(where: { $0.role == .output }),
      let s = lowered.segmentOf[design.graph.output]
    else { return }
    m.blank()
    m.comment("Output stream: two frame buffers; the memory's register is the stream's register.")
    collect(
      design.graph.output, segment: s, as: "collect_output", wordElements: port.elementsPerBeat)
    wrappingCounter("output_word_q", count: memory.words, enable: "collect_output_valid")
    for name in ["output_bank_q", "output_valid_q"] { m.declare(name) }
    m.declare("output_last_q", .bits(2))
    let outputLatency = schedule.datapaths[s].latency(design.graph.output)
    let width = memory.addressWidth
    m.declare("output_beat_q", .bits(width))
    m.wire("output_take", .bit, "output_valid_q" && "m_ready_i")
    m.wire(
      "output_at_end", .bit,
      VerilogExpression.name("output_beat_q").isEqual(to: .lit(port.beats - 1, width: width)))
    m.wire(
      "output_beat_next", .bits(width),
      .mux(
        "output_take",
        .mux("output_at_end", .lit(0, width: width), "output_beat_q" + .lit(1, width: width)),
        "output_beat_q"))
    m.wire("output_bank_next", .bit, "output_bank_q" ^ ("output_take" && "output_at_end"))
    self.memory(
      "output", width: memory.width, depth: memory.depth, write: "collect_output_valid",
      writeAddress: banked(bankTap(s, after: outputLatency + 1), "output_word_q"),
      writeData: "collect_output_word",
      read: .one, readAddress: banked("output_bank_next", "output_beat_next"))
    registerWithReset(
      [
        ("output_full_q", .lit(0, width: 2)), ("output_last_q", .lit(0, width: 2)),
        ("output_reserved_q", .lit(0, width: 2)), ("output_bank_q", .zero),
        ("output_valid_q", .zero),
        ("output_beat_q", .lit(0, width: width)),
      ],
      [
        .ifElse(
          control("output_commit"),
          [
            .ifElse(
              frameFlag("bank", at: "output_commit"),
              [
                .set(.slice("output_full_q", high: 1, low: 1), .one),
                .set(
                  .slice("output_last_q", high: 1, low: 1), frameFlag("last", at: "output_commit")),
              ],
              [
                .set(.slice("output_full_q", high: 0, low: 0), .one),
                .set(
                  .slice("output_last_q", high: 0, low: 0), frameFlag("last", at: "output_commit")),
              ])
          ]),
        .comment("A buffer belongs to a frame from its start until the last beat is taken."),
        .ifElse(
          "start",
          [
            .ifElse(
              "frame_bank_q", [.set(.slice("output_reserved_q", high: 0, low: 0), .one)],
              [.set(.slice("output_reserved_q", high: 1, low: 1), .one)])
          ]),
        .set("output_bank_q", "output_bank_next"),
        .set("output_beat_q", "output_beat_next"),
        .ifElse(
          "output_valid_q",
          [
            .ifElse(
              "output_take" && "output_at_end",
              [
                .set("output_valid_q", .zero),
                .ifElse(
                  "output_bank_q",
                  [
                    .set(.slice("output_full_q", high: 1, low: 1), .zero),
                    .set(.slice("output_reserved_q", high: 1, low: 1), .zero),
                  ],
                  [
                    .set(.slice("output_full_q", high: 0, low: 0), .zero),
                    .set(.slice("output_reserved_q", high: 0, low: 0), .zero),
                  ]),
              ])
          ],
          [
            .set(
              "output_valid_q",
              .mux("output_bank_q", .bit("output_full_q", 1), .bit("output_full_q", 0)))
          ]),
      ])
    m.assign("m_valid_o", "output_valid_q")
    m.assign(
      "m_last_o",
      "output_valid_q" && "output_at_end"
        && .mux("output_bank_q", .bit("output_last_q", 1), .bit("output_last_q", 0)))
    for e in 0..<port.elementsPerBeat {
      m.assign(
        .lane("m_data_o", e, width: 8 * port.elementBytes),
        VerilogExpression.lane("output_data", e, width: port.format.width).signed
          .resized(8 * port.elementBytes).unsigned)
    }
  }
}
