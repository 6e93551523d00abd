package import Foundation
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNQuantize
internal import RNNReference
internal import RNNSupport

/// `rnnc quantize`: a float model to fixed point, fine-tuned.
package struct QuantizeStage: Stage {
  package static let verb = "quantize"
  package var model: URL
  package var experiment: URL
  package var output: URL
  /// Replaces the file's widths of weights, activations and states.
  package var bits: Int?
  package var seed: UInt64?
  package var data: URL?

  package init(
    model: URL, experiment: URL, output: URL, bits: Int? = nil, seed: UInt64? = nil,
    data: URL? = nil
  ) {
    self.model = model
    self.experiment = experiment
    self.output = output
    self.bits = bits
    self.seed = seed
    self.data = data
  }

  package var arguments: [String] {
    [model.relativePath, "--experiment", experiment.relativePath, "-o", output.relativePath]
      + (bits.map { ["--bits", "\($0)"] } ?? []) + (seed.map { ["--seed", "\($0)"] } ?? [])
      + (data.map { ["--data", $0.relativePath] } ?? [])
  }
  package var inputs: [URL] {
    ModelInputs.urls(model) + ExperimentInputs.urls(experiment, data: data)
  }
  package var outputs: [URL] { ModelFolder.files(output) }

  package func run(_ context: StageContext) throws -> StageResult {
    try OutputFolder.prepare(output, marker: ModelFolder.marker)
    let experimentURL = experiment
    let experiment = try Experiment(reading: experimentURL, data: data, seed: seed)
    guard var quantization = experiment.quantization else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "quantize", path: experimentURL.relativePath,
          message: "the experiment has no part \"quantization\"",
          fix: "add one; docs/formats/experiment.md describes it"))
    }
    if let bits {
      quantization.policy.weightWidth = bits
      quantization.policy.activationWidth = bits
      quantization.policy.stateWidth = bits
    }
    let policy = quantization.policy
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
    let checkpoint = ModelFolder.checkpoint(output)
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
      network, weights: rounded, name: float.name,
      tableSegments: policy.tableSegments)
    let codes = graph.inputCodes(data.test.sequences, rounding: policy.rounding)
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
    model.stages.append(
      ModelStage(
        name: "quantize", seed: Int(experiment.seed),
        settings: [
          .init("weightWidth", .int(policy.weightWidth)),
          .init("activationWidth", .int(policy.activationWidth)),
          .init("stateWidth", .int(policy.stateWidth)),
          .init("integratorWidth", .int(policy.integratorWidth)),
          .init("momentWidth", .int(policy.momentWidth)),
          .init("internalWidth", .int(policy.internalWidth)),
          .init("rounding", .string(policy.rounding.rawValue)),
          .init("tableSegments", .int(policy.tableSegments)),
          .init("epochs", .int(quantization.fineTuning?.epochs ?? 0)),
        ],
        metrics: figures.map { .init($0.name, $0.value) }))
    let record = JSONValue.object(
      [
        .init("stage", "quantize"), .init("formats", plan.json),
        .init("fineTuningCurve", .array(curve.map(\.json))),
      ] + members + [.init("testSequences", .int(data.test.count))])
    try ModelFolder.write(model, weights: rounded, record: record, to: output)
    ModelFolder.removeCheckpoints(output)
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

extension QuantizationPlan {
  /// The formats and what they cost, as a table.
  fileprivate var json: JSONValue {
    .object([
      "values": .array(
        values.map {
          .object([
            "layer": .string($0.layer), "node": .string($0.node), "role": .string($0.role.rawValue),
            "low": .double(Double($0.range.lowerBound)),
            "high": .double(Double($0.range.upperBound)),
            "width": .int($0.format.width), "fraction": .int($0.format.fraction),
            "rounding": .string(policy.rounding.rawValue), "saturates": .bool($0.saturates),
          ])
        }),
      "parameters": .array(
        parameters.map {
          .object([
            "layer": .string($0.layer), "parameter": .string($0.parameter),
            "width": .int($0.format.width), "fraction": .int($0.format.fraction),
            "low": .double($0.format.minValue), "high": .double($0.format.maxValue),
            "rmsError": .double($0.rmsError), "lostBits": .int($0.lostBits),
          ])
        }),
    ])
  }
}
