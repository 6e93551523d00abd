package import Foundation
package import RNNGraph
internal import RNNSupport

/// Where a training keeps its state after every epoch.
package struct CheckpointPolicy: Hashable, Sendable {
  package var url: URL
  /// Whether to go on from the file if it exists; otherwise it is overwritten after the first epoch.
  package var resume: Bool
  /// Creates a policy.
  package init(url: URL, resume: Bool) {
    self.url = url
    self.resume = resume
  }
}

/// What a training came to.
package struct TrainingResult: Hashable, Sendable {
  /// The weights of the selected epoch, in stored shape.
  package var weights: Weights
  /// The selected epoch, counted from 1.
  package var epoch: Int
  package var curve: [EpochRecord]
  /// Creates a result.
  package init(weights: Weights, epoch: Int, curve: [EpochRecord]) {
    self.weights = weights
    self.epoch = epoch
    self.curve = curve
  }
}

/// Trains a network on a task.
///
/// The course depends on the network, the initial weights, the task and the configuration alone; a training
/// that was stopped and resumed from its checkpoint ends in the same bits as one that never stopped.
package struct Trainer {
  private let network: Network
  private let task: TrainingTask
  private let configuration: TrainingConfiguration
  private let phase: String

  /// Checks everything that can be checked before the first epoch.
  ///
  /// - Parameter phase: names the training in progress notes and errors.
  /// - Throws: `DiagnosticsEmitted` with every finding about the task and the configuration.
  package init(
    network: Network, task: TrainingTask, configuration: TrainingConfiguration,
    phase: String = "train"
  ) throws {
    try task.check(against: network)
    var sink = DiagnosticSink(stage: "train")
    configuration.check(path: phase, task: task, into: &sink)
    configuration.learning?.check(
      path: "\(phase).learning", network: network, task: task, into: &sink)
    try sink.throwIfErrors()
    self.network = network
    self.task = task
    self.configuration = configuration
    self.phase = phase
  }

  /// Trains from initial weights, or from a checkpoint, to the last epoch.
  ///
  /// - Parameters:
  ///   - weights: the initial weights in stored shape; part of what a checkpoint must match.
  ///   - checkpoint: nil keeps nothing.
  ///   - threads: how many threads batches are split over; by default all processors. One thread gives the same
  ///     bits on every number of processors.
  ///   - isCancelled: asked before every batch.
  ///   - progress: called after every epoch, after its checkpoint was written.
  /// - Throws: `ToolError.interrupted` on cancellation; `DiagnosticsEmitted` on divergence or a checkpoint
  ///   of another training.
  package func run(
    from weights: Weights, checkpoint: CheckpointPolicy? = nil, threads: Int? = nil,
    isCancelled: @escaping () -> Bool = { false }, progress: (EpochProgress) -> Void = { _ in }
  ) throws -> TrainingResult {
    let engine = try NetworkEngine(network: network, weights: weights, threads: threads)
    let keeper = CheckpointKeeper(
      policy: checkpoint, kind: phase,
      identity: TrainingIdentity(
        network: network, weights: weights, task: task, settings: configuration.json))
    var state = try TrainingState(
      network: network, weights: weights, configuration: configuration)
    if let (file, fields) = try keeper.read() {
      guard
        let restored = TrainingState(
          fields: fields, file: file, from: state, configuration: configuration)
      else { throw keeper.malformed }
      state = restored
    }
    let runner = EpochRunner(
      engine: engine, task: task, configuration: configuration, isCancelled: isCancelled,
      local: configuration.learning.map {
        LocalGradients(network: network, rule: $0, seed: configuration.seed)
      })
    for epoch in state.curve.count..<max(configuration.epochs, state.curve.count) {
      var note = try runner.run(
        &state, epoch: epoch, of: configuration.epochs, phase: phase, penalty: nil)
      if let schedule = configuration.lyapunov, (epoch + 1).isMultiple(of: schedule.every) {
        let last = state.curve.count - 1
        state.curve[last].exponents = try schedule.exponents(network, state.weights, task)
        note.record = state.curve[last]
      }
      state.updateBest(greaterIsBetter: task.loss.greaterMetricIsBetter)
      let parts = state.checkpointParts
      try keeper.write(
        fields: parts.fields, arrays: parts.arrays, doubles: parts.doubles)
      progress(note)
    }
    if configuration.selection == .best, let best = state.best {
      return TrainingResult(
        weights: best.weights, epoch: best.index + 1, curve: state.curve)
    }
    return TrainingResult(weights: state.weights, epoch: state.curve.count, curve: state.curve)
  }
}
