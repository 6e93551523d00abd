internal import RNNBilinear
internal import RNNGraph
internal import RNNSupport

/// Chooses lanes, column groups and elements per step so that a frame takes the fewest cycles that a device allows.
///
/// Every candidate has a bound from below: the cycles in which the lanes are fed, and those in which the longest vector passes
/// a datapath. Candidates are scheduled in the order of their bounds until no bound is below the best design. Among
/// equally fast designs the one with the fewest multipliers wins.
struct Mapping {
  private let space: MappingSpace
  private let device: DeviceDescription
  private var graph: IntegerGraph { space.graph }

  /// Designs that are scheduled at most.
  private static let mostTrials = 96

  /// - Throws: what `Lowered` throws.
  init(_ graph: IntegerGraph, options: CompileOptions, device: DeviceDescription) throws {
    space = try MappingSpace(graph, options: options)
    self.device = device
  }

  private struct Candidate {
    var point: MappingSpace.Point
    var bound: Int
  }

  /// - Throws: `DiagnosticsEmitted` naming the resource that binds, of the smallest design, if none fits.
  func best() throws -> Design {
    var best: Design?
    var trials = 0
    for candidate in candidates where trials < Self.mostTrials {
      if let best, candidate.bound >= best.schedule.cyclesPerFrame { break }
      trials += 1
      let design = try Design(graph, options: space.options(candidate.point))
      guard device.shortfalls(of: design.counts, stage: "compile").isEmpty else { continue }
      if best.map({ isBetter(design, than: $0) }) ?? true { best = design }
    }
    if let best { return try withMoreChains(best) }
    let smallest = MappingSpace.Point(
      lanes: 1, groups: space.options.lanes.groups, step: space.options.lanes.step)
    let design = try Design(graph, options: space.options(smallest))
    try design.requireFit(in: device)
    return design
  }

  /// The design with more drain chains, if the shorter drain of a frame's last passes pays.
  private func withMoreChains(_ design: Design) throws -> Design {
    guard space.options.lanes.drainChains == nil else { return design }
    var best = design
    for factor in 2...4 {
      var options = design.options
      options.lanes.drainChains = factor * design.schedule.drainChains
      let other = try Design(graph, options: options)
      if other.schedule.cyclesPerFrame < best.schedule.cyclesPerFrame,
        device.shortfalls(of: other.counts, stage: "compile").isEmpty
      {
        best = other
      }
    }
    return best
  }

  private func isBetter(_ a: Design, than b: Design) -> Bool {
    func cost(_ design: Design) -> (Int, Int) {
      (design.schedule.cyclesPerFrame, design.counts.units.reduce(0) { $0 + $1.multipliers })
    }
    return cost(a) < cost(b)
  }

  private var candidates: [Candidate] {
    let longest = space.lowered.segments.map(\.size).max() ?? 1
    var result: [Candidate] = []
    for step in space.steps {
      let left = device.multiplier.count - space.datapathMultipliers * step
      for groups in space.groupCounts where space.isValid(groups: groups, step: step) {
        let columns = space.columns(groups)
        let most = min(space.mostLanes, left / (groups * space.lowered.productsPerSet))
        // The fewest lanes for each number of feeds, from the most lanes down.
        var lanes = most
        var kept = 0
        while lanes >= 1, kept < 8 {
          let count = space.feeds(lanes: lanes, columns: columns)
          while lanes > 1, space.feeds(lanes: lanes - 1, columns: columns) == count { lanes -= 1 }
          result.append(
            Candidate(
              point: .init(lanes: lanes, groups: groups, step: step),
              bound: max(count, (longest + step - 1) / step)))
          kept += 1
          lanes -= 1
        }
      }
    }
    return result.enumerated().sorted {
      ($0.element.bound, space.multipliers($0.element.point), $0.offset)
        < ($1.element.bound, space.multipliers($1.element.point), $1.offset)
    }.map(\.element)
  }
}
