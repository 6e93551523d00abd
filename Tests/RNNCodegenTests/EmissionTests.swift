import Foundation
import RNNBilinear
import RNNCodegen
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing
import _RNNTestSupport

/// Every emitted file must be clean for Verilator and accepted by Icarus and Yosys.
@Suite struct EmissionTests {
  /// Seeds with the options that go with them, so that every parallelism is covered.
  static let cases: [(seed: UInt64, options: CompileOptions)] = [
    (1, CompileOptions(name: "one", engine: .lanes(.init(1)))),
    (2, CompileOptions(name: "two", engine: .lanes(.init(3, streams: 2)))),
    (3, CompileOptions(name: "three", engine: .lanes(.init(streams: 5)))),
    (4, CompileOptions(name: "four", engine: .lanes(.init(5, columnGroups: 3, drainChains: 2)))),
    (5, CompileOptions(name: "five", engine: .lanes(.init(2, denseMultipliers: 4)))),
  ]

  @Test(arguments: cases.indices)
  func lintsCleanInThreeTools(_ index: Int) throws {
    let (seed, options) = Self.cases[index]
    let network = try RandomNetwork(seed: seed)
    let design = try compile(network.graph, options: options)
    try lint(design)
  }

  @Test func elementsInParallelLintClean() throws {
    let network = try RandomNetwork(
      seed: 7, options: .init(cell: "gru", sizes: [9, 13], block: 4))
    let options = CompileOptions(
      name: "wide",
      engine: .lanes(
        .init(2, elementsPerStep: 4, inputElementsPerBeat: 2, outputElementsPerBeat: 8)))
    try lint(compile(network.graph, options: options))
  }

  @Test(arguments: [1, 3]) func controlPortsLintClean(_ streams: Int) throws {
    // Words of 12 elements, no power of two, and of two; states of two layers and sizes.
    let network = try RandomNetwork(
      seed: 9,
      options: .init(cell: "lstm", sizes: [5, 13, 3], block: 4, policy: QuantizationPolicy()))
    var options = CompileOptions(
      name: "held", engine: .lanes(.init(2, columnGroups: 3, elementsPerStep: 2, streams: streams)))
    options.lanes.control = .axiLite
    try lint(compile(network.graph, options: options))
  }

  @Test func aControlPortWithoutStatesLintsClean() throws {
    let network = try RandomNetwork(
      seed: 10, options: .init(cell: "dense", sizes: [5, 3], block: 1, policy: .init()))
    var options = CompileOptions(name: "stateless", engine: .lanes(.init(2)))
    options.lanes.control = .axiLite
    let design = try compile(network.graph, options: options)
    #expect(design.windowStates.isEmpty)
    try lint(design)
  }

  @Test(arguments: [8, 16]) func fourierTransformsLintClean(_ block: Int) throws {
    let network = try RandomNetwork(
      seed: 8,
      options: .init(
        cell: "lstm", sizes: [9, 24], block: block, policy: QuantizationPolicy(), readout: true))
    let options = CompileOptions(name: "turned", engine: .lanes(.init(2, columnGroups: 2)))
    var graph = network.graph
    graph.transform = .fourier
    try lint(compile(graph, options: options))
  }

  /// The engine as it is emitted, with the greatest element of a vector in its program, or units that normalize.
  ///
  /// Sizes and formats are small: the synthesis makes flip-flops of the memories.
  @Test(arguments: ["gru", "softmax", "layer-norm"])
  func sequentialCoresLintCleanAndSynthesize(_ cell: String) throws {
    let network = try RandomNetwork(
      seed: 12,
      options: .init(
        cell: cell, sizes: [2, 2], block: 1,
        policy: .withoutTraining(weightBits: 6, valueBits: 6, stateBits: 6), readout: false))
    let hasMaximum = network.graph.nodes.contains {
      if case .reduce(.maximum, _) = $0.op { true } else { false }
    }
    #expect(hasMaximum == (cell == "softmax"))
    #expect(network.graph.normalizations.isEmpty == (cell != "layer-norm"))
    let design = try compileHardware(
      network.graph, options: CompileOptions(name: "little", engine: .sequential))
    try lint(design, synthesizes: true)
  }

  /// The program says which of several units normalizes.
  @Test func aSequentialCoreOfSeveralUnitsLintsClean() throws {
    let network = try RandomNetwork(
      seed: 13,
      options: .init(
        cell: "layer-norm-lstm", sizes: [2, 2], block: 1, policy: QuantizationPolicy(),
        readout: false))
    let design = try compileHardware(
      network.graph, options: CompileOptions(name: "several", engine: .sequential))
    #expect(design.counts.units.filter { $0.name.hasPrefix("normalization") }.count > 1)
    try lint(design)
  }

  @Test func twoCompilationsGiveTheSameBytes() throws {
    let first = try emit(compile(RandomNetwork(seed: 4).graph, options: CompileOptions()))
    let second = try emit(compile(RandomNetwork(seed: 4).graph, options: CompileOptions()))
    #expect(first == second)
    #expect(first.contains { $0.path == "manifest.json" })
  }

  private func lint(_ design: any HardwareDesign, synthesizes: Bool = false) throws {
    try withTemporaryFolder { folder in
      let files = try design.files()
      for file in files {
        let url = folder.appendingPathComponent(file.path)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(file.text.utf8).write(to: url)
      }
      // Memory images are found by name in the folder in which a tool runs.
      let sources = designSources(of: files).map { "../\($0)" }
      let simulation = "../sim/\(design.name)_sim.sv"
      func run(_ tool: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.currentDirectoryURL = folder.appendingPathComponent("mem")
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(
          decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(tool): \(output.suffix(4000))")
        if tool == "verilator" { #expect(output.isEmpty, "\(tool): \(output.prefix(4000))") }
      }
      for top in [design.name, "\(design.name)_sim"] {
        try run(
          "verilator",
          ["--lint-only", "-Wall", "--top-module", top] + sources
            + (top == design.name ? [] : [simulation]))
      }
      try run("iverilog", ["-g2012", "-o", "/dev/null", "-s", design.name] + sources)
      try run(
        "yosys",
        [
          "-q", "-p",
          "read_verilog -sv -defer \(sources.joined(separator: " ")); hierarchy -check -top \(design.name)"
            + (synthesizes ? "; synth -top \(design.name); check -assert" : ""),
        ])
    }
  }
}
