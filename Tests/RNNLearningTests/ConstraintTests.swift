import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// What training may not change, and the sets that it keeps parameters in.
@Suite struct ConstraintTests {
  static let rules: [OptimizerRule] = [
    .sgd(momentum: 0), .sgd(momentum: 0.9), .adam, .rmsprop(decay: 0.9, epsilon: 1e-8),
  ]
  static func orthogonal(rebase: Int) throws -> Network {
    Network(layers: [
      try Layer(
        name: "rnn", cell: "orthogonal", inputSize: 2, units: 6,
        options: [.init("rebase", .int(rebase)), .init("angles", .choice("henaff"))]),
      EngineCase.layer(DenseLayer.self, 6, 2, name: "readout"),
    ])
  }
  static func configuration(_ rule: OptimizerRule, epochs: Int = 3) -> TrainingConfiguration {
    TrainingConfiguration(
      epochs: epochs, batchSize: 8, learningRate: 0.05, optimizer: rule, seed: 4,
      orthogonalLearningRate: 0.01)
  }
  static func run(
    _ network: Network, _ configuration: TrainingConfiguration,
    checkpoint: CheckpointPolicy? = nil, isCancelled: @escaping () -> Bool = { false }
  ) throws -> TrainingResult {
    try Trainer(
      network: network, task: LearningCases.signOfSumTask(training: 40, validation: 10),
      configuration: configuration
    ).run(
      from: initialWeights(network, seed: 3), checkpoint: checkpoint, isCancelled: isCancelled)
  }

  @Test(arguments: rules) func fixedParametersStayTheSameBits(_ rule: OptimizerRule) throws {
    var network = LearningCases.classifier(GRUCell.self, inputs: 2, units: 3, classes: 2)
    network.layers[0].graph.parameters[1].isTrainable = false
    network.layers[1].graph.parameters[1].isTrainable = false
    let start = initialWeights(network, seed: 3)
    let end = try Self.run(network, Self.configuration(rule)).weights
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        #expect((start.values[l][p] == end.values[l][p]) == !parameter.isTrainable)
      }
    }
  }

  @Test(arguments: rules) func limitsHoldBeforeEveryStepAndAtTheEnd(_ rule: OptimizerRule) throws {
    var network = LearningCases.classifier(ElmanCell.self, inputs: 2, units: 3, classes: 2)
    // The initial values lie outside.
    network.layers[0].graph.parameters[0].limits = 0.8...0.85
    let end = try Self.run(network, Self.configuration(rule)).weights
    #expect(end.values[0][0].allSatisfy { $0 >= 0.8 && $0 <= 0.85 })
    #expect(end.values[0][0].contains { $0 > 0.8 })
    #expect(end.values[0][1].contains { abs($0) < 0.8 })
  }

  @Test func clampingKeepsNaN() {
    var network = LearningCases.classifier(ElmanCell.self, inputs: 1, units: 1, classes: 2)
    network.layers[0].graph.parameters[0].limits = -1...Double.greatestFiniteMagnitude
    var weights = initialWeights(network, seed: 1)
    for (value, wanted) in [(-3, -1), (2, 2), (1e30, 1e30)] as [(Float, Float)] {
      weights.values[0][0] = [value]
      weights.clamp(to: network)
      #expect(weights.values[0][0] == [wanted])
    }
    weights.values[0][0] = [.nan]
    weights.clamp(to: network)
    #expect(weights.values[0][0][0].isNaN)
  }

  @Test(arguments: [0, 1, 3], rules)
  func orthogonalMatricesStayOrthogonalAndLearn(_ rebase: Int, _ rule: OptimizerRule) throws {
    let network = try Self.orthogonal(rebase: rebase)
    let place = try #require(
      network.layers[0].graph.parameters.firstIndex { $0.name == "weight_h" })
    let start = initialWeights(network, seed: 3).values[0][place]
    let end = try Self.run(network, Self.configuration(rule)).weights.values[0][place]
    for i in 0..<6 {
      for j in 0..<6 {
        let dot = (0..<6).reduce(0.0) {
          $0 + Double(end[6 * $1 + i]) * Double(end[6 * $1 + j])
        }
        #expect(abs(dot - (i == j ? 1 : 0)) < 1e-6)
      }
    }
    #expect(zip(start, end).contains { abs($0 - $1) > 0.01 })
  }

  @Test(arguments: [0, 2]) func orthogonalTrainingResumesToTheSameBits(_ rebase: Int) throws {
    let folder = try LearningCases.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let network = try Self.orthogonal(rebase: rebase)
    let configuration = Self.configuration(.adam, epochs: 4)
    let straight = folder.appendingPathComponent("straight")
    let expected = try Self.run(
      network, configuration, checkpoint: .init(url: straight, resume: false))
    // 40 sequences in batches of 8: stop in the third epoch.
    let url = folder.appendingPathComponent("stopped")
    var asked = 0
    let text = LearningCases.error {
      _ = try Self.run(network, configuration, checkpoint: .init(url: url, resume: true)) {
        asked += 1
        return asked > 12
      }
    }
    #expect(text.contains("interrupted in epoch 3"))
    let resumed = try Self.run(network, configuration, checkpoint: .init(url: url, resume: true))
    #expect(resumed == expected)
    #expect(try Data(contentsOf: url) == Data(contentsOf: straight))
    // Another way of keeping the matrix orthogonal is another training.
    let refused = LearningCases.error {
      _ = try Self.run(
        try Self.orthogonal(rebase: 5), configuration, checkpoint: .init(url: url, resume: true))
    }
    #expect(refused.contains("differs in network"))
  }

  /// Checkpoints from before doubles, limits and the rest must still be read.
  @Test func ordinaryTrainingsWriteTheOldCheckpoint() throws {
    let file = CheckpointFile(kind: "train", fields: .null, arrays: [.init("a", [1, -2])])
    #expect(!String(decoding: file.data, as: UTF8.self).contains("doubles"))
    let settings = TrainingConfiguration(epochs: 1, batchSize: 1, learningRate: 1, seed: 1).json
    for key in ["orthogonalLearningRate", "gradientNorms", "learning"] {
      #expect(settings[key] == nil)
    }
    let folder = try LearningCases.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appendingPathComponent("file")
    for doubles in [[], [CheckpointFile.NamedDoubles("d", [0.1, -1e-300]), .init("e", [])]] {
      var other = file
      other.doubles = doubles
      try other.write(to: url)
      #expect(try CheckpointFile(contentsOf: url) == other)
    }
  }

  @Test func divergenceOfAnOrthogonalMatrixIsNamed() throws {
    let network = try Self.orthogonal(rebase: 1)
    var configuration = Self.configuration(.adam)
    configuration.orthogonalLearningRate = 1e300
    let text = LearningCases.error { _ = try Self.run(network, configuration) }
    #expect(text.contains("train epoch 1") && text.contains("training diverged"), "\(text)")
  }
}
