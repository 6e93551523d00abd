import Foundation
import RNNRTL
import RNNSupport
import RNNVerilog
import Testing
import _RNNTestSupport

/// A rule on the text of a hand-written file.
struct TextRule: Sendable, CustomStringConvertible {
  var description: String
  /// Names the fault of a line without its comment, or nil.
  var fault: @Sendable (Substring) -> String?

  static let all: [TextRule] = [
    TextRule(description: "no >>> on a select or concatenation") {
      $0.contains(/[\]\}]\s*>>>/) ? "select or concatenation before >>>" : nil
    },
    TextRule(description: "always_ff or always_comb") {
      $0.contains(/\balways\s*@|\balways_latch\b|\balways\s*\*/) ? "plain always" : nil
    },
    TextRule(description: "named connections") {
      $0.contains(/\bu_\w+\s*\(\s*[^.)\s]/) || $0.contains(/\(\s*\.\*/) ? "positional" : nil
    },
    TextRule(description: "named parameters") {
      $0.contains(/#\(\s*[\w"]+\s*[,)]/) ? "positional parameter" : nil
    },
    TextRule(description: "arithmetic operands have a sign of their own") {
      // A select or a concatenation is unsigned and takes the sign from its neighbour.
      $0.contains(/[\]\}]\s*[*]\s*\w/) || $0.contains(/\w\s[*]\s*[{]/) ? "unsigned factor" : nil
    },
    TextRule(description: "constructs that a tool rejects") {
      $0.contains(/\breturn\b|\bimport\b|\binterface\b|signed'\(/)
        || $0.contains(/\bint unsigned\b|\bparameter (type|string)\b/)
        ? "construct outside of the subset" : nil
    },
    TextRule(description: "inputs name their net kind") {
      $0.contains(/^\s*input(?! wire logic)/) || $0.contains(/^\s*inout/) ? "input kind" : nil
    },
    TextRule(description: "no lint pragma") {
      $0.contains("lint_off") || $0.contains("translate_off") ? "pragma" : nil
    },
  ]

  /// The faults of a text.
  static func faults(in text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
      var code = line
      if let comment = code.firstRange(of: "//") { code = code[..<comment.lowerBound] }
      return all.compactMap { rule in rule.fault(code).map { "\($0): \(line)" } }
    }
  }
}

@Suite struct LibraryTests {
  static let texts: [(name: String, text: String)] = RTLLibrary.files.map {
    ($0.name, String(decoding: $0.bytes, as: UTF8.self))
  }

  @Test func listEqualsTheFolder() throws {
    let folder = try FileManager.default.contentsOfDirectory(
      atPath: packageRoot.appendingPathComponent("rtl").path
    ).filter { $0.hasSuffix(".sv") || $0.hasSuffix(".svh") }
    #expect(!folder.isEmpty)
    #expect(Set(folder) == Set(Self.texts.map(\.name)))
    #expect(Self.texts.count == folder.count)
    for (name, text) in Self.texts {
      let file = packageRoot.appendingPathComponent("rtl/\(name)")
      #expect(try String(contentsOf: file, encoding: .utf8) == text, "\(name) is stale")
    }
  }

  @Test func listIsInDependencyOrder() {
    for (i, entry) in Self.texts.enumerated() {
      for later in Self.texts[(i + 1)...] where later.name.hasSuffix(".sv") {
        #expect(!entry.text.contains("\(later.name.dropLast(3)) #("), "\(entry.name)")
      }
    }
  }

  @Test func filesFollowTheTextRules() {
    var modules = 0
    for (name, text) in Self.texts {
      #expect(TextRule.faults(in: text) == [], "\(name)")
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.allSatisfy { $0.count <= 100 && !$0.contains("\t") }, "\(name)")
      guard name.hasSuffix(".sv") else { continue }
      modules += 1
      #expect(text.hasPrefix("`default_nettype none\n\n/// "), "\(name)")
      #expect(text.hasSuffix("endmodule\n\n`default_nettype wire\n"), "\(name)")
      #expect(text.contains("\nmodule \(name.dropLast(3)) #("), "\(name)")
      #expect(text.contains("  \(name.dropLast(3))_bad_params u_bad ();"), "\(name)")
    }
    #expect(modules == 19)
  }

  @Test(arguments: [
    "  assign y = a[7:0] >>> 2;", "  assign y = {a, b} >>> 2;", "  always @(posedge clk_i) q <= d;",
    "  rnnc_mul u_mul (clk, a, b);", "  rnnc_mul u_mul (.*);", "  rnnc_mul #(3, 4) u_mul (",
    "  assign y = a[7:0] * b;", "  assign y = b * {1'b0, a};", "  input logic [3:0] a_i,",
    "  assign y = signed'(a);", "  // verilator lint_off WIDTH\n  /* verilator lint_off WIDTH */",
  ])
  func textRulesCatchWhatNoToolReports(_ line: String) {
    #expect(TextRule.faults(in: line).count == 1)
  }

  @Test func headersGiveTheWidthsOfPorts() throws {
    var interfaces = VerilogInterfaces()
    for (name, text) in Self.texts where name.hasSuffix(".sv") {
      try interfaces.add(parsing: text, file: name)
    }
    let lane = VerilogInstance(
      "rnnc_lane", "u_lane",
      parameters: [
        "Products": .int(14), "WeightWidth": .int(15), "OperandWidth": .int(13),
        "SumWidth": .int(40),
      ], connections: [])
    let ports = try #require(try interfaces.ports(of: lane))
    #expect(
      ports.map { "\($0.direction) \($0.name) \($0.type.width)" } == [
        "input clk_i 1", "input valid_i 1", "input first_i 1", "input weights_i 210",
        "input operands_i 182", "input drain_load_i 1", "input drain_shift_i 1",
        "input drain_i 560", "output drain_o 560",
      ])
    for (depth, width) in [(1, 1), (2, 1), (5, 3), (512, 9), (513, 10)] {
      let ram = VerilogInstance(
        "rnnc_ram_sdp", "u_ram", parameters: ["Width": .int(7), "Depth": .int(depth)],
        connections: [])
      let found = try #require(try interfaces.ports(of: ram))
      #expect(found.first { $0.name == "raddr_i" }?.type == .bits(width))
    }
    let wrong = VerilogInstance(
      "rnnc_ram_sdp", "u_ram", parameters: ["AddressWidth": .int(7)], connections: [])
    #expect(throws: VerilogError.self) { try interfaces.ports(of: wrong) }
  }

  static let hasAllTools =
    ProcessInfo.processInfo.environment["RNNC_REQUIRE_TOOLS"] == "1"
    || ["verilator", "yosys", "iverilog"].allSatisfy { ToolRunner().path(of: $0) != nil }

  @Test(.enabled(if: hasAllTools))
  func everyModuleIsCleanInThreeTools() throws {
    let output = try ToolRunner().run(
      packageRoot.appendingPathComponent("hw-sim/lint.sh").path, [], acceptFailure: true)
    #expect(output.status == 0, "\(output.standardError)")
    let points = try String(
      contentsOf: packageRoot.appendingPathComponent("hw-sim/unit/points.txt"), encoding: .utf8
    ).split(separator: "\n").filter { !$0.hasPrefix("#") }
    for (name, _) in Self.texts where name.hasSuffix(".sv") {
      let own = points.filter { $0.hasPrefix("\(name.dropLast(3)) ") }
      #expect(own.count >= 2, "\(name) needs two parameter points")
    }
    #expect(output.standardOutput.contains("lint: \(points.count) points, 0 failures"))
  }

  @Test(
    .enabled(if: hasAllTools),
    arguments: [
      ("rnnc_axil", "AddressWidth=2"), ("rnnc_control", "Streams=0"), ("rnnc_state_ram", "Size=0"),
      ("rnnc_collect", "Elements=2 WordElements=5"), ("rnnc_delay", "Depth=-1"),
      ("rnnc_lane", "Products=0"), ("rnnc_mul", "AWidth=0"),
      ("rnnc_pwl", "InitFile=\"x.mem\" Segments=48"), ("rnnc_pwl", "InitFile=\"x.mem\" Shift=-1"),
      ("rnnc_pwl", "InitFile=\"x.mem\" Deep=2"), ("rnnc_rom", "InitFile=\"x.mem\" Latency=3"),
      ("rnnc_rom", "InitFile=\"x.mem\" Style=\"\""),
      ("rnnc_rom", "InitFile=\"x.mem\" Interleave=2"),
      ("rnnc_rom", "InitFile=\"x.mem\" Latency=2 Interleave=3"),
      ("rnnc_ram_sdp", "Latency=0"), ("rnnc_ram_sdp", "Depth=0"), ("rnnc_rom", "Width=8"),
      ("rnnc_round_sat", "Rounding=3"),
      ("rnnc_round_sat", "Shift=-1"),
    ])
  func impossibleParametersStopEveryTool(_ module: String, _ parameters: String) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-bad-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let rtl = packageRoot.appendingPathComponent("rtl").path
    let list = parameters.split(separator: " ").map { pair in
      let parts = pair.split(separator: "=")
      return ".\(parts[0])(\(parts[1]))"
    }
    let files = Self.texts.map(\.name).filter { $0.hasSuffix(".sv") }.map { "\(rtl)/\($0)" }
    try "module top; \(module) #(\(list.joined(separator: ", "))) u_bad (); endmodule\n".write(
      to: folder.appendingPathComponent("top.sv"), atomically: true, encoding: .utf8)
    try "0\n".write(
      to: folder.appendingPathComponent("x.mem"), atomically: true, encoding: .utf8)
    let yosys = "read_verilog -sv -defer \(files.joined(separator: " ")) top.sv"
    let commands: [(String, [String])] = [
      ("verilator", ["--lint-only", "--top-module", "top", "top.sv"] + files),
      ("iverilog", ["-g2012", "-s", "top", "-o", "x.vvp", "top.sv"] + files),
      ("yosys", ["-q", "-p", "\(yosys); hierarchy -check -top top"]),
    ]
    for (tool, arguments) in commands {
      let output = try ToolRunner().run(
        tool, arguments, directory: folder, acceptFailure: true)
      #expect(output.status != 0, "\(tool) accepts \(module) \(parameters)")
      let text = output.standardError + output.standardOutput
      #expect(text.contains("\(module)_bad_params"), "\(tool): \(text)")
    }
  }
}
