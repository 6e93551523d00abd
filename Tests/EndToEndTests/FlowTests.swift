import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct FlowTests {
  @Test func twoFreshProcessesWriteTheSameBytes() throws {
    let first = try TinyDigits.shared.get()
    try withTemporaryFolder { second in
      try TinyDigits.write(to: second)
      try TinyDigits.make(in: second)
      var compared = 0
      for path in everything(below: first.appendingPathComponent("gru")) {
        let a = first.appendingPathComponent("gru/\(path)")
        guard try a.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
          continue
        }
        // What cosim adds to the shared folder is no output of compile.
        if path.hasPrefix("rtl/sim/"), !path.hasSuffix(".sv") { continue }
        if path.hasPrefix("rtl/bench/") { continue }
        if ["rtl/cosim.json", "rtl/energy.json", "rtl/activity.json"].contains(path) { continue }
        compared += 1
        let b = second.appendingPathComponent("gru/\(path)")
        #expect(try Data(contentsOf: a) == Data(contentsOf: b), "\(path) differs")
      }
      #expect(compared > 20)
    }
  }

  @Test func anotherSeedGivesAnotherModel() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      let output = try Program.run(
        ["train", "gru.json", "-o", folder.appendingPathComponent("m").path, "--seed", "2"],
        in: shared)
      #expect(output.status == 0)
      let a = try Data(contentsOf: shared.appendingPathComponent("gru/float/model.safetensors"))
      let b = try Data(contentsOf: folder.appendingPathComponent("m/model.safetensors"))
      #expect(a != b)
    }
  }

  @Test(.enabled(if: Program.hasSimulator, "Verilator is missing"))
  func theVerilogEqualsTheReferenceAndTheReportShowsIt() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      let gru = folder.appendingPathComponent("gru")
      try FileManager.default.copyItem(at: shared.appendingPathComponent("gru"), to: gru)
      let data = shared.appendingPathComponent("recordings").path
      let cosim = try Program.run(
        ["cosim", "gru/rtl", "--data", data, "--limit", "3", "--activity", "--json"], in: folder)
      #expect(cosim.status == 0, "\(cosim.standardError)")
      let json = try JSONValue(parsing: Data(cosim.standardOutput.utf8))
      #expect(json["valueMismatches"] == .int(0))
      #expect(json["cycleMismatches"] == .int(0))
      #expect(json["otherMismatches"] == .int(0))
      #expect(json["sequences"] == .int(3))
      #expect(json["sameClassAsReference"] == .int(3))
      #expect(
        json.text
          == (try String(contentsOf: gru.appendingPathComponent("rtl/cosim.json"), encoding: .utf8))
      )

      let energy = try Program.run(["energy", "gru/rtl", "--json"], in: folder)
      #expect(energy.status == 0, "\(energy.standardError)")
      #expect(energy.standardOutput.contains("XC7A100T"))

      let report = try Program.run(["report", "gru", "-o", "page.html"], in: folder)
      #expect(report.status == 0, "\(report.standardError)")
      let page = try String(
        contentsOf: folder.appendingPathComponent("page.html"), encoding: .utf8)
      #expect(page.contains("<svg"))
      #expect(!page.contains("src=\"http") && !page.contains("<script"))

      // A changed bit in the Verilog is found before anything is simulated.
      let core = gru.appendingPathComponent("rtl/rtl/tiny_gru_core.sv")
      let text = try String(contentsOf: core, encoding: .utf8)
      try AtomicFile.write(text + "// edited\n", to: core)
      let edited = try Program.run(["cosim", "gru/rtl", "--data", data], in: folder)
      #expect(edited.status == 2)
      #expect(edited.standardError.contains("tiny_gru_core.sv"))
      #expect(edited.standardError.contains("compile the model again"))
    }
  }

  @Test func theDemoPrintsItsPlan() throws {
    let output = try Program.run(["demo", "--dry-run"], in: packageRoot)
    #expect(output.status == 0)
    try expectGolden(output.standardOutput, "demo-plan.txt")
    let json = try Program.run(["demo", "--dry-run", "--json"], in: packageRoot)
    let plan = try JSONValue(parsing: Data(json.standardOutput.utf8))
    guard case .array(let steps) = plan else {
      Issue.record("the plan is no list")
      return
    }
    #expect(steps.count == 13)
  }

  @Test func aDryRunWritesNothing() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      let target = folder.appendingPathComponent("x").path
      for arguments in [
        ["train", "gru.json", "-o", target], ["compile", "gru/quantized", "-o", target],
        ["cosim", "gru/rtl", "--data", "recordings"], ["energy", "gru/rtl"],
      ] {
        let output = try Program.run(arguments + ["--dry-run"], in: shared)
        #expect(output.status == 0)
        #expect(output.standardOutput.hasPrefix("rnnc \(arguments[0]) "))
      }
      #expect(everything(below: folder).isEmpty)
    }
  }
}
