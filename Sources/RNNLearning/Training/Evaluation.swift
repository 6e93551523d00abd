/// How well a network does on a set.
package struct Evaluation: Hashable, Sendable {
  /// The mean loss.
  package var loss: Double
  /// The mean metric.
  package var metric: Double
  /// Creates an evaluation from its figures.
  package init(loss: Double, metric: Double) {
    self.loss = loss
    self.metric = metric
  }
}

/// The loss of a batch, and its sums for a mean over several batches.
package struct BatchLoss: Hashable, Sendable {
  package var sum: Double
  package var weight: Double
  package var metricSum: Double
  package var metricWeight: Double
  /// Creates sums, zero if left away.
  package init(
    sum: Double = 0, weight: Double = 0, metricSum: Double = 0, metricWeight: Double = 0
  ) {
    self.sum = sum
    self.weight = weight
    self.metricSum = metricSum
    self.metricWeight = metricWeight
  }
  /// The loss per unit of weight.
  package var mean: Double { sum / weight }
  /// The metric per unit of its weight.
  package var metric: Double { metricSum / metricWeight }
  /// Adds the sums of another batch.
  package mutating func add(_ other: BatchLoss) {
    sum += other.sum
    weight += other.weight
    metricSum += other.metricSum
    metricWeight += other.metricWeight
  }
}

extension Loss {
  /// The loss of a batch of outputs, and the derivative of its mean by the outputs.
  package func evaluate(
    _ outputs: SequenceBatch, targets: [SequenceTarget], wantsGradient: Bool
  ) -> (loss: BatchLoss, gradient: SequenceBatch?) {
    var total = BatchLoss()
    var gradients: [[Float]] = []
    for (b, target) in targets.enumerated() {
      let one = evaluate(
        outputs.sequence(b), features: outputs.features, target: target,
        wantsGradient: wantsGradient)
      total.add(
        BatchLoss(
          sum: one.sum, weight: one.weight, metricSum: one.metricSum,
          metricWeight: one.metricWeight))
      if wantsGradient { gradients.append(one.gradient) }
    }
    guard wantsGradient else { return (total, nil) }
    let scale = Float(1 / total.weight)
    for b in gradients.indices {
      for i in gradients[b].indices { gradients[b][i] *= scale }
    }
    return (total, SequenceBatch(sequences: gradients, features: outputs.features))
  }
}

/// Runs a network over a set, in batches of sequences of similar length.
package func evaluate(
  _ engine: NetworkEngine, on set: SequenceSet, loss: any Loss, batchSize: Int = 64
) -> Evaluation {
  var total = BatchLoss()
  let lengths = (0..<set.count).map { set.steps($0) }
  for indices in Batching.sorted(lengths: lengths, batchSize: batchSize) {
    let batch = set.subset(indices)
    let outputs = engine.forward(
      SequenceBatch(sequences: batch.sequences, features: batch.features))
    total.add(loss.evaluate(outputs, targets: batch.targets, wantsGradient: false).loss)
  }
  return Evaluation(loss: total.mean, metric: total.metric)
}

/// The class with the greatest pooled logit of every sequence, in the set's order.
package func classify(
  _ engine: NetworkEngine, _ set: SequenceSet, pooling: Pooling, batchSize: Int = 64
) -> [Int] {
  var classes = [Int](repeating: 0, count: set.count)
  let lengths = (0..<set.count).map { set.steps($0) }
  for indices in Batching.sorted(lengths: lengths, batchSize: batchSize) {
    let outputs = engine.forward(
      SequenceBatch(sequences: indices.map { set.sequences[$0] }, features: set.features))
    for (b, index) in indices.enumerated() {
      classes[index] = argmax(
        pooling.logits(outputs.sequence(b), features: outputs.features))
    }
  }
  return classes
}
