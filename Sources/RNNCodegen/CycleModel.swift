/// What the cycle model needs to know of a design.
package struct FrameTiming: Hashable, Sendable {
  /// Cycles from the first control word of a frame to that of the next one, at the earliest.
  package var cyclesPerFrame: Int
  /// From the cycle in which a frame is started to its first control word: counter, program memory, control register.
  package var startToWord: Int
  /// The same when all frames are of one stream.
  package var cyclesPerFrameOfOneStream: Int
  /// For each distance from 0 to the length of the program: whether a frame that started so long ago forbids a start.
  package var blocked: [Bool]
  /// The same for a start of a frame of its own stream.
  package var blockedInStream: [Bool]
  /// The cycle of a frame after which its input buffer is free again.
  package var inputRelease: Int
  /// The cycle of a frame in which its last output word is written.
  package var outputCommit: Int
  package var inputBeats: Int
  package var outputBeats: Int
  package var buffers: FrameBuffers

  package init(
    cyclesPerFrame: Int, blocked: [Bool], cyclesPerFrameOfOneStream: Int,
    blockedInStream: [Bool], startToWord: Int, inputRelease: Int, outputCommit: Int,
    inputBeats: Int, outputBeats: Int, buffers: FrameBuffers
  ) {
    self.cyclesPerFrame = cyclesPerFrame
    self.blocked = blocked
    self.cyclesPerFrameOfOneStream = cyclesPerFrameOfOneStream
    self.blockedInStream = blockedInStream
    self.startToWord = startToWord
    self.inputRelease = inputRelease
    self.outputCommit = outputCommit
    self.inputBeats = inputBeats
    self.outputBeats = outputBeats
    self.buffers = buffers
  }

  /// Control words of a frame.
  var length: Int { blocked.count - 1 }

  /// From the write of the last output word to the first output beat: full flag, memory register.
  package static let commitToValid = 2

  /// Cycles from the acceptance of a frame's last input beat to its first output beat, with nothing in the way.
  package var latencyCycles: Int {
    1 + startToWord + outputCommit + Self.commitToValid
  }
}

/// Predicts the streams of an emitted core cycle by cycle, without simulating its arithmetic.
///
/// One call of `step` is one clock cycle. Cycle 0 is the first with `aresetn` high; the core leaves reset one
/// cycle later. The model holds the registers of the stream shell and of the frame sequencer and nothing else, so
/// it needs no data.
package struct CycleModel: Sendable {
  package let timing: FrameTiming

  /// What a frame in a buffer keeps besides its elements.
  private struct Waiting {
    var isLast: Bool
    var stream: Int
  }
  /// A frame in progress.
  private struct Frame {
    /// Cycles since its start, which the program counter counts to the last word.
    var age = 0
    var isLast = false
    var stream = 0
    var index = 0
  }

  private var inReset = true
  /// Input buffers that are full, until the last read of their frame.
  private var inputsHeld = 0
  private var inputBeat = 0
  /// Frames that have come in whole and have not begun.
  private var arrived: [Waiting] = []
  private var inProgress: [Frame] = []
  private var frames = 0
  /// Output buffers that belong to a frame, from its start to its last beat.
  private var outputsReserved = 0
  private var outputBeat = 0
  private var outputValid = false
  /// Frames whose output is whole and has not been taken.
  private var finished: [Waiting] = []

  package init(_ timing: FrameTiming) { self.timing = timing }

  /// Advances by one clock cycle with the given inputs.
  ///
  /// - Parameter stream: TID of the input beat, below the number of streams and constant within a frame.
  package mutating func step(
    inputValid: Bool, inputLast last: Bool, inputStream stream: Int = 0, outputReady: Bool
  ) -> StreamSignals {
    let signals = StreamSignals(
      inputReady: !inReset && inputsHeld < timing.buffers.input, outputValid: outputValid,
      outputLast: outputValid && finished[0].isLast && outputBeat == timing.outputBeats - 1,
      outputStream: finished.first?.stream ?? 0,
      frameStart: inProgress.first { word(of: $0) == 0 }?.index)
    if inReset {
      inReset = false
      return signals
    }
    // Every register takes its next value from the values before the edge.
    let starts =
      outputsReserved < timing.buffers.output
      && arrived.first.map { next in
        !inProgress.contains { blocks($0, stream: next.stream) }
      } ?? false
    let hasOutput = !finished.isEmpty

    for frame in inProgress {
      let word = word(of: frame)
      if word == timing.inputRelease { inputsHeld -= 1 }
      if word == timing.outputCommit {
        finished.append(Waiting(isLast: frame.isLast, stream: frame.stream))
      }
    }
    let lifetime = timing.startToWord + timing.length - 2
    inProgress.removeAll { $0.age >= lifetime }
    for k in inProgress.indices {
      if inProgress[k].age == 0 {
        let next = arrived.removeFirst()
        inProgress[k].isLast = next.isLast
        inProgress[k].stream = next.stream
        inProgress[k].index = frames
        frames += 1
      }
      inProgress[k].age += 1
    }
    if starts {
      inProgress.append(Frame())
      outputsReserved += 1
    }

    if inputValid && signals.inputReady {
      inputBeat += 1
      if inputBeat == timing.inputBeats {
        inputBeat = 0
        inputsHeld += 1
        arrived.append(Waiting(isLast: last, stream: stream))
      }
    }

    if !outputValid {
      outputValid = hasOutput
    } else if outputReady {
      outputBeat += 1
      if outputBeat == timing.outputBeats {
        outputBeat = 0
        outputValid = false
        outputsReserved -= 1
        finished.removeFirst()
      }
    }
    return signals
  }

  /// The index of a frame's control word in effect: negative before the first, beyond the last after it.
  private func word(of frame: Frame) -> Int { frame.age - (timing.startToWord - 1) }

  /// Whether a frame in progress forbids that one of a stream starts.
  private func blocks(_ frame: Frame, stream: Int) -> Bool {
    guard frame.age < timing.length else { return false }
    return timing.blocked[frame.age + 1]
      || frame.stream == stream && timing.blockedInStream[frame.age + 1]
  }
}
