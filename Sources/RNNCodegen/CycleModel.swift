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

  private var inReset = true
  // Input: two frame buffers.
  private var inputBank = 0
  private var inputFull = [false, false]
  private var inputLast = [false, false]
  private var inputStream = [0, 0]
  private var inputBeat = 0
  // Sequencer.
  /// A frame in progress.
  private struct Frame: Sendable {
    /// Nil once the counter has passed the last word.
    var counter: Int?
    /// The indices of the words behind the program counter, the one in effect last; nil before the first and after
    /// the last.
    var words: [Int?]
    /// The index of the word in effect.
    var word: Int? { words.last ?? nil }
    var bank = 0
    var isLast = false
    var stream = 0
    var index = 0
  }
  private var inProgress: [Frame] = []
  private var bank = 1
  private var frames = 0
  // Output: two frame buffers.
  private var outputBank = 0
  private var outputFull = [false, false]
  private var outputReserved = [false, false]
  private var outputLast = [false, false]
  private var outputStream = [0, 0]
  private var outputBeat = 0
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
      inputReady: !inReset && !inputFull[inputBank], outputValid: outputValid,
      outputLast: outputValid && outputLast[outputBank] && outputBeat == timing.outputBeats - 1,
      outputStream: outputStream[outputBank],
      frameStart: inProgress.first { $0.word == 0 }?.index)
    if inReset {
      inReset = false
      return signals
    }
    let old = self  // every register takes its next value from the values before the edge

    // Sequencer.
    let next = 1 - old.bank
    let isBlocked = old.inProgress.contains { frame in
      guard let counter = frame.counter else { return false }
      return timing.blocked[counter + 1]
        || frame.stream == old.inputStream[next] && timing.blockedInStream[counter + 1]
    }
    inProgress.removeAll { $0.counter == nil && $0.words.dropLast().allSatisfy { $0 == nil } }
    for k in inProgress.indices {
      inProgress[k].words = [inProgress[k].counter] + inProgress[k].words.dropLast()
      guard let counter = inProgress[k].counter else { continue }
      inProgress[k].counter = counter + 1 < timing.length ? counter + 1 : nil
      if counter == 0 {
        bank = next
        inProgress[k].bank = next
        inProgress[k].isLast = old.inputLast[next]
        inProgress[k].stream = old.inputStream[next]
        inProgress[k].index = frames
        frames += 1
      }
    }
    if !isBlocked && old.inputFull[next] && !old.outputReserved[next] {
      inProgress.append(
        Frame(counter: 0, words: Array(repeating: nil, count: timing.startToWord - 1)))
      outputReserved[next] = true
    }

    // Input unit.
    for frame in old.inProgress where frame.word == timing.inputRelease {
      inputFull[frame.bank] = false
    }
    if inputValid && signals.inputReady {
      if old.inputBeat == timing.inputBeats - 1 {
        inputBeat = 0
        inputFull[old.inputBank] = true
        inputLast[old.inputBank] = last
        inputStream[old.inputBank] = stream
        inputBank = 1 - old.inputBank
      } else {
        inputBeat += 1
      }
    }

    // Output unit.
    for frame in old.inProgress where frame.word == timing.outputCommit {
      outputFull[frame.bank] = true
      outputLast[frame.bank] = frame.isLast
      outputStream[frame.bank] = frame.stream
    }
    if !old.outputValid {
      outputValid = old.outputFull[old.outputBank]
    } else if outputReady {
      if old.outputBeat == timing.outputBeats - 1 {
        outputBeat = 0
        outputValid = false
        outputFull[old.outputBank] = false
        outputReserved[old.outputBank] = false
        outputBank = 1 - old.outputBank
      } else {
        outputBeat += 1
      }
    }
    return signals
  }
}
