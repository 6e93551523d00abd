/// What the cycle model needs to know of a sequential design.
package struct SequentialTiming: Hashable, Sendable {
  package var inputBeats: Int
  /// Cycles from the fetch of the first instruction to the first read of the output.
  package var runCycles: Int
  package var outputBeats: Int

  /// An output beat is read, then offered.
  private static let cyclesPerOutputBeat = 2

  /// Cycles from the acceptance of a frame's last input beat to its first output beat.
  package var latencyCycles: Int { 1 + runCycles + 1 }
  package var cyclesPerFrame: Int {
    inputBeats + runCycles + Self.cyclesPerOutputBeat * outputBeats
  }
}

/// Predicts the streams of `rnnc_sequential` cycle by cycle: input, program and output take turns.
package struct SequentialCycleModel: StreamModel {
  private enum State: Hashable, Sendable {
    case load(beat: Int)
    /// The program, with the cycles that it has run.
    case run(Int)
    case read(beat: Int)
    case send(beat: Int)
  }
  private let timing: SequentialTiming
  private var inReset = true
  private var state = State.load(beat: 0)
  private var frames = 0
  private var isLast = false

  package init(_ timing: SequentialTiming) { self.timing = timing }

  package mutating func step(
    inputValid: Bool, inputLast last: Bool, inputStream stream: Int, outputReady: Bool
  ) -> StreamSignals {
    var signals = StreamSignals(
      inputReady: false, outputValid: false, outputLast: false, outputStream: 0, frameStart: nil)
    if inReset {
      inReset = false
      return signals
    }
    switch state {
    case .load(let beat):
      signals.inputReady = true
      guard inputValid else { break }
      let isWhole = beat == timing.inputBeats - 1
      if isWhole { isLast = last }
      state = isWhole ? .run(0) : .load(beat: beat + 1)
    case .run(let cycle):
      if cycle == 0 {
        signals.frameStart = frames
        frames += 1
      }
      state = cycle == timing.runCycles - 1 ? .read(beat: 0) : .run(cycle + 1)
    case .read(let beat): state = .send(beat: beat)
    case .send(let beat):
      let isWhole = beat == timing.outputBeats - 1
      signals.outputValid = true
      signals.outputLast = isLast && isWhole
      if outputReady { state = isWhole ? .load(beat: 0) : .read(beat: beat + 1) }
    }
    return signals
  }
}
