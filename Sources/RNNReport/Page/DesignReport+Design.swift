package import RNNCodegen
internal import RNNSupport

extension DesignReport {
  /// Takes the facts and the timeline of one frame from a design of either engine.
  package init(_ design: any HardwareDesign) {
    if let design = design as? SequentialDesign {
      self.init(sequential: design)
    } else if let design = design as? Design {
      self.init(design)
    } else {
      preconditionFailure("\(type(of: design)) has no report")
    }
  }

  /// One row: the instructions of a frame between its input and its output.
  private init(sequential design: SequentialDesign) {
    let begin = design.interface.input.beats
    var timeline = [Segment(row: "stream", label: "input", start: 0, end: begin)]
    timeline += design.timeline.map {
      Segment(
        row: "engine", label: $0.name, start: begin + $0.start, end: begin + $0.start + $0.cycles)
    }
    let output = begin - 1 + design.latencyCycles
    timeline.append(
      Segment(
        row: "stream", label: "output", start: output, end: design.counts.latencyCycles + 1))
    self.init(
      device: design.options.device, clockMegahertz: design.options.clockMegahertz, lanes: 0,
      multipliers: design.counts.units.reduce(0) { $0 + $1.multipliers },
      cyclesPerFrame: design.cyclesPerFrame, latencyCycles: design.counts.latencyCycles,
      frameStart: begin, timeline: timeline)
  }

  /// Takes the facts and the timeline of one frame from a compiled design.
  ///
  /// Cycle 0 of the timeline is the first input beat of a frame whose stream has nothing in its way; the first
  /// control word of the frame follows when all of its input is there. Rows carry the names of the units in
  /// `Design.counts`.
  package init(_ design: Design) {
    let schedule = design.schedule
    let timing = design.frameTiming
    // From the first input beat to the first control word.
    let begin = timing.inputBeats + timing.startToWord
    var timeline: [Segment] = [
      Segment(row: "stream", label: "input", start: 0, end: timing.inputBeats)
    ]
    // Feeds of a pass that follow each other without a gap make one segment, so that waiting shows.
    var run: (pass: Int, first: Int, last: Int)?
    func close(_ run: (pass: Int, first: Int, last: Int)?) {
      guard let run else { return }
      timeline.append(
        Segment(
          row: "lanes", label: "pass \(run.pass + 1)",
          start: begin + run.first + schedule.timing.bus,
          end: begin + run.last + schedule.timing.bus + 1))
    }
    for feed in schedule.feeds.sorted(by: { $0.cycle < $1.cycle }) {
      if let open = run, open.pass == feed.pass, open.last + 1 == feed.cycle {
        run = (open.pass, open.first, feed.cycle)
      } else {
        close(run)
        run = (feed.pass, feed.cycle, feed.cycle)
      }
    }
    close(run)
    for (k, pass) in schedule.passes.enumerated() {
      timeline.append(
        Segment(
          row: "transform out", label: "\(k + 1)", start: begin + pass.drain + 1,
          end: begin + pass.drain + 1
            + pass.drainCycles(chains: schedule.drainChains)
            + schedule.timing.transformOut))
    }
    for (s, segment) in design.lowered.segments.enumerated() {
      let steps = (segment.size + design.elementsPerStep - 1) / design.elementsPerStep
      let start = begin + schedule.segmentStart[s]
      timeline.append(
        Segment(
          row: "element-wise \(design.segmentName(s))", label: "\(segment.size) elements",
          start: start, end: start + steps + schedule.datapaths[s].depth))
    }
    let output = timing.inputBeats - 1 + timing.latencyCycles
    timeline.append(
      Segment(row: "stream", label: "output", start: output, end: output + timing.outputBeats))
    self.init(
      device: design.options.device, clockMegahertz: design.options.clockMegahertz,
      lanes: design.lanes, multipliers: design.counts.units.reduce(0) { $0 + $1.multipliers },
      cyclesPerFrame: timing.cyclesPerFrame, latencyCycles: design.counts.latencyCycles,
      frameStart: begin, timeline: timeline, steadyState: SteadyState(design))
  }
}

extension DesignReport.SteadyState {
  /// Starts from the cycle model, so what the ports allow is in it.
  fileprivate init(_ design: Design) {
    let streams = design.interface.streams
    // A few frames in flight, each with a few that follow.
    let count = 3 * (design.schedule.overlap.slots + 3)
    let fed = design.schedule.feeds.count
    self.init(
      streams: streams, cyclesPerFrame: design.sustainedCyclesPerFrame, fedCycles: fed,
      usefulShare: design.occupancy * Double(design.schedule.cyclesPerFrame)
        / Double(max(1, fed)),
      starts: design.frameTiming.steadyStarts(streams: streams, count: count).map {
        Start(cycle: $0.cycle, stream: $0.stream)
      })
  }
}
