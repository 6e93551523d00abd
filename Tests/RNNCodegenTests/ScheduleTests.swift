import RNNBilinear
import RNNCodegen
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing

/// Replays the control program of a frame, word by word, without using the scheduler's own notes.
///
/// Every read must find its word written in an earlier cycle, every lane sum must be moved before it is
/// replaced, and every block row of every product must be written exactly once.
@Suite struct ScheduleTests {
  static let seeds: [UInt64] = Array(1...24)

  @Test(arguments: seeds)
  func everyReadFindsItsWordWritten(_ seed: UInt64) throws {
    let network = try RandomNetwork(seed: seed)
    var random = SplitMix64(seed: seed).fork("lanes")
    let design = try compile(
      network.graph,
      options: CompileOptions(
        engine: .lanes(
          .init(
            1 + random.below(5), columnGroups: 1 + random.below(3),
            drainChains: [nil, 1, 2][random.below(3)], streams: 1 + random.below(3),
            pipelining: [.shallow, .deep][random.below(2)]))))
    let program = design.schedule.program
    let timing = design.schedule.timing
    let lowered = design.lowered

    // Cycle in which each word of sums is written, and which segment values have been written by then.
    var written: [Int: [Int: Int]] = [:]
    for chain in 0..<design.schedule.drainChains {
      let field = "product\(chain)"
      for cycle in 0..<program.length where program.value("\(field)_write", at: cycle) == 1 {
        let product = program.value("\(field)_select", at: cycle)
        let block = program.value("\(field)_address", at: cycle)
        #expect(
          written[product]?[block] == nil, "block \(block) of product \(product) is written twice")
        #expect(design.schedule.chains[product][block] == chain)
        written[product, default: [:]][block] = cycle
      }
    }
    for (p, product) in lowered.products.enumerated() {
      #expect(written[p]?.count == product.blockRows)
    }
    var starts: [Int] = []
    for s in lowered.segments.indices {
      let cycles = (0..<program.length).filter { program.value("segment\(s)_start", at: $0) == 1 }
      #expect(cycles.count == 1)
      starts.append(cycles.first ?? 0)
    }
    for (s, segment) in lowered.segments.enumerated() {
      for step in 0..<segment.size {
        let read = starts[s] + step
        for source in segment.sources {
          switch source {
          case .product(let node):
            let p = try #require(lowered.products.firstIndex { $0.node == node })
            let outputs = lowered.algorithms[lowered.products[p].algorithm].outputs
            let write = try #require(written[p]?[step / outputs])
            #expect(write < read, "segment \(s) reads sums before they are written")
          case .stored(let stored) where !stored.previous:
            guard let writer = lowered.segmentOf[stored.value] else { continue }
            let write =
              starts[writer] + step + design.schedule.datapaths[writer].latency(stored.value)
            #expect(write < read)
          case .stored, .vector, .coefficient: continue
          }
        }
      }
    }
    // Operand reads of this step's values, by the program's own address fields.
    var reads = 0
    for cycle in 0..<program.length where program.value("operand_read", at: cycle) == 1 {
      reads += 1
      guard program.value("operand_previous", at: cycle) == 0 else { continue }
      let value = lowered.operands[program.value("operand_select", at: cycle)]
      guard let writer = lowered.segmentOf[value] else { continue }
      let word = program.value("operand_address", at: cycle)
      let last = min((word + 1) * lowered.wordElements, design.graph[value].size) - 1
      let write = starts[writer] + last + design.schedule.datapaths[writer].latency(value) + 1
      #expect(write < cycle, "an operand word is read before it is written")
    }
    #expect(reads == design.schedule.feeds.count)
    // Sums: a first product may come to the sum register only after the drain of the pass before.
    var drained = true
    for cycle in 0..<program.length + 8 {
      let inFlight = cycle - Timing.lane
      if inFlight >= 0, inFlight < program.length,
        program.value("lane_valid", at: inFlight) == 1
      {
        if program.value("lane_first", at: inFlight) == 1 {
          #expect(drained, "a pass starts over sums that were not drained")
        }
        drained = false
      }
      if cycle < program.length, program.value("drain_load", at: cycle) == 1 { drained = true }
    }
    #expect(timing.sums == timing.bus + Timing.lane)
  }

  /// Replays two frames at every distance that is not blocked: no field is set by both, no memory word is taken too early.
  @Test(arguments: seeds)
  func overlappedFramesNeverMeet(_ seed: UInt64) throws {
    let network = try RandomNetwork(seed: seed)
    let design = try compile(
      network.graph,
      options: CompileOptions(
        engine: .lanes(
          .init(
            1 + Int(seed % 5), columnGroups: 1 + Int(seed % 3), streams: 1 + Int(seed % 4),
            pipelining: seed % 5 < 2 ? .deep : .shallow))))
    let (schedule, program) = (design.schedule, design.schedule.program)
    let overlap = schedule.overlap
    #expect(overlap.blocked.count == program.length + 1)
    #expect(overlap.slots == (program.length + overlap.interval - 1) / overlap.interval)
    #expect(overlap.blocked[..<overlap.interval].allSatisfy { $0 })
    #expect(overlap.streamInterval >= overlap.interval)
    #expect(overlap.blockedInStream[..<overlap.streamInterval].allSatisfy { $0 })
    // When all streams take turns, the frame before of the same stream does not forbid the start.
    let turn = Int(1 + seed % 4) * overlap.interval
    #expect(turn >= program.length || !overlap.blockedInStream[turn])
    #expect(zip(overlap.blocked, overlap.blockedInStream).allSatisfy { !$0 || $1 })
    for distance in stride(from: overlap.interval, through: program.length, by: overlap.interval) {
      #expect(!overlap.blocked[distance])
    }
    for distance in 1...program.length where !overlap.blocked[distance] {
      for cycle in distance..<program.length {
        for field in program.fields
        where field.isEnable && !field.name.hasPrefix("start_blocked") {
          #expect(
            program.value(field.name, at: cycle) == 0
              || program.value(field.name, at: cycle - distance) == 0,
            "\(field.name) in cycle \(cycle) at distance \(distance)")
        }
      }
      // The lanes' sums belong to one pass from its first product to its drain.
      let passes = schedule.passes.enumerated().flatMap { p, pass in
        [0, distance].enumerated().map {
          (frame: $0, pass: p, first: pass.firstFeed + $1, drain: pass.drain + $1)
        }
      }.sorted { $0.first < $1.first }
      for (a, b) in zip(passes, passes.dropFirst()) {
        #expect(b.first + schedule.timing.sums > a.drain, "passes meet at distance \(distance)")
      }
    }
  }

  @Test func mostNetworksOverlap() throws {
    let overlapping = try Self.seeds.filter { seed in
      try compile(RandomNetwork(seed: seed).graph, options: CompileOptions()).schedule.overlap.slots
        > 1
    }
    #expect(overlapping.count > Self.seeds.count / 2, "\(overlapping)")
  }

  /// The gates' sums of one frame wait while the lanes already make those of the next.
  @Test func streamsFillTheLanes() throws {
    for cell in ["lstm", "gru"] {
      let network = try RandomNetwork(
        seed: 14, options: .init(cell: cell, sizes: [24, 128], block: 8, readout: false))
      func design(_ streams: Int) throws -> Design {
        try compile(
          network.graph,
          options: CompileOptions(engine: .lanes(.init(8, elementsPerStep: 4, streams: streams))))
      }
      let (one, several) = (try design(1), try design(4))
      #expect(several.schedule.cyclesPerFrame < one.schedule.cyclesPerFrame)
      // A GRU reads its input again in the last pass, and two input buffers then set the pace.
      let feeds = several.schedule.feeds.count
      let most = cell == "lstm" ? feeds : feeds * 11 / 10
      #expect((feeds...most).contains(several.schedule.cyclesPerFrame), "\(cell)")
    }
  }

  @Test func moreLanesNeverNeedMoreCycles() throws {
    let network = try RandomNetwork(
      seed: 11, options: .init(cell: "lstm", sizes: [24, 40], block: 8))
    var last = Int.max
    for lanes in [1, 2, 4, 8, 20] {
      let design = try compile(network.graph, options: CompileOptions(engine: .lanes(.init(lanes))))
      #expect(design.schedule.cyclesPerFrame <= last)
      #expect(design.occupancy > 0 && design.occupancy <= 1)
      last = design.schedule.cyclesPerFrame
    }
  }

  @Test func aDeviceThatIsTooSmallIsRefusedByResource() throws {
    let network = try RandomNetwork(
      seed: 12, options: .init(cell: "gru", sizes: [40, 64], block: 8))
    do {
      _ = try compile(
        network.graph, options: CompileOptions(device: "iCE40UP5K", engine: .lanes(.init(4))))
      Issue.record("56 multipliers do not fit a device with 8")
    } catch let error as DiagnosticsEmitted {
      #expect(error.description.contains("MAC16"))
    }
  }

  @Test func optionsThatDoNotFitAreNamed() throws {
    let graph = try RandomNetwork(
      seed: 13, options: .init(cell: "gru", sizes: [5, 6], block: 2, readout: false)
    ).graph
    for (options, name) in [
      (CompileOptions(name: "9x"), "options.name"),
      (CompileOptions(engine: .lanes(.init(0))), "options.lanes"),
      (CompileOptions(engine: .lanes(.init(streams: 0))), "options.streams"),
      (CompileOptions(engine: .lanes(.init(streams: 65))), "options.streams"),
      (CompileOptions(engine: .lanes(.init(columnGroups: 0))), "options.columnGroups"),
      (CompileOptions(engine: .lanes(.init(drainChains: 0))), "options.drainChains"),
      (CompileOptions(engine: .lanes(.init(elementsPerStep: 3))), "options.elementsPerStep"),
      (
        CompileOptions(engine: .lanes(.init(elementsPerStep: 4, outputElementsPerBeat: 4))),
        "options.elementsPerStep"
      ),
      (
        CompileOptions(engine: .lanes(.init(inputElementsPerBeat: 64))),
        "options.inputElementsPerBeat"
      ),
      (CompileOptions(clockMegahertz: -1), "options.clockMegahertz"),
    ] {
      do {
        _ = try compile(graph, options: options)
        Issue.record("\(name) was accepted")
      } catch let error as DiagnosticsEmitted {
        #expect(error.diagnostics.contains { $0.path == name }, "\(error)")
      }
    }
  }
}
