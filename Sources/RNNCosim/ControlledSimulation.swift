internal import RNNSupport

/// A simulated design that is driven frame by frame, with resets, and accesses by a control port, in between.
package final class ControlledSimulation {
  /// One frame of input or output.
  package struct Frame: Hashable, Sendable {
    package var codes: [Int64]
    package var stream: Int
    /// Whether it ends its sequence.
    package var isLast: Bool
    package init(_ codes: [Int64], stream: Int = 0, isLast: Bool = false) {
      self.codes = codes
      self.stream = stream
      self.isLast = isLast
    }
  }
  /// The answer to an access.
  package struct Answer: Hashable, Sendable {
    package var data: UInt32
    /// OKAY rather than SLVERR.
    package var isOkay: Bool
  }

  private let design: CosimDesign
  private let simulation: Simulation
  private var stimulus = Stimulus()
  /// The next beat of `stimulus`.
  private var beat = 0
  /// What came of the output frame in progress.
  private var partial: [Int64] = []
  /// Frames that came and were not taken from here.
  package private(set) var outputs: [Frame] = []

  /// Whether some beats of an output frame have come and others have not.
  package var isWithinAnOutput: Bool { !partial.isEmpty }

  /// Starts the design and leaves reset.
  ///
  /// - Parameter seed: of the values that registers and memories hold at power-up.
  package init(_ design: CosimDesign, library: SimulationLibrary, seed: Int = 1) throws {
    self.design = design
    simulation = try Cosimulator(design).makeSimulation(library, seed: seed)
    simulation.reset(cycles: 4)
  }

  /// What the design's assertions and the runtime said so far.
  package var messages: String { simulation.messages }
  /// Whether the input has taken all that was sent.
  package var hasTakenAll: Bool { beat == stimulus.last.count }

  /// Holds `aresetn` low for so many rising edges; what was sent and what came so far is dropped.
  package func reset(edges: Int) {
    simulation.reset(cycles: edges)
    stimulus = Stimulus()
    beat = 0
    partial = []
    outputs = []
  }

  /// Puts frames behind those that the input has not taken yet.
  package func send(_ frames: [Frame]) {
    for frame in frames {
      stimulus.append(
        frame.codes, stream: frame.stream, isLast: frame.isLast, port: design.input)
    }
  }

  /// Lets both streams run freely for some cycles.
  package func advance(cycles: Int) {
    var left = cycles
    while left > 0 {
      let done = simulation.run(
        cycles: min(left, simulation.cyclesPerCall), input: stimulus, firstBeat: beat,
        beatBytes: design.input.beatBytes, source: nil, sink: nil, garbage: true)
      left -= done.cycles
      beat += done.inputsTaken
      let last = simulation.flags[..<done.cycles].filter { flag in
        let flags = SimulationChunk.Flags(rawValue: flag)
        return flags.contains(.outputValid) && flags.contains(.outputReady)
      }.map { SimulationChunk.Flags(rawValue: $0).contains(.outputLast) }
      for (k, isLast) in last.enumerated() { take(beat: k, isLast: isLast) }
    }
  }

  private func take(beat: Int, isLast: Bool) {
    let port = design.output
    let start = beat * design.outputRecordBytes
    for lane in 0..<port.elementsPerBeat where partial.count < port.elements {
      let first = start + lane * port.elementBytes
      var code: Int64 = 0
      for k in (0..<port.elementBytes).reversed() {
        code = code << 8 | Int64(simulation.outputData[first + k])
      }
      let unused = Int64(64 - 8 * port.elementBytes)
      partial.append((code << unused) >> unused)
    }
    guard partial.count == port.elements else { return }
    let stream = Int(simulation.outputData[start + port.beatBytes])
    outputs.append(Frame(partial, stream: stream, isLast: isLast))
    partial = []
  }

  /// Sends frames and gives what comes out until there are as many, or, at a fault, fewer.
  package func run(_ frames: [Frame]) -> [Frame] {
    send(frames)
    for _ in 0..<(64 * (frames.count + 4)) where outputs.count < frames.count {
      advance(cycles: design.frameCycles + design.input.beats + design.output.beats)
    }
    return takeOutputs()
  }
  /// The frames that came out since the last call, in their order.
  package func takeOutputs() -> [Frame] {
    defer { outputs = [] }
    return outputs
  }

  // MARK: - Accesses

  /// Reads a word.
  ///
  /// - Throws: `ToolError` when no answer comes.
  package func read(_ address: Int) throws -> Answer {
    try access(address, writing: nil, strobe: 0)
  }
  /// Writes a word, or the bytes of it that `strobe` names.
  package func write(_ address: Int, _ data: UInt32, strobe: Int = 15) throws -> Answer {
    try access(address, writing: data, strobe: strobe)
  }

  private func access(_ address: Int, writing data: UInt32?, strobe: Int) throws -> Answer {
    precondition(design.hasControl, "\(design.name) has no control port")
    guard
      let answer = simulation.access(address, writing: data, strobe: strobe, limit: 1000)
    else {
      throw ToolError(
        .toolFailed, "\(design.name) does not answer at address \(address) of its control port",
        hint: "this is a fault of the design", details: messages)
    }
    if answer.takesInput { beat += 1 }
    return Answer(data: answer.data, isOkay: answer.response == 0)
  }
}
