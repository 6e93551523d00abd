internal import RNNFixedPoint
internal import RNNVerilog

/// What the control port needs of a core: rest between frames, the places of sequences, and the window to the states.
///
/// All of it is absent from a design without control port.
extension CoreEmitter {
  private var states: [WindowState] { design.windowStates }
  private var indexBits: Int { indexWidth(design.windowWords) }

  mutating func emitControlPorts() {
    guard design.hasControl else { return }
    for name in ["hold_i", "clear_i", "continue_i", "clear_error_i"] { m.input(name) }
    if streams > 1 { m.input("stream_i", .bits(streamBits)) }
    for name in ["quiet_o", "busy_o", "first_o", "frame_done_o"] { m.output(name) }
    guard !states.isEmpty else { return }
    m.input("window_req_i")
    m.input("window_write_i")
    m.input("window_index_i", .bits(indexBits))
    m.input("window_data_i", .bits(32))
    m.output("window_done_o")
    m.output("window_error_o")
    m.output("window_data_o", .bits(32))
  }

  /// Whether the input may take a beat: not the first one of a frame while the core is held.
  mutating func mayAccept(_ hasRoom: VerilogExpression) -> VerilogExpression {
    guard design.hasControl else { return hasRoom }
    m.comment("A core that is held takes a frame that has begun to its end, and no other.")
    m.declare("frame_open_q")
    return hasRoom && !("hold_i" && !"frame_open_q")
  }
  mutating func emitOpenFrame() {
    guard design.hasControl else { return }
    registerWithReset(
      [("frame_open_q", .zero)],
      [.ifElse("s_accept", [.set("frame_open_q", !"input_at_end")])])
  }

  /// Forgets a fault of the sender; a new one in the same cycle counts.
  var errorCommand: [VerilogStatement] {
    design.hasControl ? [.ifElse("clear_error_i", [.set("frame_error_q", .zero)])] : []
  }

  /// Says that the next frame of a stream starts from initial states, or from those of the window.
  var sequenceCommand: [VerilogStatement] {
    guard design.hasControl else { return [] }
    let flag: VerilogTarget =
      streams == 1
      ? "sequence_ended_q" : .indexed("sequence_ended_q", base: "stream_i", width: 1)
    return [.ifElse("clear_i" || "continue_i", [.set(flag, "clear_i")])]
  }

  /// Tells when every frame that was taken has been computed, and which memory words an access of the window means.
  mutating func emitControl() {
    guard design.hasControl else { return }
    m.blank()
    m.comment("Control: the core rests when no frame is on its way in or in progress.")
    let slots = 0..<schedule.overlap.slots
    let given = slots.map { VerilogExpression.name("word_valid\($0)_\(wordSuffix)") }
    m.comment("Whether some frame has a control word in effect.")
    m.declare("word_in_effect_q")
    registerWithReset(
      [("word_in_effect_q", .zero)],
      [.set("word_in_effect_q", given.dropFirst().reduce(given[0]) { $0 || $1 })])
    var active = slots.flatMap { k in
      [VerilogExpression.name("run\(k)_q"), .name("word_valid\(k)_q")]
    }
    if pipelining.memory > 1 { active += given }
    m.wire(
      "is_busy", .bit,
      (active + ["word_in_effect_q"]).reduce(
        "frame_open_q" || VerilogExpression.name("input_full_q").anyBit
      ) { $0 || $1 })
    m.declare("quiet_q")
    registerWithReset([("quiet_q", .zero)], [.set("quiet_q", "hold_i" && !"is_busy")])
    m.assign("quiet_o", "quiet_q")
    m.assign("busy_o", "is_busy")
    m.wire(
      "window_first", .bit,
      streams == 1 ? "sequence_ended_q" : .bit("sequence_ended_q", at: "stream_i"))
    m.assign("first_o", "window_first")
    m.assign("frame_done_o", control("output_commit"))
    emitWindowAddress()
  }

  /// Which state and which of its elements an access means, two cycles before memories are read.
  private mutating func emitWindowAddress() {
    guard !states.isEmpty else { return }
    m.comment(
      "The state window: an access takes the steps address, word, element, read, write or answer.")
    m.declare("window_step_q", .bits(5))
    registerWithReset(
      [("window_step_q", .zeros(5))],
      [.set("window_step_q", .concat([.slice("window_step_q", 3, 0), "window_req_i"]))])
    m.wire(
      "window_bank", .bits(bits(of: .state)),
      streams == 1 ? "frame_bank_q" : .concat(["stream_i", .bit("state_bank_q", at: "stream_i")]))
    // One bit more than an index has: the end of the last state may be a power of two.
    let width = indexBits + 1
    let index = VerilogExpression.name("window_index")
    m.wire("window_index", .bits(width), VerilogExpression.name("window_index_i").resized(width))
    var fits: VerilogExpression?
    for (k, state) in states.enumerated() {
      let offset = VerilogExpression.lit(state.offset, width: width)
      let end = VerilogExpression.lit(state.offset + state.size, width: width)
      m.wire("window\(k)_offset", .bits(width), "window_index" - offset)
      let own = indexWidth(state.size)
      m.sink("unused_window\(k)_offset", [.slice("window\(k)_offset", width - 1, own)])
      m.declare("window\(k)_index_q", .bits(own))
      m.always([.set(.whole("window\(k)_index_q"), .slice("window\(k)_offset", own - 1, 0))])
      // No index lies before the first state or after the last.
      var isIn: VerilogExpression?
      if k > 0 { isIn = index.isAtLeast(offset) }
      if k < states.count - 1 {
        let isBefore = index.isLess(than: end)
        isIn = isIn.map { $0 && isBefore } ?? isBefore
      }
      if let isIn {
        m.declare("window\(k)_hit_q")
        m.always([.set(.whole("window\(k)_hit_q"), isIn)])
      }
      if state.format.width < 32 {
        let sign = VerilogExpression.slice("window_data_i", 31, state.format.width - 1)
        let isExtended = sign.allBits || !sign.anyBit
        let ownFits = hit(k).map { !$0 || isExtended } ?? isExtended
        fits = fits.map { $0 && ownFits } ?? ownFits
      }
    }
    m.wire("window_fits", .bit, fits ?? .one)
    m.wire("window_read", .bit, .bit("window_step_q", 2))
    m.wire(
      "window_write", .bit, .bit("window_step_q", 3) && "window_write_i" && "window_fits")
    m.assign("window_done_o", .bit("window_step_q", 4))
    m.assign("window_error_o", "window_write_i" && !"window_fits")
  }

  /// Whether an access means a state; nil where there is only one.
  private func hit(_ k: Int) -> VerilogExpression? {
    states.count > 1 ? .name("window\(k)_hit_q") : nil
  }

  /// A memory that keeps a state, with the port of the window; false for one that keeps none.
  mutating func emitStateMemory(
    _ name: String, _ memory: ValueMemory, latency: Int, write: VerilogExpression,
    writeAddress: VerilogExpression, writeData: VerilogExpression, read: VerilogExpression,
    readAddress: VerilogExpression
  ) -> Bool {
    guard let k = states.firstIndex(where: { $0.value == design.stateValue(of: memory) }) else {
      return false
    }
    let state = states[k]
    func mine(_ signal: VerilogExpression) -> VerilogExpression {
      hit(k).map { signal && $0 } ?? signal
    }
    m.declare("\(name)_data", .bits(memory.width))
    m.declare("\(name)_window", .bits(state.format.width))
    m.instance(
      "rnnc_state_ram", "u_\(name)",
      parameters: [
        "ElementWidth": .int(memory.elementWidth), "Elements": .int(memory.elementsPerWord),
        "Size": .int(state.size), "Banks": .int(memory.banks), "Latency": .int(latency),
      ],
      [
        .input("clk_i", "clk_i"), .input("we_i", write), .input("waddr_i", writeAddress),
        .input("wdata_i", writeData), .input("re_i", read), .input("raddr_i", readAddress),
        .output("rdata_o", .whole("\(name)_data")),
        .input("window_read_i", mine("window_read")),
        .input("window_write_i", mine("window_write")), .input("window_bank_i", "window_bank"),
        .input("window_index_i", .name("window\(k)_index_q")),
        .input(
          "window_data_i",
          state.format.width < 32
            ? .slice("window_data_i", state.format.width - 1, 0) : "window_data_i"),
        .output("window_data_o", .whole("\(name)_window")),
      ])
    return true
  }

  /// What a read of the window gives: the code that the next frame of the stream starts from.
  mutating func emitWindowData() {
    guard !states.isEmpty else { return }
    m.blank()
    m.comment("The window's data: one copy of a state stands for all.")
    var result: VerilogExpression?
    var unused: [VerilogExpression] = []
    for (k, state) in states.enumerated() {
      // Memories of datapaths have the shorter words.
      let copies = design.memories.filter { design.stateValue(of: $0) == state.value }
        .sorted { $0.elementsPerWord < $1.elementsPerWord }
      guard let shown = copies.first else { continue }
      unused += copies.dropFirst().map { .name("\($0.name)_window") }
      let code = VerilogExpression.mux(
        "window_first", .signedLit(state.initial, width: 32).unsigned,
        VerilogExpression.name("\(shown.name)_window").signed.resized(32).unsigned)
      let mine = hit(k).map { code & .replication(32, $0) } ?? code
      result = result.map { $0 | mine } ?? mine
    }
    if !unused.isEmpty { m.sink("unused_windows", unused) }
    m.declare("window_data_q", .bits(32))
    m.always([
      .ifElse(.bit("window_step_q", 3), [.set("window_data_q", result ?? .zeros(32))])
    ])
    m.assign("window_data_o", "window_data_q")
  }
}

/// The AXI4-Lite port of a top module, and the registers behind it.
struct ControlShell {
  let design: Design

  /// - Returns: nil for a design without the port.
  init?(_ design: Design) {
    guard design.hasControl else { return nil }
    self.design = design
  }

  func declarePorts(in m: inout VerilogModule) {
    let address = VerilogType.bits(design.controlAddressBits)
    m.input("s_axil_awvalid")
    m.output("s_axil_awready")
    m.input("s_axil_awaddr", address)
    m.input("s_axil_awprot", .bits(3))
    m.input("s_axil_wvalid")
    m.output("s_axil_wready")
    m.input("s_axil_wdata", .bits(32))
    m.input("s_axil_wstrb", .bits(4))
    m.output("s_axil_bvalid")
    m.input("s_axil_bready")
    m.output("s_axil_bresp", .bits(2))
    m.input("s_axil_arvalid")
    m.output("s_axil_arready")
    m.input("s_axil_araddr", address)
    m.input("s_axil_arprot", .bits(3))
    m.output("s_axil_rvalid")
    m.input("s_axil_rready")
    m.output("s_axil_rdata", .bits(32))
    m.output("s_axil_rresp", .bits(2))
  }

  /// Emits the slave and its registers, and gives what the core is connected to.
  func connect(in m: inout VerilogModule) -> [VerilogInstance.Connection] {
    let streams = design.interface.streams
    let words = design.windowWords
    let accessBits = design.controlAddressBits - 2
    m.blank()
    m.comment("Control port.")
    let bits = [
      "access", "access_write", "access_ack", "access_error", "hold", "quiet", "busy", "first",
      "frame_done", "clear", "continue_state", "clear_error", "window_req", "window_write",
    ]
    for name in bits { m.declare(name) }
    m.declare("access_addr", .bits(accessBits))
    for name in ["access_wdata", "access_rdata", "window_wdata"] { m.declare(name, .bits(32)) }
    m.declare("control_stream", .bits(design.interface.streamBits))
    m.declare("window_index", .bits(indexWidth(words)))
    for name in ["window_done", "window_error"] where words > 0 { m.declare(name) }
    if words > 0 { m.declare("window_rdata", .bits(32)) }
    m.declare("frame_error")
    m.assign("frame_error_o", "frame_error")
    for name in ["awready", "wready", "bvalid", "arready", "rvalid"] {
      m.declare("axil_\(name)")
      m.assign(.whole("s_axil_\(name)"), .name("axil_\(name)") && "is_running")
    }
    m.sink("unused_protection", ["s_axil_awprot", "s_axil_arprot"])
    m.instance(
      "rnnc_axil", "u_axil", parameters: ["AddressWidth": .int(design.controlAddressBits)],
      [
        .input("clk_i", "aclk"), .input("rst_i", "rst_q"), .input("awvalid_i", "s_axil_awvalid"),
        .output("awready_o", "axil_awready"), .input("awaddr_i", "s_axil_awaddr"),
        .input("wvalid_i", "s_axil_wvalid"), .output("wready_o", "axil_wready"),
        .input("wdata_i", "s_axil_wdata"), .input("wstrb_i", "s_axil_wstrb"),
        .output("bvalid_o", "axil_bvalid"), .input("bready_i", "s_axil_bready"),
        .output("bresp_o", "s_axil_bresp"), .input("arvalid_i", "s_axil_arvalid"),
        .output("arready_o", "axil_arready"), .input("araddr_i", "s_axil_araddr"),
        .output("rvalid_o", "axil_rvalid"), .input("rready_i", "s_axil_rready"),
        .output("rdata_o", "s_axil_rdata"), .output("rresp_o", "s_axil_rresp"),
        .output("req_o", "access"), .output("write_o", "access_write"),
        .output("addr_o", "access_addr"), .output("data_o", "access_wdata"),
        .input("ack_i", "access_ack"), .input("error_i", "access_error"),
        .input("data_i", "access_rdata"),
      ])
    m.instance(
      "rnnc_control", "u_control", parameters: ["Streams": .int(streams), "Words": .int(words)],
      [
        .input("clk_i", "aclk"), .input("rst_i", "rst_q"), .input("req_i", "access"),
        .input("write_i", "access_write"), .input("addr_i", "access_addr"),
        .input("data_i", "access_wdata"), .output("ack_o", "access_ack"),
        .output("error_o", "access_error"), .output("data_o", "access_rdata"),
        .input("identity_i", .concat(design.identity.map { .literal($0, .bits(32)) })),
        .output("hold_o", "hold"), .input("quiet_i", "quiet"), .input("busy_i", "busy"),
        .input("error_i", "frame_error"), .input("first_i", "first"),
        .input("done_i", "frame_done"), .output("stream_o", "control_stream"),
        .output("clear_o", "clear"), .output("continue_o", "continue_state"),
        .output("clear_error_o", "clear_error"), .output("window_req_o", "window_req"),
        .output("window_write_o", "window_write"), .output("window_index_o", "window_index"),
        .output("window_data_o", "window_wdata"),
        .input("window_done_i", words > 0 ? "window_done" : .zero),
        .input("window_error_i", words > 0 ? "window_error" : .zero),
        .input("window_data_i", words > 0 ? "window_rdata" : .zeros(32)),
      ])
    var connections: [VerilogInstance.Connection] = [
      .input("hold_i", "hold"), .input("clear_i", "clear"),
      .input("continue_i", "continue_state"), .input("clear_error_i", "clear_error"),
      .output("quiet_o", "quiet"), .output("busy_o", "busy"), .output("first_o", "first"),
      .output("frame_done_o", "frame_done"),
    ]
    if streams > 1 {
      connections.append(.input("stream_i", "control_stream"))
    } else {
      m.sink("unused_control_stream", ["control_stream"])
    }
    if words > 0 {
      connections += [
        .input("window_req_i", "window_req"), .input("window_write_i", "window_write"),
        .input("window_index_i", "window_index"), .input("window_data_i", "window_wdata"),
        .output("window_done_o", "window_done"), .output("window_error_o", "window_error"),
        .output("window_data_o", "window_rdata"),
      ]
    } else {
      m.sink("unused_window", ["window_req", "window_write", "window_index", "window_wdata"])
    }
    return connections
  }
}
