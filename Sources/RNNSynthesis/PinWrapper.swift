internal import RNNVerilog

/// Emits `<name>_pins`: the design behind ten pins, for packages with fewer pins than the streams have wires.
///
/// A shift register takes a beat bit by bit, and another gives one. All pins and all wires of the design
/// end in registers of the same clock, so no path of the design is left out of the timing analysis, and none gets
/// longer: what the wrapper adds are paths of one or two LUTs between its own registers.
package struct PinWrapper: Hashable, Sendable {
  /// The name of the design's top module.
  package var design: String
  /// Widths of tdata of both streams.
  package var inputBits: Int
  package var outputBits: Int
  /// Width of tid; 0 without it.
  package var streamBits: Int
  /// Bits of an address of the control port; 0 without it.
  package var controlAddressBits: Int

  package init(
    design: String, inputBits: Int, outputBits: Int, streamBits: Int = 0,
    controlAddressBits: Int = 0
  ) {
    self.design = design
    self.controlAddressBits = controlAddressBits
    self.streamBits = streamBits
    self.inputBits = inputBits
    self.outputBits = outputBits
  }

  package var name: String { Self.name(of: design) }
  static func name(of design: String) -> String { "\(design)_pins" }

  /// The wires of the control port, without its prefix.
  private var controlInputs: [(port: String, width: Int)] {
    guard controlAddressBits > 0 else { return [] }
    return [
      ("awvalid", 1), ("awaddr", controlAddressBits), ("awprot", 3), ("wvalid", 1), ("wdata", 32),
      ("wstrb", 4), ("bready", 1), ("arvalid", 1), ("araddr", controlAddressBits), ("arprot", 3),
      ("rready", 1),
    ]
  }
  private var controlOutputs: [(port: String, width: Int)] {
    guard controlAddressBits > 0 else { return [] }
    return [
      ("awready", 1), ("wready", 1), ("bvalid", 1), ("bresp", 2), ("arready", 1), ("rvalid", 1),
      ("rdata", 32), ("rresp", 2),
    ]
  }

  private var module: VerilogModule {
    // TLAST above the data, TID above both, the control port on top.
    let input = inputBits + 1 + streamBits + controlInputs.reduce(0) { $0 + $1.width }
    let output = outputBits + 1 + streamBits + controlOutputs.reduce(0) { $0 + $1.width }
    var m = VerilogModule(
      name,
      doc: """
        \(design) behind ten pins. In: each cycle with shift_i takes serial_i into a beat, tdata from its \
        lowest bit on, then tlast and tid\(controlAddressBits > 0 ? ", then the inputs of the control port" : ""), \(input) bits in all; load_i, while ready_o is high and no sooner than the \
        cycle after the last bit, sends the beat. Out: while valid_o is high serial_o is the lowest bit that \
        is left of a beat of \(output) bits in the same order, and next_i moves on; the answer to a pin comes \
        three cycles later. Reset is active low.
        """)
    for name in ["clk_i", "rst_ni", "serial_i", "shift_i", "load_i", "next_i"] { m.input(name) }
    for name in ["ready_o", "serial_o", "valid_o", "frame_error_o"] { m.output(name) }
    for name in ["rst_n_q", "serial_q", "shift_q", "load_q", "next_q"] { m.declare(name) }
    m.always([
      .set("rst_n_q", "rst_ni"), .set("serial_q", "serial_i"), .set("shift_q", "shift_i"),
      .set("load_q", "load_i"), .set("next_q", "next_i"),
    ])

    m.blank()
    m.comment("The beat that is shifted in, and the one that the design sees.")
    for name in ["shift_in_q", "beat_q"] { m.declare(name, .bits(input)) }
    for name in ["beat_valid_q", "s_ready"] { m.declare(name) }
    m.always([
      .ifElse(
        "shift_q",
        [
          .set("shift_in_q", .concat(["serial_q", .slice("shift_in_q", input - 1, 1)]))
        ]),
      .ifElse("load_q", [.set("beat_q", "shift_in_q")]),
      .ifElse(
        !"rst_n_q", [.set("beat_valid_q", .zero)],
        [
          .ifElse(
            "load_q", [.set("beat_valid_q", .one)],
            [.ifElse("s_ready", [.set("beat_valid_q", .zero)])])
        ]),
    ])

    m.blank()
    m.comment("The beat that is shifted out.")
    let width = indexWidth(output)
    for name in ["m_valid", "m_last", "out_valid_q", "frame_error"] { m.declare(name) }
    m.declare("m_data", .bits(outputBits))
    if streamBits > 0 { m.declare("m_tid", .bits(streamBits)) }
    for (port, width) in controlOutputs { m.declare(port, .bits(width)) }
    let beat: [VerilogExpression] =
      controlOutputs.reversed().map { .name($0.port) } + (streamBits > 0 ? ["m_tid"] : [])
      + ["m_last", "m_data"]
    m.declare("out_q", .bits(output))
    m.declare("count_q", .bits(width))
    m.always([
      .ifElse(
        "out_valid_q",
        [
          .ifElse(
            "next_q",
            [
              .set("out_q", .concat([.zero, .slice("out_q", output - 1, 1)])),
              .set("count_q", "count_q" + .lit(1, width: width)),
            ])
        ],
        [
          .set("out_q", .concat(beat)),
          .set("count_q", .lit(0, width: width)),
        ]),
      .ifElse(
        !"rst_n_q", [.set("out_valid_q", .zero)],
        [
          .ifElse(
            "out_valid_q",
            [
              .ifElse(
                "next_q"
                  && VerilogExpression.name("count_q").isEqual(to: .lit(output - 1, width: width)),
                [.set("out_valid_q", .zero)])
            ],
            [.set("out_valid_q", "m_valid")])
        ]),
      .set("ready_o", !"beat_valid_q"), .set("serial_o", .bit("out_q", 0)),
      .set("valid_o", "out_valid_q"), .set("frame_error_o", "frame_error"),
    ])

    m.blank()
    m.wire("s_data", .bits(inputBits), .slice("beat_q", inputBits - 1, 0))
    m.wire("s_last", .bit, .bit("beat_q", inputBits))
    m.wire("m_ready", .bit, !"out_valid_q")
    var connections: [VerilogInstance.Connection] =
      [
        .input("aclk", "clk_i"), .input("aresetn", "rst_n_q"),
        .input("s_axis_tvalid", "beat_valid_q"), .output("s_axis_tready", "s_ready"),
        .input("s_axis_tdata", "s_data"), .input("s_axis_tlast", "s_last"),
        .output("m_axis_tvalid", "m_valid"), .input("m_axis_tready", "m_ready"),
        .output("m_axis_tdata", "m_data"), .output("m_axis_tlast", "m_last"),
        .output("frame_error_o", "frame_error"),
      ]
    if streamBits > 0 {
      m.wire("s_tid", .bits(streamBits), .slice("beat_q", inputBits + streamBits, inputBits + 1))
      connections += [.input("s_axis_tid", "s_tid"), .output("m_axis_tid", "m_tid")]
    }
    var low = inputBits + 1 + streamBits
    for (port, width) in controlInputs {
      m.wire(port, .bits(width), .slice("beat_q", low + width - 1, low))
      low += width
      connections.append(.input("s_axil_\(port)", .name(port)))
    }
    for (port, _) in controlOutputs {
      connections.append(.output("s_axil_\(port)", .whole(port)))
    }
    m.instance(design, "u_design", connections)
    return m
  }

  /// The wrapper as SystemVerilog.
  ///
  /// - Throws: `VerilogError` if the module violates the checks of the syntax tree: a bug.
  package func text() throws -> String {
    var top = VerilogModule(design, doc: "")
    for name in ["aclk", "aresetn", "s_axis_tvalid", "s_axis_tlast", "m_axis_tready"] {
      top.input(name)
    }
    for name in ["s_axis_tready", "m_axis_tvalid", "m_axis_tlast", "frame_error_o"] {
      top.output(name)
    }
    top.input("s_axis_tdata", .bits(inputBits))
    top.output("m_axis_tdata", .bits(outputBits))
    for (port, width) in controlInputs { top.input("s_axil_\(port)", .bits(width)) }
    for (port, width) in controlOutputs { top.output("s_axil_\(port)", .bits(width)) }
    if streamBits > 0 {
      top.input("s_axis_tid", .bits(streamBits))
      top.output("m_axis_tid", .bits(streamBits))
    }
    var interfaces = VerilogInterfaces()
    interfaces.add(top)
    return try module.text(interfaces: interfaces)
  }
}
