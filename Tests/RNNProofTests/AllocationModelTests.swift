import RNNCodegen
import RNNGraph
import RNNProof
import RNNQuantize
import RNNSolver
import RNNSupport
import Testing

/// The compiler's searches beside the optimum that Z3 proves for the model of bounds.
@Suite struct AllocationModelTests {
  struct NoOptimum: Error { var answer: AllocationModel.Answer }
  static let limit = SolverLimit(steps: 30_000_000)

  static func optimum(_ answer: AllocationModel.Answer) throws -> AllocationModel.Optimum {
    guard case .optimum(let optimum) = answer else {
      throw NoOptimum(answer: answer)
    }
    return optimum
  }

  /// No design is faster than the bound, whatever it is made of.
  @Test(arguments: 1...10 as ClosedRange<UInt64>) func noDesignBeatsTheBound(_ seed: UInt64) throws
  {
    let graph = try RandomNetwork(seed: seed).graph
    for (lanes, groups, chains, streams) in [
      (1, 1, 1, 1), (2, 1, 2, 2), (3, 2, 1, 1), (5, 3, 5, 3), (4, 1, 4, 4),
    ] {
      let options = CompileOptions(
        engine: .lanes(.init(lanes, columnGroups: groups, drainChains: chains, streams: streams)))
      let design = try compile(graph, options: options)
      let multipliers = design.counts.units.reduce(0) { $0 + $1.multipliers }
      let optimum = try Self.optimum(
        AllocationModel(design.graph, options: options).fastest(
          multipliers: multipliers, limit: Self.limit))
      #expect(Double(optimum.cyclesPerFrame) <= design.sustainedCyclesPerFrame)
      #expect(optimum.multipliers <= multipliers)
    }
  }

  /// A network of one layer whose size does not divide by its blocks.
  static func network(_ seed: UInt64) throws -> (name: String, graph: IntegerGraph, block: Int) {
    var random = SplitMix64(seed: seed).fork("sizes")
    let cell = ["lstm", "gru", "elman", "mgu"][random.below(4)]
    let block = [1, 4, 8][random.below(3)]
    let sizes = [8 + random.below(40), 16 + random.below(60)]
    let graph = try RandomNetwork(
      seed: seed, options: .init(cell: cell, sizes: sizes, block: block, readout: false)
    ).graph
    return ("\(cell) \(sizes) L = \(block)", graph, block)
  }

  /// The search for the fastest design on a device is no worse than what Z3 chooses, and within the bound of it.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func theFastestIsNoSlowerThanZ3s(_ seed: UInt64)
    throws
  {
    let (name, graph, block) = try Self.network(seed)
    let device = try DeviceDescription.named("LFE5U-85F")
    for streams in [1, 3] {
      var options = CompileOptions(
        device: device.name,
        engine: .lanes(.init(inputElementsPerBeat: block == 1 ? 1 : 4, streams: streams)))
      let design = try compile(graph, options: options)
      let optimum = try Self.optimum(
        AllocationModel(design.graph, options: options).fastest(
          multipliers: device.multiplier.count, limit: Self.limit))
      #expect(Double(optimum.cyclesPerFrame) <= design.sustainedCyclesPerFrame)
      options.lanes.count = optimum.lanes
      options.lanes.columnGroups = optimum.columnGroups
      options.lanes.elementsPerStep = optimum.elementsPerStep
      do {
        let other = try compile(graph, options: options)
        #expect(
          design.schedule.cyclesPerFrame <= other.schedule.cyclesPerFrame,
          "\(name), \(streams) streams: \(optimum)")
      } catch let error as DiagnosticsEmitted {
        // The model knows multipliers alone; block RAM or LUTs may run out, and then there is nothing to compare with.
        let isFull = error.diagnostics.allSatisfy { $0.path.hasPrefix("device ") }
        #expect(isFull, "\(name), \(streams) streams: \(error)")
      }
    }
  }

  /// The search for the smallest design finds at least as many multipliers as Z3 proves necessary.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func theSmallestIsNoSmallerThanZ3s(_ seed: UInt64)
    throws
  {
    let (_, graph, block) = try Self.network(seed)
    for (streams, cycles) in [(1, 150), (3, 150), (3, 400)] {
      let options = CompileOptions(
        framesPerSecond: 100e6 / Double(cycles),
        engine: .lanes(.init(inputElementsPerBeat: block == 1 ? 1 : 4, streams: streams)))
      let design = try compile(graph, options: options)
      let optimum = try Self.optimum(
        AllocationModel(design.graph, options: options).smallest(
          cyclesPerFrame: cycles, limit: Self.limit))
      let multipliers = design.counts.units.reduce(0) { $0 + $1.multipliers }
      #expect(optimum.multipliers <= multipliers)
    }
  }

  /// The optimum of the model by trying everything, with the model's inequalities written anew as arithmetic.
  @Test func z3FindsTheOptimumOfTheModel() throws {
    // One product group of an Elman network: 11 block rows of 4, 3 + 11 block columns; a tanh in the datapath.
    let graph = try RandomNetwork(
      seed: 2, options: .init(cell: "elman", sizes: [12, 44], block: 4, readout: false)
    ).graph
    let options = CompileOptions(engine: .lanes(.init(streams: 8)))
    let design = try compile(graph, options: options)
    let model = try AllocationModel(design.graph, options: options)
    let perLane = design.lowered.productsPerSet
    let datapaths = design.counts.units.reduce(0) { $0 + $1.multipliers } - design.lanes * perLane
    func up(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
    for most in [datapaths + perLane, 40, 77, 120, 300] {
      var best: (cycles: Int, multipliers: Int)?
      for lanes in 1...11 {
        for groups in 1...32 {
          for step in [1, 2, 4] {
            let multipliers = lanes * groups * perLane + step * datapaths
            guard multipliers <= most else { continue }
            let cycles = max(
              up(11, lanes) * (up(3, groups) + up(11, groups)), up(44, step), 12, up(44, step) + 1)
            if best.map({ (cycles, multipliers) < $0 }) ?? true { best = (cycles, multipliers) }
          }
        }
      }
      let optimum = try Self.optimum(model.fastest(multipliers: most, limit: Self.limit))
      #expect(optimum.cyclesPerFrame == best?.cycles)
      #expect(optimum.multipliers == best?.multipliers)
    }
    #expect(
      try model.fastest(multipliers: perLane, limit: Self.limit) == .infeasible)
    guard
      case .unknown = try model.fastest(
        multipliers: 300, limit: SolverLimit(steps: 100))
    else {
      Issue.record("a hundred steps are too few")
      return
    }
  }
}
