internal import RNNSupport

/// When a source offers a beat, or a sink takes one: a function of the cycle and a seed.
package struct FlowPattern: Hashable, Sendable, CustomStringConvertible {
  /// In which cycles it happens.
  package enum Kind: Hashable, Sendable {
    /// In every cycle.
    case always
    /// In each cycle by chance.
    case random(percent: Int)
    /// In blocks of so many cycles, each on or off by chance.
    case stalls(cycles: Int)
  }
  package var kind: Kind
  package var seed: UInt64

  package init(_ kind: Kind, seed: UInt64 = 0) {
    self.kind = kind
    self.seed = seed
  }
  package static let always = FlowPattern(.always)

  package var description: String {
    switch kind {
    case .always: "always"
    case .random(let percent): "random \(percent) %, seed \(seed)"
    case .stalls(let cycles): "stalls of \(cycles) cycles, seed \(seed)"
    }
  }

  /// One byte a cycle, 1 for on; nil for a pattern that is always on.
  package func bytes(from cycle: Int, count: Int) -> [UInt8]? {
    switch kind {
    case .always: return nil
    case .random(let percent):
      // The generator's state is linear in the number of draws, so any cycle is reached directly.
      var generator = SplitMix64(seed: seed &+ UInt64(cycle) &* 0x9E37_79B9_7F4A_7C15)
      return (0..<count).map { _ in generator.below(100) < percent ? 1 : 0 }
    case .stalls(let length):
      return (cycle..<cycle + count).map { c in
        var generator = SplitMix64(seed: seed ^ 0x5741_4954)
        generator.state &+= UInt64(c / length) &* 0x9E37_79B9_7F4A_7C15
        return UInt8(generator.next() >> 63)
      }
    }
  }
}

/// One pass over the input: the flow on both streams and the seed of the registers' initial values.
package struct CosimRun: Hashable, Sendable, CustomStringConvertible {
  package var source: FlowPattern
  package var sink: FlowPattern
  /// Seeds the values that registers and memories without reset hold at power-up.
  package var resetSeed: Int
  /// The pass feeds at most so many sequences, the first ones; nil for all.
  package var sequenceLimit: Int?
  /// Seeds the order of the streams of a design that has several; nil lets them take turns.
  package var orderSeed: UInt64?

  package init(
    source: FlowPattern = .always, sink: FlowPattern = .always, resetSeed: Int = 1,
    sequenceLimit: Int? = nil, orderSeed: UInt64? = nil
  ) {
    self.source = source
    self.sink = sink
    self.resetSeed = resetSeed
    self.sequenceLimit = sequenceLimit
    self.orderSeed = orderSeed
  }
  package var description: String {
    "source \(source), sink \(sink), reset seed \(resetSeed)"
      + (orderSeed.map { ", streams in an order of seed \($0)" } ?? "")
  }
  /// True when nothing holds the design up, so that latency and rate are its own.
  package var isFreeRunning: Bool { source.kind == .always && sink.kind == .always }

  /// No, random and long back-pressure on both streams, each with two seeds of initial values.
  ///
  /// The chances and lengths follow the design's rate: gaps that a frame's time hides would test
  /// nothing.
  ///
  /// - Parameter stressLimit: sequences in the passes after the first, which has all; nil for all.
  /// Passes
  ///   with back-pressure take two to four times as many cycles as one without.
  package static func standard(
    for design: CosimDesign, seed: UInt64, stressLimit: Int? = nil
  ) -> [CosimRun] {
    let fork = SplitMix64(seed: seed)
    func chance(_ beats: Int) -> Int { min(70, max(4, 100 * beats / design.frameCycles)) }
    let long = 2 * design.frameCycles + 3
    var runs: [CosimRun] = []
    for k in 0..<2 {
      var generator = fork.fork("cosim.run.\(k)")
      let resetSeed = 1 + generator.below(1 << 30)
      func draw() -> UInt64 { generator.next() }
      runs.append(CosimRun(resetSeed: resetSeed))
      runs.append(
        CosimRun(
          source: FlowPattern(.random(percent: chance(design.input.beats)), seed: draw()),
          sink: FlowPattern(.random(percent: chance(design.output.beats)), seed: draw()),
          resetSeed: resetSeed, orderSeed: design.streams > 1 ? seed &+ UInt64(k) : nil))
      runs.append(
        CosimRun(
          source: FlowPattern(.stalls(cycles: long), seed: draw()),
          sink: FlowPattern(.stalls(cycles: long), seed: draw()), resetSeed: resetSeed))
    }
    for i in runs.indices.dropFirst() { runs[i].sequenceLimit = stressLimit }
    return runs
  }
}
