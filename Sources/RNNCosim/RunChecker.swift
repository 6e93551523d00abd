internal import RNNCodegen
internal import RNNGraph
internal import RNNReference

/// Compares one pass with the golden model and the cycle model as it goes.
///
/// Expected values live in a window of frames: from the oldest that something still has to show to
/// the
/// newest that was asked for.
final class RunChecker {
  private struct Expectation {
    var output: [Int64]
    var probes: [[Int64]]
  }

  private let design: CosimDesign
  /// One for each stream.
  private let references: [ReferenceModel]
  private let sequences: [[[Int64]]]
  private let frames: [FrameOrder.Place]
  private var timing: any StreamModel
  private(set) var result: CosimRunResult
  /// The design's outputs per frame, in order.
  private(set) var outputs: [[Int64]] = []

  // The window of expectations: frames `windowStart` ..< `windowStart + window.count`.
  private var window: [Expectation] = []
  private var windowStart = 0

  // What the cycle model did.
  private var modelOffering = false
  private var modelInput = 0
  private var predictedInputs: [Int] = []
  private var predictedOutputs: [Int] = []
  private var frameStarts: [Int] = []
  // What the design did.
  private var actualInputs: [Int] = []
  private var actualOutputs: [Int] = []
  /// Groups of each probe that were accounted for.
  private var probeGroups: [Int]

  /// Differences beyond this are counted but not compared further, to end hopeless runs early.
  static let enough = 10_000

  init(
    _ design: CosimDesign, sequences: [[[Int64]]], order: FrameOrder, run: CosimRun,
    references: [ReferenceModel]
  ) {
    self.design = design
    self.references = references
    self.sequences = sequences
    frames = order.frames
    timing = design.makeTiming()
    result = CosimRunResult(run: run)
    result.sequences = sequences.count
    result.frames = frames.count
    probeGroups = [Int](repeating: 0, count: design.probes.count)
  }

  var inputBeats: Int { frames.count * design.input.beats }
  var outputBeats: Int { frames.count * design.output.beats }
  /// All output that the cycle model expects is out.
  var modelIsDone: Bool { predictedOutputs.count >= outputBeats }
  /// The cycle in which the cycle model's last output beat is taken; nil before.
  var modelDoneCycle: Int? { modelIsDone ? predictedOutputs.last : nil }
  /// All output has come.
  var designIsDone: Bool { actualOutputs.count >= outputBeats }
  var isHopeless: Bool { result.mismatches > Self.enough }
  /// A number that grows while either side makes progress.
  var progress: Int { predictedOutputs.count + actualOutputs.count + predictedInputs.count }

  // MARK: - One call of the simulation

  /// Takes the cycles `first ..< first + flags.count` of the design.
  func take(
    first: Int, flags: ArraySlice<UInt8>, source: [UInt8]?, sink: [UInt8]?, outputData: [UInt8],
    samples: ArraySlice<UInt32>
  ) {
    result.cycles += flags.count
    var outputs = 0
    for (i, byte) in flags.enumerated() {
      let cycle = first + i
      let actual = SimulationChunk.Flags(rawValue: byte)
      let expected = stepModel(
        cycle, mayOffer: source.map { $0[i] != 0 } ?? true, ready: sink.map { $0[i] != 0 } ?? true)
      checkHandshake(actual, expected, cycle)
      if actual.isSuperset(of: [.inputValid, .inputReady]) { actualInputs.append(cycle) }
      if actual.isSuperset(of: [.outputValid, .outputReady]) {
        let data = outputs * design.outputRecordBytes
        checkOutput(
          beat: actualOutputs.count, cycle, last: actual.contains(.outputLast),
          stream: Int(outputData[data + design.output.beatBytes]),
          data: outputData[data..<data + design.output.beatBytes])
        actualOutputs.append(cycle)
        outputs += 1
      }
    }
    checkCycles()
    checkSamples(samples)
    retire()
  }

  /// Compares what only the end of a run shows.
  func finish(messages: String, cycle: Int) {
    checkCycles()
    if actualOutputs.count < outputBeats {
      let frame = actualOutputs.count / design.output.beats
      differ(
        .outputMissing, frame, "m_axis", nil, "\(outputBeats) beats", "\(actualOutputs.count)",
        cycle, count: outputBeats - actualOutputs.count)
    }
    if actualInputs.count < inputBeats {
      let frame = actualInputs.count / design.input.beats
      differ(
        .inputCycle, frame, "s_axis", nil, "\(inputBeats) beats taken", "\(actualInputs.count)",
        cycle, count: inputBeats - actualInputs.count)
    }
    for (p, probe) in design.probes.enumerated() where probeGroups[p] < frames.count * probe.steps {
      differ(
        .probeMissing, probeGroups[p] / probe.steps, probe.name, nil,
        "\(frames.count * probe.steps) groups", "\(probeGroups[p])", cycle,
        count: frames.count * probe.steps - probeGroups[p])
    }
    if !messages.isEmpty {
      let line = messages.split(separator: "\n").first.map(String.init) ?? messages
      differ(.assertion, nil, design.top, nil, "no message", line, cycle)
    }
    let beats = design.output.beats
    if actualOutputs.count >= beats, actualInputs.count >= design.input.beats {
      result.latencyCycles = actualOutputs[beats - 1] - actualInputs[design.input.beats - 1]
    }
    let ends = stride(from: beats - 1, to: actualOutputs.count, by: beats).map { actualOutputs[$0] }
    // By then all buffers have been in use.
    let steady = ends.suffix(ends.count / 2 + 1)
    if let first = steady.first, let last = steady.last, steady.count > 1 {
      result.frameIntervalCycles = Double(last - first) / Double(steady.count - 1)
    }
  }

  // MARK: - The cycle model

  private func stepModel(_ cycle: Int, mayOffer: Bool, ready: Bool) -> StreamSignals {
    if !modelOffering, modelInput < inputBeats, mayOffer { modelOffering = true }
    let signals = timing.step(
      inputValid: modelOffering, inputLast: modelOffering && isLastInput(modelInput),
      inputStream: modelOffering ? frames[modelInput / design.input.beats].stream : 0,
      outputReady: ready)
    if let frame = signals.frameStart {
      precondition(frame == frameStarts.count, "frame \(frame) starts out of order")
      frameStarts.append(cycle)
    }
    if modelOffering, signals.inputReady {
      predictedInputs.append(cycle)
      modelOffering = false
      modelInput += 1
    }
    if signals.outputValid, ready {
      let frame = predictedOutputs.count / design.output.beats
      precondition(
        signals.outputStream == frames[frame].stream,
        "the cycle model gives frame \(frame) to stream \(signals.outputStream)")
      predictedOutputs.append(cycle)
    }
    return signals
  }

  private func isLastInput(_ beat: Int) -> Bool {
    frames[beat / design.input.beats].isLast && (beat + 1) % design.input.beats == 0
  }

  private func checkHandshake(
    _ actual: SimulationChunk.Flags, _ expected: StreamSignals, _ cycle: Int
  ) {
    if actual.contains(.inputReady) != expected.inputReady {
      differ(
        .handshake, nil, "s_axis_tready", nil, expected.inputReady ? "1" : "0",
        expected.inputReady ? "0" : "1", cycle)
    }
    if actual.contains(.outputValid) != expected.outputValid {
      differ(
        .handshake, nil, "m_axis_tvalid", nil, expected.outputValid ? "1" : "0",
        expected.outputValid ? "0" : "1", cycle)
    }
    for (flag, what) in [
      (SimulationChunk.Flags.frameError, "frame_error_o high"),
      (.validDropped, "TVALID low before the beat was taken"),
      (.dataChanged, "TDATA or TLAST changed before the beat was taken"),
    ] where actual.contains(flag) {
      differ(.protocolFault, nil, "m_axis", nil, "none", what, cycle)
    }
  }

  /// Compares the cycles of the beats that both sides have by now.
  private func checkCycles() {
    for (expected, actual, port, kind, done) in [
      (predictedInputs, actualInputs, design.input, CosimMismatch.Kind.inputCycle, inputsCompared),
      (predictedOutputs, actualOutputs, design.output, .outputCycle, outputsCompared),
    ] {
      let both = min(expected.count, actual.count)
      for beat in done..<max(done, both) where expected[beat] != actual[beat] {
        differ(
          kind, beat / port.beats, kind == .inputCycle ? "s_axis" : "m_axis", nil,
          "beat \(beat % port.beats) in cycle \(expected[beat])", "cycle \(actual[beat])",
          min(expected[beat], actual[beat]))
      }
      if kind == .inputCycle { inputsCompared = both } else { outputsCompared = both }
    }
  }
  private var inputsCompared = 0
  private var outputsCompared = 0

  // MARK: - Values

  private func checkOutput(
    beat: Int, _ cycle: Int, last: Bool, stream: Int, data: ArraySlice<UInt8>
  ) {
    let port = design.output
    guard beat < outputBeats else {
      differ(.outputExtra, nil, "m_axis", nil, "no beat", "a beat", cycle)
      return
    }
    let frame = beat / port.beats
    let inFrame = beat % port.beats
    let expected = expectation(frame).output
    let expectsLast = frames[frame].isLast && inFrame == port.beats - 1
    if last != expectsLast {
      differ(
        .last, frame, "m_axis_tlast", nil, "\(expectsLast ? 1 : 0) on beat \(inFrame)",
        "\(last ? 1 : 0)", cycle)
    }
    if stream != frames[frame].stream {
      differ(
        .stream, frame, "m_axis_tid", nil, "\(frames[frame].stream)", "\(stream)", cycle)
    }
    if inFrame == 0 { outputs.append([]) }
    for lane in 0..<port.elementsPerBeat {
      let element = inFrame * port.elementsPerBeat + lane
      guard element < port.elements else { break }
      var bits: UInt64 = 0
      for byte in 0..<port.elementBytes {
        let at = data.startIndex + lane * port.elementBytes + byte
        bits |= UInt64(data[at]) << UInt64(8 * byte)
      }
      let got = Self.signExtended(bits, width: 8 * port.elementBytes)
      outputs[frame].append(got)
      result.valuesCompared += 1
      if got != expected[element] {
        differ(
          .outputValue, frame, design.graph[design.graph.output].name, element,
          "\(expected[element])", "\(got)", cycle)
      }
    }
  }

  private func checkSamples(_ samples: ArraySlice<UInt32>) {
    var at = samples.startIndex
    while at < samples.endIndex {
      let p = Int(samples[at])
      let index = Int(samples[at + 1])
      let cycle = Int(samples[at + 2]) | Int(samples[at + 3]) << 32
      let data = samples[at + 4..<at + 4 + design.probes[p].dataWords]
      checkSample(p, index: index, cycle: cycle, data: data)
      at = data.endIndex
    }
  }

  private func checkSample(_ p: Int, index: Int, cycle: Int, data: ArraySlice<UInt32>) {
    let probe = design.probes[p]
    if index < probe.steps {
      // A group that does not come costs one difference, not one for every group after it.
      while probeGroups[p] % probe.steps != index, probeGroups[p] < frames.count * probe.steps {
        let group = probeGroups[p]
        differ(
          .probeMissing, group / probe.steps, probe.name,
          group % probe.steps * probe.elementsPerStep,
          "group \(group % probe.steps)", "group \(index)", cycle)
        probeGroups[p] += 1
      }
    }
    let frame = probeGroups[p] / probe.steps
    let group = probeGroups[p] % probe.steps
    guard frame < frames.count else {
      differ(.probeExtra, nil, probe.name, nil, "nothing", "group \(index)", cycle)
      return
    }
    probeGroups[p] += 1
    guard index == group else {
      differ(.probeIndex, frame, probe.name, nil, "group \(group)", "group \(index)", cycle)
      return
    }
    let first = group * probe.elementsPerStep
    let expectedCycle =
      frame < frameStarts.count
      ? frameStarts[frame] + probe.firstCycle + group * probe.cyclesPerStep : nil
    if cycle != expectedCycle {
      differ(
        .probeCycle, frame, probe.name, first,
        expectedCycle.map { "cycle \($0)" } ?? "a later cycle", "cycle \(cycle)", cycle)
    }
    let expected = expectation(frame).probes[p]
    for lane in 0..<probe.elementsPerStep {
      let element = first + lane
      guard element < probe.size else { break }
      let got = Self.field(data, at: lane * probe.width, width: probe.width)
      result.probeValuesCompared += 1
      if got != expected[element] {
        differ(
          .probeValue, frame, probe.name, element, "\(expected[element])", "\(got)", cycle)
      }
    }
  }

  /// The expected values of a frame; runs the reference up to it.
  private func expectation(_ frame: Int) -> Expectation {
    while windowStart + window.count <= frame {
      let next = frames[windowStart + window.count]
      let reference = references[next.stream]
      if next.step == 0 { reference.reset() }
      let output = reference.step(sequences[next.sequence][next.step])
      window.append(
        Expectation(output: output, probes: design.probes.map { reference.values(of: $0.node) }))
    }
    precondition(
      frame >= windowStart, "frame \(frame) is no longer held, \(windowStart) is the first")
    return window[frame - windowStart]
  }

  /// Drops the frames that nothing will ask for any more.
  private func retire() {
    var oldest = actualOutputs.count / design.output.beats
    for (p, probe) in design.probes.enumerated() {
      oldest = min(oldest, probeGroups[p] / probe.steps)
    }
    let count = min(oldest - windowStart, window.count)
    if count > 0 {
      window.removeFirst(count)
      windowStart += count
    }
  }

  // MARK: - Differences

  private func differ(
    _ kind: CosimMismatch.Kind, _ frame: Int?, _ node: String, _ element: Int?,
    _ expected: @autoclosure () -> String, _ got: @autoclosure () -> String, _ cycle: Int,
    count: Int = 1
  ) {
    switch kind {
    case .outputValue, .probeValue: result.valueMismatches += count
    case .outputCycle, .inputCycle, .probeCycle, .handshake: result.cycleMismatches += count
    default: result.otherMismatches += count
    }
    // The first by cycle; in one cycle, what names a value before what names a wire.
    if let first = result.firstMismatch {
      guard
        cycle < first.cycle
          || (cycle == first.cycle && first.kind == .handshake && kind != .handshake)
      else { return }
    }
    let place = frame.flatMap { $0 < frames.count ? frames[$0] : nil }
    result.firstMismatch = CosimMismatch(
      kind: kind, sequence: place?.sequence, step: place?.step, node: node, element: element,
      expected: expected(), got: got(), cycle: cycle)
  }

  func addBusy(_ cycles: Int) { result.laneBusyCycles += cycles }

  func setSpeed(_ cyclesPerSecond: Double) { result.cyclesPerSecond = cyclesPerSecond }

  /// `width` bits from a little-endian bit string, as a signed number.
  static func field(_ words: ArraySlice<UInt32>, at bit: Int, width: Int) -> Int64 {
    var bits: UInt64 = 0
    var filled = 0
    while filled < width {
      let position = bit + filled
      let word = UInt64(words[words.startIndex + position / 32]) >> UInt64(position % 32)
      bits |= word << UInt64(filled)
      filled += 32 - position % 32
    }
    return signExtended(bits, width: width)
  }
  static func signExtended(_ bits: UInt64, width: Int) -> Int64 {
    let shift = UInt64(64 - width)
    return Int64(bitPattern: bits << shift) >> Int64(shift)
  }
}
