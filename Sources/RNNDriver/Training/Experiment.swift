internal import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNQuantize

/// Everything that an experiment file decides, ready for the trainer.
struct Experiment {
  /// Names the design.
  var name: String
  var seed: UInt64
  var data: AudioDataSet
  var frontEnd: FrontEndConfiguration
  /// Whether features get mean 0 and deviation 1 over the training recordings.
  var normalise: Bool
  var pooling: ModelTask.Pooling
  /// Dense and float.
  var network: Network
  var training: TrainingConfiguration
  /// Nil where the file has no such part.
  var compression: Compression?
  var quantization: Quantization?
  /// The share of the training recordings that is kept out of training to select epochs by.
  var validationShare: Double

  struct Compression {
    var method: CompressStage.Method
    var assignment: BlockAssignment
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
  var task: ModelTask
  var training: SequenceSet
  var validation: SequenceSet?
  var test: SequenceSet
  /// What the trainer learns from.
  var trainingTask: TrainingTask {
    TrainingTask(training: training, validation: validation, loss: loss)
  }
  var loss: CrossEntropy { CrossEntropy(.sequence(pooling)) }
  var pooling: Pooling { task.pooling == .mean ? .mean : .last }

  /// Reads the recordings and computes their features.
  ///
  /// - Parameter normalisation: that of a trained model; nil fits one to the training recordings.
  init(_ experiment: Experiment, normalisation: FeatureNormalisation?) throws {
    var fitted = normalisation
    if fitted == nil, experiment.normalise {
      let plain = try LogMelFrontEnd(experiment.frontEnd)
      let sequences = try experiment.data.load(.train, frontEnd: plain)
      fitted = FeatureNormalisation(
        fitting: sequences.sequences, features: sequences.featureCount)
    }
    let frontEnd = try LogMelFrontEnd(experiment.frontEnd, normalisation: fitted)
    let train = try experiment.data.load(.train, frontEnd: frontEnd)
    let test = try experiment.data.load(.test, frontEnd: frontEnd)
    task = ModelTask(
      labels: experiment.data.classes, pooling: experiment.pooling,
      frontEnd: experiment.frontEnd, normalisation: fitted)
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
      if Int(Double(n + 1) * share) > Int(Double(n) * share) { held.insert(i) }
    }
    return held
  }
}
