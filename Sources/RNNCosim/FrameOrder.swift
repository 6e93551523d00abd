internal import RNNSupport

/// The order in which the frames of several sequences enter a design, and the stream of each.
///
/// Every stream takes the next sequence that none has taken when its own has ended. The streams take turns, or, with a
/// seed, whichever has frames left is drawn; so two frames of one stream may follow each other.
package struct FrameOrder: Sendable {
  /// A frame in the order: which step of which sequence it is, and its stream.
  package struct Place: Hashable, Sendable {
    package var sequence: Int
    package var step: Int
    package var stream: Int
    /// Whether the frame ends its sequence.
    package var isLast: Bool
  }
  package private(set) var frames: [Place] = []

  /// - Parameter lengths: frames of every sequence, at least one each.
  package init(lengths: [Int], streams: Int, seed: UInt64? = nil) {
    var random = seed.map { SplitMix64(seed: $0).fork("cosim.order") }
    var waiting = lengths.indices.makeIterator()
    /// What each stream works on; nil when there is no sequence left.
    var open: [(sequence: Int, step: Int)?] = (0..<streams).map { _ in
      waiting.next().map { ($0, 0) }
    }
    var turn = 0
    while open.contains(where: { $0 != nil }) {
      if random != nil { turn = random?.below(streams) ?? 0 }
      if let (sequence, step) = open[turn] {
        let isLast = step == lengths[sequence] - 1
        frames.append(Place(sequence: sequence, step: step, stream: turn, isLast: isLast))
        open[turn] = isLast ? waiting.next().map { ($0, 0) } : (sequence, step + 1)
      }
      turn = (turn + 1) % streams
    }
  }
}
