import Foundation
import RNNDriver
import RNNGraph
import RNNLab
import RNNLearning
import RNNQuantize
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct HardwareCheckTests {
  /// Three features of which the first tells the class by its sign, in 5 sequences of unequal length.
  private func set(_ seed: UInt64) -> SequenceSet {
    var generator = SplitMix64(seed: seed)
    let labels = [0, 1, 1, 0, 1]
    let sequences = labels.enumerated().map { i, label in
      (0..<(2 + i)).flatMap { _ in
        [
          Float(label == 0 ? -0.7 : 0.8), Float(generator.uniform(-1, 1)),
          Float(generator.uniform(-1, 1)),
        ]
      }
    }
    return SequenceSet(features: 3, sequences: sequences, labels: labels)
  }

  @Test(.enabled(if: BenchSimulator.verilator.isEnabled))
  func aNetworkReachesVerilogWithoutAMismatch() throws {
    let network = Network(layers: [
      try Layer(name: "cell", cell: "lstm", inputSize: 3, units: 5),
      try Layer(name: "readout", cell: "dense", inputSize: 5, units: 2),
    ])
    try withTemporaryFolder { folder in
      let check = HardwareCheck(
        name: "LSTM (.6, 1)", network: network, weights: initialWeights(network, seed: 3),
        task: TrainingTask(
          training: set(1), validation: nil, loss: CrossEntropy(.sequence(.last))),
        test: set(2),
        fineTuning: TrainingConfiguration(epochs: 2, batchSize: 2, learningRate: 0.01, seed: 1),
        simulatedSequences: 2, folder: folder)
      let figures = try check.run(StageContext(progress: SilentProgress()))
      #expect(figures.mismatches == 0)
      // The first pass has both sequences, of 2 and 4 steps, the five others the first.
      #expect(figures.frames == 2 + 4 + 5 * 2)
      #expect(figures.valuesCompared > 10 * figures.frames)
      #expect(figures.storedWeights == 4 * (5 * 3 + 5 * 5 + 5) + 2 * 5 + 2)
      // Twelve bits say nearly the same as floats.
      #expect(abs(figures.fixed.loss - figures.float.loss) < 0.1)
      #expect(figures.row.count == HardwareFigures.columns.count)
      #expect(figures.row[10] == "0" && figures.row[11] == "0")
      let files = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("lstm_6_1/rtl").path)
      #expect(files.contains("lstm_6_1.sv"))
    }
  }

  private func figures(metric: (Double, Double), loss: (Double, Double), name: String)
    -> HardwareFigures
  {
    HardwareFigures(
      name: "a", lossName: name, weightWidth: 12, activationWidth: 12, storedWeights: 1,
      float: Evaluation(loss: loss.0, metric: metric.0),
      fixed: Evaluation(loss: loss.1, metric: metric.1), multipliers: 1, cyclesPerFrame: 1,
      frames: 1, valuesCompared: 1, valueMismatches: 0, cycleMismatches: 0, otherMismatches: 0)
  }

  @Test func theBandIsOnePointOrFivePercent() {
    let accuracy = "accuracy"
    let error = "mean squared error"
    #expect(figures(metric: (0.9, 0.891), loss: (1, 9), name: accuracy).isAccurate)
    #expect(!figures(metric: (0.9, 0.888), loss: (1, 1), name: accuracy).isAccurate)
    #expect(figures(metric: (1, 1.04), loss: (1, 1.04), name: error).isAccurate)
    #expect(!figures(metric: (1, 1.06), loss: (1, 1.06), name: error).isAccurate)
    #expect(figures(metric: (1, 0.5), loss: (1, 0.5), name: error).isAccurate)
  }

  @Test func whatTheAdditionalEpochsGainIsNotTheRoundings() {
    var one = figures(metric: (0.5, 0.7), loss: (2, 1), name: "accuracy")
    #expect(one.isAccurate)
    one.tunedFloat = Evaluation(loss: 0.9, metric: 0.8)
    #expect(!one.isAccurate)
    // Epochs that harm the float network are not counted for it.
    one.tunedFloat = Evaluation(loss: 9, metric: 0.1)
    #expect(one.isAccurate)
    var other = figures(metric: (2, 1), loss: (2, 1), name: "mean squared error")
    other.tunedFloat = Evaluation(loss: 0.9, metric: 0.9)
    #expect(!other.isAccurate)
  }

  @Test func aMismatchIsAFindingThatDoesNotHold() {
    var wrong = figures(metric: (0.9, 0.9), loss: (1, 1), name: "accuracy")
    wrong.cycleMismatches = 1
    wrong.firstMismatch = "late"
    let findings = HardwareFigures.findings([wrong])
    #expect(findings.map(\.holds) == [true, false])
    #expect(findings[1].remark.contains("late"))
    #expect(HardwareFigures.findings([]).isEmpty)
  }
}
