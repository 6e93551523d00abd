internal import Foundation
internal import RNNGraph
internal import RNNSupport

/// Runs single epochs: the part that plain training and the W-step of ADMM share.
struct EpochRunner {
  /// A differentiable addition to the loss that depends on the weights only.
  ///
  /// Adds its derivative to the gradients and returns its value.
  typealias Penalty = (_ weights: Weights, _ gradients: inout Weights) -> Double

  let engine: NetworkEngine
  let task: TrainingTask
  let configuration: TrainingConfiguration
  /// Asked before every batch; true stops with `ToolError.interrupted`.
  let isCancelled: () -> Bool
  /// What gives updates in the place of the engine's gradients; nil for the engine.
  var local: LocalGradients?

  /// Trains for one epoch and appends its record; on an error the state is as it was before.
  ///
  /// - Parameters:
  ///   - epoch: counted from 0, for the learning-rate schedule.
  ///   - epochs: the length of the schedule.
  ///   - observe: called with every batch's mean loss, measured before its update.
  func run(
    _ state: inout TrainingState, epoch: Int, of epochs: Int, phase: String, penalty: Penalty?,
    observe: (Double) -> Void = { _ in }
  ) throws -> EpochProgress {
    let start = ContinuousClock.now
    var next = state
    let factor = configuration.schedule.factor(epoch: epoch, of: epochs)
    let rate = configuration.learningRate * factor
    let set = task.training
    let batches = Batching.shuffled(
      lengths: (0..<set.count).map { set.steps($0) }, batchSize: configuration.batchSize,
      bucketBatches: configuration.bucketBatches, using: &next.generator)
    let noise = SplitMix64(seed: next.generator.next())
    var total = BatchLoss()
    var normSum = 0.0
    var greatestNorm = 0.0
    for (number, indices) in batches.enumerated() {
      if isCancelled() {
        engine.weights = state.weights
        throw ToolError(
          .interrupted, "\(phase) was interrupted in epoch \(epoch + 1) of \(epochs)",
          hint: "run the same command again to resume after epoch \(epoch)")
      }
      next.weights.clamp(to: engine.network)
      engine.weights = next.weights
      var (batchLoss, gradients) = differentiate(
        indices.map { augmented($0, noise) }, targets: indices.map { set.targets[$0] },
        weights: next.weights, rate: rate)
      next.adapt(&gradients, engine.network)
      let norm =
        configuration.gradientClip.map { gradients.clip(norm: $0) } ?? gradients.norm
      // After clipping: the penalty is quadratic and cannot explode, and a clip would change its weight.
      let penaltyValue = penalty?(next.weights, &gradients) ?? 0
      if penalty != nil { gradients.clearUntrained(engine.network) }
      try checkFinite(
        loss: batchLoss.mean + penaltyValue, norm: norm, rate: rate,
        place: "\(phase) epoch \(epoch + 1), batch \(number + 1) of \(batches.count)",
        first: next.optimizer.updates == 0)
      next.update(
        gradients: gradients, learningRate: rate,
        orthogonalLearningRate: (configuration.orthogonalLearningRate
          ?? configuration.learningRate) * factor)
      observe(batchLoss.mean)
      total.add(batchLoss)
      normSum += norm
      greatestNorm = max(greatestNorm, norm)
    }
    next.weights.clamp(to: engine.network)
    engine.weights = next.weights
    let validation = task.validation.map {
      evaluate(engine, on: $0, loss: task.loss, batchSize: max(64, configuration.batchSize))
    }
    try checkFinite(
      loss: validation?.loss ?? 0, norm: next.weights.norm, rate: rate,
      place: "\(phase) epoch \(epoch + 1), after its last batch", first: false)
    next.curve.append(
      EpochRecord(
        epoch: next.curve.count + 1, learningRate: rate, loss: total.mean, metric: total.metric,
        validationLoss: validation?.loss, validationMetric: validation?.metric,
        gradientNorm: normSum / Double(batches.count), greatestGradientNorm: greatestNorm,
        stateGradientNorms: try stateGradientNorms(next, epoch: epoch)))
    state = next
    let elapsed = ContinuousClock.now - start
    return EpochProgress(
      phase: phase, record: next.curve[next.curve.count - 1], epochs: epochs,
      seconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18)
  }

  /// The loss of a batch, and the gradient of its mean or what the local rule has for one.
  private func differentiate(
    _ sequences: [[Float]], targets: [SequenceTarget], weights: Weights, rate: Double
  ) -> (loss: BatchLoss, gradients: Weights) {
    if let local {
      return local.gradients(
        sequences, targets: targets, weights: weights, loss: task.loss, rate: rate)
    }
    var batchLoss = BatchLoss()
    let batch = SequenceBatch(sequences: sequences, features: task.training.features)
    let step = engine.gradients(batch) { outputs in
      let (loss, gradient) = task.loss.evaluate(outputs, targets: targets, wantsGradient: true)
      batchLoss = loss
      return (loss.mean, gradient ?? outputs)
    }
    return (batchLoss, step.gradients)
  }

  /// The gradients by the states over the first batch of the set, unchanged by augmentation, where they are due.
  private func stateGradientNorms(_ state: TrainingState, epoch: Int) throws -> [Double]? {
    guard let every = configuration.gradientNormEpochs, (epoch + 1).isMultiple(of: every) else {
      return nil
    }
    let set = task.training
    let indices = 0..<min(set.count, configuration.batchSize)
    return try gradientNorms(
      engine.network, state.weights,
      SequenceBatch(sequences: indices.map { set.sequences[$0] }, features: set.features)
    ) { outputs in
      task.loss.evaluate(
        outputs, targets: indices.map { set.targets[$0] }, wantsGradient: true
      ).gradient ?? outputs
    }
  }

  /// A training sequence as this epoch sees it; depends on the epoch and the index, not on the batch.
  private func augmented(_ index: Int, _ noise: SplitMix64) -> [Float] {
    let sequence = task.training.sequences[index]
    guard let augmentation = configuration.augmentation else { return sequence }
    var generator = noise.fork("\(index)")
    return augmentation.apply(sequence, features: task.training.features, using: &generator)
  }

  /// Throws an error that names the place, the likely cause and the remedy if a number is not finite.
  private func checkFinite(
    loss: Double, norm: Double, rate: Double, place: String, first: Bool
  ) throws {
    guard !loss.isFinite || !norm.isFinite else { return }
    let what = loss.isFinite ? "the gradient or weight norm is \(norm)" : "the loss is \(loss)"
    let fix: String
    if first {
      fix =
        "the first update has not happened yet, so the features or the initial weights are too "
        + "large; normalise the features"
    } else if configuration.gradientClip == nil {
      fix =
        "the updates probably grew too large; set gradientClip to a value such as 1, or lower "
        + "learningRate from \(rate) to \(rate / 10)"
    } else {
      fix =
        "the updates probably grew too large; lower learningRate from \(rate) to \(rate / 10), or "
        + "gradientClip"
    }
    throw DiagnosticsEmitted(
      Diagnostic(stage: "train", path: place, message: "training diverged: \(what)", fix: fix))
  }
}
