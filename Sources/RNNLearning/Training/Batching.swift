package import RNNSupport

/// Cuts a set into batches of similar length.
package enum Batching {
  /// The batches of one epoch: every index exactly once.
  ///
  /// Shuffles all sequences, sorts windows of `bucketBatches` batches by length (equal lengths keep the
  /// shuffled order), cuts them into batches, and shuffles the batches. Only the last batch of the last
  /// window may be short.
  package static func shuffled(
    lengths: [Int], batchSize: Int, bucketBatches: Int, using generator: inout SplitMix64
  ) -> [[Int]] {
    var order = Array(lengths.indices)
    generator.shuffle(&order)
    var batches: [[Int]] = []
    let window = batchSize * bucketBatches
    for start in stride(from: 0, to: order.count, by: window) {
      let bucket = order[start..<min(start + window, order.count)]
      let sorted = bucket.enumerated().sorted {
        (lengths[$0.element], $0.offset) < (lengths[$1.element], $1.offset)
      }.map(\.element)
      batches += cut(sorted, batchSize)
    }
    generator.shuffle(&batches)
    return batches
  }

  /// Batches for evaluation: by length, then by index.
  package static func sorted(lengths: [Int], batchSize: Int) -> [[Int]] {
    cut(lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }, batchSize)
  }

  private static func cut(_ indices: [Int], _ batchSize: Int) -> [[Int]] {
    stride(from: 0, to: indices.count, by: batchSize).map {
      Array(indices[$0..<min($0 + batchSize, indices.count)])
    }
  }
}
