import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

@Suite struct TrainerTests {
  @Test(arguments: ["gru", "lstm"]) func learnsTheSignOfASum(_ cell: String) throws {
    let definition = try #require(CellRegistry.named(cell))
    let network = LearningCases.classifier(definition, inputs: 2, units: 7, classes: 2)
    let configuration = TrainingConfiguration(
      epochs: 25, batchSize: 16, learningRate: 0.02, schedule: .cosine(floor: 0.05), seed: 3,
      selection: .best)
    let trainer = try Trainer(
      network: network, task: LearningCases.signOfSumTask(), configuration: configuration)
    var notes: [EpochProgress] = []
    let result = try trainer.run(
      from: initialWeights(network, seed: 11), progress: { notes.append($0) })
    #expect(result.curve.count == 25)
    #expect(notes.map { $0.record } == result.curve)
    let best = try #require(result.curve[result.epoch - 1].validationMetric)
    #expect(best > 0.95)
    #expect(best == result.curve.compactMap { $0.validationMetric }.max())
    #expect(result.curve[24].loss < result.curve[0].loss / 2)
    // The weights belong to the selected epoch, and unseen sequences confirm it.
    let engine = try NetworkEngine(network: network, weights: result.weights)
    let loss = CrossEntropy(.sequence(.last))
    let validation = try #require(LearningCases.signOfSumTask().validation)
    #expect(abs(evaluate(engine, on: validation, loss: loss).metric - best) < 1e-12)
    let test = LearningCases.signOfSum(count: 200, seed: 77)
    let accuracy = evaluate(engine, on: test, loss: loss).metric
    #expect(accuracy > 0.95)
    let classes = classify(engine, test, pooling: .last)
    let right = zip(classes, test.targets).count { .label($0) == $1 }
    #expect(Double(right) / 200 == accuracy)
  }

  @Test func learnsFramesWithSgdAndMeanPooling() throws {
    // Each step's class is whether the previous step's input was positive: needs one step of memory.
    var generator = SplitMix64(seed: 5)
    func set(_ count: Int) -> SequenceSet {
      let sequences = (0..<count).map { _ in
        (0..<3 + generator.below(6)).map { _ in Float(generator.uniform(-1, 1)) }
      }
      return SequenceSet(
        features: 1, sequences: sequences,
        targets: sequences.map { s in
          .labels(s.indices.map { $0 > 0 && s[$0 - 1] > 0 ? 1 : 0 })
        })
    }
    let network = LearningCases.classifier(ElmanCell.self, inputs: 1, units: 6, classes: 2)
    let trainer = try Trainer(
      network: network,
      task: TrainingTask(training: set(120), validation: set(60), loss: CrossEntropy(.frame)),
      configuration: TrainingConfiguration(
        epochs: 20, batchSize: 8, learningRate: 0.2, optimizer: .sgd(momentum: 0.9), seed: 1))
    let result = try trainer.run(from: initialWeights(network, seed: 1))
    #expect(result.epoch == 20)
    #expect(try #require(result.curve.last?.validationMetric) > 0.93)
  }

  // MARK: - Reproducibility and checkpoints

  /// A short training in which everything that has state is switched on.
  static let configuration = TrainingConfiguration(
    epochs: 4, batchSize: 7, learningRate: 0.01, schedule: .cosine(floor: 0.1),
    augmentation: Augmentation(
      noise: 0.1, timeMasks: 1, timeMaskShare: 0.3, featureMasks: 1, featureMaskWidth: 1,
      stretch: 0.2), bucketBatches: 2, seed: 9, selection: .best)
  static let network = LearningCases.classifier(GRUCell.self, inputs: 2, units: 3, classes: 2)

  static func run(
    _ checkpoint: CheckpointPolicy? = nil, configuration: TrainingConfiguration = configuration,
    task: TrainingTask = LearningCases.signOfSumTask(training: 30, validation: 10),
    weightSeed: UInt64 = 2, phase: String = "train", isCancelled: @escaping () -> Bool = { false }
  ) throws -> TrainingResult {
    try Trainer(network: network, task: task, configuration: configuration, phase: phase).run(
      from: initialWeights(network, seed: weightSeed), checkpoint: checkpoint,
      isCancelled: isCancelled)
  }

  @Test func sameSeedGivesSameBitsAndAnotherSeedOthers() throws {
    let first = try TrainerTests.run()
    #expect(try TrainerTests.run() == first)
    var other = TrainerTests.configuration
    other.seed = 10
    #expect(try TrainerTests.run(configuration: other).weights != first.weights)
  }

  @Test func resumesToTheSameBitsFromAnyBatch() throws {
    let folder = try LearningCases.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let straight = try TrainerTests.run()
    let straightFile = folder.appendingPathComponent("straight")
    #expect(try TrainerTests.run(.init(url: straightFile, resume: false)) == straight)
    // 30 sequences in batches of 7 are 5 batches an epoch; stop before batch 0, 1, ... of the run.
    for stop in [0, 3, 5, 11, 19] {
      let url = folder.appendingPathComponent("stop\(stop)")
      let policy = CheckpointPolicy(url: url, resume: true)
      var asked = 0
      let text = LearningCases.error {
        _ = try TrainerTests.run(policy) {
          asked += 1
          return asked > stop
        }
      }
      #expect(
        text.contains("train was interrupted in epoch \(stop / 5 + 1) of 4"), "\(stop): \(text)")
      #expect(FileManager.default.fileExists(atPath: url.path) == (stop >= 5))
      #expect(try TrainerTests.run(policy) == straight)
      #expect(try Data(contentsOf: url) == (try Data(contentsOf: straightFile)))
    }
    // A finished training is not repeated.
    let again = try TrainerTests.run(.init(url: straightFile, resume: true)) { true }
    #expect(again == straight)
  }

  @Test func refusesDamagedAndForeignCheckpoints() throws {
    let folder = try LearningCases.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appendingPathComponent("state")
    let policy = CheckpointPolicy(url: url, resume: true)
    _ = try TrainerTests.run(policy)
    let good = try Data(contentsOf: url)
    func refusal(
      _ bytes: Data?, configuration: TrainingConfiguration = TrainerTests.configuration,
      task: TrainingTask = LearningCases.signOfSumTask(training: 30, validation: 10),
      weightSeed: UInt64 = 2, phase: String = "train"
    ) throws -> String {
      try (bytes ?? good).write(to: url)
      return LearningCases.error {
        _ = try TrainerTests.run(
          policy, configuration: configuration, task: task, weightSeed: weightSeed, phase: phase)
      }
    }
    #expect(try refusal(good).isEmpty)
    for length in [0, 5, 18, 40, good.count / 2, good.count - 1] {
      let text = try refusal(good.prefix(length))
      #expect(text.contains("state") && text.contains("checkpoint"), "\(length): \(text)")
    }
    var flipped = good
    flipped[good.count / 2] ^= 1
    #expect(try refusal(flipped).contains("truncated or damaged"))

    var other = TrainerTests.configuration
    other.learningRate = 0.5
    other.augmentation?.noise = 0.25
    let text = try refusal(nil, configuration: other)
    #expect(text.contains("settings.learningRate (0.01, now 0.5)"), "\(text)")
    #expect(text.contains("settings.augmentation.noise (0.1, now 0.25)"))
    #expect(!text.contains("trainingData"))
    #expect(
      try refusal(nil, task: LearningCases.signOfSumTask(training: 29, validation: 10))
        .contains("differs in trainingData"))
    #expect(
      try refusal(nil, task: LearningCases.signOfSumTask(training: 30, validation: 11))
        .contains("differs in validationData"))
    #expect(try refusal(nil, weightSeed: 3).contains("differs in initialWeights"))
    #expect(try refusal(nil, phase: "fine-tune").contains("written by train, this is fine-tune"))
    // Without resuming, the file is none of the new training's business and is replaced.
    _ = try TrainerTests.run(.init(url: url, resume: false), configuration: other)
    #expect(try Data(contentsOf: url) != good)
  }

  @Test func cannotWriteNamesThePath() {
    let url = URL(fileURLWithPath: "/proc/nowhere/state")
    let text = LearningCases.error { _ = try TrainerTests.run(.init(url: url, resume: false)) }
    #expect(text.contains("/proc/nowhere"))
  }

  // MARK: - Bad input and divergence

  @Test func divergenceNamesPlaceAndRemedy() throws {
    let network = Network(layers: [EngineCase.layer(DenseLayer.self, 3, 2, name: "readout")])
    var generator = SplitMix64(seed: 1)
    let sequences = (0..<8).map { _ in (0..<9).map { _ in Float(generator.uniform(-3, 3)) } }
    let task = TrainingTask(
      training: SequenceSet(
        features: 3, sequences: sequences,
        targets: sequences.map { _ in .values([1, 2, 3, 4, 5, 6]) }), validation: nil,
      loss: MeanSquaredError())
    func text(rate: Double, clip: Double?) -> String {
      LearningCases.error {
        let configuration = TrainingConfiguration(
          epochs: 60, batchSize: 2, learningRate: rate, optimizer: .sgd(momentum: 0),
          gradientClip: clip, seed: 1)
        _ = try Trainer(network: network, task: task, configuration: configuration).run(
          from: initialWeights(network, seed: 1))
      }
    }
    #expect(text(rate: 0.01, clip: nil).isEmpty)
    let exploded = text(rate: 100, clip: nil)
    #expect(exploded.contains("train epoch "), "\(exploded)")
    #expect(exploded.contains("batch ") || exploded.contains("after its last batch"))
    #expect(exploded.contains("training diverged"))
    #expect(exploded.contains("set gradientClip"))
    #expect(exploded.contains("lower learningRate from 100.0 to 10.0"))
    #expect(text(rate: 3e38, clip: 1).contains("or gradientClip"))
  }

  @Test func hugeFeaturesAreBlamedBeforeTheFirstUpdate() throws {
    let network = Network(layers: [EngineCase.layer(DenseLayer.self, 1, 1, name: "readout")])
    let task = TrainingTask(
      training: SequenceSet(features: 1, sequences: [[3e38]], targets: [.values([-3e38])]),
      validation: nil, loss: MeanSquaredError())
    let text = LearningCases.error {
      _ = try Trainer(
        network: network, task: task,
        configuration: TrainingConfiguration(
          epochs: 1, batchSize: 1, learningRate: 0.1, gradientClip: nil, seed: 1)
      ).run(from: Weights(values: [[[1], [0]]]))
    }
    #expect(text.contains("train epoch 1, batch 1 of 1"), "\(text)")
    #expect(text.contains("normalise the features"))
  }

  @Test func badTasksAreRefusedWithEveryFinding() throws {
    var task = LearningCases.signOfSumTask(training: 30, validation: 10)
    task.training.sequences[3][4] = .nan
    task.training.sequences[5] = []
    task.training.sequences[6].removeLast()
    task.validation?.targets[2] = .label(2)
    let text = LearningCases.error { _ = try TrainerTests.run(task: task) }
    #expect(text.contains("training[3]: feature 0 of step 2 is nan"), "\(text)")
    #expect(text.contains("training[5]: 0 values"))
    #expect(text.contains("training[6]"))
    #expect(text.contains("validation[2]: label 2 is outside the network's 2 outputs"))

    var wide = LearningCases.signOfSumTask(training: 30, validation: 10)
    wide.training.features = 1
    #expect(
      LearningCases.error { _ = try TrainerTests.run(task: wide) }
        .contains("the sequences have 1 features, the network 2 inputs"))
    let empty = TrainingTask(
      training: SequenceSet(features: 2, sequences: [], targets: []), validation: nil,
      loss: CrossEntropy(.sequence(.mean)))
    let emptyText = LearningCases.error { _ = try TrainerTests.run(task: empty) }
    #expect(emptyText.contains("the set has no sequences"))
  }

  @Test func badConfigurationsAreRefusedWithEveryFinding() throws {
    let bad = TrainingConfiguration(
      epochs: 0, batchSize: 0, learningRate: -1, schedule: .step(epochs: 0, factor: 1),
      optimizer: .sgd(momentum: 2), gradientClip: 0,
      augmentation: Augmentation(noise: -1, timeMasks: -1, timeMaskShare: 1, stretch: .nan),
      bucketBatches: 0, seed: 0, selection: .best)
    var task = LearningCases.signOfSumTask(training: 3, validation: 3)
    task.validation = nil
    let text = LearningCases.error { _ = try TrainerTests.run(configuration: bad, task: task) }
    for path in [
      "epochs", "batchSize", "learningRate", "schedule.epochs", "optimizer.momentum",
      "gradientClip", "augmentation.noise", "augmentation.timeMasks",
      "augmentation.timeMaskShare", "augmentation.stretch", "bucketBatches", "selection",
    ] {
      #expect(text.contains("train.\(path):"), "\(path)")
    }
    let frames = TrainingTask(
      training: SequenceSet(features: 2, sequences: [[1, 2]], targets: [.labels([0])]),
      validation: nil, loss: CrossEntropy(.frame))
    let stretched = TrainingConfiguration(
      epochs: 1, batchSize: 1, learningRate: 1, augmentation: Augmentation(stretch: 0.1), seed: 1)
    #expect(
      LearningCases.error { _ = try TrainerTests.run(configuration: stretched, task: frames) }
        .contains("targets per step cannot follow"))
  }
}
