internal import RNNVerilog

/// Emits the top modules around the core: `<name>` with AXI4-Stream ports, and `<name>_sim` with the probes as well.
struct ShellEmitter {
  /// - Parameter control: the control port; nil for none.
  static func module(
    _ design: any HardwareDesign, probes: Bool, control: ControlShell? = nil
  ) -> VerilogModule {
    let input = design.interface.input
    let output = design.interface.output
    var m = VerilogModule(
      probes ? "\(design.name)_sim" : design.name,
      doc: """
        \(probes ? "Simulation top of \(design.name): the streams and the named values inside." : "AXI4-Stream top of \(design.name).") \
        s_axis takes \(input.elements) elements of \(input.format) a frame, \(input.elementsPerBeat) a beat in \
        \(8 * input.elementBytes) bits each; m_axis gives \(output.elements) of \(output.format), \
        \(output.elementsPerBeat) a beat. TLAST on the last beat of a frame ends the sequence and clears the \
        state. frame_error_o stays high after a TLAST inside a frame.\(
          design.interface.streams == 1 ? "" : " TID names one of \(design.interface.streams) streams, each with states of its own; it is constant "
            + "within a frame, and another number drops the frame and raises frame_error_o.")
        """)
    m.input("aclk")
    m.input("aresetn")
    m.input("s_axis_tvalid")
    m.output("s_axis_tready")
    m.input("s_axis_tdata", .bits(input.dataBits))
    m.input("s_axis_tlast")
    let streams = design.interface.streams
    if streams > 1 { m.input("s_axis_tid", .bits(design.interface.streamBits)) }
    m.output("m_axis_tvalid")
    m.input("m_axis_tready")
    m.output("m_axis_tdata", .bits(output.dataBits))
    m.output("m_axis_tlast")
    if streams > 1 { m.output("m_axis_tid", .bits(design.interface.streamBits)) }
    m.output("frame_error_o")
    control?.declarePorts(in: &m)
    if probes {
      m.output("lanes_busy_o")
      for (k, probe) in design.probes.enumerated() {
        CoreEmitter.probePorts(k, probe, into: &m, .output)
      }
    }
    m.comment(
      "Inside, reset is synchronous and active high, a cycle late; the ports are quiet from its first cycle to the core's."
    )
    m.declare("rst_q")
    m.always(clock: "aclk", [.set("rst_q", !"aresetn")])
    m.wire("is_running", .bit, "aresetn" && !"rst_q")
    m.declare("core_ready")
    m.declare("core_valid")
    m.assign("s_axis_tready", "core_ready" && "is_running")
    m.assign("m_axis_tvalid", "core_valid" && "is_running")
    var connections: [VerilogInstance.Connection] = [
      .input("clk_i", "aclk"), .input("rst_i", "rst_q"), .input("s_valid_i", "s_axis_tvalid"),
      .output("s_ready_o", "core_ready"), .input("s_data_i", "s_axis_tdata"),
      .input("s_last_i", "s_axis_tlast"), .output("m_valid_o", "core_valid"),
      .input("m_ready_i", "m_axis_tready"), .output("m_data_o", "m_axis_tdata"),
      .output("m_last_o", "m_axis_tlast"),
      .output("frame_error_o", control == nil ? "frame_error_o" : "frame_error"),
    ]
    connections += control?.connect(in: &m) ?? []
    if streams > 1 {
      connections += [.input("s_tid_i", "s_axis_tid"), .output("m_tid_o", "m_axis_tid")]
    }
    var unused: [VerilogExpression] = []
    if probes {
      connections.append(.output("lanes_busy_o", "lanes_busy_o"))
    } else {
      m.declare("lanes_busy")
      connections.append(.output("lanes_busy_o", "lanes_busy"))
      unused.append("lanes_busy")
    }
    for (k, probe) in design.probes.enumerated() {
      for (suffix, width) in [
        ("valid", 1), ("index", indexWidth(probe.steps)),
        ("data", probe.width * probe.elementsPerStep),
      ] {
        let port = "probe_\(k)_\(suffix)_o"
        if probes {
          connections.append(.output(port, .whole(port)))
        } else {
          let name = "probe_\(k)_\(suffix)"
          m.declare(name, .bits(width))
          connections.append(.output(port, .whole(name)))
          unused.append(.name(name))
        }
      }
    }
    m.instance("\(design.name)_core", "u_core", connections)
    if !unused.isEmpty { m.sink("unused_observation", unused) }
    return m
  }
}
