internal import RNNSupport
internal import RNNVerilog

extension CompileOptions {
  /// Checks everything that needs no model, so that wrong options are refused before long work.
  ///
  /// - Throws: `DiagnosticsEmitted` with every option that no design has, or a device that is not known.
  package func check() throws {
    var sink = DiagnosticSink(stage: "compile")
    switch engine {
    case .lanes: check(into: &sink)
    case .sequential:
      checkShared(into: &sink)
      checkSequentialOptions(self, &sink)
    }
    try sink.throwIfErrors()
    _ = try device.map(DeviceDescription.named)
  }

  /// Names that the emitted top has already: its ports, and what stands beside them in its scope.
  ///
  /// Legal as the name of a module too, but tools take one for the other.
  private static let taken: Set<String> = [
    "aclk", "aresetn", "frame_error", "frame_error_o", "lanes_busy_o", "rst_q", "clk_i", "rst_i",
    "unnamed",
  ]
  private static let takenBeginnings = [
    "rnnc_", "s_axis_", "m_axis_", "s_axi_", "u_", "gen_", "probe_", "unused_",
  ]

  /// Checks what every engine has: a name that is an identifier and free, a clock, a rate and a latency.
  func checkShared(into sink: inout DiagnosticSink) {
    let options = self
    if !VerilogNames.isLegal(name) || VerilogNames.legal(name) != name || name.hasSuffix("_")
      || name.utf8.count > 64
    {
      sink.error(
        "options.name", "`\(name)` cannot name a module",
        fix:
          "use a letter, then at most 63 letters, digits and single underscores, none at the end, and no keyword of SystemVerilog, C++, Python or Swift"
      )
    } else if Self.taken.contains(name.lowercased())
      || Self.takenBeginnings.contains(where: { name.lowercased().hasPrefix($0) })
    {
      sink.error(
        "options.name", "`\(name)` is a name inside of every design",
        fix: "choose another, such as `my_\(name)`")
    }
    if !(options.clockMegahertz > 0 && options.clockMegahertz <= 2000) {
      sink.error(
        "options.clockMegahertz", "is \(options.clockMegahertz)", fix: "give a clock up to 2000 MHz"
      )
    }
    for (name, value) in [
      ("framesPerSecond", options.framesPerSecond), ("latency", options.latencyMicroseconds),
    ] {
      if let value, !(value > 0 && value.isFinite) {
        sink.error("options.\(name)", "is \(value)", fix: "give a number above 0")
      }
    }
  }

  /// Checks the options of a design of lanes.
  func check(into sink: inout DiagnosticSink) {
    let options = self
    checkShared(into: &sink)
    for (name, value) in [
      ("denseMultipliers", options.denseMultipliers), ("elementsPerStep", options.step),
      ("inputElementsPerBeat", options.inputElementsPerBeat),
      ("outputElementsPerBeat", options.outputBeat),
    ] where value < 1 || value & (value - 1) != 0 || value > 1024 {
      sink.error("options.\(name)", "is \(value)", fix: "give a power of two from 1 to 1024")
    }
    if !(1...256).contains(options.groups) {
      sink.error(
        "options.columnGroups", "is \(options.groups)", fix: "give 1 to 256 groups")
    }
    if let chains = options.drainChains, !(1...64).contains(chains) {
      sink.error("options.drainChains", "is \(chains)", fix: "give 1 to 64 chains")
    }
    if !(1...64).contains(options.streams) {
      sink.error("options.streams", "is \(options.streams)", fix: "give 1 to 64 streams")
    }
    if let lanes = options.lanes, !(1...4096).contains(lanes) {
      sink.error("options.lanes", "is \(lanes)", fix: "give 1 to 4096 lanes")
    }
  }
}
