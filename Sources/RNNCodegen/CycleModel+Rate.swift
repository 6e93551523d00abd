extension FrameTiming {
  /// Cycles from frame to frame in steady state, a mean over 24 frames, as the ports and the program together allow.
  ///
  /// The streams take turns, a beat always waits at the input, and the output is always taken.
  package func sustainedCyclesPerFrame(streams: Int) -> Double {
    let frames = 24
    let warmUp = 8 + 2 * streams
    var model = CycleModel(self)
    var (beat, stream, started, first) = (0, 0, 0, 0)
    var cycle = 0
    while true {
      let signals = model.step(
        inputValid: true, inputLast: false, inputStream: stream, outputReady: true)
      if signals.inputReady {
        beat += 1
        if beat == inputBeats { (beat, stream) = (0, (stream + 1) % streams) }
      }
      if signals.frameStart != nil {
        if started == warmUp { first = cycle }
        if started == warmUp + frames { return Double(cycle - first) / Double(frames) }
        started += 1
      }
      cycle += 1
    }
  }
}
