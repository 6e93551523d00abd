import ArgumentParser
import Foundation
import RNNBilinear
import RNNCodegen
import RNNCosim
import RNNGraph
import RNNProof
import RNNQuantize
import RNNReference
import RNNSolver
import RNNSupport
import RNNSynthesis

/// E-RNN's own networks at full size, mapped to the chips of its tables.
///
/// Weights are random (seed 1): cycles and resources do not depend on them. Cycles are what the cycle model sustains; with
/// `--simulate` the emitted Verilog is simulated beside the integer reference, and cycles and values are compared; with
/// `--synth` Yosys counts its resources.
@main struct BenchERNN: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "bench-ernn")

  @Option(help: "Frames to simulate of every row that is shown; 0 for none.")
  var simulate = 0
  @Flag(help: "Synthesize every design that is shown with Yosys; minutes each.")
  var synth = false
  @Flag(help: "Place and route every design that is synthesized; minutes to an hour each.")
  var place = false
  @Option(help: "Seed of the placer.")
  var seed = 1
  @Flag(help: "Compile the smallest design with the published rate instead of the fastest.")
  var published = false
  @Flag(help: "Ask Z3 for the optimum of the model of bounds, and schedule its choice as well.")
  var z3 = false
  @Option(help: "Only rows whose name contains this text.")
  var only: String?
  @Option(help: "Streams of the interleaved rows.")
  var streams = 3
  @Option(help: "Where to write the table as JSON.")
  var json: String?

  @Option(help: "The networks.")
  var networks = "Examples/e-rnn/networks.json"
  @Option(help: "A folder that keeps the emitted files of every row.")
  var output: String?

  func run() throws {
    let clock = ContinuousClock()
    print(
      "cycles a frame; the published ones interleave several streams; clocks of Xilinx devices are assumptions"
    )
    print(
      "network               streams cycles wanted floor published ratio  busy  lanes    multipliers  block RAM           LUT  compile s"
    )
    var records: [JSONValue] = []
    for row in try Row.read(networks) where only.map(row.name.contains) ?? true {
      let network = try RandomNetwork(
        seed: 1,
        options: .init(
          cell: row.cell, sizes: [row.inputs, row.units], block: row.block,
          policy: QuantizationPolicy(),
          cellOptions: row.options, readout: false))
      let interleaved = streams > 1 ? [(streams, row.wantedInterleaved)] : []
      for (streams, wanted) in [(1, row.wanted)] + interleaved {
        var options = CompileOptions(
          name: "ernn", device: row.device, clockMegahertz: row.clock,
          engine: .lanes(
            .init(row.lanes, inputElementsPerBeat: row.block == 1 ? 1 : 8, streams: streams)))
        if published {
          guard let cycles = row.published else { continue }
          options.framesPerSecond = row.clock * 1e6 / Double(cycles)
        }
        var compiled: Design?
        var graph = network.graph
        graph.transform = row.transform
        let seconds = try clock.measure { compiled = try compile(graph, options: options) }
          .seconds
        guard let design = compiled else { continue }
        var record = try show(row, design, wanted: wanted, seconds: seconds)
        if let output {
          let folder = URL(fileURLWithPath: output)
            .appendingPathComponent("\(row.name) \(streams) streams")
          try write(design, to: folder)
        }
        if z3 { record.append(.init("z3", try bound(of: design, row, options))) }
        if simulate > 0 {
          record.append(.init("simulation", try simulation(of: design, graph, network, clock)))
        }
        if synth { record.append(.init("synthesis", try synthesis(of: design, row))) }
        records.append(.object(record))
      }
    }
    if let json {
      try AtomicFile.write(
        JSONValue.array(records).text, to: URL(fileURLWithPath: json))
    }
  }

  /// Prints a line of the table; gives the same as members of a record.
  private func show(
    _ row: Row, _ design: Design, wanted: Int?, seconds: Double
  ) throws -> [JSONValue.Member] {
    let device = try DeviceDescription.named(row.device)
    // As the ports sustain it, not only the units of the core.
    let cycles = design.sustainedCyclesPerFrame
    let occupancy = design.occupancy(cyclesPerFrame: cycles)
    let use = device.usage(of: design.counts)
    func cell(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    print(
      row.name.padding(toLength: 21, withPad: " ", startingAt: 0)
        + cell("\(design.interface.streams)", 8) + cell(decimal(cycles), 7)
        + cell(wanted.map { "\($0)" } ?? "-", 7) + cell(row.floor.map { "\($0)" } ?? "-", 6)
        + cell(row.published.map { "\($0)" } ?? "-", 10)
        + cell(row.published.map { decimal(Double($0) / cycles) } ?? "-", 6)
        + cell("\(Int((100 * occupancy).rounded())) %", 6)
        + cell("\(design.lanes)x\(design.lowered.columnGroups)", 7)
        + cell("\(use.multipliers)/\(device.multiplier.count)", 15)
        + cell("\(Int(use.blockRAMs.rounded(.up)))/\(device.blockRAM.count)", 11)
        + cell("\(use.luts)/\(device.luts)", 14) + cell(decimal(seconds), 11))
    return [
      .init("network", .string(row.name)), .init("streams", .int(design.interface.streams)),
      .init("cyclesPerFrame", .double(cycles)),
      .init("cyclesPerFrameOfOneStream", .int(design.frameTiming.cyclesPerFrameOfOneStream)),
      .init("latencyCycles", .int(design.counts.latencyCycles)),
      .init("wanted", wanted.map { .int($0) } ?? .null),
      .init("floor", row.floor.map { .int($0) } ?? .null),
      .init("published", row.published.map { .int($0) } ?? .null),
      .init("occupancy", .double((occupancy * 1e4).rounded() / 1e4)),
      .init("lanes", .int(design.lanes)),
      .init("columnGroups", .int(design.lowered.columnGroups)),
      .init("multipliers", .int(use.multipliers)),
      .init("blockRAMs", .double(use.blockRAMs)), .init("luts", .int(use.luts)),
      .init("flipFlops", .int(use.flipFlops)), .init("compileSeconds", .double(seconds)),
    ]
  }

  /// The optimum that Z3 proves for the model of bounds, beside the schedule of its choice.
  private func bound(of design: Design, _ row: Row, _ asked: CompileOptions) throws -> JSONValue {
    let model = try AllocationModel(design.graph, options: asked)
    let limit = SolverLimit(steps: 300_000_000)
    let device = try DeviceDescription.named(row.device)
    var answer: AllocationModel.Answer?
    let seconds = try ContinuousClock().measure {
      answer =
        try published
        ? model.smallest(cyclesPerFrame: row.published ?? 1, limit: limit)
        : model.fastest(multipliers: device.multiplier.count, limit: limit)
    }.seconds
    guard case .optimum(let optimum)? = answer else {
      print("    Z3 found no optimum: \(answer.map { "\($0)" } ?? "-")")
      return .null
    }
    var options = asked
    options.framesPerSecond = nil
    options.lanes.count = optimum.lanes
    options.lanes.columnGroups = optimum.columnGroups
    options.lanes.elementsPerStep = optimum.elementsPerStep
    // What Z3 does not count may be short.
    let scheduled = try? compile(design.graph, options: options)
    print(
      """
          Z3: at least \(optimum.cyclesPerFrame) cycles, \(optimum.multipliers) multipliers \
      (\(optimum.lanes)x\(optimum.columnGroups), \(optimum.elementsPerStep) elements per step); \
      scheduled \(scheduled.map { "\($0.schedule.cyclesPerFrame)" } ?? "it does not fit"); \(decimal(seconds)) s
      """)
    return .object([
      "leastCyclesPerFrame": .int(optimum.cyclesPerFrame),
      "leastMultipliers": .int(optimum.multipliers),
      "scheduledCyclesPerFrame": scheduled.map { .int($0.schedule.cyclesPerFrame) } ?? .null,
      "seconds": .double(seconds),
    ])
  }

  /// Builds the simulation model and compares it with the integer reference, frame by frame.
  private func simulation(
    of design: Design, _ golden: IntegerGraph, _ network: RandomNetwork, _ clock: ContinuousClock
  ) throws -> JSONValue {
    let folder = Self.scratch
    try? FileManager.default.removeItem(at: folder)
    try write(design, to: folder)
    let described = try CosimDesign(design, golden: golden, folder: folder)
    var cosimulator = Cosimulator(described)
    cosimulator.resetCycles = 8
    let count = max(2, design.interface.streams)
    let sequences = (0..<count).map { k in
      network.sequence(
        steps: max(1, simulate * (k + 1) / count - simulate * k / count), seed: UInt64(k))
    }
    let result = try cosimulator.run(
      sequences: sequences, runs: [CosimRun()])
    let run = result.runs[0]
    // Of the cycles from one frame to the next, those in which the simulated lanes take a block.
    let busy = Double(run.laneBusyCycles) / Double(run.frames)
    let occupancy =
      design.occupancy(cyclesPerFrame: run.frameIntervalCycles ?? 0)
      * busy / Double(design.schedule.feeds.count)
    let rate = run.cyclesPerSecond * Double(run.frames) / Double(run.cycles)
    let predicted = try predictionRate(of: design, sequences, cycles: run.cycles, clock)
    print(
      """
        \(result.summary)
        a frame every \(decimal(run.frameIntervalCycles ?? 0)) cycles, lanes fed in \(decimal(busy)) of them: multipliers busy \
      \(decimal(100 * occupancy)) % of the time
        model built in \(decimal(result.buildSeconds)) s; \(Int(run.cyclesPerSecond)) cycles/s, \
      \(decimal(rate)) frames/s
        integer reference and cycle model alone: \(decimal(predicted)) frames/s, \(decimal(predicted / rate)) times as fast
      """)
    return .object([
      "multiplierOccupancyCounted": .double((occupancy * 1e4).rounded() / 1e4),
      "frames": .int(result.frames), "valueMismatches": .int(result.valueMismatches),
      "cycleMismatches": .int(result.cycleMismatches),
      "otherMismatches": .int(result.otherMismatches),
      "frameInterval": .double(result.runs.first?.frameIntervalCycles ?? 0),
      "modelBuildSeconds": .double(result.buildSeconds),
      "predictionFramesPerSecond": .double(predicted),
      "cyclesPerSecond": .double(run.cyclesPerSecond), "framesPerSecond": .double(rate),
    ])
  }

  /// Of this process: two benchmarks may run side by side.
  private static var scratch: URL {
    FileManager.default.temporaryDirectory
      .appendingPathComponent("bench-ernn-\(ProcessInfo.processInfo.processIdentifier)")
  }

  /// Counts the resources of the emitted files.
  private func synthesis(of design: Design, _ row: Row) throws -> JSONValue {
    let folder = Self.scratch
    try? FileManager.default.removeItem(at: folder)
    let files = try write(design, to: folder)
    let device = try DeviceDescription.named(row.device)
    var synthesizer = try Synthesizer(
      SynthesisDesign(design, folder: folder, files: files), device: device)
    if place {
      synthesizer.placer = PlaceAndRoute(
        device, family: synthesizer.family, megahertz: row.clock, seed: seed, pins: nil)
    }
    let result = try synthesizer.run()
    print(result.text)
    return result.json
  }

  /// Frames a second of the integer reference and the cycle model together, for the same frames and cycles.
  private func predictionRate(
    of design: Design, _ sequences: [[[Int64]]], cycles: Int, _ clock: ContinuousClock
  ) throws -> Double {
    let reference = try ReferenceModel(design.graph)
    var timing = CycleModel(design.frameTiming)
    let time = clock.measure {
      for sequence in sequences { _ = reference.run(sequence: sequence) }
      for _ in 0..<cycles {
        _ = timing.step(inputValid: true, inputLast: false, outputReady: true)
      }
    }
    return Double(sequences.reduce(0) { $0 + $1.count }) / time.seconds
  }

  @discardableResult
  private func write(_ design: Design, to folder: URL) throws -> [EmittedFile] {
    let files = try emit(design)
    for file in files {
      try AtomicFile.write(file.text, to: folder.appendingPathComponent(file.path))
    }
    return files
  }

  private func decimal(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
  }
}

extension Duration {
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
