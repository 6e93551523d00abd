import Foundation
import RNNCodegen
import RNNCosim
import RNNQuantize
import RNNSupport
import Testing
import _RNNTestSupport

/// The assertions of emitted designs say which promise of the compiler broken hardware breaks.
@Suite(.serialized) struct AssertionTests {
  /// A change of one emitted file, and the assertion that has to fire.
  struct Fault: Sendable, CustomTestStringConvertible {
    var engine: Engine
    var file: String
    var text: String
    var broken: String
    var assertion: String
    var testDescription: String { assertion }
  }
  static let faults = [
    Fault(
      engine: .lanes, file: "rtl/net_core.sv", text: "assign start = next_input_full &&",
      broken: "assign start = (next_input_full || 1'b1) &&", assertion: "BegunFrameHasInput_A"),
    // No sum reaches a drain register, and its results are taken all the same.
    Fault(
      engine: .lanes, file: "rtl/net_core.sv", text: "ctl_drain_load <= slot0_drain_load",
      broken: "ctl_drain_load <= 1'b0 & slot0_drain_load", assertion: "ResultWasDrained_A"),
    Fault(
      engine: .sequential, file: "rtl/rnnc_seq_control.sv", text: "at_program_end ? 3'd4 : 3'd2",
      broken: "at_program_end ? 3'd0 : 3'd2", assertion: "OutputIsBehindResults_A"),
    Fault(
      engine: .sequential, file: "rtl/rnnc_seq_issue.sv", text: "row_q == last_row_i",
      broken: "row_q == last_row_i + 1'b1", assertion: "RowInVector_A"),
  ]

  /// What the assertions said after some frames.
  private static func messages(
    _ engine: Engine, change: (String, String) -> String
  ) throws -> String {
    let network = try RandomNetwork(
      seed: 23,
      options: .init(cell: "gru", sizes: [3, 5], block: 1, policy: .init(), readout: false))
    let design = try compileHardware(
      network.graph, options: CompileOptions(name: "net", engine: engine.standard))
    return try withTemporaryFolder { folder in
      let hardware = try startSimulation(
        of: design, golden: network.graph, in: folder, seed: 3, change: change)
      hardware.send(network.sequence(steps: 3).map { ControlledSimulation.Frame($0) })
      hardware.advance(cycles: 4 * design.cyclesPerFrame)
      return hardware.messages
    }
  }

  @Test(arguments: faults) func aBrokenPromiseIsNamed(_ fault: Fault) throws {
    var isChanged = false
    let found = try Self.messages(fault.engine) { path, text in
      guard path == fault.file, text.contains(fault.text) else { return text }
      isChanged = true
      return text.replacing(fault.text, with: fault.broken)
    }
    #expect(isChanged, "\(fault.file) has no `\(fault.text)`")
    #expect(found.contains(fault.assertion), "\(found)")
  }

  /// Every design has some, and they are true of what the compiler emits.
  @Test(arguments: Engine.allCases) func noneFiresWithoutAFault(_ engine: Engine) throws {
    var count = 0
    let found = try Self.messages(engine) { _, text in
      count += text.matches(of: /RNNC_ASSERT(_NEXT)?\(\w+_A,/).count
      return text
    }
    #expect(found.isEmpty, "\(found)")
    #expect(count >= 10)
  }
}
