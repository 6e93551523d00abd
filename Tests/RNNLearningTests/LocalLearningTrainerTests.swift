import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// Local rules in the place of the gradient, in the trainer.
@Suite struct LocalLearningTrainerTests {
  static func layers(cell: String = "leaky", bias: Bool = false) throws -> Network {
    Network(layers: [
      try Layer(
        name: "rate", cell: cell, inputSize: 2, units: 9,
        options: cell == "leaky" ? [.init("tau", .number(3))] : []),
      try Layer(
        name: "readout", cell: "dense", inputSize: 9, units: 2,
        options: [.init("bias", .bool(bias))]),
    ])
  }
  /// Two inputs and the wanted outputs: each input's running mean.
  static func set(_ count: Int, seed: UInt64, steps: Int = 15) -> SequenceSet {
    var generator = SplitMix64(seed: seed)
    var (sequences, targets) = ([[Float]](), [SequenceTarget]())
    for _ in 0..<count {
      let x = (0..<2 * steps).map { _ in Float(generator.uniform(-1, 1)) }
      var (a, b) = (Float(0), Float(0))
      var y: [Float] = []
      for t in 0..<steps {
        a += 0.3 * (x[2 * t] - a)
        b += 0.3 * (x[2 * t + 1] - b)
        y += [a, b]
      }
      sequences.append(x)
      targets.append(.values(y))
    }
    return SequenceSet(features: 2, sequences: sequences, targets: targets)
  }
  static var task: TrainingTask {
    TrainingTask(
      training: set(24, seed: 1), validation: set(8, seed: 2), loss: MeanSquaredError())
  }
  static func configuration(
    _ learning: LocalLearning?, epochs: Int = 5, batch: Int = 4, rate: Double = 0.2
  ) -> TrainingConfiguration {
    TrainingConfiguration(
      epochs: epochs, batchSize: batch, learningRate: rate, optimizer: .sgd(momentum: 0),
      gradientClip: nil, seed: 3, learning: learning)
  }
  static func run(
    _ learning: LocalLearning?, checkpoint: CheckpointPolicy? = nil, epochs: Int = 5,
    batch: Int = 4, rate: Double = 0.2, isCancelled: @escaping () -> Bool = { false }
  ) throws -> TrainingResult {
    let network = try layers()
    return try Trainer(
      network: network, task: task,
      configuration: configuration(learning, epochs: epochs, batch: batch, rate: rate)
    ).run(
      from: initialWeights(network, seed: 7), checkpoint: checkpoint, isCancelled: isCancelled)
  }

  @Test func exactCreditWithSymmetricFeedbackIsBackpropagation() throws {
    let engine = try Self.run(nil, epochs: 2)
    let learner = try Self.run(.exactGradient, epochs: 2)
    for (a, b) in zip(engine.weights.values.joined(), learner.weights.values.joined()) {
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 2e-6) }
    }
    #expect(abs((engine.curve[1].loss) - learner.curve[1].loss) < 1e-6)
    #expect(abs((engine.curve[1].gradientNorm) - learner.curve[1].gradientNorm) < 1e-5)
  }

  @Test(arguments: LocalLearning.Updates.allCases) func rfloLearns(
    _ updates: LocalLearning.Updates
  ) throws {
    let result = try Self.run(
      LocalLearning(updates: updates), epochs: 40, batch: updates == .everyStep ? 1 : 4)
    #expect(result.curve[39].loss < 0.4 * result.curve[0].loss)
  }

  @Test func partsThatAreNotLearntStay() throws {
    let start = initialWeights(try Self.layers(), seed: 7).values
    let readout = try Self.run(LocalLearning(learnsRecurrent: false)).weights.values
    #expect(readout[0] == start[0] && readout[1] != start[1])
    let recurrent = try Self.run(LocalLearning(learnsReadout: false)).weights.values
    #expect(recurrent[1] == start[1] && recurrent[0] != start[0])
  }

  @Test func updatesAtEveryStepAreTheLearners() throws {
    // One trial, one epoch: the same as the learner by itself, with the trainer's scale of the loss.
    let network = try Self.layers()
    let start = initialWeights(network, seed: 7)
    let set = Self.set(1, seed: 1)
    let rule = LocalLearning(updates: .everyStep)
    let result = try Trainer(
      network: network,
      task: TrainingTask(training: set, validation: nil, loss: MeanSquaredError()),
      configuration: Self.configuration(rule, epochs: 1, batch: 1)
    ).run(from: start)
    let learner = LeakyLearner(
      LeakyNetwork(network, weights: start), rule: rule,
      feedback: LeakyNetwork.randomFeedback(units: 9, outputs: 2, seed: 3))
    guard case .values(let wanted) = set.targets[0] else { return }
    for t in 0..<15 {
      let y = learner.advance([0, 1].map { Double(set.sequences[0][2 * t + $0]) })
      learner.credit(
        [0, 1].map { (Double(wanted[2 * t + $0]) - y[$0]) * 2 / 30 }, applying: 0.2)
    }
    let expected = learner.network.weights(of: network)
    #expect(expected != start)
    for (a, b) in zip(result.weights.values.joined(), expected.values.joined()) {
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-6) }
    }
  }

  @Test func resumesToTheSameBits() throws {
    let folder = try LearningCases.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let straight = try Self.run(.rflo)
    // 24 trials in batches of 4 are 6 batches an epoch.
    for stop in [2, 6, 17] {
      let policy = CheckpointPolicy(
        url: folder.appendingPathComponent("stop\(stop)"), resume: true)
      var asked = 0
      let text = LearningCases.error {
        _ = try Self.run(.rflo, checkpoint: policy) {
          asked += 1
          return asked > stop
        }
      }
      #expect(text.contains("train was interrupted in epoch \(stop / 6 + 1) of 5"))
      #expect(try Self.run(.rflo, checkpoint: policy) == straight)
    }
    // Another rule is another training.
    let policy = CheckpointPolicy(url: folder.appendingPathComponent("stop6"), resume: true)
    let text = LearningCases.error {
      _ = try Self.run(LocalLearning(feedback: .symmetric), checkpoint: policy)
    }
    #expect(text.contains("settings.learning.feedback"), "\(text)")
  }

  @Test func divergenceIsAnError() throws {
    let text = LearningCases.error { _ = try Self.run(.rflo, epochs: 30, rate: 1e6) }
    #expect(text.contains("training diverged"), "\(text)")
  }

  @Test func refusesOtherNetworksByTheirLayers() throws {
    func text(_ network: Network, _ learning: LocalLearning = .rflo, _ task: TrainingTask)
      -> String
    {
      LearningCases.error {
        _ = try Trainer(
          network: network, task: task, configuration: Self.configuration(learning))
      }
    }
    let gru = text(try Self.layers(cell: "gru"), .rflo, Self.task)
    #expect(gru.contains("rate") && gru.contains("this one is gru"), "\(gru)")
    let bias = text(try Self.layers(bias: true), .rflo, Self.task)
    #expect(bias.contains("readout: the readout of local learning has no bias"), "\(bias)")
    let single = text(
      Network(layers: [try Self.layers().layers[0]]), .rflo,
      TrainingTask(
        training: SequenceSet(
          features: 2, sequences: [[1, 2]], targets: [.values([Float](repeating: 0, count: 9))]),
        validation: nil, loss: MeanSquaredError()))
    #expect(single.contains("not 1 layers"), "\(single)")
    var circulant = try Self.layers()
    circulant.layers[0].graph.parameters[1].structure = .blockCirculant(block: 2)
    #expect(text(circulant, .rflo, Self.task).contains("rate.weight_h"))
    let labels = TrainingTask(
      training: LearningCases.signOfSum(count: 3, seed: 1), validation: nil,
      loss: CrossEntropy(.sequence(.last)))
    let steps = text(try Self.layers(), LocalLearning(updates: .everyStep), labels)
    #expect(steps.contains("learning.updates"), "\(steps)")
    #expect(
      text(try Self.layers(), LocalLearning(credit: .exact, updates: .everyStep), Self.task)
        .contains("exact credit is known at the end of a trial only"))
  }
}
