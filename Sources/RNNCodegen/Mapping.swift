internal import RNNBilinear
internal import RNNGraph
internal import RNNSupport

/// Chooses lanes, column groups and elements per step so that a frame takes the fewest cycles that a device allows.
///
/// Every candidate has a bound from below: the cycles in which the lanes are fed, and those in which the longest vector passes
/// a datapath. Candidates are scheduled in the order of their bounds until no bound is below the best design. Among
/// equally fast designs the one with the fewest multipliers wins.
struct Mapping {
  let graph: IntegerGraph
  let options: CompileOptions
  let device: DeviceDescription

  /// Designs that are scheduled at most.
  private static let mostTrials = 96
  private static let mostGroups = 32

  init(_ graph: IntegerGraph, options: CompileOptions, device: DeviceDescription) {
    self.graph = graph
    self.options = options
    self.device = device
  }

  private struct Candidate {
    var options: CompileOptions
    var bound: Int
    var multipliers: Int
  }

  /// - Throws: `DiagnosticsEmitted` naming the resource that binds, of the smallest design, if none fits.
  func best() throws -> Design {
    let smallest = with(lanes: 1, groups: options.groups, step: options.step)
    var best: Design?
    var trials = 0
    for candidate in candidates(try Lowered(graph, options: smallest))
    where trials < Self.mostTrials {
      if let best, candidate.bound >= best.schedule.cyclesPerFrame { break }
      trials += 1
      let design = try Design(graph, options: candidate.options)
      guard device.shortfalls(of: design.counts, stage: "compile").isEmpty else { continue }
      if best.map({ isBetter(design, than: $0) }) ?? true { best = design }
    }
    if let best { return try withMoreChains(best) }
    let design = try Design(graph, options: smallest)
    try design.requireFit(in: device)
    return design
  }

  /// The design with more drain chains, if the shorter drain of a frame's last passes pays.
  private func withMoreChains(_ design: Design) throws -> Design {
    guard options.drainChains == nil else { return design }
    var best = design
    for factor in 2...4 {
      var options = design.options
      options.drainChains = factor * design.schedule.drainChains
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

  private func with(lanes: Int, groups: Int, step: Int) -> CompileOptions {
    var result = options
    result.lanes = lanes
    result.columnGroups = groups
    result.elementsPerStep = step
    return result
  }

  private func candidates(_ lowered: Lowered) -> [Candidate] {
    let multipliers = lowered.segments.reduce(0) { $0 + Datapath($1, in: graph).multipliers.count }
    let rows = lowered.groups.map(\.rows.count).max() ?? 1
    let blockRows = lowered.algorithms.map(\.outputs).min() ?? 1
    let longest = lowered.segments.map(\.size).max() ?? 1
    var steps: [Int] = []
    for power in 0..<11 where 1 << power <= min(blockRows, options.outputElementsPerBeat ?? 1024) {
      steps.append(1 << power)
    }
    if let step = options.elementsPerStep { steps = [step] }
    var result: [Candidate] = []
    for step in steps {
      let datapaths = multipliers * step
      let left = device.multiplier.count - datapaths
      for groups in options.columnGroups.map({ [$0] }) ?? Array(1...Self.mostGroups) {
        let columns = lowered.groups.map { columnCount($0, in: lowered, groups: groups) }
        func feeds(_ lanes: Int) -> Int {
          zip(lowered.groups, columns).reduce(0) {
            $0 + ($1.0.rows.count + lanes - 1) / lanes * $1.1
          }
        }
        let most = min(rows, left / (groups * lowered.productsPerSet))
        // The fewest lanes for each number of feeds, from the most lanes down.
        var lanes = most
        var kept = 0
        while lanes >= 1, kept < 8 {
          let count = feeds(lanes)
          while lanes > 1, feeds(lanes - 1) == count { lanes -= 1 }
          result.append(
            Candidate(
              options: with(lanes: lanes, groups: groups, step: step),
              bound: max(count, (longest + step - 1) / step),
              multipliers: lanes * groups * lowered.productsPerSet + datapaths))
          kept += 1
          lanes -= 1
        }
      }
    }
    return result.enumerated().sorted {
      ($0.element.bound, $0.element.multipliers, $0.offset)
        < ($1.element.bound, $1.element.multipliers, $1.offset)
    }.map(\.element)
  }

  /// Cycles in which a pass of a product group is fed, with so many column groups.
  private func columnCount(_ group: ProductGroup, in lowered: Lowered, groups: Int) -> Int {
    let inputs = groups * lowered.algorithms[group.algorithm].inputs
    var terms: [Int: Int] = [:]
    for column in group.columns { terms[column.term] = lowered.graph[column.read.value].size }
    return terms.values.reduce(0) { $0 + ($1 + inputs - 1) / inputs }
  }
}
