package import RNNGraph
package import RNNSupport
internal import RNNTensor

/// Where a training stands between two epochs: all that the rest of its course depends on.
package struct TrainingState: Hashable, Sendable {
  /// The weights after the last finished epoch.
  package var weights: Weights
  package var optimizer: Optimizer
  /// The matrices that are kept orthogonal.
  package var trivializations: [Trivialization]
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
  ///
  /// - Throws: `DiagnosticsEmitted` if a matrix cannot start where its manifold wants it.
  package init(network: Network, weights: Weights, configuration: TrainingConfiguration) throws {
    self.weights = weights
    optimizer = Optimizer(configuration.optimizer, for: weights)
    trivializations = try network.trivializations(weights)
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

  // MARK: - Updates

  /// Turns the gradients by the weights into those by what training changes.
  ///
  /// Those by fixed parameters become zero, those by an orthogonal matrix give way to those by the upper triangle
  /// of its skew-symmetric matrix.
  func adapt(_ gradients: inout Weights, _ network: Network) {
    gradients.clearUntrained(network)
    for one in trivializations {
      let byMatrix = gradients.values[one.layer][one.parameter]
      gradients.values[one.layer][one.parameter] = one.gradient(
        byMatrix: SquareMatrix(size: one.skew.size, values: byMatrix.map(Double.init))
      ).values.map(Float.init)
    }
  }

  /// Changes the weights by one step against adapted gradients.
  mutating func update(
    gradients: Weights, learningRate: Double, orthogonalLearningRate: Double
  ) {
    var others = gradients
    for one in trivializations {
      let count = others.values[one.layer][one.parameter].count
      others.values[one.layer][one.parameter] = [Float](repeating: 0, count: count)
    }
    optimizer.update(&weights, gradients: others, learningRate: learningRate)
    for i in trivializations.indices {
      let (l, p) = (trivializations[i].layer, trivializations[i].parameter)
      let gradient = SquareMatrix(
        size: trivializations[i].skew.size, values: gradients.values[l][p].map(Double.init))
      let constants = optimizer.rule.rmspropConstants
      weights.values[l][p] = trivializations[i].update(
        gradient: gradient, learningRate: orthogonalLearningRate, decay: constants.decay,
        epsilon: constants.epsilon, updates: optimizer.updates
      ).values.map(Float.init)
    }
  }

  // MARK: - Checkpoints

  /// The fields and arrays of the state in a checkpoint.
  var checkpointParts:
    (
      fields: JSONValue, arrays: [CheckpointFile.NamedArray], doubles: [CheckpointFile.NamedDoubles]
    )
  {
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
    return (fields, arrays, trivializations.flatMap { $0.arrays })
  }

  /// Reads the state back; nil if a part is missing or has another layout.
  ///
  /// - Parameter start: the state of the same training before its first epoch.
  init?(
    fields: JSONValue, file: CheckpointFile, from start: TrainingState,
    configuration: TrainingConfiguration
  ) {
    let layout = start.weights.layout
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
    trivializations = start.trivializations
    for i in trivializations.indices {
      guard trivializations[i].restore(file) else { return nil }
    }
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
