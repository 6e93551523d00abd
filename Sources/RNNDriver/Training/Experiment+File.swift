internal import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNQuantize
internal import RNNReport
internal import RNNSupport

extension Experiment {
  /// Reads an experiment file and lists its data.
  ///
  /// - Parameters:
  ///   - data: replaces the place that the file names.
  ///   - seed: replaces the file's seed.
  init(reading url: URL, data: URL?, seed: UInt64?) throws {
    let file = try ExperimentFile.read(url)
    let place = data ?? file.data.url(of: url)
    var recordings: AudioDataSet?
    switch file.data.kind {
    case .spokenDigits(let below):
      recordings = try AudioDataSet.spokenDigits(folder: place, testIndicesBelow: below)
    case .manifest: recordings = try AudioDataSet.manifest(place)
    case .sequences: recordings = nil
    }
    if let set = recordings, set.classes.count != file.network.outputSize {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "experiment", path: "\(url.relativePath):/layers",
          message: "the last layer has \(file.network.outputSize) outputs, the data has "
            + "\(set.classes.count) classes", fix: "give the last layer \(set.classes.count) units")
      )
    }
    let stored = file.network.layers.flatMap(\.graph.parameters).map(\.storedCount)
    // Weights, gradients, the optimizer's moments, and copies of them.
    try MachineMemory.check(
      [stored.reduce(0, +), 8], bytes: 4, stage: "experiment",
      path: "\(url.relativePath):/layers", what: "training the network", fix: "use fewer units")
    let seed = seed ?? UInt64(file.seed)
    var source = Source.arrays(place)
    if let recordings, let frontEnd = file.frontEnd, let pooling = file.pooling {
      source = .recordings(recordings, frontEnd: frontEnd, pooling: pooling)
    }
    self.init(
      name: file.name, seed: seed, data: source, normalise: file.normalise, network: file.network,
      training: TrainingConfiguration(file.training, seed: seed),
      compression: file.compression.map { Compression($0, seed: seed) },
      quantization: file.quantization.map { Quantization($0, seed: seed) },
      validationShare: file.data.validationShare)
  }
}

extension Experiment.Compression {
  init(_ file: ExperimentFile.Compression, seed: UInt64) {
    let assignment = StructureAssignment(
      file.blocks.map {
        .init(layer: $0.layer, parameter: $0.parameter, structure: $0.structure)
      })
    switch file.method {
    case .admm(let penalties, let epochsPerRound, let training, let fineTuning):
      self.init(
        method: .admm, assignment: assignment, penalties: penalties,
        epochsPerRound: epochsPerRound, training: TrainingConfiguration(training, seed: seed),
        fineTuning: fineTuning.map { TrainingConfiguration($0, seed: seed) })
    case .direct(let fromProjection, let training):
      self.init(
        method: fromProjection ? .projection : .direct, assignment: assignment, penalties: [],
        epochsPerRound: 1, training: TrainingConfiguration(training, seed: seed), fineTuning: nil)
    }
  }
}

extension Experiment.Quantization {
  init(_ file: ExperimentFile.Quantization, seed: UInt64) {
    var policy = QuantizationPolicy(
      weightWidth: file.weightWidth, activationWidth: file.activationWidth,
      stateWidth: file.stateWidth, internalWidth: file.internalWidth, biasWidth: file.biasWidth,
      rounding: file.rounding, margin: file.margin, tableSegments: file.tableSegments)
    if let width = file.integratorWidth { policy.integratorWidth = width }
    if let width = file.momentWidth { policy.momentWidth = width }
    self.init(
      policy: policy,
      fineTuning: file.fineTuning.map { TrainingConfiguration($0, seed: seed) })
  }
}

extension TrainingConfiguration {
  init(_ file: ExperimentFile.Training, seed: UInt64) {
    let schedule: LearningRateSchedule =
      switch file.schedule {
      case .constant: .constant
      case .step(let epochs, let factor): .step(epochs: epochs, factor: factor)
      case .cosine(let floor): .cosine(floor: floor)
      }
    let optimizer: OptimizerRule =
      switch file.optimizer {
      case .sgd(let momentum): .sgd(momentum: momentum)
      case .adam(let beta1, let beta2, let epsilon):
        .adam(beta1: beta1, beta2: beta2, epsilon: epsilon)
      case .rmsprop(let decay, let epsilon): .rmsprop(decay: decay, epsilon: epsilon)
      }
    self.init(
      epochs: file.epochs, batchSize: file.batchSize, learningRate: file.learningRate,
      schedule: schedule, optimizer: optimizer, gradientClip: file.gradientClip,
      augmentation: file.augmentation.map {
        RNNLearning.Augmentation(
          noise: $0.noise, timeMasks: $0.timeMasks, timeMaskShare: $0.timeMaskShare,
          featureMasks: $0.featureMasks, featureMaskWidth: $0.featureMaskWidth,
          stretch: $0.stretch)
      }, bucketBatches: file.bucketBatches, seed: seed,
      selection: file.selection == .best ? .best : .last,
      orthogonalLearningRate: file.orthogonalLearningRate,
      gradientNormEpochs: file.gradientNormEpochs,
      learning: file.learning.map { LocalLearning($0) },
      lyapunov: file.lyapunov.map {
        SpectrumSchedule(
          every: $0.every, segments: $0.segments, steps: $0.steps, warmUp: $0.warmUp,
          count: $0.exponents)
      })
  }
}

extension LocalLearning {
  init(_ file: ExperimentFile.Training.Learning) {
    self.init(
      credit: file.creditIsExact ? .exact : .local,
      feedback: file.feedbackIsRandom ? .random : .symmetric,
      updates: file.updatesAtEveryStep ? .everyStep : .everyTrial,
      traceInput: file.tracesTakePreviousInput ? .previous : .current,
      learnsRecurrent: file.learnsRecurrent, learnsReadout: file.learnsReadout)
  }
}

/// The files of an experiment that a stage reads.
enum ExperimentInputs {
  /// The experiment file and its data; the file alone while it cannot be read.
  static func urls(_ experiment: URL, data: URL?) -> [URL] {
    if let data { return [experiment, data] }
    guard let file = try? ExperimentFile.read(experiment) else { return [experiment] }
    return [experiment, file.data.url(of: experiment)]
  }
}
