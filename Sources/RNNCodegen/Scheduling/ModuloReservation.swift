/// The cycles, modulo the distance of frames, in which lanes and drain registers are taken by some pass.
struct ModuloReservation {
  let interval: Int
  /// Whether a pass must begin where another ends, so that no gap is left that is too short for a pass.
  let isPacked: Bool
  /// Whether some pass found no place.
  private(set) var hasFailed = false
  private var lanes: [Bool]
  private var drain: [Bool]

  init(interval: Int, isPacked: Bool) {
    self.interval = interval
    self.isPacked = isPacked
    lanes = [Bool](repeating: false, count: interval)
    drain = lanes
  }

  /// Moves the last cycle of a pass to the first from which on it meets no other, and takes its cycles.
  ///
  /// - Parameter cycles: what a pass with a given last cycle takes.
  mutating func reserve(
    _ end: inout Int, cycles: (Int) -> (lanes: ClosedRange<Int>, drain: ClosedRange<Int>)
  ) {
    for delay in 0..<interval {
      let taken = cycles(end + delay)
      guard fits(taken.lanes, lanes), fits(taken.drain, drain) else { continue }
      if isPacked, lanes.contains(true), !lanes[index(taken.lanes.lowerBound - 1)] { continue }
      for cycle in taken.lanes { lanes[index(cycle)] = true }
      for cycle in taken.drain { drain[index(cycle)] = true }
      end += delay
      return
    }
    hasFailed = true
  }

  private func index(_ cycle: Int) -> Int { (cycle % interval + interval) % interval }
  private func fits(_ cycles: ClosedRange<Int>, _ table: [Bool]) -> Bool {
    cycles.count <= interval && !cycles.contains { table[index($0)] }
  }
}
