import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

@Suite struct AdmmTests {
  // MARK: - One matrix

  static func matrix(_ weights: [Float]) -> AdmmMatrix {
    AdmmMatrix(
      layer: 0, parameter: 0, path: "l.w",
      target: Parameter(
        name: "w", rows: 2, columns: 3, structure: .blockCirculant(block: 2),
        initializer: .constant(0)), weights: weights)
  }

  @Test func oneRoundByHand() {
    // Blocks of 2 x 2 and 2 x 1: diagonals (0,0)(1,1); (1,0)(0,1); (0,2); (1,2).
    var m = AdmmTests.matrix([1, 2, 3, 4, 5, 6])
    #expect(m.z == [3, 3, 3, 3, 3, 6])
    #expect(m.u == [0, 0, 0, 0, 0, 0])
    let residual = m.update(weights: [2, 2, 3, -4, 6, 6])
    #expect(m.z == [4, -1, 3, -1, 4, 6])
    #expect(m.u == [-2, 3, 0, -3, 2, 0])
    // |W - Z|^2 = 4 + 9 + 9 + 4, |W|^2 = 105; |Z - previous|^2 = 1 + 16 + 16 + 1, |Z|^2 = 79.
    #expect(abs(residual.primal - (26.0 / 105).squareRoot()) < 1e-9)
    #expect(abs(residual.dual - (34.0 / 79).squareRoot()) < 1e-9)
    // Z now projects W + U, not W.
    _ = m.update(weights: [3, 0, 0, 0, 0, 1])
    #expect(m.z == [1.5, 0, 0, 0, 1.5, 1])
    #expect(m.u == [-0.5, 3, 0, -3, 0.5, 0])
    m.rescale(from: 0.01, to: 0.1)
    for (got, wanted) in zip(m.u, [-0.05, 0.3, 0, -0.3, 0.05, 0] as [Float]) {
      #expect(abs(got - wanted) < 1e-7)
    }
  }

  @Test func penaltyAgreesWithFiniteDifferences() {
    var m = AdmmTests.matrix([1, 2, 3, 4, 5, 6])
    _ = m.update(weights: [2, 2, 3, -4, 6, 6])
    let weights: [Float] = [1, -2, 0.5, 3, 0, -1]
    func value(_ w: [Float]) -> Double {
      var unused = [Float](repeating: 0, count: 6)
      return m.addPenalty(0.3, weights: w, gradients: &unused)
    }
    var gradients = [Float](repeating: 1, count: 6)
    #expect(m.addPenalty(0.3, weights: weights, gradients: &gradients) == value(weights))
    for i in weights.indices {
      var up = weights
      var down = weights
      up[i] += 0.125
      down[i] -= 0.125
      #expect(abs((value(up) - value(down)) / 0.25 - Double(gradients[i] - 1)) < 1e-5)
    }
  }

  // MARK: - Structures

  static let network = LearningCases.classifier(LSTMCell.self, inputs: 3, units: 5, classes: 2)

  @Test func restructuringKeepsTheFunctionOfCirculantWeights() throws {
    let network = AdmmTests.network
    let assignment = StructureAssignment([
      .init(layer: "rnn", parameter: "i.weight_x", structure: .blockCirculant(block: 4)),
      .init(layer: "rnn", parameter: "f.weight_h", structure: .blockCirculant(block: 3)),
      .init(layer: "readout", parameter: "weight", structure: .blockCirculant(block: 2)),
    ])
    let circulant = network.restructured(assignment)
    #expect(circulant.storedCount < network.storedCount)
    let stored = initialWeights(circulant, seed: 4)
    let dense = circulant.projected(stored, to: network).weights
    let set = LearningCases.signOfSum(count: 1, seed: 1)
    let sequence = set.sequences[0] + set.sequences[0] + set.sequences[0]
    let x = SequenceBatch(sequences: [sequence], features: 3)
    let a = try NetworkEngine(network: circulant, weights: stored).forward(x).sequence(0)
    let b = try NetworkEngine(network: network, weights: dense).forward(x).sequence(0)
    #expect(!a.isEmpty && a.count == b.count)
    for (u, v) in zip(a, b) { #expect(abs(u - v) < 1e-5) }
    // Other matrices are untouched, and expanding what was projected changes nothing any more.
    let projected = network.projected(
      initialWeights(network, seed: 4), to: circulant
    ).weights
    let expanded = circulant.projected(projected, to: network).weights
    #expect(network.projected(expanded, to: circulant).weights == projected)
    #expect(projected.values[0][1] == initialWeights(network, seed: 4).values[0][1])
  }

  @Test func assignmentsThatDoNotFitAreRefusedWithEveryFinding() throws {
    let network = AdmmTests.network
    let all = StructureAssignment.recurrentLayers(
      of: network, structure: .blockCirculant(block: 4))
    #expect(all.entries.count == 8)
    #expect(
      all.entries.allSatisfy { $0.layer == "rnn" && $0.structure == .blockCirculant(block: 4) })
    var sink = DiagnosticSink(stage: "compress")
    all.check(against: network, into: &sink)
    #expect(sink.diagnostics.isEmpty)
    StructureAssignment([
      .init(layer: "nowhere", parameter: "w", structure: .blockCirculant(block: 4)),
      .init(layer: "rnn", parameter: "i.bias", structure: .blockCirculant(block: 4)),
      .init(layer: "rnn", parameter: "i.weight_x", structure: .bankBalanced(bank: 9, kept: 1)),
      .init(layer: "rnn", parameter: "i.weight_x", structure: .blockCirculant(block: 4)),
      .init(layer: "rnn", parameter: "o.weight_x", structure: .blockCirculant(block: 6)),
    ]).check(against: network, into: &sink)
    #expect(
      sink.diagnostics.map { $0.path } == [
        "nowhere.w", "rnn.i.bias", "rnn.i.weight_x", "rnn.i.weight_x", "rnn.o.weight_x",
      ])
    var again = DiagnosticSink(stage: "compress")
    StructureAssignment.recurrentLayers(of: network, structure: .blockCirculant(block: 2)).check(
      against: network.restructured(all), into: &again)
    #expect(again.diagnostics.count == 8)
  }

  @Test func badConfigurationsAreRefused() throws {
    let network = AdmmTests.network
    let training = TrainingConfiguration(
      epochs: 5, batchSize: 4, learningRate: 0.1, seed: 1, selection: .best)
    var configuration = AdmmConfiguration(
      assignment: StructureAssignment([]), penalties: [0.1, -1], training: training, fineTuning: nil
    )
    func text() -> String {
      LearningCases.error {
        var task = LearningCases.signOfSumTask(training: 9, validation: 3)
        task.training.features = 1
        task.training.sequences = task.training.sequences.map { Array($0.prefix(3)) }
        let narrow = LearningCases.classifier(LSTMCell.self, inputs: 1, units: 5, classes: 2)
        task.validation = nil
        _ = try Admm(network: narrow, task: task, configuration: configuration)
      }
    }
    #expect(network.inputSize == 3)
    for path in [
      "admm.structures", "admm.penalties[1]", "admm.training.epochs", "admm.training.selection",
    ] {
      #expect(text().contains("\(path):"), "\(path) in \(text())")
    }
    configuration.penalties = []
    #expect(text().contains("there is no stage"))
    configuration.epochsPerRound = 0
    #expect(text().contains("admm.epochsPerRound"))
  }

  // MARK: - Whole runs

  /// A convex problem: a linear readout fitted to a dense teacher.
  static func linearTask() -> TrainingTask {
    var generator = SplitMix64(seed: 21)
    let teacher = (0..<20).map { _ in generator.uniform(-1, 1) }
    var sequences: [[Float]] = []
    var targets: [SequenceTarget] = []
    for _ in 0..<24 {
      let x = (0..<10).map { _ in generator.uniform(-1, 1) }
      let y = (0..<8).map { i -> Double in
        let (step, row) = (i / 4, i % 4)
        var sum = 0.0
        for k in 0..<5 { sum += teacher[row * 5 + k] * x[step * 5 + k] }
        return sum
      }
      sequences.append(x.map { Float($0) })
      targets.append(.values(y.map { Float($0) }))
    }
    return TrainingTask(
      training: SequenceSet(features: 5, sequences: sequences, targets: targets), validation: nil,
      loss: MeanSquaredError())
  }

  @Test func convergesToTheConstrainedOptimumOfAConvexProblem() throws {
    let network = Network(layers: [EngineCase.layer(DenseLayer.self, 5, 4, name: "y")])
    let task = AdmmTests.linearTask()
    let assignment = StructureAssignment([
      .init(layer: "y", parameter: "weight", structure: .blockCirculant(block: 3))
    ])
    func descent(_ epochs: Int, _ rate: Double) -> TrainingConfiguration {
      TrainingConfiguration(
        epochs: epochs, batchSize: 24, learningRate: rate, optimizer: .sgd(momentum: 0.5),
        gradientClip: nil, seed: 1)
    }
    let dense = try Trainer(network: network, task: task, configuration: descent(150, 0.5)).run(
      from: initialWeights(network, seed: 1))
    let optimum = try DirectTraining.run(
      network: network, assignment: assignment, start: .scratch(seed: 5), task: task,
      configuration: descent(150, 0.5))
    let admm = try Admm(
      network: network, task: task,
      configuration: AdmmConfiguration(
        assignment: assignment, penalties: [0.5], epochsPerRound: 5,
        training: descent(300, 0.4), fineTuning: nil)
    ).run(from: dense.weights)
    func loss(_ network: Network, _ weights: Weights) throws -> Double {
      evaluate(
        try NetworkEngine(network: network, weights: weights), on: task.training, loss: task.loss
      ).loss
    }
    let best = try loss(optimum.network, optimum.weights)
    let projectedOnce = try loss(
      optimum.network, network.projected(dense.weights, to: optimum.network).weights)
    let reached = try loss(admm.network, admm.weights)
    #expect(try loss(network, dense.weights) < 1e-4)
    #expect(best > 0.01)
    #expect(projectedOnce > best * 1.02)
    #expect(abs(reached - best) < 1e-3 * best, "\(reached) \(best) \(projectedOnce)")
    let last = try #require(admm.rounds.last)
    #expect(admm.rounds.count == 60)
    #expect(last.greatestPrimal < 1e-2 && last.greatestDual < 1e-3)
    #expect(last.greatestPrimal < admm.rounds[0].greatestPrimal / 5)
    #expect(last.residuals.map { $0.path } == ["y.weight"])
  }

  static func compression(fineTuning: Bool = true) -> AdmmConfiguration {
    AdmmConfiguration(
      assignment: .recurrentLayers(of: AdmmTests.small, structure: .blockCirculant(block: 4)),
      penalties: [0.01, 0.1],
      training: TrainingConfiguration(epochs: 4, batchSize: 7, learningRate: 0.01, seed: 3),
      fineTuning: fineTuning
        ? TrainingConfiguration(
          epochs: 2, batchSize: 7, learningRate: 0.01, seed: 4, selection: .best) : nil)
  }
  static let small = LearningCases.classifier(GRUCell.self, inputs: 2, units: 5, classes: 2)

  @Test func resumesToTheSameBits() throws {
    let folder = try LearningCases.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let task = LearningCases.signOfSumTask(training: 20, validation: 9)
    func run(
      _ policy: CheckpointPolicy?, configuration: AdmmConfiguration = AdmmTests.compression(),
      _ isCancelled: @escaping () -> Bool = { false }
    ) throws -> CompressionResult {
      try Admm(network: AdmmTests.small, task: task, configuration: configuration).run(
        from: initialWeights(AdmmTests.small, seed: 8), checkpoint: policy,
        isCancelled: isCancelled)
    }
    let straight = try run(nil)
    #expect(straight.rounds.map { $0.stage } == [1, 1, 2, 2])
    #expect(straight.rounds.map { $0.penalty } == [0.01, 0.01, 0.1, 0.1])
    #expect(straight.fineTuning?.curve.count == 2)
    #expect(straight.weights != straight.startingWeights)
    // Three batches an epoch: stops inside a stage, at the change of stage, and inside fine-tuning.
    for stop in [4, 6, 13, 16] {
      let policy = CheckpointPolicy(
        url: folder.appendingPathComponent("stop\(stop)"), resume: true)
      var asked = 0
      let text = LearningCases.error {
        _ = try run(policy) {
          asked += 1
          return asked > stop
        }
      }
      #expect(text.contains(stop < 12 ? "admm was interrupted" : "fine-tune was interrupted"))
      #expect(try run(policy) == straight)
    }
    var other = AdmmTests.compression()
    other.penalties[1] = 0.2
    let text = LearningCases.error {
      _ = try run(
        CheckpointPolicy(url: folder.appendingPathComponent("stop4"), resume: true),
        configuration: other)
    }
    #expect(text.contains("differs in settings.penalties"), "\(text)")
  }

  @Test(arguments: ["gru", "lstm"]) func holdsAccuracyOnATask(_ cell: String) throws {
    let definition = try #require(CellRegistry.named(cell))
    let network = LearningCases.classifier(definition, inputs: 2, units: 6, classes: 2)
    let task = LearningCases.signOfSumTask()
    func configuration(_ epochs: Int, _ rate: Double, best: Bool) -> TrainingConfiguration {
      TrainingConfiguration(
        epochs: epochs, batchSize: 16, learningRate: rate, schedule: .cosine(floor: 0.1), seed: 3,
        selection: best ? .best : .last)
    }
    let dense = try Trainer(
      network: network, task: task, configuration: configuration(25, 0.02, best: true)
    ).run(from: initialWeights(network, seed: 11))
    let assignment = StructureAssignment.recurrentLayers(
      of: network, structure: .blockCirculant(block: 4))
    let result = try Admm(
      network: network, task: task,
      configuration: AdmmConfiguration(
        assignment: assignment, penalties: [0.01, 0.1],
        training: configuration(8, 0.01, best: false),
        fineTuning: configuration(8, 0.01, best: true))
    ).run(from: dense.weights)
    for (layer, old) in zip(result.network.layers, network.layers) {
      for (new, parameter) in zip(layer.graph.parameters, old.graph.parameters) {
        let compressed = layer.name == "rnn" && parameter.isMatrix
        #expect(new.structure == (compressed ? .blockCirculant(block: 4) : .dense))
      }
    }
    let test = LearningCases.signOfSum(count: 200, seed: 77)
    func accuracy(_ network: Network, _ weights: Weights) throws -> Double {
      evaluate(try NetworkEngine(network: network, weights: weights), on: test, loss: task.loss)
        .metric
    }
    #expect(try accuracy(network, dense.weights) > 0.95)
    #expect(try accuracy(result.network, result.weights) > 0.95)
  }
}
