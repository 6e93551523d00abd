package import Foundation
package import RNNSupport

/// Places and routes a netlist with nextpnr and makes a bitstream.
package struct PlaceAndRoute: Sendable {
  /// The chip and the package that a device is placed for.
  package struct Target: Hashable, Sendable {
    package var arguments: [String]
    /// Such as `CABGA381, speed grade 6`.
    package var description: String
  }
  package var family: SynthesisFamily
  package var target: Target
  /// The rate that the placer works toward.
  package var megahertz: Double
  package var seed: Int
  /// Pin constraints (`.lpf` or `.pcf`); nil lets nextpnr choose the pins.
  package var pins: URL?

  /// Nil for a device without an open place and route.
  package init?(
    _ device: DeviceDescription, family: SynthesisFamily, megahertz: Double, seed: Int, pins: URL?
  ) {
    switch (family, device.name) {
    case (.ecp5, "LFE5U-85F"):
      target = Target(
        arguments: ["--85k", "--package", "CABGA381", "--speed", "6"],
        description: "CABGA381, speed grade 6")
    case (.ecp5, "LFE5U-25F"):
      target = Target(
        arguments: ["--25k", "--package", "CABGA381", "--speed", "6"],
        description: "CABGA381, speed grade 6")
    case (.iCE40UltraPlus, "iCE40UP5K"):
      target = Target(arguments: ["--up5k", "--package", "sg48"], description: "SG48")
    default: return nil
    }
    self.family = family
    self.megahertz = megahertz
    self.seed = seed
    self.pins = pins
  }

  /// The tools that it runs: the placer; the bitstream tool comes with it.
  package var tool: Tool { family == .ecp5 ? .nextpnrECP5 : .nextpnrICE40 }

  static let reportName = "timing.json"

  /// The files that it writes for a design, in the folder of the artefacts.
  package func outputs(of design: String) -> (routed: String, report: String, bitstream: String) {
    let routed = family == .ecp5 ? "\(design).config" : "\(design).asc"
    return (routed, Self.reportName, family == .ecp5 ? "\(design).bit" : "\(design).bin")
  }

  /// Runs nextpnr and the bitstream tool in a folder that holds the netlist `<design>.json`.
  ///
  /// - Throws: `ToolError` when a tool is missing or a design does not fit.
  package func run(_ design: String, in folder: URL, tools: ToolRunner) throws -> NextpnrReport {
    let files = outputs(of: design)
    let placer = tools.executable(of: tool)
    var arguments =
      target.arguments + [
        "--json", "\(design).json", "--report", files.report, "--seed", "\(seed)",
        "--freq", "\(megahertz)", "--timing-allow-fail", "--quiet",
      ]
    switch family {
    case .ecp5:
      arguments += ["--textcfg", files.routed, "--lpf-allow-unconstrained"]
      if let pins { arguments += ["--lpf", pins.path] }
    case .iCE40UltraPlus:
      arguments += ["--asc", files.routed]
      if let pins { arguments += ["--pcf", pins.path, "--pcf-allow-unconstrained"] }
    case .sevenSeries, .ultraScale:
      preconditionFailure("\(family) has no open place and route")
    }
    let limit = 4 * 3600.0
    try tools.run(placer, arguments, directory: folder, timeout: limit, installHint: tool)
    // The packer of bits is built like the placer: both native or both WebAssembly.
    let prefix = placer.hasPrefix("yowasp-") ? "yowasp-" : ""
    switch family {
    case .ecp5:
      try tools.run(
        "\(prefix)ecppack", ["--input", files.routed, "--bit", files.bitstream], directory: folder,
        timeout: limit, installHint: tool)
    case .iCE40UltraPlus:
      try tools.run(
        "\(prefix)icepack", [files.routed, files.bitstream], directory: folder, timeout: limit,
        installHint: tool)
    case .sevenSeries, .ultraScale: break
    }
    _ = try Synthesizer.read(files.bitstream, of: "the packer of \(placer)", in: folder)
    return try NextpnrReport(parsing: Synthesizer.read(files.report, of: placer, in: folder))
  }
}
