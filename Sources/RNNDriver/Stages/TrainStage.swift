package import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNSupport

/// `rnnc train`: an experiment file to a float model.
package struct TrainStage: Stage {
  package static let verb = "train"
  package var experiment: URL
  package var output: URL
  package var seed: UInt64?
  /// Replaces the folder of recordings that the file names.
  package var data: URL?

  package init(experiment: URL, output: URL, seed: UInt64? = nil, data: URL? = nil) {
    self.experiment = experiment
    self.output = output
    self.seed = seed
    self.data = data
  }

  package var arguments: [String] {
    [experiment.relativePath, "-o", output.relativePath]
      + (seed.map { ["--seed", "\($0)"] } ?? []) + (data.map { ["--data", $0.relativePath] } ?? [])
  }
  package var inputs: [URL] { ExperimentInputs.urls(experiment, data: data) }
  package var outputs: [URL] { ModelFolder.files(output) }

  package func run(_ context: StageContext) throws -> StageResult {
    try OutputFolder.prepare(output, marker: ModelFolder.marker)
    let experiment = try Experiment(reading: experiment, data: data, seed: seed)
    let data = try ExperimentData(experiment, normalisation: nil)
    let network = experiment.network
    let trainer = try Trainer(
      network: network, task: data.trainingTask, configuration: experiment.training)
    let reporter = TrainingReporter(context, totalEpochs: experiment.training.epochs)
    let checkpoint = ModelFolder.checkpoint(output)
    let start = initialWeights(network, seed: experiment.seed)
    let result = try Interrupt.shared.cooperatively {
      try trainer.run(
        from: start, checkpoint: CheckpointPolicy(url: checkpoint, resume: true),
        isCancelled: { Interrupt.shared.isRequested }, progress: reporter.report)
    }
    let engine = try NetworkEngine(network: network, weights: result.weights)
    let test = evaluate(engine, on: data.test, loss: data.loss)
    let stage = ModelStage(
      name: "train", seed: Int(experiment.seed),
      settings: [
        .init("epochs", .int(experiment.training.epochs)),
        .init("trainingSequences", .int(data.training.count)),
        .init("testSequences", .int(data.test.count)),
      ],
      metrics: [
        .init("testAccuracy", test.metric), .init("testLoss", test.loss),
        .init("storedWeights", Double(network.storedCount)),
      ])
    let model = ModelFile(
      name: experiment.name, task: data.task, network: network, stages: [stage])
    let record = JSONValue.object([
      "stage": "train", "settings": experiment.training.json,
      "selectedEpoch": .int(result.epoch), "curve": .array(result.curve.map(\.json)),
      "testAccuracy": .double(test.metric), "testLoss": .double(test.loss),
      "testSequences": .int(data.test.count),
    ])
    try ModelFolder.write(model, weights: result.weights, record: record, to: output)
    ModelFolder.removeCheckpoints(output)
    return StageResult(
      json: .object([
        "model": .string(output.appendingPathComponent("model.json").relativePath),
        "testAccuracy": .double(test.metric), "testLoss": .double(test.loss),
        "testSequences": .int(data.test.count), "storedWeights": .int(network.storedCount),
        "epochs": .int(experiment.training.epochs), "selectedEpoch": .int(result.epoch),
      ]),
      text: """
        float \(experiment.name): \(oneDecimal(100 * test.metric)) % of \(data.test.count) test recordings right, \
        \(network.storedCount) weights
        model in \(output.relativePath)
        """)
  }
}
