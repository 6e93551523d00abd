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

  package init(
    cyclesPerFrame: Int, blocked: [Bool], cyclesPerFrameOfOneStream: Int,
    blockedInStream: [Bool], startToWord: Int, inputRelease: Int, outputCommit: Int,
    inputBeats: Int,
    outputBeats: Int
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

  /// One frame buffer of a port.
  private struct Buffer {
    var isFull = false
    /// Of the output: a frame in progress will write it.
    var isReserved = false
    var isLast = false
    var stream = 0
  }
  /// Two frame buffers and the beat in the one that the stream is at.
  private struct Port {
    private var even = Buffer()
    private var odd = Buffer()
    var bank = 0
    var beat = 0

    subscript(bank: Int) -> Buffer {
      get { bank == 0 ? even : odd }
      set { if bank == 0 { even = newValue } else { odd = newValue } }
    }
    /// Counts a beat; true with the last of a frame, after which the other buffer is next.
    mutating func advance(beats: Int) -> Bool {
      beat += 1
      guard beat == beats else { return false }
      (beat, bank) = (0, 1 - bank)
      return true
    }
  }
  /// A frame in progress.
  private struct Frame {
    /// Cycles since its start, which the program counter counts to the last word.
    var age = 0
    var bank = 0
    var isLast = false
    var stream = 0
    var index = 0
  }

  private var inReset = true
  private var input = Port()
  private var inProgress: [Frame] = []
  private var bank = 1
  private var frames = 0
  private var output = Port()
  private var outputValid = false

  package init(_ timing: FrameTiming) { self.timing = timing }

  /// The signals of one cycle, before the clock edge that ends it.
  package struct Signals: Hashable, Sendable {
    package var inputReady: Bool
    package var outputValid: Bool
    package var outputLast: Bool
    /// The stream of the beat that is offered; meaningful while `outputValid` holds.
    package var outputStream: Int
    /// The index of the frame whose control word 0 is in effect in this cycle, counted since reset.
    package var frameStart: Int?
  }

  /// Advances by one clock cycle with the given inputs.
  ///
  /// - Parameter stream: TID of the input beat, below the number of streams and constant within a frame.
  package mutating func step(
    inputValid: Bool, inputLast last: Bool, inputStream stream: Int = 0, outputReady: Bool
  ) -> Signals {
    let signals = Signals(
      inputReady: !inReset && !input[input.bank].isFull, outputValid: outputValid,
      outputLast: outputValid && output[output.bank].isLast
        && output.beat == timing.outputBeats - 1,
      outputStream: output[output.bank].stream,
      frameStart: inProgress.first { word(of: $0) == 0 }?.index)
    if inReset {
      inReset = false
      return signals
    }
    // Every register takes its next value from the values before the edge.
    let (oldInput, oldOutput, oldValid) = (input, output, outputValid)
    let next = 1 - bank
    let starts =
      oldInput[next].isFull && !oldOutput[next].isReserved
      && !inProgress.contains { blocks($0, stream: oldInput[next].stream) }

    for frame in inProgress {
      let word = word(of: frame)
      if word == timing.inputRelease { input[frame.bank].isFull = false }
      if word == timing.outputCommit {
        output[frame.bank].isFull = true
        output[frame.bank].isLast = frame.isLast
        output[frame.bank].stream = frame.stream
      }
    }
    let lifetime = timing.startToWord + timing.length - 2
    inProgress.removeAll { $0.age >= lifetime }
    for k in inProgress.indices {
      if inProgress[k].age == 0 {
        bank = next
        inProgress[k].bank = next
        inProgress[k].isLast = oldInput[next].isLast
        inProgress[k].stream = oldInput[next].stream
        inProgress[k].index = frames
        frames += 1
      }
      inProgress[k].age += 1
    }
    if starts {
      inProgress.append(Frame())
      output[next].isReserved = true
    }

    if inputValid && signals.inputReady && input.advance(beats: timing.inputBeats) {
      input[oldInput.bank] = Buffer(isFull: true, isLast: last, stream: stream)
    }

    if !oldValid {
      outputValid = oldOutput[oldOutput.bank].isFull
    } else if outputReady && output.advance(beats: timing.outputBeats) {
      outputValid = false
      output[oldOutput.bank].isFull = false
      output[oldOutput.bank].isReserved = false
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
