internal import RNNBilinear
internal import RNNGraph
package import RNNSupport
internal import RNNVerilog

/// One cycle in which an operand block is broadcast to all lanes.
package struct FeedEvent: Hashable, Sendable {
  package var cycle: Int
  package var group: Int
  package var pass: Int
  package var column: Int
}

/// A pass: block rows of one group that the lanes accumulate together, one row per lane.
///
/// Lane k belongs to drain chain `k % drainChains`: in each cycle of a drain every chain gives one row.
package struct Pass: Hashable, Sendable {
  package var group: Int
  /// The first row, as an index into the group's rows; lane k takes row `firstRow + k`.
  package var firstRow: Int
  package var rowCount: Int
  package var firstFeed: Int
  package var lastFeed: Int
  /// The cycle in which the sums move to the drain registers.
  package var drain: Int

  /// Cycles in which the rows leave through so many chains, each of which gives one row a cycle.
  package func drainCycles(chains: Int) -> Int { (rowCount + chains - 1) / chains }
}

/// Where everything lies in time within one frame.
package struct Schedule: Sendable {
  package var timing: Timing
  package var lanes: Int
  package var drainChains: Int
  package var feeds: [FeedEvent]
  package var passes: [Pass]
  /// The drain chain that each block row comes through, by product and block.
  package var chains: [[Int]]
  /// The cycle in which each block row of sums is written, by product and block.
  package var sumsWritten: [[Int]]
  /// The cycle in which each segment reads its first element.
  package var segmentStart: [Int]
  package var datapaths: [Datapath]
  package var program: Program
  /// The cycle of the last read of the input buffer, and of the write of the last output word.
  package var inputRelease: Int
  package var outputCommit: Int
  /// When the next frame may start.
  package var overlap: FrameOverlap
  /// Cycles from the start of a frame to that of the next in steady state.
  package var cyclesPerFrame: Int { overlap.interval }
  /// Cycles from the first control word of a frame to its last one.
  package var frameLength: Int { program.length }
}

/// Places a lowered network in time: list scheduling, level by level, with every delay known.
///
/// A frame is placed as early as its values allow; then, if units of overlapping frames meet at the distance that the
/// work allows, it is placed again for such distances (modulo scheduling, Rau and Glaeser 1981): passes then
/// wait for cycles in which neither lanes nor drain are busy in any frame.
package struct Scheduler {
  let lowered: Lowered
  let lanes: Int
  let elementsPerStep: Int
  let drainChains: Int
  let streams: Int

  private var timing: Timing
  private var program = Program()
  private var feeds: [FeedEvent] = []
  private var passes: [Pass] = []
  private var chains: [[Int]]
  private var sumsWritten: [[Int]]
  private var segmentStart: [Int]
  private let datapaths: [Datapath]
  /// The first cycle in which a datapath may read a block of sums, by product node and block row.
  private var sumsReady: [ValueID: [Int]] = [:]
  private var feedCursor = 0
  private var drainFree = 0
  private var inputRelease = 0
  private var outputCommit = 0
  /// What overlapping frames leave free; nil for a frame that is placed as early as possible.
  private var reservation: ModuloReservation?

  /// Places every operation of a frame, and finds how soon the next may start.
  ///
  /// - Parameter drainChains: nil takes the fewest with which no pass waits for the drain of the one before.
  package static func schedule(
    _ lowered: Lowered, lanes: Int, drainChains: Int?, elementsPerStep: Int, streams: Int,
    pipelining: Pipelining
  ) -> Schedule {
    let scheduler = Scheduler(
      lowered, lanes: lanes, drainChains: drainChains, elementsPerStep: elementsPerStep,
      streams: streams, pipelining: pipelining)
    var early = scheduler
    var best = early.run()
    let least = best.overlap.least
    for interval in (least..<max(least, best.cyclesPerFrame)).prefix(mostIntervals) {
      for isPacked in [true, false] where interval < best.cyclesPerFrame {
        var attempt = scheduler
        attempt.reservation = ModuloReservation(interval: interval, isPacked: isPacked)
        let schedule = attempt.run()
        if attempt.reservation?.hasFailed == false, schedule.cyclesPerFrame < best.cyclesPerFrame {
          best = schedule
        }
      }
    }
    return best
  }

  /// A frame placed as early as its values allow: no placement that `schedule` tries has less latency, and it tries no
  /// distance of frames below `overlap.least` of this one.
  package static func earliest(
    _ lowered: Lowered, lanes: Int, drainChains: Int?, elementsPerStep: Int, streams: Int,
    pipelining: Pipelining
  ) -> Schedule {
    var scheduler = Scheduler(
      lowered, lanes: lanes, drainChains: drainChains, elementsPerStep: elementsPerStep,
      streams: streams, pipelining: pipelining)
    return scheduler.run()
  }

  /// Distances that are tried for a design.
  private static let mostIntervals = 24

  private init(
    _ lowered: Lowered, lanes: Int, drainChains: Int?, elementsPerStep: Int, streams: Int,
    pipelining: Pipelining
  ) {
    self.lowered = lowered
    self.streams = streams
    self.lanes = lanes
    self.drainChains = min(drainChains ?? lowered.fewestDrainChains(lanes: lanes), lanes)
    self.elementsPerStep = elementsPerStep
    timing = Timing(
      lowered.algorithms, columnGroups: lowered.columnGroups, pipelining: pipelining)
    chains = lowered.products.map { [Int](repeating: 0, count: $0.blockRows) }
    sumsWritten = chains
    datapaths = lowered.segments.map {
      Datapath(
        $0, in: lowered.graph, elementsPerStep: elementsPerStep, pipelining: pipelining)
    }
    segmentStart = [Int](repeating: 0, count: lowered.segments.count)
    declareFields()
  }

  private mutating func declareFields() {
    let words = lowered.operands.map { wordCount($0) }.max() ?? 1
    let blocks = lowered.products.map(\.blockRows).max() ?? 1
    program.field("operand_read", width: 1, isEnable: true)
    program.field("operand_select", width: indexWidth(lowered.operands.count), isEnable: false)
    program.field("operand_address", width: indexWidth(words), isEnable: false)
    program.field("operand_previous", width: 1, isEnable: false)
    program.field("block_load", width: 1, isEnable: true)
    program.field("block_select", width: indexWidth(lowered.operands.count), isEnable: false)
    program.field("block_previous", width: 1, isEnable: false)
    if lowered.initialBlocks.count > 1 {
      program.field(
        "block_initial", width: indexWidth(lowered.initialBlocks.count), isEnable: false)
    }
    program.field("in_offset", width: indexWidth(lowered.wordElements), isEnable: false)
    program.field("in_algorithm", width: indexWidth(lowered.algorithms.count), isEnable: false)
    program.field("weight_read", width: 1, isEnable: true)
    let feedCount = lowered.groups.reduce(0) { sum, group in
      sum + (group.rows.count + lanes - 1) / lanes * group.columns.count
    }
    program.field("weight_address", width: indexWidth(feedCount), isEnable: false)
    program.field("lane_valid", width: 1, isEnable: true)
    program.field("lane_first", width: 1, isEnable: false)
    program.field("drain_load", width: 1, isEnable: true)
    program.field("drain_shift", width: 1, isEnable: true)
    program.field("out_valid", width: 1, isEnable: true)
    program.field("out_algorithm", width: indexWidth(lowered.algorithms.count), isEnable: false)
    for chain in 0..<drainChains {
      program.field("product\(chain)_write", width: 1, isEnable: true)
      program.field(
        "product\(chain)_select", width: indexWidth(lowered.products.count), isEnable: false)
      program.field("product\(chain)_address", width: indexWidth(blocks), isEnable: false)
    }
    for s in lowered.segments.indices {
      program.field("segment\(s)_start", width: 1, isEnable: true)
    }
    program.field("input_release", width: 1, isEnable: true)
    program.field("output_commit", width: 1, isEnable: true)
    program.field("start_blocked", width: 1, isEnable: true)
    if streams > 1 { program.field("start_blocked_in_stream", width: 1, isEnable: true) }
  }

  private func wordCount(_ value: ValueID) -> Int {
    (lowered.graph[value].size + lowered.wordElements - 1) / lowered.wordElements
  }

  private mutating func run() -> Schedule {
    let levels = Set(lowered.groups.map(\.level) + lowered.segments.map(\.level)).sorted()
    for level in levels {
      for g in lowered.groups.indices where lowered.groups[g].level == level { place(group: g) }
      for s in lowered.segments.indices where lowered.segments[s].level == level {
        place(segment: s)
      }
    }
    program.set("input_release", at: inputRelease)
    program.set("output_commit", at: outputCommit)
    var schedule = Schedule(
      timing: timing, lanes: lanes, drainChains: drainChains, feeds: feeds, passes: passes,
      chains: chains, sumsWritten: sumsWritten, segmentStart: segmentStart,
      datapaths: datapaths, program: program, inputRelease: inputRelease,
      outputCommit: outputCommit, overlap: FrameOverlap(serial: program.length))
    schedule.overlap = FrameOverlap(
      schedule, lowered, elementsPerStep: elementsPerStep, streams: streams)
    // A start is decided by the word that left the program memory a cycle ago: three before the one that the memory
    // gives when it gives the new frame's first. A new frame of the same slot still meets the last two.
    let length = program.length
    for word in 0..<length {
      func set(_ field: String, _ blocked: [Bool]) {
        if word >= length - 2 || blocked[min(word + 3, length)] {
          schedule.program.set(field, at: word)
        }
      }
      set("start_blocked", schedule.overlap.blocked)
      if streams > 1 { set("start_blocked_in_stream", schedule.overlap.blockedInStream) }
    }
    return schedule
  }

  // MARK: - Products

  private mutating func place(group g: Int) {
    let group = lowered.groups[g]
    let inputs = lowered.inputs(of: group)
    func word(_ column: BlockColumn) -> Int { column.column * inputs / lowered.wordElements }
    // Columns that exist earlier go first: the input and old states before this step's values.
    let order = group.columns.indices.sorted { a, b in
      (ready(group.columns[a].read, word: word(group.columns[a])), a)
        < (ready(group.columns[b].read, word: word(group.columns[b])), b)
    }
    for first in stride(from: 0, to: group.rows.count, by: lanes) {
      let count = min(lanes, group.rows.count - first)
      var pass = Pass(
        group: g, firstRow: first, rowCount: count, firstFeed: 0, lastFeed: 0, drain: 0)
      // The last pass's sums must have moved on before the first product of this pass replaces them.
      if let before = passes.last {
        feedCursor = max(feedCursor, before.drain - timing.sums + 1)
      }
      // As late as the last column allows, without gaps: the lanes belong to the pass from its first product on.
      var end = feedCursor - 1
      for c in order {
        let column = group.columns[c]
        end = max(end + 1, ready(column.read, word: word(column)))
      }
      let shifts = pass.drainCycles(chains: drainChains)
      if reservation != nil {
        reservation?.reserve(&end) { end in
          let drain = max(end + timing.sums, drainFree)
          return (
            lanes: end - (order.count - 1)...max(end, drain - timing.sums),
            drain: drain...drain + shifts - 1
          )
        }
      }
      for (position, c) in order.enumerated() {
        let column = group.columns[c]
        let cycle = end - (order.count - 1 - position)
        feed(column, group: group, first: position == 0, at: cycle)
        feeds.append(FeedEvent(cycle: cycle, group: g, pass: passes.count, column: c))
        if position == 0 { pass.firstFeed = cycle }
        pass.lastFeed = cycle
        feedCursor = cycle + 1
      }
      pass.drain = max(pass.lastFeed + timing.sums, drainFree)
      drain(pass, group: group)
      passes.append(pass)
    }
  }

  private mutating func feed(
    _ column: BlockColumn, group: ProductGroup, first: Bool, at cycle: Int
  ) {
    guard let select = lowered.operands.firstIndex(of: column.read.value) else {
      preconditionFailure("a product reads a value without operand memory")
    }
    let inputs = lowered.inputs(of: group)
    let offset = column.column * inputs
    program.set("operand_read", at: cycle)
    program.set("operand_select", at: cycle, to: select)
    program.set("operand_address", at: cycle, to: offset / lowered.wordElements)
    program.set("operand_previous", at: cycle, to: column.read.previous ? 1 : 0)
    let load = cycle + timing.block - 1
    program.set("block_load", at: load)
    program.set("block_select", at: load, to: select)
    program.set("block_previous", at: load, to: column.read.previous ? 1 : 0)
    if lowered.initialBlocks.count > 1 {
      guard let initial = lowered.initialBlocks.firstIndex(of: lowered.initialBlock(column, inputs))
      else { preconditionFailure("a block has no initial codes") }
      program.set("block_initial", at: load, to: initial)
    }
    program.set("in_offset", at: cycle + timing.block, to: offset % lowered.wordElements)
    program.set("in_algorithm", at: cycle + timing.block, to: group.algorithm)
    let weights = cycle + timing.bus - timing.pipelining.memory
    program.set("weight_read", at: weights)
    program.set("weight_address", at: weights, to: feeds.count)
    program.set("lane_valid", at: cycle + timing.bus)
    program.set("lane_first", at: cycle + timing.bus, to: first ? 1 : 0)
    if lowered.graph[column.read.value].op == .input { inputRelease = max(inputRelease, cycle) }
  }

  private mutating func drain(_ pass: Pass, group: ProductGroup) {
    program.set("drain_load", at: pass.drain)
    for k in 0..<pass.rowCount {
      let (chain, shift) = (k % drainChains, k / drainChains)
      if shift > 0 { program.set("drain_shift", at: pass.drain + shift) }
      let row = group.rows[pass.firstRow + k]
      let visible = pass.drain + 1 + shift
      program.set("out_valid", at: visible)
      program.set("out_algorithm", at: visible, to: group.algorithm)
      let write = visible + timing.transformOut
      program.set("product\(chain)_write", at: write)
      program.set("product\(chain)_select", at: write, to: row.product)
      program.set("product\(chain)_address", at: write, to: row.block)
      chains[row.product][row.block] = chain
      sumsWritten[row.product][row.block] = write
      sumsReady[lowered.products[row.product].node, default: []].append(write + 1)
    }
    drainFree = pass.drain + pass.drainCycles(chains: drainChains)
  }

  /// The first cycle in which a word of an operand memory may be read.
  private func ready(_ read: StoredRead, word: Int) -> Int {
    guard !read.previous, let s = lowered.segmentOf[read.value] else { return 0 }
    let size = lowered.graph[read.value].size
    let lastElement = min((word + 1) * lowered.wordElements, size) - 1
    return segmentStart[s] + lastElement / elementsPerStep + datapaths[s].latency(read.value)
      + Timing.collector + 1
  }

  // MARK: - Segments

  private mutating func place(segment s: Int) {
    let segment = lowered.segments[s]
    let steps = (segment.size + elementsPerStep - 1) / elementsPerStep
    var start = 0
    var readsInput = false
    for source in segment.sources {
      switch source {
      case .vector, .coefficient: continue
      case .product(let node):
        let product = lowered.products[lowered.product(node)]
        let outputs = lowered.algorithms[product.algorithm].outputs
        for (block, ready) in (sumsReady[node] ?? []).enumerated() {
          start = max(start, ready - block * outputs / elementsPerStep)
        }
      case .stored(let read):
        if lowered.graph[read.value].op == .input {
          readsInput = true
        } else if !read.previous, let writer = lowered.segmentOf[read.value] {
          start = max(
            start,
            segmentStart[writer] + datapaths[writer].latency(read.value) + 1
              + lowered.completion(of: read.value, elementsPerStep: elementsPerStep))
        }
      }
    }
    segmentStart[s] = start
    program.set("segment\(s)_start", at: start)
    if readsInput { inputRelease = max(inputRelease, start + steps - 1) }
    let lastWrite = start + steps - 1 + datapaths[s].depth + Timing.collector
    program.extend(to: lastWrite + 1)
    if segment.outputs.contains(lowered.graph.output) {
      outputCommit =
        start + steps - 1 + datapaths[s].latency(lowered.graph.output) + Timing.collector
    }
  }
}
