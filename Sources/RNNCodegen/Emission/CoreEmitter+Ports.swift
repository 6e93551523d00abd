internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// The frame buffers between the stream ports and the frames in progress.
extension CoreEmitter {
  /// Beats into words of the input's operand memory, and of the memories of datapaths that read it.
  mutating func emitInput() {
    let port = interface.input
    m.blank()
    m.comment("Input stream: two frame buffers.")
    for name in ["input_bank_q", "collect_bank_q", "frame_error_q"] { m.declare(name) }
    let hasRoom =
      !"rst_i"
      && !VerilogExpression.mux("input_bank_q", .bit("input_full_q", 1), .bit("input_full_q", 0))
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
    m.wire(
      "input_done", .bit, streamFault.map { isWhole && !$0.dropsFrame } ?? isWhole)
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
              frameFlag(.bank, at: "input_release"),
              [.set(.slice("input_full_q", high: 1, low: 1), .zero)],
              [.set(.slice("input_full_q", high: 0, low: 0), .zero)])
          ]),
      ] + errorCommand + [
        .comment("TLAST inside a frame is a fault of the sender: it is ignored and remembered."),
        .ifElse("s_accept" && "s_last_i" && !"input_at_end", [.set("frame_error_q", .one)]),
      ]
        + (streamFault.map { [.ifElse("s_accept" && $0.isError, [.set("frame_error_q", .one)])] }
          ?? []))
    if streams > 1 {
      m.always([
        .ifElse(
          "input_done",
          [
            .ifElse(
              "input_bank_q", [.set("input_stream1_q", "s_tid_i")],
              [.set("input_stream0_q", "s_tid_i")])
          ])
      ])
    }
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
    else { return }
    m.blank()
    m.comment("Output stream: two frame buffers; the memory's register is the stream's register.")
    collect(
      design.graph.output, segment: s, as: "collect_output", wordElements: port.elementsPerBeat)
    wrappingCounter("output_word_q", count: memory.words, enable: "collect_output_valid")
    for name in ["output_bank_q", "output_valid_q"] { m.declare(name) }
    m.declare("output_last_q", .bits(2))
    if streams > 1 {
      for k in 0..<2 { m.declare("output_stream\(k)_q", .bits(streamBits)) }
    }
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
      "output", width: memory.width, depth: memory.depth, latency: 1, write: "collect_output_valid",
      writeAddress: banked(flagTap(.bank, s, after: outputLatency + 1), "output_word_q"),
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
              frameFlag(.bank, at: "output_commit"),
              [
                .set(.slice("output_full_q", high: 1, low: 1), .one),
                .set(
                  .slice("output_last_q", high: 1, low: 1), frameFlag(.last, at: "output_commit")),
              ],
              [
                .set(.slice("output_full_q", high: 0, low: 0), .one),
                .set(
                  .slice("output_last_q", high: 0, low: 0), frameFlag(.last, at: "output_commit")),
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
    m.always([
      .ifElse(
        control("output_commit"),
        [
          .ifElse(
            frameFlag(.bank, at: "output_commit"), [.set("output_stream1_q", stream)],
            [.set("output_stream0_q", stream)])
        ])
    ])
    m.assign("m_tid_o", .mux("output_bank_q", "output_stream1_q", "output_stream0_q"))
  }
}
