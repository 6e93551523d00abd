internal import RNNGraph

/// What the parts of a design do in one frame.
///
/// Cycle 0 is the first input beat of a frame whose stream has nothing in its way.
package struct FrameTimeline: Hashable, Sendable {
  /// One busy stretch of one part of the design.
  package struct Span: Hashable, Sendable {
    /// Such as `stream`, `lanes`, `transform out`, `element-wise gru0`: names of units in `DesignCounts`.
    package var row: String
    /// Such as `pass 3`.
    package var label: String
    package var start: Int
    /// One past the last cycle.
    package var end: Int
  }
  /// The cycle in which the work on the frame starts; that on the next starts `cyclesPerFrame` later.
  package var frameStart: Int
  /// Rows appear in the order in which they come first.
  package var spans: [Span]
}

/// Where the cycles go when frame follows frame, all streams in turn.
package struct SteadyState: Hashable, Sendable {
  /// The start of a frame.
  package struct Start: Hashable, Sendable {
    /// Counted from the first start.
    package var cycle: Int
    package var stream: Int
  }
  /// Cycles of a frame in which the lanes are fed.
  package var fedCycles: Int
  /// Of the multipliers' products while they are fed, the share that is no padding, 0 to 1.
  package var usefulShare: Double
  /// In ascending order.
  package var starts: [Start]
}

extension Design {
  package var timeline: FrameTimeline {
    let timing = frameTiming
    // From the first input beat to the first control word, which follows when all of the input is there.
    let begin = timing.inputBeats + timing.startToWord
    var spans = [
      FrameTimeline.Span(row: "stream", label: "input", start: 0, end: timing.inputBeats)
    ]
    // Feeds of a pass that follow each other without a gap make one span, so that waiting shows.
    var run: (pass: Int, first: Int, last: Int)?
    func close(_ run: (pass: Int, first: Int, last: Int)?) {
      guard let run else { return }
      spans.append(
        .init(
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
      spans.append(
        .init(
          row: "transform out", label: "\(k + 1)", start: begin + pass.drain + 1,
          end: begin + pass.drain + 1 + pass.drainCycles(chains: schedule.drainChains)
            + schedule.timing.transformOut))
    }
    for (s, segment) in lowered.segments.enumerated() {
      let steps = (segment.size + elementsPerStep - 1) / elementsPerStep
      let start = begin + schedule.segmentStart[s]
      spans.append(
        .init(
          row: "element-wise \(segmentName(s))", label: "\(segment.size) elements", start: start,
          end: start + steps + schedule.datapaths[s].depth))
    }
    let output = timing.inputBeats - 1 + timing.latencyCycles
    spans.append(
      .init(row: "stream", label: "output", start: output, end: output + timing.outputBeats))
    return FrameTimeline(frameStart: begin, spans: spans)
  }

  /// Starts come from the cycle model, so what the ports allow is in them.
  package var steadyState: SteadyState? {
    // A few frames in flight, each with a few that follow.
    let count = 3 * (schedule.overlap.slots + 3)
    let fed = schedule.feeds.count
    return SteadyState(
      fedCycles: fed,
      usefulShare: occupancy * Double(schedule.cyclesPerFrame) / Double(max(1, fed)),
      starts: frameTiming.steadyStarts(streams: interface.streams, count: count).map {
        .init(cycle: $0.cycle, stream: $0.stream)
      })
  }

  package var copies: DesignCopies {
    DesignCopies(
      segments: lowered.segments.count, elementsPerStep: elementsPerStep,
      drainChains: schedule.drainChains)
  }

  package var instanceLabels: [String: String] {
    var labels: [String: String] = [:]
    for (s, segment) in lowered.segments.enumerated() {
      for copy in 0..<elementsPerStep {
        for id in segment.nodes {
          labels["u_datapath\(s)_\(copy).u_n\(id.index)"] = graph[id].name
          labels["u_datapath\(s)_\(copy).n\(id.index)"] = graph[id].name
        }
      }
    }
    return labels
  }
}
