/// How the frames of a batch lie in the engine's buffers.
///
/// Sequences are dealt to shards, one per thread, that run without waiting for each other. Within a
/// shard they are sorted by falling length, so the sequences that still run at a step are always the
/// first ones: a step's rows are the first rows of the step before, and no row is ever masked.
/// A shard's rows start with one row per sequence for the states before the first step.
struct BatchLayout {
  struct Shard {
    /// Positions in the batch, longest first; empty sequences are left out.
    var sequences: [Int]
    /// The first row of the shard in every buffer.
    var start: Int
    /// The number of sequences that run at each step.
    var active: [Int]
    /// The first row of each step, counted from `start`.
    var offsets: [Int]
    /// Rows of all steps, without those before the first.
    var rows: Int
    var count: Int { sequences.count }
    var steps: Int { active.count }
    /// Whether all sequences have the same length.
    var isUniform: Bool { active.last == active.first }
  }
  let lengths: [Int]
  private(set) var shards: [Shard] = []
  private(set) var rows = 0

  /// Fewer sequences than this in a shard do not pay: a product costs as much for one row as for four.
  static let sequencesPerShard = 4

  init(lengths: [Int], threads: Int) {
    self.lengths = lengths
    let order = lengths.indices.filter { lengths[$0] > 0 }.sorted {
      (lengths[$1], $0) < (lengths[$0], $1)
    }
    let useful = (order.count + Self.sequencesPerShard - 1) / Self.sequencesPerShard
    let count = max(1, min(threads, useful))
    var dealt = [[Int]](repeating: [], count: count)
    for (i, b) in order.enumerated() {
      // 0 1 1 0 0 1 1 0 ...: every shard gets about the same number of frames.
      let turn = i % (2 * count)
      dealt[turn < count ? turn : 2 * count - 1 - turn].append(b)
    }
    for sequences in dealt where !sequences.isEmpty {
      let steps = lengths[sequences[0]]
      var active: [Int] = []
      var offsets: [Int] = []
      var next = sequences.count
      var running = sequences.count
      for t in 0..<steps {
        while lengths[sequences[running - 1]] <= t { running -= 1 }
        active.append(running)
        offsets.append(next)
        next += running
      }
      shards.append(
        Shard(
          sequences: sequences, start: rows, active: active, offsets: offsets,
          rows: next - sequences.count))
      rows += next
    }
  }
}
