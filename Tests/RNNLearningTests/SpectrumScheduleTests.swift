import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

/// Spectra that a training records on its way.
@Suite struct SpectrumScheduleTests {
  private let network = Network(layers: [
    EngineCase.layer(GRUCell.self, 2, 3, name: "a"), EngineCase.layer(DenseLayer.self, 3, 2),
  ])
  private let schedule = SpectrumSchedule(every: 2, segments: 2, steps: 20, warmUp: 4, count: nil)

  private func trainer(_ schedule: SpectrumSchedule?) throws -> Trainer {
    var generator = SplitMix64(seed: 3)
    let set = SequenceSet(
      features: 2,
      sequences: (0..<8).map { _ in (0..<14).map { _ in Float(generator.uniform(-1, 1)) } },
      labels: (0..<8).map { $0 % 2 })
    return try Trainer(
      network: network,
      task: TrainingTask(
        training: set, validation: nil, loss: CrossEntropy(.sequence(.last))),
      configuration: TrainingConfiguration(
        epochs: 6, batchSize: 4, learningRate: 0.05, seed: 1, lyapunov: schedule))
  }

  @Test func everySecondEpochHasTheSpectrumOfItsWeights() throws {
    let start = initialWeights(network, seed: 2)
    let result = try trainer(schedule).run(from: start, threads: 1)
    #expect(result.curve.map { $0.exponents?.count } == [nil, 3, nil, 3, nil, 3])
    #expect(result.curve[1].exponents != result.curve[5].exponents)
    // 8 sequences of 7 steps, joined: 28 in each half, of which 24 serve.
    var generator = SplitMix64(seed: 3)
    let stream = (0..<8 * 14).map { _ in Double(Float(generator.uniform(-1, 1))) }
    let direct = try LyapunovAnalyzer(
      network: network, weights: result.weights, options: LyapunovOptions(steps: 20, warmUp: 4)
    ).run([Array(stream[0..<48]), Array(stream[56..<104])])
    #expect(result.curve[5].exponents == direct.values)
    // Recording changes no weight.
    #expect(try trainer(nil).run(from: start, threads: 1).weights == result.weights)
  }

  @Test func aResumedTrainingKeepsItsSpectra() throws {
    let start = initialWeights(network, seed: 2)
    let whole = try trainer(schedule).run(from: start, threads: 1)
    try withTemporaryFolder { folder in
      let policy = CheckpointPolicy(url: folder.appendingPathComponent("c"), resume: true)
      var stop = false
      #expect(throws: ToolError.self) {
        _ = try trainer(schedule).run(
          from: start, checkpoint: policy, threads: 1, isCancelled: { stop }
        ) { if $0.record.epoch == 3 { stop = true } }
      }
      let resumed = try trainer(schedule).run(from: start, checkpoint: policy, threads: 1)
      #expect(resumed == whole)
    }
  }

  @Test func tooLittleDataIsSaidBeforeTheFirstEpoch() {
    var long = schedule
    long.steps = 30
    #expect(throws: DiagnosticsEmitted.self) { try trainer(long) }
    long = schedule
    long.every = 0
    #expect(throws: DiagnosticsEmitted.self) { try trainer(long) }
  }
}
