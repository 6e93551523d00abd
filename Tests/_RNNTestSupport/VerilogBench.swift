import Foundation
import RNNSupport

/// Bits of a value, the least significant first, each 0 or 1.
package func bits(_ value: Int64, _ width: Int) -> [UInt8] {
  (0..<width).map { UInt8(truncatingIfNeeded: value >> Int64(min($0, 63))) & 1 }
}

/// A simulator that runs the same generated bench.
package enum BenchSimulator: String, CaseIterable, Sendable {
  case icarus, verilator

  /// Whether the simulator is there; always true when tools are required, so that a lack is a failure.
  package var isEnabled: Bool {
    if ProcessInfo.processInfo.environment["RNNC_REQUIRE_TOOLS"] == "1" { return true }
    let runner = ToolRunner()
    return switch self {
    case .icarus: runner.path(of: "iverilog") != nil && runner.path(of: "vvp") != nil
    case .verilator: runner.path(of: "verilator") != nil && runner.path(of: "g++") != nil
    }
  }
}

/// Several modules driven side by side by given bits, cycle by cycle.
///
/// In each cycle the inputs change, the outputs are sampled once they are stable, then the clock
/// rises. A port `clk_i` is the bench's clock; every other input is given for every cycle.
package struct VerilogBench {
  package struct Port: Sendable {
    package var name: String
    package var width: Int
    package init(_ name: String, _ width: Int) {
      self.name = name
      self.width = width
    }
  }
  package struct Unit: Sendable {
    package var module: String
    /// Name and Verilog text of each value.
    package var parameters: [(name: String, value: String)]
    package var hasClock: Bool
    package var inputs: [Port]
    package var outputs: [Port]
    /// Cycle, then input, then bits.
    package var stimulus: [[[UInt8]]]

    package init(
      _ module: String, _ parameters: KeyValuePairs<String, Any> = [:], hasClock: Bool = true,
      inputs: [Port], outputs: [Port], stimulus: [[[UInt8]]]
    ) {
      self.module = module
      self.parameters = parameters.map { ($0.key, "\($0.value)") }
      self.hasClock = hasClock
      self.inputs = inputs
      self.outputs = outputs
      self.stimulus = stimulus
    }
  }

  /// What one run printed: for every cycle the outputs of all units.
  package struct Trace {
    fileprivate var lines: [[UInt8]]
    fileprivate var places: [[(low: Int, width: Int)]]
    /// The bits of an output, `x` as 2.
    package func bits(cycle: Int, unit: Int, output: Int = 0) -> [UInt8] {
      let place = places[unit][output]
      return Array(lines[cycle][place.low..<place.low + place.width])
    }
    /// The output of at most 64 bits read as two's complement; nil with an undefined bit.
    package func signed(cycle: Int, unit: Int, output: Int = 0) -> Int64? {
      let found = bits(cycle: cycle, unit: unit, output: output)
      guard found.count <= 64, !found.contains(2) else { return nil }
      var value: Int64 = found.last == 1 ? -1 : 0
      for bit in found.reversed() { value = value << 1 | Int64(bit) }
      return value
    }
  }

  /// File names and texts, written next to the bench.
  package var files: [(name: String, text: String)]
  package var units: [Unit]
  package init(files: [(name: String, text: String)], units: [Unit]) {
    self.files = files
    self.units = units
  }

  /// Runs all cycles; every register and memory starts with random bits where the simulator has two values.
  package func run(_ simulator: BenchSimulator, seed: Int = 1) throws -> Trace {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var sources: [String] = []
    for file in files {
      try file.text.write(
        to: folder.appendingPathComponent(file.name), atomically: true, encoding: .utf8)
      if file.name.hasSuffix(".sv") { sources.append(file.name) }
    }
    let (top, places, cycles) = text()
    try top.write(
      to: folder.appendingPathComponent("bench.sv"), atomically: true, encoding: .utf8)
    try stimulusText().write(
      to: folder.appendingPathComponent("stimulus.mem"), atomically: true, encoding: .utf8)

    let runner = ToolRunner()
    let output: String
    switch simulator {
    case .icarus:
      try runner.run(
        "iverilog", ["-g2012", "-s", "bench", "-o", "bench.vvp"] + sources + ["bench.sv"],
        directory: folder)
      output = try runner.run("vvp", ["-n", "bench.vvp"], directory: folder).standardOutput
    case .verilator:
      try runner.run(
        "verilator",
        [
          "--binary", "-Wno-fatal", "--x-initial", "unique", "-O2", "-CFLAGS", "-O0",
          "--top-module", "bench", "-Mdir", "obj", "-j", "2", "-o", "bench",
        ] + sources + ["bench.sv"], directory: folder)
      output = try runner.run(
        folder.appendingPathComponent("obj/bench").path,
        ["+verilator+rand+reset+2", "+verilator+seed+\(seed)"], directory: folder
      ).standardOutput
    }
    let lines: [[UInt8]] = output.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("@") else { return nil }
      return line.utf8.dropFirst().reversed().map { byte in
        byte == UInt8(ascii: "0") ? 0 : byte == UInt8(ascii: "1") ? 1 : 2
      }
    }
    guard lines.count == cycles else {
      throw ToolError(
        .toolFailed, "\(simulator.rawValue) printed \(lines.count) cycles of \(cycles)",
        hint: "look at the bench", details: ToolRunner.tail(output))
    }
    return Trace(lines: lines, places: places)
  }

  private func stimulusText() -> String {
    var text = ""
    for cycle in 0..<(units.first?.stimulus.count ?? 0) {
      // Bit 0 belongs to the first input of the first unit.
      var word: [UInt8] = []
      for unit in units {
        for (input, value) in zip(unit.inputs, unit.stimulus[cycle]) {
          precondition(value.count == input.width, "\(unit.module).\(input.name)")
          word += value
        }
      }
      while word.count % 4 != 0 { word.append(0) }
      for nibble in stride(from: word.count - 4, through: 0, by: -4) {
        let value =
          word[nibble] | word[nibble + 1] << 1 | word[nibble + 2] << 2 | word[nibble + 3] << 3
        text += String(value, radix: 16)
      }
      text += "\n"
    }
    return text
  }

  private func text() -> (String, [[(low: Int, width: Int)]], Int) {
    let cycles = units.first?.stimulus.count ?? 0
    precondition(cycles > 0 && units.allSatisfy { $0.stimulus.count == cycles })
    var inputWidth = 0
    var outputWidth = 0
    var places: [[(low: Int, width: Int)]] = []
    var body = ""
    for (i, unit) in units.enumerated() {
      var connections = unit.hasClock ? [".clk_i(clk)"] : []
      for port in unit.inputs {
        connections.append(".\(port.name)(in[\(inputWidth) +: \(port.width)])")
        inputWidth += port.width
      }
      var own: [(low: Int, width: Int)] = []
      for port in unit.outputs {
        connections.append(".\(port.name)(out[\(outputWidth) +: \(port.width)])")
        own.append((outputWidth, port.width))
        outputWidth += port.width
      }
      places.append(own)
      let parameters =
        unit.parameters.isEmpty
        ? ""
        : " #(" + unit.parameters.map { ".\($0.name)(\($0.value))" }.joined(separator: ", ") + ")"
      body += "  \(unit.module)\(parameters) u_\(i) (\(connections.joined(separator: ", ")));\n"
    }
    let top = """
      `timescale 1ns / 1ps
      module bench;
        logic clk = 0;
        logic [\(inputWidth - 1):0] stimulus[0:\(cycles - 1)];
        logic [\(inputWidth - 1):0] in;
        wire [\(outputWidth - 1):0] out;
        integer i;
      \(body)
        initial begin
          $readmemh("stimulus.mem", stimulus);
          for (i = 0; i < \(cycles); i = i + 1) begin
            in = stimulus[i];
            #1 $display("@%b", out);
            #1 clk = 1;
            #1 clk = 0;
            #1;
          end
          $finish;
        end
      endmodule

      """
    return (top, places, cycles)
  }
}
