internal import Foundation
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNQuantize
internal import RNNReport
internal import RNNSupport

extension QuantizeStage {
  /// Chooses formats on an experiment's data and trains the rounded network on.
  func fineTuned(_ experimentURL: URL, seed: UInt64?, data: URL?, _ context: StageContext) throws
    -> StageResult
  {
    let claim = try OutputClaim(folder: output, kind: .model, inputs: inputs)
    defer { claim.release() }
    let experiment = try Experiment(reading: experimentURL, data: data, seed: seed)
    guard var quantization = experiment.quantization else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "quantize", path: experimentURL.relativePath,
          message: "the experiment has no part \"quantization\"",
          fix: "add one; docs/formats/experiment.md describes it"))
    }
    quantization.policy.apply(widths)
    let policy = quantization.policy
    try policy.check()
    let (float, weights) = try ModelFile.read(ModelFolder.modelURL(model))
    let data = try ExperimentData(experiment, normalisation: float.task?.normalisation)

    let engine = try NetworkEngine(network: float.network, weights: weights)
    let ranges = engine.observeRanges(
      SequenceBatch(sequences: data.training.sequences, features: data.training.features))
    let plan = try planQuantization(
      float.network, weights: weights, ranges: ranges, policy: policy)
    let network = plan.network
    func measure(_ weights: Weights) throws -> Evaluation {
      evaluate(
        try NetworkEngine(network: network, weights: weights), on: data.test, loss: data.loss)
    }
    let before = try measure(weights)
    var tuned = weights
    var curve: [EpochRecord] = []
    let checkpoint = ModelFolder.checkpoint(claim.url)
    let arithmetic = try ModelFolder.arithmetic(resuming: checkpoint, context.progress)
    if let tuning = quantization.fineTuning {
      let reporter = TrainingReporter(
        context, totalEpochs: tuning.epochs, isClassification: data.task != nil)
      let trainer = try Trainer(
        network: network, task: data.trainingTask, configuration: tuning, phase: "fine-tune")
      let result = try Interrupt.shared.cooperatively {
        try trainer.run(
          from: weights, checkpoint: CheckpointPolicy(url: checkpoint, resume: true),
          isCancelled: { Interrupt.shared.isRequested }, progress: reporter.report)
      }
      tuned = result.weights
      curve = result.curve
    }
    let rounded = tuned.rounded(to: network)
    let test = try measure(rounded)

    // The accuracy that counts is that of the integers, not of the floats that stand for them.
    let graph = try freeze(
      network, weights: rounded, name: float.name, rules: policy.integerRules)
    let codes = graph.inputCodes(data.test.sequences)
    let outputs = try Classification.referenceOutputs(graph, sequences: codes)
    var integers = data.loss.evaluate(outputs, of: graph, targets: data.test.targets)
    if let task = data.task {
      // Sums of codes are exact, so equal outputs decide as in the design.
      let labels = outputs.map {
        Classification.label($0.map { $0.map(Double.init) }, pooling: task.pooling)
      }
      let expected = data.test.targets.map { target -> Int in
        if case .label(let label) = target { label } else { -1 }
      }
      integers.metric = Classification.accuracy(labels, expected)
    }
    let figures =
      data.figures(test) + [
        data.figure(before, suffix: "BeforeFineTuning"), data.figure(integers, suffix: "Integers"),
      ]
    let members = figures.map { JSONValue.Member($0.name, .double($0.value)) }

    var model = float
    model.network = network
    model.integers = policy.integerRules
    model.stages.append(
      ModelStage(
        name: "quantize", seed: experiment.recordedSeed,
        settings: policy.settings + [
          .init("epochs", .int(quantization.fineTuning?.epochs ?? 0)), arithmetic,
        ],
        metrics: figures.map { .init($0.name, $0.value) }))
    let record = StageRecord(
      content: .quantize(formats: FormatRecord(plan)), fineTuningCurve: curve,
      figures: figures.map { .init(name: $0.name, value: $0.value) },
      testSequences: data.test.count)
    try ModelFolder.write(model, weights: rounded, record: record, to: claim)
    ModelFolder.removeCheckpoints(claim.url)
    return StageResult(
      json: .object(
        [
          .init("model", .string(output.appendingPathComponent("model.json").relativePath)),
          .init("weightWidth", .int(policy.weightWidth)),
          .init("activationWidth", .int(policy.activationWidth)),
        ] + members + [.init("testSequences", .int(data.test.count))]),
      text: """
        quantized \(model.name) (weights \(policy.weightWidth), activations \(policy.activationWidth) bits): \
        \(data.text(integers)) in integers (before fine-tuning: \(data.text(before)))
        model in \(output.relativePath)
        """)
  }
}
