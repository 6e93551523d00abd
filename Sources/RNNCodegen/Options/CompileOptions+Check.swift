internal import RNNSupport
internal import RNNVerilog

extension CompileOptions {
  /// Checks everything that needs no model, so that wrong options are refused before long work.
  ///
  /// - Throws: `DiagnosticsEmitted` with every option that no design has, or a device that is not known.
  package func check() throws {
    var sink = DiagnosticSink(stage: "compile")
    check(into: &sink)
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

  /// Checks the range of every option, and that the name is an identifier and free.
  func check(into sink: inout DiagnosticSink) {
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
    for option in Self.shared + engine.options where !option.isLegal(self) {
      sink.error(
        "options.\(option.key)", "is \(option.text(of: self))", fix: "give \(option.legal)")
    }
  }
}
