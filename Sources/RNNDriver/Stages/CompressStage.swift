package import Foundation
package import RNNGraph
internal import RNNInterchange
internal import RNNLearning
package import RNNReport
internal import RNNSupport

/// `rnnc compress`: a float model to matrices with a structure.
package struct CompressStage: Stage {
  package static let verb = "compress"
  package var model: URL
  package var experiment: URL
  package var output: URL
  /// Replaces the file's method.
  package var method: CompressionMethod?
  /// Replaces the file's structures.
  package var structure: MatrixStructure?
  package var seed: UInt64?
  package var data: URL?
  /// Whether the process computes at the common level of `Arithmetic`, which the caller has to enter.
  package var reproducible: Bool

  package init(
    model: URL, experiment: URL, output: URL, method: CompressionMethod? = nil,
    structure: MatrixStructure? = nil, seed: UInt64? = nil, data: URL? = nil,
    reproducible: Bool = false
  ) {
    self.model = model
    self.experiment = experiment
    self.output = output
    self.method = method
    self.structure = structure
    self.seed = seed
    self.data = data
    self.reproducible = reproducible
  }

  package var arguments: [String] {
    [
      model.relativePath, "--experiment", experiment.relativePath, "-o", output.relativePath,
    ] + (method.map { ["--method", $0.rawValue] } ?? [])
      + (structure.map { ["--structure", $0.text] } ?? [])
      + (seed.map { ["--seed", "\($0)"] } ?? [])
      + (data.map { ["--data", $0.relativePath] } ?? [])
      + (reproducible ? ["--reproducible"] : [])
  }
  package var inputs: [URL] {
    ModelInputs.urls(model) + ExperimentInputs.urls(experiment, data: data)
  }
  package var outputs: [URL] { ModelFolder.files(output) }

  package func run(_ context: StageContext) throws -> StageResult {
    let claim = try OutputClaim(folder: output, kind: .model, inputs: inputs)
    defer { claim.release() }
    let experimentURL = experiment
    let experiment = try Experiment(reading: experimentURL, data: data, seed: seed)
    guard var compression = experiment.compression else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "compress", path: experimentURL.relativePath,
          message: "the experiment has no part \"compression\"",
          fix: "add one; docs/formats/experiment.md describes it"))
    }
    if let structure {
      for i in compression.assignment.entries.indices {
        compression.assignment.entries[i].structure = structure
      }
    }
    let method = method ?? compression.method
    if method == .admm, compression.penalties.isEmpty {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "compress", path: experimentURL.relativePath,
          message: "the experiment has no penalties, which ADMM needs",
          fix: "write \"method\": \"admm\" with penalties into its part \"compression\""))
    }
    let (float, weights) = try ModelFile.read(ModelFolder.modelURL(model))
    let assignment = compression.assignment
    let structures = assignment.summary
    var sink = DiagnosticSink(stage: "compress")
    assignment.check(against: float.network, into: &sink)
    try sink.throwIfErrors()
    let data = try ExperimentData(experiment, normalisation: float.task?.normalisation)
    let tuning = compression.fineTuning
    let total = compression.training.epochs + (tuning?.epochs ?? 0)
    let checkpoint = CheckpointPolicy(url: ModelFolder.checkpoint(claim.url), resume: true)
    let arithmetic = try ModelFolder.arithmetic(resuming: checkpoint.url, context.progress)
    let isCancelled = { Interrupt.shared.isRequested }
    // The other ways get as many epochs as ADMM and its fine-tuning together, and `direct` those of the
    // float training as well, so that a comparison is fair.
    var inside = tuning ?? compression.training
    inside.epochs = total
    if method == .direct, compression.method == .admm {
      inside = experiment.training
      inside.epochs += total
    }
    let epochs = method == .admm ? total : inside.epochs
    let reporter = TrainingReporter(
      context, totalEpochs: epochs, isClassification: data.task != nil)
    let result = try Interrupt.shared.cooperatively { () throws -> CompressionResult in
      switch method {
      case .admm:
        let admm = try Admm(
          network: float.network, task: data.trainingTask,
          configuration: AdmmConfiguration(
            assignment: assignment, penalties: compression.penalties,
            epochsPerRound: compression.epochsPerRound, training: compression.training,
            fineTuning: tuning))
        return try admm.run(
          from: weights, checkpoint: checkpoint, isCancelled: isCancelled,
          progress: reporter.report)
      case .projection, .direct:
        return try DirectTraining.run(
          network: float.network, assignment: assignment,
          start: method == .direct
            ? .scratch(seed: experiment.seed) : .projection(of: weights),
          task: data.trainingTask, configuration: inside, checkpoint: checkpoint,
          isCancelled: isCancelled, progress: reporter.report)
      }
    }
    func measure(_ weights: Weights) throws -> Evaluation {
      evaluate(
        try NetworkEngine(network: result.network, weights: weights), on: data.test,
        loss: data.loss)
    }
    let projected = try measure(result.startingWeights)
    let test = try measure(result.weights)
    let stored = result.network.storedCount
    let ratio = Double(float.network.storedCount) / Double(stored)
    let before = data.figure(projected, suffix: "BeforeFineTuning")
    let figures = data.figures(test) + [before]
    let members = figures.map { JSONValue.Member($0.name, .double($0.value)) }
    var model = float
    model.network = result.network
    model.stages.append(
      ModelStage(
        name: "compress", seed: experiment.recordedSeed,
        settings: [
          .init("method", .string(method.rawValue)), .init("structure", .string(structures)),
          .init("epochs", .int(epochs)), arithmetic,
        ],
        metrics: figures.map { .init($0.name, $0.value) } + [
          .init("storedWeights", Double(stored))
        ]))
    let record = StageRecord(
      content: .compress(method: method, structure: assignment.text, rounds: result.rounds),
      curve: result.curve, fineTuningCurve: result.fineTuning?.curve ?? [],
      figures: figures.map { .init(name: $0.name, value: $0.value) },
      testSequences: data.test.count)
    try ModelFolder.write(model, weights: result.weights, record: record, to: claim)
    ModelFolder.removeCheckpoints(claim.url)
    let residual = result.rounds.last.map {
      ", residual \(Figures.fixed($0.greatestPrimal, 3)) at the end of ADMM"
    }
    return StageResult(
      json: .object(
        [
          .init("model", .string(output.appendingPathComponent("model.json").relativePath)),
          .init("method", .string(method.rawValue)), .init("structure", .string(structures)),
        ] + members + [
          .init("testSequences", .int(data.test.count)), .init("storedWeights", .int(stored)),
          .init("compression", .double(ratio)),
          .init(
            "greatestPrimalResidual",
            result.rounds.last.map { .double($0.greatestPrimal) } ?? .null),
        ]),
      text: """
        \(structures) \(model.name) (\(method.rawValue)): \
        \(data.text(test)), \
        \(stored) weights, \(Figures.fixed(ratio, 1)) times fewer\(residual ?? "")
        model in \(output.relativePath)
        """)
  }
}
