import Foundation
import RNNCosim
import RNNSupport
import Testing

@Suite struct SimulationBuilderTests {
  @Test func aMissingVerilatorIsNamed() throws {
    let folder = try Standin.makeFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let builder = SimulationBuilder(runner: ToolRunner(environment: ["PATH": folder.path]))
    let error = #expect(throws: ToolError.self) {
      try builder.build(Standin.design(in: folder))
    }
    #expect(error?.code == .toolMissing)
    #expect(error?.message.contains("verilator") == true)
  }

  @Test func anOldVerilatorIsNamed() throws {
    let folder = try Standin.makeFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let fake = folder.appendingPathComponent("verilator")
    try AtomicFile.write(Data("#!/bin/sh\necho Verilator 4.038 2020-07-11\n".utf8), to: fake)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
    let builder = SimulationBuilder(runner: ToolRunner(environment: ["PATH": folder.path]))
    let error = #expect(throws: ToolError.self) {
      try builder.build(Standin.design(in: folder))
    }
    #expect(error?.code == .toolTooOld)
    #expect(error?.message.contains("4.038") == true)
  }

  @Test func aBuildIsKeptUntilASourceChanges() throws {
    let folder = try Standin.makeFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let design = Standin.design(in: folder)
    let builder = SimulationBuilder(effort: .quick)
    let first = try builder.build(design)
    #expect(!first.cached)
    let second = try builder.build(design)
    #expect(second.cached && second.library == first.library)

    let source = folder.appendingPathComponent(design.sources[0])
    let text = try String(contentsOf: source, encoding: .utf8)
    try AtomicFile.write(Data((text + "// one more line\n").utf8), to: source)
    let third = try builder.build(design)
    #expect(!third.cached && third.library != first.library)
    // The old one is gone.
    #expect(!FileManager.default.fileExists(atPath: first.library.path))
  }

  @Test func brokenVerilogIsReportedWithTheToolsOwnLines() throws {
    let folder = try Standin.makeFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let design = Standin.design(in: folder)
    try AtomicFile.write(
      Data("module standin_sim (input wire aclk);\n  assign = 3;\nendmodule\n".utf8),
      to: folder.appendingPathComponent(design.sources[0]))
    let error = #expect(throws: ToolError.self) {
      try SimulationBuilder(effort: .quick).build(design)
    }
    #expect(error?.code == .toolFailed)
    #expect(error?.details?.contains("standin_sim.sv:2") == true)
  }

  @Test func patternsAreFunctionsOfTheCycle() {
    for kind in [FlowPattern.Kind.random(percent: 30), .stalls(cycles: 17)] {
      let pattern = FlowPattern(kind, seed: 9)
      let whole = pattern.bytes(from: 0, count: 1000) ?? []
      #expect(whole.count == 1000)
      #expect(pattern.bytes(from: 333, count: 100) == Array(whole[333..<433]))
      let on = whole.reduce(0) { $0 + Int($1) }
      #expect(on > 150 && on < 850)
      #expect(FlowPattern(kind, seed: 10).bytes(from: 0, count: 1000) != whole)
    }
    let stalls = FlowPattern(.stalls(cycles: 17), seed: 9).bytes(from: 0, count: 1700) ?? []
    for block in 0..<100 { #expect(Set(stalls[17 * block..<17 * block + 17]).count == 1) }
    #expect(FlowPattern.always.bytes(from: 0, count: 3) == nil)
  }
}
