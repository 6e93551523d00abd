package import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNReport
internal import RNNSupport

/// `rnnc train`: an experiment file to a float model.
package struct TrainStage: Stage {
  package static let verb = "train"
  package var experiment: URL
  package var output: URL
  package var seed: UInt64?
  /// Replaces the folder of recordings that the file names.
  package var data: URL?
  /// Whether the process computes at the common level of `Arithmetic`, which the caller has to enter.
  package var reproducible: Bool

  package init(
    experiment: URL, output: URL, seed: UInt64? = nil, data: URL? = nil, reproducible: Bool = false
  ) {
    self.experiment = experiment
    self.output = output
    self.seed = seed
    self.data = data
    self.reproducible = reproducible
  }

  package var arguments: [String] {
    [experiment.relativePath, "-o", output.relativePath]
      + (seed.map { ["--seed", "\($0)"] } ?? []) + (data.map { ["--data", $0.relativePath] } ?? [])
      + (reproducible ? ["--reproducible"] : [])
  }
  package var inputs: [URL] { ExperimentInputs.urls(experiment, data: data) }
  package var outputs: [URL] { ModelFolder.files(output) }

  package func run(_ context: StageContext) throws -> StageResult {
    let claim = try OutputClaim(folder: output, kind: .model, inputs: inputs)
    defer { claim.release() }
    let experiment = try Experiment(reading: experiment, data: data, seed: seed)
    let data = try ExperimentData(experiment, normalisation: nil)
    let network = experiment.network
    let trainer = try Trainer(
      network: network, task: data.trainingTask, configuration: experiment.training)
    let reporter = TrainingReporter(
      context, totalEpochs: experiment.training.epochs, isClassification: data.task != nil)
    let checkpoint = ModelFolder.checkpoint(claim.url)
    let arithmetic = try ModelFolder.arithmetic(resuming: checkpoint, context.progress)
    let start = initialWeights(network, seed: experiment.seed)
    let result = try Interrupt.shared.cooperatively {
      try trainer.run(
        from: start, checkpoint: CheckpointPolicy(url: checkpoint, resume: true),
        isCancelled: { Interrupt.shared.isRequested }, progress: reporter.report)
    }
    let engine = try NetworkEngine(network: network, weights: result.weights)
    let test = evaluate(engine, on: data.test, loss: data.loss)
    let stage = ModelStage(
      name: "train", seed: experiment.recordedSeed,
      settings: [
        .init("epochs", .int(experiment.training.epochs)),
        .init("trainingSequences", .int(data.training.count)),
        .init("testSequences", .int(data.test.count)), arithmetic,
      ],
      metrics: data.figures(test).map { .init($0.name, $0.value) } + [
        .init("storedWeights", Double(network.storedCount))
      ])
    let model = ModelFile(
      name: experiment.name, task: data.task, network: network, stages: [stage])
    let figures = data.figures(test).map { JSONValue.Member($0.name, .double($0.value)) }
    let record = StageRecord(
      content: .train(settings: experiment.training.json, selectedEpoch: result.epoch),
      curve: result.curve,
      figures: data.figures(test).map { .init(name: $0.name, value: $0.value) },
      testSequences: data.test.count)
    try ModelFolder.write(model, weights: result.weights, record: record, to: claim)
    ModelFolder.removeCheckpoints(claim.url)
    return StageResult(
      json: .object(
        [
          .init("model", .string(output.appendingPathComponent("model.json").relativePath))
        ] + figures + [
          .init("testSequences", .int(data.test.count)),
          .init("storedWeights", .int(network.storedCount)),
          .init("epochs", .int(experiment.training.epochs)),
          .init("selectedEpoch", .int(result.epoch)),
        ]),
      text: """
        float \(experiment.name): \(data.text(test)), \
        \(network.storedCount) weights
        model in \(output.relativePath)
        """)
  }
}
