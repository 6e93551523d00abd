/// How many frames each port holds: as many as it takes that frames follow each other as fast as the units allow.
package struct FrameBuffers: Hashable, Sendable {
  /// A frame has one from its first beat to its last read.
  package var input: Int
  /// A frame has one from its start, because nothing can stop it afterwards, to its last beat.
  package var output: Int

  package init(input: Int, output: Int) {
    self.input = input
    self.output = output
  }

  /// At least two of each: one port never waits for the other.
  init(_ schedule: Schedule, _ interface: StreamInterface) {
    let (inputBeats, outputBeats) = (interface.input.beats, interface.output.beats)
    // A cycle passes behind the last beat of an output frame.
    let pace = max(schedule.cyclesPerFrame, inputBeats, outputBeats + 1)
    let startToWord = schedule.timing.pipelining.startToWord
    let inputCycles = inputBeats + startToWord + schedule.inputRelease + 1
    let outputCycles =
      startToWord + schedule.outputCommit + FrameTiming.commitToValid + outputBeats
    input = max(2, (inputCycles + pace - 1) / pace)
    output = max(2, (outputCycles + pace - 1) / pace)
  }
}
