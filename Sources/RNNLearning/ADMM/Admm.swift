internal import Foundation
package import RNNGraph
internal import RNNSupport

/// What compression to matrices with a structure came to.
package struct CompressionResult: Hashable, Sendable {
  /// The network with its matrices' structures and patterns.
  package var network: Network
  /// Its weights, in stored shape: fine-tuned if fine-tuning was asked for.
  package var weights: Weights
  /// Its weights before the training inside the set.
  package var startingWeights: Weights
  /// The residuals of every round; empty without ADMM.
  package var rounds: [AdmmRound]
  /// The curve of the W-steps; empty without ADMM.
  package var curve: [EpochRecord]
  /// The training inside the set; nil if there was none.
  package var fineTuning: TrainingResult?
}

/// Brings a trained dense network to matrices with a structure by ADMM, projects it, and trains it on.
///
/// Every round is a W-step (training with the penalty (rho / 2) |W - Z + U|^2 added to the mean loss), an
/// exact Z-step and a U-step; E-RNN, Li et al., HPCA 2019. For sparse structures the Z-step chooses the pattern; training
/// after ADMM stays inside it. The optimizer's moments and the learning-rate
/// schedule run through all rounds.
package struct Admm {
  private let network: Network
  private let task: TrainingTask
  private let configuration: AdmmConfiguration

  /// Checks everything that can be checked before the first epoch.
  ///
  /// - Throws: `DiagnosticsEmitted` with every finding about the task and the configuration.
  package init(network: Network, task: TrainingTask, configuration: AdmmConfiguration) throws {
    try task.check(against: network)
    var sink = DiagnosticSink(stage: "compress")
    configuration.check(network: network, task: task, into: &sink)
    try sink.throwIfErrors()
    // The penalty draws a matrix to those of its structure, not to the orthogonal ones.
    self.network = network.released(configuration.assignment)
    self.task = task
    self.configuration = configuration
  }

  /// Runs all stages, the final projection, and the fine-tuning.
  ///
  /// - Parameters:
  ///   - weights: the trained dense weights.
  ///   - checkpoint: the file of the W-steps; fine-tuning adds `.fine-tune` to its name.
  ///   - isCancelled: asked before every batch.
  ///   - progress: called after every epoch.
  /// - Throws: as `Trainer.run`.
  package func run(
    from weights: Weights, checkpoint: CheckpointPolicy? = nil,
    isCancelled: @escaping () -> Bool = { false }, progress: (EpochProgress) -> Void = { _ in }
  ) throws -> CompressionResult {
    let state = try iterate(
      from: weights, checkpoint: checkpoint, isCancelled: isCancelled, progress: progress)
    let (target, projected) = network.projected(
      state.training.weights, to: network.restructured(configuration.assignment))
    var result = CompressionResult(
      network: target, weights: projected, startingWeights: projected, rounds: state.rounds,
      curve: state.training.curve, fineTuning: nil)
    if let fineTuning = configuration.fineTuning {
      let tuned = try Trainer(
        network: target, task: task, configuration: fineTuning, phase: "fine-tune"
      ).run(
        from: projected,
        checkpoint: checkpoint.map {
          CheckpointPolicy(url: $0.url.appendingPathExtension("fine-tune"), resume: $0.resume)
        }, isCancelled: isCancelled, progress: progress)
      result.weights = tuned.weights
      result.fineTuning = tuned
    }
    return result
  }

  private func iterate(
    from weights: Weights, checkpoint: CheckpointPolicy?, isCancelled: @escaping () -> Bool,
    progress: (EpochProgress) -> Void
  ) throws -> AdmmState {
    let keeper = CheckpointKeeper(
      policy: checkpoint, kind: "admm",
      identity: TrainingIdentity(
        network: network, weights: weights, task: task, settings: configuration.json))
    var state = try AdmmState(network: network, weights: weights, configuration: configuration)
    if let (file, fields) = try keeper.read() {
      guard state.restore(file, fields, configuration: configuration) else {
        throw keeper.malformed
      }
    }
    let runner = EpochRunner(
      engine: try NetworkEngine(network: network, weights: weights), task: task,
      configuration: configuration.training, isCancelled: isCancelled)
    let epochs = configuration.training.epochs
    let perStage = configuration.epochsPerStage
    for epoch in state.training.curve.count..<epochs {
      let stage = epoch / perStage
      let rho = configuration.penalties[stage]
      if stage > 0 && epoch.isMultiple(of: perStage) {
        let old = configuration.penalties[stage - 1]
        for i in state.matrices.indices { state.matrices[i].rescale(from: old, to: rho) }
      }
      let matrices = state.matrices
      let note = try runner.run(
        &state.training, epoch: epoch, of: epochs, phase: "admm"
      ) { weights, gradients in
        matrices.reduce(0) { sum, matrix in
          sum
            + matrix.addPenalty(
              rho, weights: weights.values[matrix.layer][matrix.parameter],
              gradients: &gradients.values[matrix.layer][matrix.parameter])
        }
      }
      if (epoch + 1).isMultiple(of: configuration.epochsPerRound) {
        state.finishRound(stage: stage, penalty: rho)
      }
      let parts = state.checkpointParts
      try keeper.write(
        fields: parts.fields, arrays: parts.arrays, doubles: parts.doubles)
      progress(note)
    }
    return state
  }
}

/// Trains a network inside the sets of its matrices' structures without ADMM, C-LSTM's way (Wang et al., FPGA 2018).
package enum DirectTraining {
  /// Where the training inside the set begins.
  package enum Start: Hashable, Sendable {
    /// Freshly initialised free values; patterns of sparse matrices are drawn with them.
    case scratch(seed: UInt64)
    /// The projection of trained dense weights.
    case projection(of: Weights)
  }

  /// Restructures the network and trains it.
  ///
  /// - Throws: `DiagnosticsEmitted` for an assignment that does not fit; otherwise as `Trainer.run`.
  package static func run(
    network: Network, assignment: StructureAssignment, start: Start, task: TrainingTask,
    configuration: TrainingConfiguration, checkpoint: CheckpointPolicy? = nil,
    isCancelled: @escaping () -> Bool = { false }, progress: (EpochProgress) -> Void = { _ in }
  ) throws -> CompressionResult {
    var sink = DiagnosticSink(stage: "compress")
    assignment.check(against: network, into: &sink)
    try sink.throwIfErrors()
    var target = network.restructured(assignment)
    let weights: Weights
    switch start {
    case .scratch(let seed):
      target = target.choosingPatterns(seed: seed)
      weights = initialWeights(target, seed: seed)
    case .projection(let dense):
      (target, weights) = network.projected(dense, to: target)
    }
    let trained = try Trainer(
      network: target, task: task, configuration: configuration, phase: "structured"
    ).run(from: weights, checkpoint: checkpoint, isCancelled: isCancelled, progress: progress)
    return CompressionResult(
      network: target, weights: trained.weights, startingWeights: weights, rounds: [], curve: [],
      fineTuning: trained)
  }
}
