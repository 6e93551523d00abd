import RNNCodegen
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing

/// Compares the search for the smallest design with the compilation of every candidate.
@Suite struct SmallestDesignTests {
  /// Everything that is chosen, written out, and what came of it.
  struct Point {
    var options: CompileOptions
    var size: [Double]
    var cyclesPerFrame: Double
    var latencyCycles: Int
  }

  struct Case: CustomTestStringConvertible, Sendable {
    var cell: String
    var sizes: [Int]
    var block: Int
    var streams = 1
    var denseMultipliers = 8
    var device: String?
    var testDescription: String {
      "\(cell) \(sizes) L = \(block), \(streams) streams, \(device ?? "no device")"
    }
    var options: CompileOptions {
      CompileOptions(
        device: device, engine: .lanes(.init(denseMultipliers: denseMultipliers, streams: streams)))
    }
    func graph() throws -> IntegerGraph {
      try RandomNetwork(
        seed: 5, options: .init(cell: cell, sizes: sizes, block: block, readout: false)
      ).graph
    }
  }

  static let cases = [
    Case(cell: "lstm", sizes: [3, 5], block: 1, denseMultipliers: 2),
    Case(cell: "lstm", sizes: [5, 4], block: 2, streams: 3),
    Case(cell: "gru", sizes: [7, 12], block: 4),
    Case(cell: "gru", sizes: [9, 1], block: 1, streams: 2),
    Case(cell: "elman", sizes: [1, 13], block: 4, device: "iCE40UP5K"),
    Case(cell: "lstm", sizes: [6, 10, 4], block: 2, device: "LFE5U-25F"),
  ]

  /// What the compiler counts on a device or, without one, before any; written anew here.
  static func size(_ counts: DesignCounts, _ device: String?) throws -> [Double] {
    if let device {
      let fits = try DeviceDescription.named(device).fit(of: counts)
      return fits.map(\.used)
    }
    var size = [0.0, 0, 0, 0]
    for unit in counts.units {
      size[0] += Double(unit.multipliers)
      for memory in unit.memories {
        size[1] += Double(memory.width * memory.depth * memory.count)
      }
      size[2] += Double(unit.lutEstimate)
      size[3] += Double(unit.registerBits)
    }
    return size
  }

  /// Every choice of lanes, column groups, elements per step and drain chains, compiled.
  static func everyPoint(_ test: Case) throws -> [Point] {
    let graph = try test.graph()
    var points: [Point] = []
    let blockRows = test.block == 1 ? test.denseMultipliers : test.block
    let columns = (test.sizes.max() ?? 1) / test.block + 1
    for groups in 1...columns {
      for step in [1, 2, 4, 8] where step <= blockRows {
        var lanes = 1
        while true {
          var reached = false
          for chains in 1...lanes {
            var options = test.options
            options.lanes.count = lanes
            options.lanes.columnGroups = groups
            options.lanes.elementsPerStep = step
            options.lanes.drainChains = chains
            options.device = nil
            options.lanes.pipelining = try test.device.map(DeviceDescription.named)?.pipelining
            let design = try compile(graph, options: options)
            reached = design.schedule.passes.count == design.lowered.groups.count
            let fits =
              try test.device.map {
                try DeviceDescription.named($0).fit(of: design.counts).allSatisfy(\.fits)
              } ?? true
            guard fits else { continue }
            points.append(
              Point(
                options: options, size: try size(design.counts, test.device),
                cyclesPerFrame: design.sustainedCyclesPerFrame,
                latencyCycles: design.counts.latencyCycles))
          }
          if reached || lanes == 40 { break }
          lanes += 1
        }
      }
    }
    return points
  }

  /// Some values of an ascending list, its first and last among them.
  static func some<T>(_ values: [T]) -> [T] {
    Set(
      stride(from: 0, to: values.count, by: max(1, values.count / 4)) + [values.count - 1]
    ).sorted().map { values[$0] }
  }

  @Test(arguments: cases) func noSmallerCandidateReachesTheBar(_ test: Case) throws {
    let points = try Self.everyPoint(test)
    let graph = try test.graph()
    let rates = Set(points.map(\.cyclesPerFrame)).sorted()
    let latencies = Set(points.map(\.latencyCycles)).sorted()
    var bars: [(cycles: Double?, latency: Int?)] = Self.some(rates).map { ($0, nil) }
    bars += Self.some(latencies).map { (nil, $0) }
    bars.append((rates[rates.count / 2], latencies[latencies.count / 2]))
    for bar in bars {
      let reaching = points.filter {
        $0.cyclesPerFrame <= bar.cycles ?? .infinity && $0.latencyCycles <= bar.latency ?? .max
      }
      guard let smallest = reaching.map(\.size).min(by: { $0.lexicographicallyPrecedes($1) })
      else { continue }
      var options = test.options
      options.framesPerSecond = bar.cycles.map { 100e6 / $0 }
      options.latencyMicroseconds = bar.latency.map { Double($0) / 100 }
      let design = try compile(graph, options: options)
      #expect(try Self.size(design.counts, test.device) == smallest, "\(bar)")
      #expect(design.sustainedCyclesPerFrame <= bar.cycles ?? .infinity)
      #expect(design.counts.latencyCycles <= bar.latency ?? .max)
      // What a build folder keeps gives the same design again.
      #expect(try compile(graph, options: design.options).schedule.passes == design.schedule.passes)
      #expect(try compile(graph, options: design.options).counts == design.counts)
    }
    // A little faster than the fastest is refused.
    var options = test.options
    options.framesPerSecond = 100e6 / rates[0] + 1
    #expect(throws: DiagnosticsEmitted.self) { try compile(graph, options: options) }
    options.framesPerSecond = nil
    options.latencyMicroseconds = Double(latencies[0]) / 100 - 0.005
    #expect(throws: DiagnosticsEmitted.self) { try compile(graph, options: options) }
  }

  /// Numbers of multipliers for rates from slow to fast, on a device and without.
  @Test(arguments: [nil, "LFE5U-25F"], [1, 3])
  func aHigherRateNeverTakesASmallerDesign(device: String?, streams: Int) throws {
    let graph = try RandomNetwork(
      seed: 3, options: .init(cell: "gru", sizes: [12, 24], block: 4, readout: false)
    ).graph
    var last = [0.0]
    for rate in [1e3, 2e5, 4e5, 6e5, 8e5, 1e6] {
      let options = CompileOptions(
        device: device, framesPerSecond: rate, engine: .lanes(.init(streams: streams)))
      guard let design = try? compile(graph, options: options) else { break }
      let size = try Self.size(design.counts, device)
      #expect(!size.lexicographicallyPrecedes(last), "\(rate)")
      #expect(100e6 / design.sustainedCyclesPerFrame >= rate)
      last = size
    }
    #expect(last != [0])
  }

  /// What is found depends on the search leaving out only what its earliest placement rules out.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func noPlacementIsBetterThanTheEarliest(_ seed: UInt64) throws {
    let graph = try RandomNetwork(seed: seed).graph
    for (lanes, groups, chains) in [(1, 1, 1), (3, 2, 1), (3, 1, 3), (7, 3, 2)] {
      let streams = 1 + Int(seed % 4)
      let design = try compile(
        graph,
        options: CompileOptions(
          engine: .lanes(.init(lanes, columnGroups: groups, drainChains: chains, streams: streams)))
      )
      let early = Scheduler.earliest(
        design.lowered, lanes: lanes, drainChains: chains, elementsPerStep: 1, streams: streams,
        pipelining: design.schedule.timing.pipelining)
      #expect(early.overlap.least <= design.schedule.cyclesPerFrame)
      #expect(early.outputCommit <= design.schedule.outputCommit)
    }
  }

  /// - Returns: the one error for options that no design can meet.
  static func refusal(_ graph: IntegerGraph, _ options: CompileOptions) throws -> Diagnostic {
    do {
      _ = try compile(graph, options: options)
    } catch let error as DiagnosticsEmitted {
      return try #require(error.diagnostics.count == 1 ? error.diagnostics.first : nil)
    }
    throw DiagnosticsEmitted(
      Diagnostic(stage: "test", path: "options", message: "was accepted", fix: ""))
  }

  @Test func whatIsOutOfReachIsSaidWithTheResourceAndTheRemedies() throws {
    let graph = try RandomNetwork(
      seed: 3, options: .init(cell: "gru", sizes: [16, 32], block: 8, readout: false)
    ).graph
    let options = CompileOptions(
      device: "LFE5U-25F", framesPerSecond: 1.6e6,
      engine: .lanes(.init(inputElementsPerBeat: 4, streams: 4)))
    let error = try Self.refusal(graph, options)
    #expect(error.path == "options.framesPerSecond")
    #expect(error.message.contains("MULT18X18D of 28"), "\(error)")
    // Each remedy is one: the device that is named, the clock, the rate.
    let device = try #require(error.fix.firstMatch(of: /take ([A-Z0-9-]+),/)?.1)
    var remedy = options
    remedy.device = String(device)
    #expect(throws: Never.self) { try compile(graph, options: remedy) }
    let clock = try #require(error.fix.firstMatch(of: /clock to ([0-9.]+) MHz/)?.1)
    remedy = options
    remedy.clockMegahertz = try #require(Double(clock))
    #expect(throws: Never.self) { try compile(graph, options: remedy) }
    remedy.clockMegahertz -= 0.2
    #expect(throws: DiagnosticsEmitted.self) { try compile(graph, options: remedy) }
    let rate = try #require(error.fix.firstMatch(of: /at most ([0-9]+) frames/)?.1)
    let fastest = try #require(Double(rate))
    remedy = options
    remedy.framesPerSecond = fastest
    #expect(throws: Never.self) { try compile(graph, options: remedy) }
  }

  @Test func moreHardwareThatDoesNotHelpIsSaid() throws {
    let graph = try RandomNetwork(
      seed: 3, options: .init(cell: "gru", sizes: [16, 32], block: 8, readout: false)
    ).graph
    for (options, cause) in [
      (CompileOptions(framesPerSecond: 7e6), "the input of 16 beats"),
      (
        CompileOptions(framesPerSecond: 4e6, engine: .lanes(.init(inputElementsPerBeat: 8))),
        "the recurrence"
      ),
      (CompileOptions(latencyMicroseconds: 0.1), "the chain of products"),
    ] {
      let error = try Self.refusal(graph, options)
      #expect(error.message.contains("more hardware does not help: \(cause)"), "\(error)")
    }
    // A rate alone and a latency alone, but not both.
    let error = try Self.refusal(
      graph, CompileOptions(device: "LFE5U-25F", engine: .lanes(.init(0))))
    #expect(error.path == "options.lanes")
    for options in [CompileOptions(framesPerSecond: 0), CompileOptions(latencyMicroseconds: -1)] {
      #expect(try Self.refusal(graph, options).fix.hasPrefix("give "))
    }
  }
}
