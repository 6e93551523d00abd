internal import RNNBilinear
internal import RNNGraph
internal import RNNSupport

/// The designs that a search may choose from, with bounds that need no schedule.
///
/// What the options leave open spans the space: lanes, column groups, elements per step, drain chains.
struct MappingSpace {
  /// One choice of what sets the multipliers; drain chains come on top.
  struct Point: Hashable {
    var lanes: Int
    var groups: Int
    var step: Int
  }

  let graph: IntegerGraph
  let options: CompileOptions
  /// The network taken apart with one column group; its products, groups and segments are those of every point.
  let lowered: Lowered
  /// Multipliers of the element-wise datapaths for one element per step.
  let datapathMultipliers: Int
  private let outputLevel: Int
  private static let mostGroups = 32
  /// Block rows up to which every number of lanes is tried.
  private static let fewRows = 64

  /// - Throws: what `Lowered` throws.
  init(_ graph: IntegerGraph, options: CompileOptions) throws {
    self.graph = graph
    self.options = options
    var single = options
    single.lanes.columnGroups = 1
    single.lanes.elementsPerStep = options.lanes.elementsPerStep ?? 1
    let lowered = try Lowered(graph, options: single)
    self.lowered = lowered
    datapathMultipliers = lowered.segments.reduce(0) {
      $0
        + Datapath(
          $1, in: graph, elementsPerStep: options.lanes.step, pipelining: options.stages
        ).multipliers.count
    }
    outputLevel = lowered.segmentOf[graph.output].map { lowered.segments[$0].level } ?? 0
  }

  // MARK: - What there is to choose

  /// Elements per step: powers of two up to the rows of the smallest block.
  var steps: [Int] {
    if let step = options.lanes.elementsPerStep { return [step] }
    let most = min(
      lowered.algorithms.map(\.outputs).min() ?? 1, options.lanes.outputElementsPerBeat ?? 1024)
    return (0..<11).map { 1 << $0 }.filter { $0 <= most }
  }

  var groupCounts: [Int] { options.lanes.columnGroups.map { [$0] } ?? Array(1...Self.mostGroups) }

  /// Block rows of the largest product group: more lanes would never work.
  var mostLanes: Int { lowered.groups.map(\.rows.count).max() ?? 1 }

  /// Whether groups and step agree with the ports and the blocks.
  func isValid(groups: Int, step: Int) -> Bool {
    var sink = DiagnosticSink(stage: "compile")
    var shaped = lowered
    shaped.columnGroups = groups
    checkParallelism(options(Point(lanes: 1, groups: groups, step: step)), shaped, &sink)
    return sink.diagnostics.isEmpty
  }

  /// Lanes to choose from, ascending: all, or with many block rows those at which some product group needs fewer passes
  /// than with one lane less.
  ///
  /// What lies between has the same passes and only a shorter last one.
  var laneCounts: [Int] {
    if let lanes = options.lanes.count { return [lanes] }
    func passes(_ lanes: Int) -> [Int] {
      lowered.groups.map { ($0.rows.count + lanes - 1) / lanes }
    }
    return (1...mostLanes).filter {
      mostLanes <= Self.fewRows || $0 == 1 || passes($0) != passes($0 - 1)
    }
  }

  /// Column groups at which some product group has fewer block columns than with one group less, ascending.
  var usefulGroupCounts: [Int] {
    groupCounts.filter {
      options.lanes.columnGroups != nil || $0 == 1 || columns($0) != columns($0 - 1)
    }
  }

  /// Drain chains to choose from: the fewest for each number of cycles in which full lanes drain.
  ///
  /// There are at most four times as many as it takes for no pass to wait, or 16.
  func chainCounts(_ point: Point, columns: [Int]) -> [Int] {
    if let chains = options.lanes.drainChains { return [min(chains, point.lanes)] }
    let fewest = lowered.fewestDrainChains(lanes: point.lanes, columns: columns)
    func cycles(_ chains: Int) -> Int { (point.lanes + chains - 1) / chains }
    return (1...min(max(16, 4 * fewest), point.lanes)).filter {
      $0 == 1 || cycles($0) != cycles($0 - 1)
    }
  }

  /// The options of a point; nil leaves the drain chains as the user left them.
  func options(_ point: Point, chains: Int? = nil) -> CompileOptions {
    var result = options
    result.lanes.count = point.lanes
    result.lanes.columnGroups = point.groups
    result.lanes.elementsPerStep = point.step
    if let chains { result.lanes.drainChains = chains }
    return result
  }

  // MARK: - Bounds

  func multipliers(_ point: Point) -> Int {
    point.lanes * point.groups * lowered.productsPerSet + point.step * datapathMultipliers
  }

  /// Cycles in which a pass of each product group is fed.
  func columns(_ groups: Int) -> [Int] {
    lowered.groups.map { group in
      let inputs = groups * lowered.algorithms[group.algorithm].inputs
      var terms: [Int: Int] = [:]
      for column in group.columns { terms[column.term] = graph[column.read.value].size }
      return terms.values.reduce(0) { $0 + ($1 + inputs - 1) / inputs }
    }
  }

  /// Cycles of a frame in which the lanes are fed.
  func feeds(lanes: Int, columns: [Int]) -> Int {
    zip(lowered.groups, columns).reduce(0) { $0 + ($1.0.rows.count + lanes - 1) / lanes * $1.1 }
  }

  /// No schedule has a shorter distance of frames: lanes, the longest vector and the ports are busy for so long.
  func leastInterval(_ point: Point, columns: [Int]) -> Int {
    let longest = lowered.segments.map(\.size).max() ?? 1
    // Between two output frames is a cycle without a beat.
    return max(
      feeds(lanes: point.lanes, columns: columns), (longest + point.step - 1) / point.step,
      inputBeats, outputBeats(point) + 1)
  }

  /// No schedule takes fewer cycles from the first input beat to the last output beat.
  ///
  /// Products are placed level by level, and the output waits for a product of its own level.
  func leastLatency(_ point: Point, columns: [Int]) -> Int {
    var before = 0
    var own: Int?
    for (group, columns) in zip(lowered.groups, columns) {
      let feeds = (group.rows.count + point.lanes - 1) / point.lanes * columns
      if group.level < outputLevel { before += feeds }
      if group.level == outputLevel { own = min(own ?? feeds, feeds) }
    }
    return latency(point, outputCommit: before + (own ?? 0))
  }

  /// Cycles from the first input beat to the last output beat, if the last output word is written in the given cycle.
  func latency(_ point: Point, outputCommit: Int) -> Int {
    inputBeats + options.stages.startToWord + outputCommit + FrameTiming.commitToValid
      + outputBeats(point) - 1
  }

  var inputBeats: Int {
    (graph.inputSize + options.lanes.inputElementsPerBeat - 1) / options.lanes.inputElementsPerBeat
  }
  private func outputBeats(_ point: Point) -> Int {
    let beat = options.lanes.outputElementsPerBeat ?? point.step
    return (graph.outputSize + beat - 1) / beat
  }
}
