internal import RNNGraph
internal import RNNSupport

/// Finds the smallest design that reaches a rate or a latency.
///
/// Smallest is the fewest multiplier blocks; among those the fewest block RAMs, then LUTs, then flip-flops (`DesignSize`).
/// The number of multipliers follows from lanes, column groups and elements per step. So these are tried from few
/// multipliers to many, each with few drain chains and with many, and the search ends at the first number of multipliers
/// with a design that reaches the bar and fits. Left out is what cannot reach it: by a bound from the work, or because even
/// its earliest placement has a longer distance of frames or a longer latency.
struct SmallestDesign {
  let space: MappingSpace
  /// What the design must fit; nil for any size.
  let device: DeviceDescription?
  var bar: PerformanceBar

  /// - Throws: what `Lowered` throws.
  init(
    _ graph: IntegerGraph, options: CompileOptions, device: DeviceDescription?, bar: PerformanceBar
  ) throws {
    space = try MappingSpace(graph, options: options)
    self.device = device
    self.bar = bar
  }

  init(_ space: MappingSpace, device: DeviceDescription?, bar: PerformanceBar) {
    self.space = space
    self.device = device
    self.bar = bar
  }

  /// - Throws: `DiagnosticsEmitted` that names what binds and what would make it feasible, if no design reaches the bar.
  func find() throws -> Design {
    if let design = try search() { return design }
    throw try failure()
  }

  /// One point of the space with what is known of it before it is scheduled.
  struct Candidate {
    var point: MappingSpace.Point
    /// Cycles in which a pass of each product group is fed.
    var columns: [Int]
    /// Blocks of the device, or multipliers.
    var multipliers: Int
  }

  /// The smallest design that reaches the bar and, unless told otherwise, fits; nil if there is none.
  ///
  /// - Parameter mustFit: false counts in blocks of the device without minding how many it has.
  func search(mustFit: Bool = true) throws -> Design? {
    let candidates = try self.candidates(mustFit: mustFit).filter { candidate in
      let (point, columns) = (candidate.point, candidate.columns)
      return bar.allows(
        cyclesPerFrame: Double(space.leastInterval(point, columns: columns)))
        && bar.allows(latencyCycles: space.leastLatency(point, columns: columns))
    }
    var best: (design: Design, size: DesignSize)?
    for candidate in candidates {
      if let best, candidate.multipliers > best.size.multipliers { break }
      let designs = try designs(candidate) { least, latency in
        bar.allows(cyclesPerFrame: Double(least)) && bar.allows(latencyCycles: latency)
      }
      for design in designs where reaches(design) && (!mustFit || fits(design)) {
        let size = DesignSize(design.counts, device: device)
        if best.map({ size < $0.size }) ?? true { best = (design, size) }
      }
    }
    return best?.design
  }

  /// All points, those with the fewest multipliers first.
  func candidates(mustFit: Bool) throws -> [Candidate] {
    let perLane = try multipliersOfALane()
    let most = mustFit ? device?.multiplier.count : nil
    var result: [Candidate] = []
    for step in space.steps {
      for groups in space.usefulGroupCounts where space.isValid(groups: groups, step: step) {
        let columns = space.columns(groups)
        for lanes in space.laneCounts {
          let multipliers = lanes * groups * perLane.lane + step * perLane.datapaths
          if let most, multipliers > most { break }
          result.append(
            Candidate(
              point: .init(lanes: lanes, groups: groups, step: step), columns: columns,
              multipliers: multipliers))
        }
      }
    }
    return result.enumerated().sorted {
      ($0.element.multipliers, $0.offset) < ($1.element.multipliers, $1.offset)
    }.map(\.element)
  }

  /// Multipliers of one lane with one column group, and of all datapaths for one element per step.
  private func multipliersOfALane() throws -> (lane: Int, datapaths: Int) {
    guard let device else { return (space.lowered.productsPerSet, space.datapathMultipliers) }
    let counts = Design(
      space.lowered,
      options: space.options(.init(lanes: 1, groups: 1, step: space.options.lanes.step)),
      lanes: 1
    ).counts
    let lane = counts.units.prefix(1).reduce(0) { $0 + device.usage(of: $1).multipliers }
    let all = device.usage(of: counts).multipliers
    return (lane, (all - lane) / space.options.lanes.step)
  }

  /// The designs of a point, one for each number of drain chains.
  ///
  /// - Parameter isWorthwhile: gets the least distance of frames and the latency of the earliest placement; where it
  ///   says false, no design is made.
  func designs(
    _ candidate: Candidate, isWorthwhile: (_ distance: Int, _ latency: Int) -> Bool
  ) throws -> [Design] {
    let point = candidate.point
    let lowered = try Lowered(space.graph, options: space.options(point))
    var result: [Design] = []
    for chains in space.chainCounts(point, columns: candidate.columns) {
      let options = space.options(point, chains: chains)
      let early = Scheduler.earliest(
        lowered, lanes: point.lanes, drainChains: chains, elementsPerStep: point.step,
        streams: options.lanes.streams, pipelining: options.stages)
      if isWorthwhile(early.overlap.least, space.latency(point, outputCommit: early.outputCommit)) {
        result.append(Design(lowered, options: options, lanes: point.lanes))
      }
    }
    return result
  }

  func fits(_ design: Design) -> Bool {
    device?.shortfalls(of: design.counts, stage: "compile").isEmpty ?? true
  }

  private func reaches(_ design: Design) -> Bool {
    bar.allows(latencyCycles: design.counts.latencyCycles)
      && bar.allows(cyclesPerFrame: Double(design.schedule.cyclesPerFrame))
      && (bar.framesPerSecond == nil
        || bar.allows(cyclesPerFrame: design.sustainedCyclesPerFrame))
  }
}
