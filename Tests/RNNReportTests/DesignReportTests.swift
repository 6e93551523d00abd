import RNNCodegen
import RNNQuantize
import RNNReport
import RNNSupport
import Testing

/// The timeline against the schedule that it draws and against the cycle model, which knows no schedule.
@Suite struct DesignReportTests {
  @Test(arguments: [
    (seed: 1 as UInt64, lanes: 1, beat: 1), (seed: 2, lanes: 3, beat: 1),
    (seed: 9, lanes: 2, beat: 2),
  ])
  func theTimelineAgreesWithScheduleAndCycleModel(_ row: (seed: UInt64, lanes: Int, beat: Int))
    throws
  {
    let network = try RandomNetwork(
      seed: row.seed, options: .init(cell: "gru", sizes: [9, 13], block: 4))
    let design = try compile(
      network.graph,
      options: CompileOptions(
        engine: .lanes(
          .init(row.lanes, inputElementsPerBeat: row.beat, outputElementsPerBeat: row.beat))))
    let report = DesignReport(design)

    var model = CycleModel(design.frameTiming)
    var first: Int?
    var last = 0
    var accepted = 0
    var start: Int?
    for cycle in 0..<10_000 where last == 0 {
      let signals = model.step(
        inputValid: accepted < design.interface.input.beats,
        inputLast: accepted == design.interface.input.beats - 1, outputReady: true)
      if signals.inputReady, accepted < design.interface.input.beats {
        if first == nil { first = cycle }
        accepted += 1
      }
      if signals.frameStart == 0 { start = cycle }
      if signals.outputValid, signals.outputLast { last = cycle }
    }
    let begin = try #require(first)
    let output = try #require(report.timeline.last)
    #expect(output.label == "output")
    #expect(output.end == last - begin + 1)
    #expect(report.latencyCycles == last - begin)
    #expect(report.frameStart == (start ?? 0) - begin)
    #expect(report.timeline[0].end == design.interface.input.beats)

    // Each feed occupies the lanes for one cycle.
    let lanes = report.timeline.filter { $0.row == "lanes" }.map { $0.end - $0.start }
    #expect(lanes.reduce(0, +) == design.schedule.feeds.count)
    let units = Set(design.counts.units.map(\.name))
    for segment in report.timeline {
      #expect(units.contains(segment.row), "\(segment.row)")
      #expect(segment.start >= 0 && segment.start < segment.end && segment.end <= output.end)
    }
  }

  /// Frames one after the other: the lanes serve one at a time, in the order and at the distances of the cycle model.
  @Test(arguments: [(lanes: 1, streams: 1), (lanes: 3, streams: 3), (lanes: 12, streams: 5)])
  func theSteadyStateAddsUp(_ row: (lanes: Int, streams: Int)) throws {
    let network = try RandomNetwork(
      seed: 4, options: .init(cell: "lstm", sizes: [9, 21], block: 4, readout: false))
    let design = try compile(
      network.graph,
      options: CompileOptions(
        engine: .lanes(.init(row.lanes, inputElementsPerBeat: 4, streams: row.streams))))
    let report = DesignReport(design)
    let state = try #require(report.steadyState)
    #expect(state.streams == row.streams)
    #expect(state.fedCycles == design.schedule.feeds.count)
    #expect(state.cyclesPerFrame >= Double(design.schedule.cyclesPerFrame))
    #expect(abs(state.useful + state.padding + state.waiting - 1) < 1e-12)
    #expect(state.useful > 0 && state.padding >= 0 && state.waiting >= 0)
    let useful = Double(design.counts.usefulMultiplicationsPerFrame)
    let products = Double(design.lanes * design.lowered.productsPerLane)
    #expect(abs(state.useful * products * state.cyclesPerFrame - useful) < 1e-6 * useful)

    #expect(state.starts.first?.cycle == 0)
    for (one, next) in zip(state.starts, state.starts.dropFirst()) {
      #expect(next.cycle - one.cycle >= design.schedule.cyclesPerFrame)
      #expect(next.stream == (one.stream + 1) % row.streams)
    }
    // No two frames in the lanes in the same cycle.
    var taken = Set<Int>()
    for start in state.starts {
      for segment in report.timeline where segment.row == "lanes" {
        for cycle in segment.start..<segment.end {
          #expect(taken.insert(cycle + start.cycle - report.frameStart).inserted)
        }
      }
    }
  }
}
