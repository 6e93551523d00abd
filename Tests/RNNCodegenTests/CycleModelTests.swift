import RNNCodegen
import RNNQuantize
import RNNSupport
import Testing

@Suite struct CycleModelTests {
  let timing = FrameTiming(
    cyclesPerFrame: 20, blocked: (0...20).map { $0 < 20 }, cyclesPerFrameOfOneStream: 20,
    blockedInStream: (0...20).map { $0 < 20 }, startToWord: 3, inputRelease: 4, outputCommit: 18,
    inputBeats: 3, outputBeats: 2, buffers: FrameBuffers(input: 2, output: 2))

  /// Two streams share a machine in which frames of one follow at 20 cycles and frames of both at 12.
  @Test(arguments: [[0, 1], [0], [0, 0, 1]])
  func framesOfOtherStreamsStartSooner(_ order: [Int]) {
    var timing = timing
    timing.cyclesPerFrame = 12
    timing.blocked = (0...20).map { $0 < 12 }
    // Each of the two output buffers belongs to a frame for 24 cycles, twice the interval.
    timing.outputCommit = 17
    var model = CycleModel(timing)
    var sent = 0
    var starts: [Int] = []
    var streams: [Int] = []
    for cycle in 0..<2000 {
      let stream = order[sent / 3 % order.count]
      let signals = model.step(
        inputValid: true, inputLast: false, inputStream: stream, outputReady: true)
      if signals.inputReady { sent += 1 }
      if signals.outputValid { streams.append(signals.outputStream) }
      if signals.frameStart != nil { starts.append(cycle) }
    }
    #expect(starts.count > 50)
    for (k, interval) in zip(starts.dropFirst(), starts).map({ $0 - $1 }).enumerated() {
      let isSame = order[k % order.count] == order[(k + 1) % order.count]
      #expect(interval == (isSame ? 20 : 12), "between frames \(k) and \(k + 1)")
    }
    for (beat, stream) in streams.enumerated() {
      #expect(stream == order[beat / 2 % order.count])
    }
  }

  @Test(arguments: [3, 4]) func anUnhinderedFrameTakesItsLatency(_ startToWord: Int) {
    var timing = timing
    timing.startToWord = startToWord
    #expect(timing.latencyCycles == 1 + startToWord + 18 + 2)
    var model = CycleModel(timing)
    var accepted: [Int] = []
    var beats: [Int] = []
    for cycle in 0..<60 {
      let signals = model.step(
        inputValid: accepted.count < 3, inputLast: accepted.count == 2, outputReady: true)
      if signals.inputReady && accepted.count < 3 { accepted.append(cycle) }
      if signals.outputValid { beats.append(cycle) }
    }
    #expect(accepted == [1, 2, 3])
    #expect(beats == [3 + timing.latencyCycles, 4 + timing.latencyCycles])
  }

  @Test func framesRunBackToBackAndNoneIsLostUnderStalls() {
    for seed in 0..<20 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      var model = CycleModel(timing)
      var sent = 0
      var received = 0
      var lasts = 0
      var starts: [Int] = []
      for cycle in 0..<4000 {
        let valid = sent < 90 && (seed == 0 || random.below(3) > 0)
        let ready = seed == 0 || random.below(4) > 0
        let signals = model.step(inputValid: valid, inputLast: sent % 9 == 8, outputReady: ready)
        if valid && signals.inputReady { sent += 1 }
        if ready && signals.outputValid {
          received += 1
          if signals.outputLast { lasts += 1 }
        }
        if let frame = signals.frameStart {
          #expect(frame == starts.count)
          starts.append(cycle)
        }
      }
      #expect(sent == 90 && received == 60 && lasts == 10)
      let intervals = zip(starts, starts.dropFirst()).map { $1 - $0 }
      #expect(intervals.allSatisfy { $0 >= timing.cyclesPerFrame })
      if seed == 0 { #expect(intervals.allSatisfy { $0 == timing.cyclesPerFrame }) }
    }
  }

  /// A frame has an output buffer for 3 + commit + 2 + 2 cycles and an input buffer for 3 + 3 + release + 1.
  @Test(
    arguments: [
      (17, 4, 2, 2, 12), (18, 4, 2, 2, 12.5), (18, 4, 3, 2, 12), (29, 4, 3, 2, 12),
      (29, 4, 2, 2, 18),
      (30, 4, 3, 2, 37 / 3), (30, 4, 4, 2, 12), (17, 17, 2, 2, 12), (17, 18, 2, 2, 12.5),
      (17, 18, 2, 3, 12),
    ] as [(Int, Int, Int, Int, Double)])
  func buffersSetThePace(
    _ row: (commit: Int, release: Int, output: Int, input: Int, interval: Double)
  ) {
    var timing = timing
    timing.cyclesPerFrame = 12
    timing.blocked = (0...40).map { $0 < 12 }
    timing.blockedInStream = timing.blocked
    timing.outputCommit = row.commit
    timing.inputRelease = row.release
    timing.buffers = FrameBuffers(input: row.input, output: row.output)
    #expect(timing.sustainedCyclesPerFrame(streams: 1) == row.interval)
  }

  /// No port is slower than the units or than its own beats, and no buffer is there for nothing.
  @Test(arguments: 1...24 as ClosedRange<UInt64>) func buffersAreEnoughAndNoMore(_ seed: UInt64)
    throws
  {
    var random = SplitMix64(seed: seed).fork("buffers")
    let block = [1, 2, 4][random.below(3)]
    let network = try RandomNetwork(
      seed: seed,
      options: .init(
        cell: ["gru", "lstm", "elman"][random.below(3)],
        sizes: [1 + random.below(20), 1 + random.below(24)], block: block,
        readout: random.below(2) == 0))
    let streams = 1 + random.below(3)
    let design = try compile(
      network.graph,
      options: CompileOptions(
        engine: .lanes(
          .init(
            1 + random.below(8), denseMultipliers: 2, elementsPerStep: 1, inputElementsPerBeat: 1,
            outputElementsPerBeat: [1, 4][random.below(2)], streams: streams,
            pipelining: random.below(2) == 0 ? .shallow : .deep))))
    var timing = design.frameTiming
    let pace = max(timing.cyclesPerFrame, timing.inputBeats, timing.outputBeats + 1)
    #expect(timing.sustainedCyclesPerFrame(streams: streams) == Double(pace))
    let enough = timing.buffers
    if enough.output > 2 {
      timing.buffers.output -= 1
      #expect(timing.sustainedCyclesPerFrame(streams: streams) > Double(pace))
      timing.buffers = enough
    }
    if enough.input > 2 {
      timing.buffers.input -= 1
      #expect(timing.sustainedCyclesPerFrame(streams: streams) > Double(pace))
    }
  }
}
