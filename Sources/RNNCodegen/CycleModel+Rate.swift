/// The start of a frame in steady state.
package struct FrameStart: Hashable, Sendable {
  /// The cycle of its first control word.
  package var cycle: Int
  package var stream: Int
}

extension FrameTiming {
  /// Starts of frames in steady state, counted from that of the first.
  ///
  /// The streams take turns, a beat always waits at the input, and the output is always taken.
  ///
  /// - Parameter count: at least one.
  package func steadyStarts(streams: Int, count: Int) -> [FrameStart] {
    let warmUp = 8 + 2 * streams
    var model = CycleModel(self)
    var (beat, stream, cycle, first) = (0, 0, 0, 0)
    var starts: [FrameStart] = []
    var started = 0
    while starts.count < count {
      let signals = model.step(
        inputValid: true, inputLast: false, inputStream: stream, outputReady: true)
      if signals.inputReady {
        beat += 1
        if beat == inputBeats { (beat, stream) = (0, (stream + 1) % streams) }
      }
      if let index = signals.frameStart {
        if started == warmUp { first = cycle }
        if started >= warmUp {
          starts.append(FrameStart(cycle: cycle - first, stream: index % streams))
        }
        started += 1
      }
      cycle += 1
    }
    return starts
  }

  /// Cycles from frame to frame in steady state, a mean over 24 frames, as the ports and the program together allow.
  package func sustainedCyclesPerFrame(streams: Int) -> Double {
    let frames = 24
    let starts = steadyStarts(streams: streams, count: frames + 1)
    return Double(starts[frames].cycle) / Double(frames)
  }
}
