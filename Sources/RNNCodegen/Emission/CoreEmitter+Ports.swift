internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// The frame buffers between the stream ports and the frames in progress.
extension CoreEmitter {
  /// Beats into words of the input's operand memory, and of the memories of datapaths that read it.
  mutating func emitInput() {
    let port = interface.input
    m.blank()
    let buffers = design.buffers.input
    m.comment("Input stream: \(buffers) frame buffers.")
    m.declare("frame_error_q")
    m.declare("input_done")
    wrappingCounter("input_bank_q", count: buffers, enable: "input_done")
    let hasRoom = !"rst_i" && !VerilogExpression.bit("input_full_q", at: "input_bank_q")
    m.wire("s_ready", .bit, mayAccept(hasRoom))
    m.assign("s_ready_o", "s_ready")
    m.wire("s_accept", .bit, "s_valid_i" && "s_ready")
    wrappingCounter("input_beat_q", count: port.beats, enable: "s_accept")
    m.wire(
      "input_at_end", .bit,
      VerilogExpression.name("input_beat_q").isEqual(
        to: .lit(port.beats - 1, width: indexWidth(port.beats))))
    emitOpenFrame()
    let streamFault = emitStreamFault(beats: port.beats)
    let isWhole: VerilogExpression = "s_accept" && "input_at_end"
    m.assign("input_done", streamFault.map { isWhole && !$0.dropsFrame } ?? isWhole)
    registerWithReset(
      [
        ("input_full_q", .zeros(buffers)), ("frame_error_q", .zero),
        ("input_last_q", .zeros(buffers)),
      ],
      [
        .ifElse(
          "input_done",
          [
            .set(.indexed("input_full_q", base: "input_bank_q", width: 1), .one),
            .set(.indexed("input_last_q", base: "input_bank_q", width: 1), "s_last_i"),
          ]),
        .ifElse(
          control("input_release"),
          [
            .set(
              .indexed(
                "input_full_q", base: frameFlag(.input, at: "input_release"), width: 1), .zero)
          ]),
      ] + errorCommand + [
        .comment("TLAST inside a frame is a fault of the sender: it is ignored and remembered."),
        .ifElse("s_accept" && "s_last_i" && !"input_at_end", [.set("frame_error_q", .one)]),
      ]
        + (streamFault.map { [.ifElse("s_accept" && $0.isError, [.set("frame_error_q", .one)])] }
          ?? []))
    if streams > 1 {
      m.always(
        (0..<buffers).map { k in
          .ifElse(
            "input_done"
              && "input_bank_q".e.isEqual(to: .lit(k, width: indexWidth(buffers))),
            [.set(.whole("input_stream\(k)_q"), "s_tid_i")])
        })
    }
    m.assign("frame_error_o", "frame_error_q")
    m.declare("collect_bank_q", .bits(indexWidth(buffers)))
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

  /// Faults of TID: a change within a frame is remembered, a number without a stream drops the frame as well.
  private mutating func emitStreamFault(
    beats: Int
  ) -> (isError: VerilogExpression, dropsFrame: VerilogExpression)? {
    guard streams > 1 else { return nil }
    var isError: VerilogExpression?
    if beats > 1 {
      m.declare("input_tid_q", .bits(streamBits))
      m.always([.ifElse("s_accept", [.set("input_tid_q", "s_tid_i")])])
      m.wire(
        "tid_changed", .bit,
        VerilogExpression.name("input_beat_q").anyBit
          && VerilogExpression.name("s_tid_i").isNotEqual(to: "input_tid_q"))
      isError = "tid_changed"
    }
    guard streams < 1 << streamBits else { return isError.map { ($0, .zero) } }
    m.wire(
      "tid_unknown", .bit,
      VerilogExpression.lit(streams - 1, width: streamBits).isLess(than: "s_tid_i"))
    return (isError.map { $0 || "tid_unknown" } ?? "tid_unknown", "tid_unknown")
  }

  // MARK: - Output

  mutating func emitOutput() {
    let port = interface.output
    guard let memory = design.memories.first(where: { $0.role == .output }),
      let s = lowered.segmentOf[design.graph.output]
    else { preconditionFailure("no segment computes the output") }
    m.blank()
    let buffers = design.buffers.output
    m.comment(
      "Output stream: \(buffers) frame buffers; the memory's register is the stream's register.")
    collect(
      design.graph.output, segment: s, as: "collect_output", wordElements: port.elementsPerBeat)
    wrappingCounter("output_word_q", count: memory.words, enable: "collect_output_valid")
    m.declare("output_valid_q")
    let width = memory.addressWidth
    let bankWidth = indexWidth(buffers)
    m.declare("output_beat_q", .bits(width))
    m.declare("output_bank_q", .bits(bankWidth))
    m.declare("output_last_q", .bits(buffers))
    m.wire("output_take", .bit, "output_valid_q" && "m_ready_i")
    m.wire(
      "output_at_end", .bit,
      "output_beat_q".e.isEqual(to: .lit(port.beats - 1, width: width)))
    m.wire("output_done", .bit, "output_take" && "output_at_end")
    m.wire(
      "output_beat_next", .bits(width),
      .mux(
        "output_take",
        .mux("output_at_end", .lit(0, width: width), "output_beat_q" + .lit(1, width: width)),
        "output_beat_q"))
    m.wire(
      "output_bank_next", .bits(bankWidth),
      .mux(
        "output_done",
        .mux(
          "output_bank_q".e.isEqual(to: .lit(buffers - 1, width: bankWidth)),
          .lit(0, width: bankWidth), "output_bank_q" + .lit(1, width: bankWidth)),
        "output_bank_q"))
    m.comment("Frames are finished in the order in which they started.")
    wrappingCounter("finished_bank_q", count: buffers, enable: control("output_commit"))
    self.memory(
      "output", width: memory.width, depth: memory.depth, latency: 1, write: "collect_output_valid",
      writeAddress: banked("finished_bank_q", "output_word_q"),
      writeData: "collect_output_word",
      read: .one, readAddress: banked("output_bank_next", "output_beat_next"))
    let countWidth = indexWidth(buffers + 1)
    func changed(_ count: VerilogExpression, up: VerilogExpression) -> VerilogExpression {
      count + up.resized(countWidth) - "output_done".e.resized(countWidth)
    }
    m.declare("output_ready_q", .bits(countWidth))
    registerWithReset(
      [
        ("output_ready_q", .zeros(countWidth)), ("output_reserved_q", .zeros(countWidth)),
        ("output_bank_q", .zeros(bankWidth)), ("output_valid_q", .zero),
        ("output_beat_q", .zeros(width)), ("output_last_q", .zeros(buffers)),
      ],
      [
        .comment("A buffer belongs to a frame from its start until the last beat is taken."),
        .set("output_reserved_q", changed("output_reserved_q", up: "start")),
        .set("output_ready_q", changed("output_ready_q", up: control("output_commit"))),
        .ifElse(
          control("output_commit"),
          [
            .set(
              .indexed("output_last_q", base: "finished_bank_q", width: 1),
              frameFlag(.last, at: "output_commit"))
          ]),
        .set("output_bank_q", "output_bank_next"),
        .set("output_beat_q", "output_beat_next"),
        .set(
          "output_valid_q",
          .mux("output_valid_q", !"output_done", "output_ready_q".e.anyBit)),
      ])
    m.assign("m_valid_o", "output_valid_q")
    m.assign(
      "m_last_o",
      "output_valid_q" && "output_at_end"
        && .bit("output_last_q", at: "output_bank_q"))
    emitOutputStream()
    for e in 0..<port.elementsPerBeat {
      m.assign(
        .lane("m_data_o", e, width: 8 * port.elementBytes),
        VerilogExpression.lane("output_data", e, width: port.format.width).signed
          .resized(8 * port.elementBytes).unsigned)
    }
  }
  /// The stream of each output buffer.
  private mutating func emitOutputStream() {
    guard streams > 1 else { return }
    m.wire("commit_state", .bits(bits(of: .state)), frameFlag(.state, at: "output_commit"))
    m.sink("unused_commit_state", [.bit("commit_state", 0)])
    let stream = VerilogExpression.slice("commit_state", streamBits, 1)
    let buffers = 0..<design.buffers.output
    let names = buffers.map { "output_stream\($0)_q" }
    for name in names { m.declare(name, .bits(streamBits)) }
    m.always(
      buffers.map { k in
        .ifElse(
          control("output_commit")
            && "finished_bank_q".e.isEqual(to: .lit(k, width: indexWidth(buffers.count))),
          [.set(.whole(names[k]), stream)])
      })
    m.assign("m_tid_o", selected("output_bank_q", of: names.map { .name($0) }))
  }
}
