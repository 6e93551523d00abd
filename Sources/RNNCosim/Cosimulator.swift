package import Foundation
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNReference
internal import RNNSupport

/// Runs a design against the integer reference and the cycle model.
///
/// Every output value with its cycle, TLAST, every handshake signal in every cycle, and every value
/// of the
/// design's probes with its cycle are compared. A difference is a result, never an error.
package struct Cosimulator {
  package var design: CosimDesign
  package var builder: SimulationBuilder
  /// Cycles that `aresetn` is low at the beginning.
  package var resetCycles = 8

  package init(_ design: CosimDesign, builder: SimulationBuilder = SimulationBuilder()) {
    self.design = design
    self.builder = builder
  }

  /// Feeds all sequences back to back, once for each run.
  ///
  /// - Parameters:
  ///   - sequences: codes per sequence, frame and element.
  ///   - progress: called with the share that is done, 0 to 1.
  /// - Throws: `DiagnosticsEmitted` for input that does not fit the design, `ToolError` from the
  /// build.
  package func run(
    sequences: [[[Int64]]], runs: [CosimRun],
    progress: (Double) -> Void = { _ in }
  ) throws -> CosimResult {
    try check(sequences)
    let built = try builder.build(design)
    let library = try SimulationLibrary(built)
    var result = CosimResult(
      design: design.name, verilator: built.verilator, buildSeconds: built.seconds, runs: [],
      outputs: [])
    for (k, run) in runs.enumerated() {
      let part = Array(sequences.prefix(run.sequenceLimit ?? sequences.count))
      let order = FrameOrder(
        lengths: part.map(\.count), streams: design.streams, seed: run.orderSeed)
      let checker = RunChecker(
        design, sequences: part, order: order, run: run, references: try references())
      try simulate(library, part, order, run, checker) { share in
        progress((Double(k) + share) / Double(runs.count))
      }
      result.runs.append(checker.result)
      if k == 0 { result.outputs = split(checker.outputs, order, like: part) }
    }
    return result
  }

  /// Writes a waveform of the first frames of the input, with nothing holding the design up.
  ///
  /// - Throws: as `run`, and `ToolError` when the file cannot be written.
  package func writeWaveform(
    to file: URL, sequences: [[[Int64]]], run: CosimRun = CosimRun()
  ) throws -> CosimRunResult {
    try check(sequences)
    let built = try builder.build(design, variant: .waveform)
    let library = try SimulationLibrary(built)
    let order = FrameOrder(
      lengths: sequences.map(\.count), streams: design.streams, seed: run.orderSeed)
    let checker = RunChecker(
      design, sequences: sequences, order: order, run: run,
      references: try references())
    try simulate(library, sequences, order, run, checker, waveform: file)
    return checker.result
  }

  /// A golden model for each stream.
  func references() throws -> [ReferenceModel] {
    try (0..<design.streams).map { _ in try ReferenceModel(design.graph) }
  }

  // MARK: - Simulation

  private func simulate(
    _ library: SimulationLibrary, _ sequences: [[[Int64]]], _ order: FrameOrder, _ run: CosimRun,
    _ checker: RunChecker, waveform: URL? = nil, progress: (Double) -> Void = { _ in }
  ) throws {
    let stimulus = Stimulus(sequences, order, port: design.input)
    let simulation = try makeSimulation(library, seed: run.resetSeed)
    if let waveform { try simulation.openTrace(waveform.path) }
    simulation.reset(cycles: resetCycles)

    var cycle = 0
    var beat = 0
    // After the last expected beat the design runs on: late and additional beats have to show.
    let drain = 2 * design.frameCycles + 100
    let patience = 64 * (design.frameCycles + design.input.beats + design.output.beats + 64)
    var lastProgress = (cycle: 0, value: checker.progress)
    while checker.modelDoneCycle.map({ cycle - $0 <= drain }) ?? true, !checker.isHopeless {
      if Interrupt.shared.isRequested {
        throw ToolError(.interrupted, "the cosimulation was interrupted", hint: "run it again")
      }
      // Short calls near the end, so that a run does not simulate much for nothing.
      let count = checker.modelIsDone ? min(simulation.cyclesPerCall, 256) : chunk(simulation)
      let source = run.source.bytes(from: cycle, count: count)
      let sink = run.sink.bytes(from: cycle, count: count)
      let done = simulation.run(
        cycles: count, input: stimulus, firstBeat: beat,
        beatBytes: design.input.beatBytes, source: source, sink: sink, garbage: true)
      checker.take(
        first: cycle, flags: simulation.flags[..<done.cycles], source: source, sink: sink,
        outputData: simulation.outputData, samples: simulation.samples[..<done.sampleWords])
      checker.addBusy(done.busyCycles)
      cycle += done.cycles
      beat += done.inputsTaken
      if checker.progress != lastProgress.value {
        lastProgress = (cycle, checker.progress)
      } else if cycle - lastProgress.cycle > patience {
        break
      }
      progress(Double(beat) / Double(max(1, stimulus.last.count)))
    }
    checker.finish(messages: simulation.messages, cycle: cycle)
    if waveform != nil { _ = simulation.closeTrace() }
    checker.setSpeed(Double(cycle) / max(simulation.seconds, 1e-9))
  }

  /// Cycles per call: a few frames, so that small inputs do not simulate much beyond their end.
  private func chunk(_ simulation: Simulation) -> Int {
    min(simulation.cyclesPerCall, max(512, 4 * design.frameCycles))
  }

  func makeSimulation(_ library: SimulationLibrary, seed: Int) throws -> Simulation {
    try Simulation(
      library, seed: seed, memoryFolder: design.memoryFolder,
      outputBytes: design.outputRecordBytes,
      sampleWords: design.probes.reduce(0) { $0 + 4 + $1.dataWords })
  }

  // MARK: - Input and output

  /// Collects every fault of the input before anything is built.
  func check(_ sequences: [[[Int64]]]) throws {
    var sink = DiagnosticSink(stage: "cosim")
    let width = design.graph.inputFormat.width
    if sequences.isEmpty {
      sink.error("input", "has no sequences", fix: "give at least one sequence of frames")
    }
    for (s, frames) in sequences.enumerated() {
      if frames.isEmpty {
        sink.error("input[\(s)]", "has no frames", fix: "give each sequence at least one frame")
      }
      for (t, frame) in frames.enumerated() {
        if frame.count != design.input.elements {
          sink.error(
            "input[\(s)][\(t)]", "has \(frame.count) elements",
            fix: "give \(design.input.elements), the input size of \(design.name)")
        } else if let e = frame.firstIndex(where: { !design.graph.inputFormat.contains($0) }) {
          sink.error(
            "input[\(s)][\(t)][\(e)]", "is \(frame[e]), outside \(width) bits",
            fix: "give codes of \(design.graph.inputFormat.minCode)"
              + " to \(design.graph.inputFormat.maxCode)")
        }
        if sink.diagnostics.count >= 20 { try sink.throwIfErrors() }
      }
    }
    try sink.throwIfErrors()
  }

  private func split(
    _ outputs: [[Int64]], _ order: FrameOrder, like sequences: [[[Int64]]]
  ) -> [[[Int64]]] {
    var result = sequences.map { _ in [[Int64]]() }
    for (place, output) in zip(order.frames, outputs) { result[place.sequence].append(output) }
    return result
  }
}

/// The input of a run as bytes of beats.
struct Stimulus {
  /// `beatBytes` bytes a beat, elements beyond the frame's size zero.
  var data: [UInt8] = []
  /// TLAST, one byte a beat.
  var last: [UInt8] = []
  /// TID, one byte a beat.
  var stream: [UInt8] = []

  init(_ sequences: [[[Int64]]], _ order: FrameOrder, port: CosimStream) {
    for place in order.frames {
      append(
        sequences[place.sequence][place.step], stream: place.stream, isLast: place.isLast,
        port: port)
    }
  }
  init() {}

  mutating func append(_ frame: [Int64], stream tid: Int, isLast: Bool, port: CosimStream) {
    for beat in 0..<port.beats {
      for lane in 0..<port.elementsPerBeat {
        let element = beat * port.elementsPerBeat + lane
        var code = element < frame.count ? frame[element] : 0
        for _ in 0..<port.elementBytes {
          data.append(UInt8(truncatingIfNeeded: code))
          code >>= 8
        }
      }
      last.append(isLast && beat == port.beats - 1 ? 1 : 0)
      stream.append(UInt8(tid))
    }
  }
}
