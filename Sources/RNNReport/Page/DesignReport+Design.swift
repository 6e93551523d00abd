package import RNNCodegen
internal import RNNSupport

extension DesignReport {
  /// Takes the facts and the timeline of one frame from a compiled design.
  package init(_ design: any HardwareDesign) {
    let timeline = design.timeline
    self.init(
      device: design.options.device, clockMegahertz: design.options.clockMegahertz,
      lanes: design.lanes, multipliers: design.counts.units.reduce(0) { $0 + $1.multipliers },
      cyclesPerFrame: design.cyclesPerFrame, latencyCycles: design.counts.latencyCycles,
      frameStart: timeline.frameStart,
      timeline: timeline.spans.map {
        Segment(row: $0.row, label: $0.label, start: $0.start, end: $0.end)
      },
      steadyState: design.steadyState.map {
        SteadyState(
          streams: design.interface.streams, cyclesPerFrame: design.sustainedCyclesPerFrame,
          fedCycles: $0.fedCycles, usefulShare: $0.usefulShare,
          starts: $0.starts.map { .init(cycle: $0.cycle, stream: $0.stream) })
      })
  }
}
