internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport
internal import RNNVerilog

/// Emits `<name>_core`: streams, sequencer, memories, lanes and datapaths of one design.
///
/// The parts are emitted in the order of the data; each is an extension in a file of its own.
struct CoreEmitter {
  let design: Design
  var m: VerilogModule
  /// The registers of `frameFlag` that there are.
  var flagsAtFields: Set<String> = []

  static func module(_ design: Design) -> VerilogModule {
    var emitter = CoreEmitter(design: design, m: VerilogModule("\(design.name)_core", doc: ""))
    emitter.emit()
    return emitter.m
  }

  var lowered: Lowered { design.lowered }
  var schedule: Schedule { design.schedule }
  var program: Program { design.schedule.program }
  var interface: StreamInterface { design.interface }
  var steps: Int { design.options.lanes.step }
  var pipelining: Pipelining { schedule.timing.pipelining }
  var streams: Int { interface.streams }
  var streamBits: Int { interface.streamBits }

  private mutating func emit() {
    m.doc = """
      \(design.name): \(design.lanes) lanes of \(lowered.productsPerLane) multipliers, \(schedule.cyclesPerFrame) cycles a \
      frame. The program memory holds one control word for each cycle of a frame; every field acts in the cycle in \
      which its word is in the control register. Up to \(schedule.overlap.slots) frames run the program at a time, never two in one unit. All memories of \
      values have two banks that change roles from frame to frame\(streams == 1 ? "" : ", or for each stream where they hold states").
      """
    m.input("clk_i")
    m.input("rst_i")
    m.input("s_valid_i")
    m.output("s_ready_o")
    m.input("s_data_i", .bits(interface.input.dataBits))
    m.input("s_last_i")
    if streams > 1 { m.input("s_tid_i", .bits(streamBits)) }
    m.output("m_valid_o")
    m.input("m_ready_i")
    m.output("m_data_o", .bits(interface.output.dataBits))
    m.output("m_last_o")
    if streams > 1 { m.output("m_tid_o", .bits(streamBits)) }
    m.output("frame_error_o")
    m.output("lanes_busy_o")
    for (k, probe) in design.probes.enumerated() { Self.probePorts(k, probe, into: &m, .output) }
    emitControlPorts()

    emitSequencer()
    emitCoefficients()
    emitInput()
    emitControl()
    for s in lowered.segments.indices { emitSegmentControl(s) }
    emitOperands()
    emitLanes()
    m.assign("lanes_busy_o", control("lane_valid"))
    emitProducts()
    for s in lowered.segments.indices { emitSegment(s) }
    emitOutput()
    emitWindowData()
    if !flagsAtFields.contains(where: { $0.hasSuffix("_\(FrameFlag.bank.rawValue)") }) {
      m.sink(
        "unused_bank", (0..<schedule.overlap.slots).map { .name(wordFlag(.bank, $0)) })
    }
    emitAssertions()
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

  /// An instance of the simple dual-port memory; `latency` is the cycles from an address to its word.
  ///
  /// - Parameter values: what it keeps; a memory of states has the control port's window if there is one.
  mutating func memory(
    _ name: String, width: Int, depth: Int, latency: Int, write: VerilogExpression,
    writeAddress: VerilogExpression, writeData: VerilogExpression, read: VerilogExpression,
    readAddress: VerilogExpression, values: ValueMemory? = nil
  ) {
    if let values,
      emitStateMemory(
        name, values, latency: latency, write: write, writeAddress: writeAddress,
        writeData: writeData, read: read,
        readAddress: readAddress)
    {
      return
    }
    m.declare("\(name)_data", .bits(width))
    m.instance(
      "rnnc_ram_sdp", "u_\(name)",
      parameters: ["Width": .int(width), "Depth": .int(depth), "Latency": .int(latency)],
      [
        .input("clk_i", "clk_i"), .input("we_i", write), .input("waddr_i", writeAddress),
        .input("wdata_i", writeData), .input("re_i", read), .input("raddr_i", readAddress),
        .output("rdata_o", .whole("\(name)_data")),
      ])
  }

  /// - Parameters:
  ///   - interleave: words in a line of the file.
  ///   - isBlock: made of block RAM, whatever synthesis thinks is smaller.
  mutating func rom(
    _ name: String, file: String, width: Int, depth: Int, latency: Int = 1, interleave: Int = 1,
    isBlock: Bool = false, enable: VerilogExpression, address: VerilogExpression
  ) {
    m.declare("\(name)_data", .bits(width))
    m.instance(
      "rnnc_rom", "u_\(name)",
      parameters: [
        "InitFile": .string(file), "Width": .int(width), "Depth": .int(depth),
        "Latency": .int(latency), "Interleave": .int(interleave),
        "Style": .string(isBlock ? "block" : "auto"),
      ],
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

  /// The value with an index.
  func selected(_ index: VerilogExpression, of values: [VerilogExpression]) -> VerilogExpression {
    let width = indexWidth(values.count)
    return values.enumerated().dropLast().reversed().reduce(values[values.count - 1]) {
      .mux(index.isEqual(to: .lit($1.offset, width: width)), $1.element, $0)
    }
  }

  /// `{bank, address}` for a memory with banks.
  func banked(_ bank: VerilogExpression, _ address: VerilogExpression) -> VerilogExpression {
    .concat([bank, address])
  }
}

extension String {
  /// The signal with this name.
  var e: VerilogExpression { .name(self) }
}
