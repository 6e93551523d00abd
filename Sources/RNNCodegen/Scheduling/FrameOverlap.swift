internal import RNNBilinear
internal import RNNGraph

/// The sums of a product that a segment reads.
package struct SumRead: Hashable, Sendable {
  /// An index into `Lowered.products`.
  package var product: Int
  package var segment: Int
}

/// When the next frame may start while others are in progress.
///
/// All frames run the same program, so whether two of them meet in a unit depends on nothing but the distance of their
/// starts (the collision vector of a static pipeline, Davidson 1971). Memories of values have two banks, which alternate
/// from frame to frame, or from one to the next of the same stream where they hold states: what a frame reads of the
/// one before must be written, and what it overwrites must be read.
package struct FrameOverlap: Hashable, Sendable {
  /// The least number of cycles from the start of a frame to that of the next when all streams take turns; all of its
  /// multiples are free as well.
  package var interval: Int
  /// The same when all frames are of one stream.
  package var streamInterval: Int
  /// A distance below which no placement of the same passes goes, as far as these see it: work, memories, recurrence.
  package var least: Int
  /// For each distance from 0 to the length of the program: whether a frame that started so long ago forbids a start.
  package var blocked: [Bool]
  /// Whether it forbids the start of a frame of its own stream.
  package var blockedInStream: [Bool]
  /// Sums that wait longer than from one frame to the next: their memories have two banks.
  package var bankedSums: Set<SumRead> = []
  /// The most frames that are in progress at the same time.
  package var slots: Int

  /// No overlap: a frame starts when the one before has ended.
  package init(serial length: Int) {
    interval = length
    streamInterval = length
    least = length
    blocked = (0...length).map { $0 < length }
    blockedInStream = blocked
    slots = 1
  }

  /// - Parameters:
  ///   - schedule: one frame.
  ///   - elementsPerStep: what a datapath takes per cycle.
  ///   - streams: sequences that take turns.
  init(_ schedule: Schedule, _ lowered: Lowered, elementsPerStep: Int, streams: Int) {
    let length = schedule.program.length
    self.init(serial: length)
    // A coefficient belongs to the frame that started last.
    guard lowered.usedCoefficients.isEmpty else { return }
    let units = UnitUse(schedule, lowered, elementsPerStep)
    // Frames that follow each other at a distance below the uses of some unit would have to share it.
    // Three cycles pass before a frame's program says when the next may start.
    let least = min(length, max(3, units.leastInterval, units.mostUses))
    let collides = (0...length).map { $0 < least || $0 < length && units.collides(at: $0) }
    func free(from least: Int) -> Int {
      var interval = least
      while interval < length,
        stride(from: interval, to: length, by: interval).contains(where: { collides[$0] })
      {
        interval += 1
      }
      return min(interval, length)
    }
    let leastInStream = max(least, units.leastStreamInterval)
    let streamInterval = free(from: leastInStream)
    // A stream's turn comes every `streams` frames.
    self.least = max(least, (leastInStream + streams - 1) / streams)
    let interval = free(from: self.least)
    self.interval = interval
    self.streamInterval = streamInterval
    blocked = collides.enumerated().map { $0.offset < interval || $0.element }
    blockedInStream = collides.enumerated().map { $0.offset < streamInterval || $0.element }
    slots = (length + interval - 1) / interval
    bankedSums = Set(units.sumLifetimes.filter { $0.value > interval }.keys)
  }
}

/// The cycles in which one frame occupies what there is only one of.
private struct UnitUse {
  /// Cycles of every control field that starts something, and for each cycle of a frame whether it is one of them.
  private var events: [(cycles: [Int], isUsed: [Bool])] = []
  /// The most cycles in which one of these fields is set.
  private(set) var mostUses = 0
  /// Intervals, ends included, of lanes' sums, drain registers and segments: for each unit its own list.
  private var intervals: [[ClosedRange<Int>]] = []
  /// The least distance of any two frames, and of two of the same stream.
  private(set) var leastInterval = 1
  private(set) var leastStreamInterval = 1
  /// The most cycles from the write of a block row of sums until its memory word is free again.
  private(set) var sumLifetimes: [SumRead: Int] = [:]

  init(_ schedule: Schedule, _ lowered: Lowered, _ elementsPerStep: Int) {
    let program = schedule.program
    for field in program.fields where field.isEnable {
      let isUsed = program.uses(of: field.name)
      let cycles = isUsed.indices.filter { isUsed[$0] }
      events.append((cycles, isUsed))
      mostUses = max(mostUses, cycles.count)
    }
    let timing = schedule.timing
    // A pass owns the sums from its first product until they have moved on.
    intervals.append(
      schedule.passes.map { $0.firstFeed...max($0.lastFeed, $0.drain - timing.sums) })
    intervals.append(
      schedule.passes.map { pass in
        pass.drain...pass.drain + pass.drainCycles(chains: schedule.drainChains) - 1
      })
    for (s, segment) in lowered.segments.enumerated() {
      let steps = (segment.size + elementsPerStep - 1) / elementsPerStep
      intervals.append([schedule.segmentStart[s]...schedule.segmentStart[s] + steps - 1])
    }
    addMemories(schedule, lowered, elementsPerStep)
  }

  /// Whether a frame that starts `distance` cycles later meets this one.
  func collides(at distance: Int) -> Bool {
    for (cycles, isUsed) in events {
      for cycle in cycles {
        if cycle + distance >= isUsed.count { break }
        if isUsed[cycle + distance] { return true }
      }
    }
    for unit in intervals {
      for mine in unit {
        for other in unit
        where mine.overlaps(other.lowerBound + distance...other.upperBound + distance) {
          return true
        }
      }
    }
    return false
  }

  // MARK: - Memories

  /// The first and the last cycle of the reads of one word, in frames that read the value of this or the last frame.
  private struct Reads {
    var current: ClosedRange<Int>?
    var previous: ClosedRange<Int>?
    mutating func add(_ cycle: Int, previous isPrevious: Bool) {
      func extended(_ range: ClosedRange<Int>?) -> ClosedRange<Int> {
        guard let range else { return cycle...cycle }
        return min(range.lowerBound, cycle)...max(range.upperBound, cycle)
      }
      if isPrevious { previous = extended(previous) } else { current = extended(current) }
    }
  }

  private mutating func addMemories(
    _ schedule: Schedule, _ lowered: Lowered, _ elementsPerStep: Int
  ) {
    let graph = lowered.graph
    /// Operand memories, by word.
    var operands: [ValueID: [Int: Reads]] = [:]
    for feed in schedule.feeds {
      let group = lowered.groups[feed.group]
      let column = group.columns[feed.column]
      let word = column.column * lowered.inputs(of: group) / lowered.wordElements
      operands[column.read.value, default: [:]][word, default: Reads()].add(
        feed.cycle, previous: column.read.previous)
    }
    for (value, words) in operands {
      guard let s = lowered.segmentOf[value] else { continue }
      let first = schedule.segmentStart[s] + schedule.datapaths[s].latency(value) + Timing.collector
      let isState = lowered.isState(value)
      for (word, reads) in words {
        let last = min((word + 1) * lowered.wordElements, graph[value].size) - 1
        require(reads, written: first + last / elementsPerStep, isState: isState)
      }
    }
    // Element memories and memories of sums, step by step: only the distance of the two sweeps counts.
    for (s, segment) in lowered.segments.enumerated() {
      let read = schedule.segmentStart[s]
      for source in segment.sources {
        switch source {
        case .stored(let stored):
          guard let writer = lowered.segmentOf[stored.value] else { continue }
          var reads = Reads()
          reads.add(read, previous: stored.previous)
          if lowered.isSingle(stored, segment: s) {
            // One word, read in every step.
            let steps = (segment.size + elementsPerStep - 1) / elementsPerStep
            reads.add(read + steps - 1, previous: stored.previous)
          }
          require(
            reads,
            written: schedule.segmentStart[writer]
              + schedule.datapaths[writer].latency(stored.value)
              + lowered.completion(of: stored.value, elementsPerStep: elementsPerStep),
            isState: stored.previous)
        case .product(let node):
          let p = lowered.product(node)
          let outputs = lowered.algorithms[lowered.products[p].algorithm].outputs
          for block in 0..<lowered.products[p].blockRows {
            // A frame overwrites the block after its last step was read: the next, or, with two banks, the one after.
            let last = min((block + 1) * outputs, segment.size) - 1
            let lifetime = read + last / elementsPerStep + 1 - schedule.sumsWritten[p][block]
            leastInterval = max(leastInterval, (lifetime + 1) / 2)
            let sums = SumRead(product: p, segment: s)
            sumLifetimes[sums] = max(sumLifetimes[sums] ?? 0, lifetime)
          }
        case .vector, .coefficient: continue
        }
      }
    }
  }

  /// Two banks: the value of frame f is read as `current` in f and as `previous` in f + 1, and overwritten in f + 2.
  ///
  /// Where the memory holds states, f + 1 and f + 2 are the next frames of the same stream.
  private mutating func require(_ reads: Reads, written: Int, isState: Bool) {
    if let previous = reads.previous {
      leastStreamInterval = max(leastStreamInterval, written + 1 - previous.lowerBound)
      leastStreamInterval = max(leastStreamInterval, previous.upperBound + 1 - written)
    }
    if let current = reads.current {
      let least = (current.upperBound + 2 - written) / 2
      if isState {
        leastStreamInterval = max(leastStreamInterval, least)
      } else {
        leastInterval = max(leastInterval, least)
      }
    }
  }
}
