package import RNNGraph
package import RNNSupport

/// Where a training stands between two epochs: all that the rest of its course depends on.
package struct TrainingState: Hashable, Sendable {
  /// The weights after the last finished epoch.
  package var weights: Weights
  package var optimizer: Optimizer
  /// The generator of shuffles and augmentation.
  package var generator: SplitMix64
  /// One record per finished epoch.
  package var curve: [EpochRecord]
  /// The weights of the best epoch so far and its place in `curve`; nil before the first or without a
  /// validation set.
  package var best: Best?

  /// The best epoch so far.
  package struct Best: Hashable, Sendable {
    /// An index of `curve`.
    package var index: Int
    package var weights: Weights
    /// Creates a best epoch.
    package init(index: Int, weights: Weights) {
      self.index = index
      self.weights = weights
    }
  }

  /// The state before the first epoch.
  package init(weights: Weights, configuration: TrainingConfiguration) {
    self.weights = weights
    optimizer = Optimizer(configuration.optimizer, for: weights)
    generator = SplitMix64(seed: configuration.seed).fork("training")
    curve = []
  }

  /// Notes the last epoch of the curve as the best one if it is.
  mutating func updateBest(greaterIsBetter: Bool) {
    guard let last = curve.last, let metric = last.validationMetric,
      let loss = last.validationLoss
    else { return }
    if let best, let bestMetric = curve[best.index].validationMetric,
      let bestLoss = curve[best.index].validationLoss
    {
      let score = greaterIsBetter ? metric : -metric
      let bestScore = greaterIsBetter ? bestMetric : -bestMetric
      guard score > bestScore || (score == bestScore && loss < bestLoss) else { return }
    }
    best = Best(index: curve.count - 1, weights: weights)
  }

  // MARK: - Checkpoints

  /// The fields and arrays of the state in a checkpoint.
  var checkpointParts: (fields: JSONValue, arrays: [CheckpointFile.NamedArray]) {
    var arrays = weights.arrays(prefix: "weights")
    for (i, moment) in optimizer.moments.enumerated() {
      arrays += moment.arrays(prefix: "moment\(i)")
    }
    if let best { arrays += best.weights.arrays(prefix: "best") }
    let fields = JSONValue.object([
      "updates": .int(optimizer.updates),
      "generator": .string(String(generator.state, radix: 16)),
      "bestIndex": best.map { .int($0.index) } ?? .null,
      "curve": .array(curve.map(\.json)),
    ])
    return (fields, arrays)
  }

  /// Reads the state back; nil if a part is missing or has another layout.
  init?(
    fields: JSONValue, file: CheckpointFile, layout: [[Int]], configuration: TrainingConfiguration
  ) {
    guard let weights = Weights(file, prefix: "weights", layout: layout),
      let updates = fields["updates"]?.int,
      let generator = fields["generator"]?.string.flatMap({ UInt64($0, radix: 16) }),
      let curve = fields["curve"]?.array
    else { return nil }
    let moments = (0..<configuration.optimizer.momentCount).compactMap {
      Weights(file, prefix: "moment\($0)", layout: layout)
    }
    let records = curve.compactMap(EpochRecord.init(json:))
    guard moments.count == configuration.optimizer.momentCount, records.count == curve.count else {
      return nil
    }
    self.weights = weights
    optimizer = Optimizer(configuration.optimizer, updates: updates, moments: moments)
    self.generator = SplitMix64(seed: generator)
    self.curve = records
    if let index = fields["bestIndex"]?.int {
      guard records.indices.contains(index),
        let best = Weights(file, prefix: "best", layout: layout)
      else { return nil }
      self.best = Best(index: index, weights: best)
    }
  }
}

extension Weights {
  /// One array per parameter, named `prefix.layer.parameter` by index.
  func arrays(prefix: String) -> [CheckpointFile.NamedArray] {
    values.indices.flatMap { l in
      values[l].indices.map { CheckpointFile.NamedArray("\(prefix).\(l).\($0)", values[l][$0]) }
    }
  }
  /// Reads arrays back; nil if one is missing or has another count.
  init?(_ file: CheckpointFile, prefix: String, layout: [[Int]]) {
    var values: [[[Float]]] = []
    for (l, layer) in layout.enumerated() {
      var row: [[Float]] = []
      for (p, count) in layer.enumerated() {
        guard let array = file.array("\(prefix).\(l).\(p)"), array.count == count else {
          return nil
        }
        row.append(array)
      }
      values.append(row)
    }
    self.init(values: values)
  }
}
