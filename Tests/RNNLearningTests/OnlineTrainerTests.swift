import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct OnlineTrainerTests {
  private static let network = Network(layers: [
    EngineCase.layer(ElmanCell.self, 2, 3, name: "rnn"),
    EngineCase.layer(DenseLayer.self, 3, 1, name: "readout"),
  ])
  private static let weights = initialWeights(network, seed: 5)

  /// Sequences of two numbers per step; what to say at every step is half their sum.
  private static func set(_ count: Int, _ generator: inout SplitMix64) -> SequenceSet {
    var set = SequenceSet(features: 2, sequences: [], targets: [])
    for _ in 0..<count {
      let values = (0..<6).map { _ in Float(generator.uniform(-1, 1)) }
      set.sequences.append(values)
      set.targets.append(.values((0..<3).map { (values[2 * $0] + values[2 * $0 + 1]) / 2 }))
    }
    return set
  }

  private static func configuration(rounds: Int) -> TrainingConfiguration {
    TrainingConfiguration(epochs: rounds, batchSize: 4, learningRate: 0.02, seed: 9)
  }

  private static func trainer(
    rounds: Int, updates: Int, goal: Double, source: @escaping OnlineTrainer.Source = Self.set
  ) -> OnlineTrainer {
    OnlineTrainer(
      network: network, loss: MeanSquaredError(), configuration: configuration(rounds: rounds),
      updatesPerRound: updates, goal: goal, source: source)
  }

  @Test func noSequenceIsSeenTwice() throws {
    final class Log { var sequences: [[Float]] = [] }
    let log = Log()
    let result = try Self.trainer(rounds: 5, updates: 2, goal: 0) { count, generator in
      let set = Self.set(count, &generator)
      log.sequences += set.sequences
      return set
    }.run(from: Self.weights)
    // The first round's set is made once more, for the checks.
    #expect(log.sequences.count == 6 * 8)
    #expect(Set(log.sequences).count == 5 * 8)
    #expect(result.curve.count == 5)
    #expect(result.goalUpdate == nil)
  }

  /// With one update a round, the curve holds the loss of every batch: the smoothed loss follows from it.
  @Test func theGoalIsReachedWhenTheSmoothedLossIsBelowIt() throws {
    let all = try Self.trainer(rounds: 60, updates: 1, goal: 0).run(from: Self.weights)
    var smoothed = all.curve[0].loss
    var course = [smoothed]
    for record in all.curve.dropFirst() {
      smoothed = 0.95 * smoothed + 0.05 * record.loss
      course.append(smoothed)
    }
    #expect(abs(all.smoothedLoss - smoothed) < 1e-12)
    let goal = course[40]
    let reached = try #require(course.firstIndex { $0 < goal * 1.000001 }) + 1
    let run = try Self.trainer(rounds: 60, updates: 1, goal: goal * 1.000001).run(
      from: Self.weights)
    #expect(run.goalUpdate == reached)
    #expect(run.curve.count == reached)
  }

  @Test func aResumedTrainingEndsInTheSameBits() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("checkpoint")
      let whole = try Self.trainer(rounds: 6, updates: 3, goal: 0).run(from: Self.weights)
      var rounds = 0
      #expect(throws: ToolError.self) {
        try Self.trainer(rounds: 6, updates: 3, goal: 0).run(
          from: Self.weights, checkpoint: CheckpointPolicy(url: url, resume: true),
          isCancelled: { rounds == 2 }, progress: { _ in rounds += 1 })
      }
      let rest = try Self.trainer(rounds: 6, updates: 3, goal: 0).run(
        from: Self.weights, checkpoint: CheckpointPolicy(url: url, resume: true))
      #expect(rest == whole)
      // A finished training is only read back.
      let again = try Self.trainer(rounds: 6, updates: 3, goal: 0).run(
        from: Self.weights, checkpoint: CheckpointPolicy(url: url, resume: true),
        isCancelled: { true })
      #expect(again == whole)
      #expect(throws: DiagnosticsEmitted.self) {
        try Self.trainer(rounds: 6, updates: 2, goal: 0).run(
          from: Self.weights, checkpoint: CheckpointPolicy(url: url, resume: true))
      }
    }
  }
}
