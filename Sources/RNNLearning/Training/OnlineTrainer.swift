package import RNNGraph
package import RNNSupport

/// What a training on fresh data came to.
package struct OnlineResult: Hashable, Sendable {
  /// After the last round.
  package var weights: Weights
  /// The update, counted from 1, at which the smoothed loss first was below the goal; nil if it never was.
  package var goalUpdate: Int?
  /// The smoothed loss at the end.
  package var smoothedLoss: Double
  /// One record a round; its loss is the mean over the round's batches.
  package var curve: [EpochRecord]
}

/// Trains on data that is made as it is needed, so that no sequence is seen twice, until a goal is reached.
///
/// An epoch of the configuration is a round of `updatesPerRound` updates on sequences of its own; checkpoints and
/// progress come once a round. The course depends on the network, the initial weights and the configuration alone.
package struct OnlineTrainer {
  /// Makes so many sequences from a generator of its own for each round.
  package typealias Source = (_ count: Int, _ generator: inout SplitMix64) -> SequenceSet

  private let network: Network
  private let loss: any Loss
  private let configuration: TrainingConfiguration
  private let updatesPerRound: Int
  private let goal: Double
  private let source: Source

  /// The share of the smoothed loss that an update keeps: an exponential mean over about 20 batches.
  package static let smoothing = 0.95

  /// - Parameters:
  ///   - configuration: `epochs` is the greatest number of rounds; shuffling and augmentation act inside a round.
  ///   - goal: training ends with the round in which the smoothed loss is below it; 0 trains to the last round.
  package init(
    network: Network, loss: any Loss, configuration: TrainingConfiguration, updatesPerRound: Int,
    goal: Double, source: @escaping Source
  ) {
    precondition(updatesPerRound > 0, "a round needs an update, not \(updatesPerRound)")
    self.network = network
    self.loss = loss
    self.configuration = configuration
    self.updatesPerRound = updatesPerRound
    self.goal = goal
    self.source = source
  }

  private func task(round: Int) -> TrainingTask {
    var generator = SplitMix64(seed: configuration.seed).fork("round \(round)")
    return TrainingTask(
      training: source(updatesPerRound * configuration.batchSize, &generator), validation: nil,
      loss: loss)
  }

  /// Trains from initial weights, or from a checkpoint, to the goal or the last round.
  ///
  /// - Parameters: as for `Trainer.run`.
  /// - Throws: as `Trainer.run`.
  package func run(
    from weights: Weights, checkpoint: CheckpointPolicy? = nil, threads: Int? = nil,
    isCancelled: @escaping () -> Bool = { false }, progress: (EpochProgress) -> Void = { _ in }
  ) throws -> OnlineResult {
    let first = task(round: 0)
    try first.check(against: network)
    var sink = DiagnosticSink(stage: "train")
    configuration.check(path: "online", task: first, into: &sink)
    try sink.throwIfErrors()

    let engine = try NetworkEngine(network: network, weights: weights, threads: threads)
    // The data of the first round stand for those of all rounds, which come from the same seed.
    let keeper = CheckpointKeeper(
      policy: checkpoint, kind: "online",
      identity: TrainingIdentity(
        network: network, weights: weights, task: first,
        settings: .object([
          "training": configuration.json, "updatesPerRound": .int(updatesPerRound),
          "goal": .double(goal),
        ])))
    var state = try TrainingState(
      network: network, weights: weights, configuration: configuration)
    var smoothed: Double?
    var goalUpdate: Int?
    if let (file, fields) = try keeper.read() {
      guard let training = fields["training"], let kept = fields["smoothedLoss"]?.number,
        let restored = TrainingState(
          fields: training, file: file, from: state, configuration: configuration)
      else { throw keeper.malformed }
      state = restored
      smoothed = kept
      goalUpdate = fields["goalUpdate"]?.int
    }
    for round in state.curve.count..<max(configuration.epochs, state.curve.count) {
      if goalUpdate != nil { break }
      let runner = EpochRunner(
        engine: engine, task: task(round: round), configuration: configuration,
        isCancelled: isCancelled)
      var update = round * updatesPerRound
      let note = try runner.run(
        &state, epoch: round, of: configuration.epochs, phase: "online", penalty: nil
      ) { loss in
        update += 1
        let mean = smoothed.map { Self.smoothing * $0 + (1 - Self.smoothing) * loss } ?? loss
        smoothed = mean
        if mean < goal, goalUpdate == nil { goalUpdate = update }
      }
      let parts = state.checkpointParts
      try keeper.write(
        fields: .object([
          "training": parts.fields, "smoothedLoss": .double(smoothed ?? 0),
          "goalUpdate": goalUpdate.map { .int($0) } ?? .null,
        ]), arrays: parts.arrays, doubles: parts.doubles)
      progress(note)
    }
    return OnlineResult(
      weights: state.weights, goalUpdate: goalUpdate, smoothedLoss: smoothed ?? .infinity,
      curve: state.curve)
  }
}
