internal import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNQuantize
internal import RNNReport
internal import RNNSupport

/// Everything that an experiment file decides, ready for the trainer.
struct Experiment {
  /// Names the design.
  var name: String
  var seed: UInt64
  var data: Source
  /// Whether features get mean 0 and deviation 1 over the training recordings.
  var normalise: Bool
  /// Dense and float.
  var network: Network
  var training: TrainingConfiguration
  /// Nil where the file has no such part.
  var compression: Compression?
  var quantization: Quantization?
  /// The share of the training recordings that is kept out of training to select epochs by.
  var validationShare: Double

  /// The seed as files hold it: options and files give none above 2^63 - 1.
  var recordedSeed: Int { Int(clamping: seed) }

  /// Where examples come from, and what is wanted of them.
  enum Source {
    /// Recordings, made into features and classified by the pooled outputs.
    case recordings(AudioDataSet, frontEnd: FrontEndConfiguration, pooling: ModelTask.Pooling)
    /// A folder of input arrays and of the outputs wanted at every step.
    case arrays(URL)
  }
  struct Compression {
    var method: CompressionMethod
    var assignment: StructureAssignment
    var penalties: [Double]
    var epochsPerRound: Int
    var training: TrainingConfiguration
    var fineTuning: TrainingConfiguration?
  }
  struct Quantization {
    var policy: QuantizationPolicy
    var fineTuning: TrainingConfiguration?
  }
}

/// The data of an experiment as features, normalised by the training recordings.
struct ExperimentData {
  /// Nil where nothing is classified.
  var task: ModelTask?
  var training: SequenceSet
  var validation: SequenceSet?
  var test: SequenceSet
  /// What the trainer learns from.
  var trainingTask: TrainingTask {
    TrainingTask(training: training, validation: validation, loss: loss)
  }
  var loss: any Loss {
    guard let task else { return MeanSquaredError() }
    return CrossEntropy(.sequence(task.pooling == .mean ? .mean : .last))
  }

  /// Reads the examples; of recordings it computes the features.
  ///
  /// - Parameter normalisation: that of a trained model; nil fits one to the training recordings.
  init(_ experiment: Experiment, normalisation: FeatureNormalisation?) throws {
    switch experiment.data {
    case .recordings(let set, let frontEnd, let pooling):
      try self.init(
        set, frontEnd: frontEnd, pooling: pooling, experiment, normalisation: normalisation)
    case .arrays(let folder): try self.init(arrays: folder, experiment)
    }
  }

  private init(arrays folder: URL, _ experiment: Experiment) throws {
    let network = experiment.network
    func set(_ split: ArraySequences.Split) throws -> SequenceSet {
      let arrays = try ArraySequences(
        folder: folder, split: split, features: network.inputSize, outputs: network.outputSize)
      return SequenceSet(
        features: network.inputSize, sequences: arrays.inputs,
        targets: arrays.targets.map { .values($0) })
    }
    let all = try set(.train)
    test = try set(.test)
    let held = Self.heldOut(
      [Int](repeating: 0, count: all.count), share: experiment.validationShare)
    training = all.subset(all.sequences.indices.filter { !held.contains($0) })
    validation = held.isEmpty ? nil : all.subset(held.sorted())
  }

  private init(
    _ set: AudioDataSet, frontEnd configuration: FrontEndConfiguration,
    pooling: ModelTask.Pooling, _ experiment: Experiment, normalisation: FeatureNormalisation?
  ) throws {
    var fitted = normalisation
    if fitted == nil, experiment.normalise {
      let plain = try LogMelFrontEnd(configuration)
      let sequences = try set.load(.train, frontEnd: plain)
      fitted = FeatureNormalisation(
        fitting: sequences.sequences, features: sequences.featureCount)
    }
    let frontEnd = try LogMelFrontEnd(configuration, normalisation: fitted)
    let train = try set.load(.train, frontEnd: frontEnd)
    let test = try set.load(.test, frontEnd: frontEnd)
    task = ModelTask(
      labels: set.classes, pooling: pooling, frontEnd: configuration, normalisation: fitted)
    self.test = Self.set(test)
    let all = Self.set(train)
    let held = Self.heldOut(train.labels, share: experiment.validationShare)
    training = all.subset(all.sequences.indices.filter { !held.contains($0) })
    validation = held.isEmpty ? nil : all.subset(held.sorted())
  }

  private static func set(_ sequences: RNNInterchange.LabelledSequences) -> SequenceSet {
    SequenceSet(
      features: sequences.featureCount, sequences: sequences.sequences,
      targets: sequences.labels.map { .label($0) })
  }

  /// Every k-th recording of every class, so that the split depends on nothing but the order of the data.
  private static func heldOut(_ labels: [Int], share: Double) -> Set<Int> {
    guard share > 0 else { return [] }
    var seen: [Int: Int] = [:]
    var held: Set<Int> = []
    for (i, label) in labels.enumerated() {
      let n = seen[label, default: 0]
      seen[label] = n + 1
      // The n-th of a class is held out when the running total passes a whole number.
      if Int(saturating: Double(n + 1) * share) > Int(saturating: Double(n) * share) {
        held.insert(i)
      }
    }
    return held
  }
}

extension ExperimentData {
  /// The main figure of an evaluation under its name: an accuracy, or a loss where nothing is classified.
  ///
  /// - Parameter suffix: follows `testAccuracy` or `testLoss`.
  func figure(_ value: Evaluation, suffix: String = "") -> (name: String, value: Double) {
    task == nil ? ("testLoss\(suffix)", value.loss) : ("testAccuracy\(suffix)", value.metric)
  }
  /// The accuracy, where there is one, and the loss, under their names.
  func figures(_ value: Evaluation) -> [(name: String, value: Double)] {
    (task == nil ? [] : [figure(value)]) + [("testLoss", value.loss)]
  }
  /// The main figure in words.
  func text(_ value: Evaluation) -> String {
    task == nil
      ? "loss \(Figures.significant(value.loss)) on \(test.count) test sequences"
      : "\(Figures.fixed(100 * value.metric, 1)) % of \(test.count) test recordings right"
  }
}
