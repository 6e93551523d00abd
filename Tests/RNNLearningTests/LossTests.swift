import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct LossTests {
  /// Outputs with both signs, some of them large.
  static func outputs(_ steps: Int, _ features: Int, seed: UInt64 = 3) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<steps * features).map { _ in Float(generator.uniform(-3, 3)) }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var loss: any Loss
    var steps: Int
    var features: Int
    var target: SequenceTarget
    var testDescription: String { "\(loss.name) \(steps)x\(features) \(target)" }
  }
  static let cases: [Case] = [
    Case(loss: CrossEntropy(.sequence(.mean)), steps: 1, features: 3, target: .label(2)),
    Case(loss: CrossEntropy(.sequence(.mean)), steps: 7, features: 5, target: .label(0)),
    Case(loss: CrossEntropy(.sequence(.last)), steps: 4, features: 3, target: .label(1)),
    Case(loss: CrossEntropy(.frame), steps: 3, features: 4, target: .labels([3, 0, 3])),
    Case(
      loss: MeanSquaredError(), steps: 2, features: 3, target: .values([1, -2, 0.5, 0, 3, -1])),
    Case(
      loss: MeanSquaredError(.lastStep), steps: 4, features: 2, target: .values([-1, 2])),
    Case(loss: CtcLoss(), steps: 5, features: 3, target: .labels([1, 1, 2])),
    Case(loss: CtcLoss(blank: 3), steps: 6, features: 4, target: .labels([0, 2])),
    Case(loss: CtcLoss(), steps: 3, features: 2, target: .labels([])),
    Case(loss: CtcLoss(), steps: 1, features: 4, target: .labels([3])),
  ]

  @Test(arguments: cases) func gradientAgreesWithFiniteDifferences(_ test: Case) {
    let start = LossTests.outputs(test.steps, test.features)
    func sum(_ outputs: [Float]) -> Double {
      test.loss.evaluate(
        outputs, features: test.features, target: test.target, wantsGradient: false
      ).sum
    }
    let result = test.loss.evaluate(
      start, features: test.features, target: test.target, wantsGradient: true)
    #expect(result.gradient.count == start.count)
    #expect(result.sum == sum(start))
    for i in start.indices {
      var up = start
      var down = start
      up[i] += 1e-2
      down[i] -= 1e-2
      let step = Double(up[i]) - Double(down[i])
      let numeric = (sum(up) - sum(down)) / step
      #expect(abs(numeric - Double(result.gradient[i])) < 1e-4, "output \(i)")
    }
  }

  /// The sum of the probabilities of all paths that collapse to the labels, by enumeration.
  static func bruteForceCtc(
    _ outputs: [Float], steps: Int, features: Int, labels: [Int], blank: Int
  ) -> Double {
    let probabilities = (0..<steps).map { t -> [Double] in
      let e = (0..<features).map { exp(Double(outputs[t * features + $0])) }
      return e.map { $0 / e.reduce(0, +) }
    }
    var total = 0.0
    var paths = 1
    for _ in 0..<steps { paths *= features }
    for code in 0..<paths {
      var path: [Int] = []
      var rest = code
      for _ in 0..<steps {
        path.append(rest % features)
        rest /= features
      }
      var collapsed: [Int] = []
      for (t, k) in path.enumerated() where t == 0 || k != path[t - 1] {
        if k != blank { collapsed.append(k) }
      }
      guard collapsed == labels else { continue }
      total += path.enumerated().reduce(1) { $0 * probabilities[$1.offset][$1.element] }
    }
    return -log(total)
  }

  @Test(arguments: [
    (4, 3, [1, 2], 0), (5, 3, [1, 1], 0), (5, 3, [2, 2, 2], 0), (6, 3, [0, 1, 0], 2),
    (1, 2, [1], 0),
    (3, 4, [], 1), (5, 2, [0, 0, 0], 1),
  ]) func ctcAgreesWithEnumeration(steps: Int, features: Int, labels: [Int], blank: Int) {
    let outputs = LossTests.outputs(steps, features, seed: 8)
    let loss = CtcLoss(blank: blank)
    #expect(loss.problem(with: .labels(labels), steps: steps, features: features) == nil)
    let result = loss.evaluate(
      outputs, features: features, target: .labels(labels), wantsGradient: false)
    let expected = LossTests.bruteForceCtc(
      outputs, steps: steps, features: features, labels: labels, blank: blank)
    #expect(abs(result.sum - expected) < 1e-9 * max(1, expected))
  }

  @Test func ctcStaysFiniteOnLongAndExtremeSequences() {
    let steps = 500
    var outputs = LossTests.outputs(steps, 4)
    for i in outputs.indices { outputs[i] *= 60 }
    let result = CtcLoss().evaluate(
      outputs, features: 4, target: .labels([1, 2, 3, 3, 1]), wantsGradient: true)
    #expect(result.sum.isFinite && result.sum > 100)
    #expect(result.gradient.allSatisfy { $0.isFinite })
  }

  @Test func nanOutputsGiveNaNLosses() {
    for test in LossTests.cases {
      var outputs = LossTests.outputs(test.steps, test.features)
      outputs[outputs.count - 1] = .nan
      let result = test.loss.evaluate(
        outputs, features: test.features, target: test.target, wantsGradient: false)
      #expect(result.sum.isNaN, "\(test.loss.name)")
    }
  }

  @Test func targetsThatDoNotFitAreRefusedWithReasons() {
    func message(_ loss: any Loss, _ target: SequenceTarget, steps: Int = 3, features: Int = 4)
      -> String?
    {
      loss.problem(with: target, steps: steps, features: features)?.message
    }
    #expect(
      message(CtcLoss(), .labels([1, 1, 2]))
        == "3 labels with 1 repeats need at least 4 steps, the sequence has 3")
    #expect(message(CtcLoss(), .labels([1, 2, 1])) == nil)
    #expect(message(CtcLoss(), .labels([0])) == "label 0 is the blank")
    #expect(
      message(CtcLoss(blank: 4), .labels([0])) == "blank 4 is outside the network's 4 outputs")
    #expect(message(CtcLoss(), .label(1)) != nil)
    let sequence = CrossEntropy(.sequence(.mean))
    #expect(message(sequence, .label(4)) == "label 4 is outside the network's 4 outputs")
    #expect(message(sequence, .label(-1)) != nil)
    #expect(message(sequence, .labels([1, 1, 1])) != nil)
    #expect(message(CrossEntropy(.frame), .labels([1, 1])) == "2 frame labels for 3 steps")
    #expect(message(CrossEntropy(.frame), .labels([1, 1, 9])) != nil)
    #expect(message(MeanSquaredError(), .values([1])) != nil)
    #expect(message(MeanSquaredError(.lastStep), .values(Array(repeating: 1, count: 12))) != nil)
    #expect(message(MeanSquaredError(), .values(Array(repeating: .nan, count: 12))) != nil)
  }

  @Test func metricsCountWhatTheySay() {
    let outputs: [Float] = [0, 2, 1, /**/ 5, 0, 0, /**/ 0, 3, 0]
    func metric(_ loss: any Loss, _ target: SequenceTarget) -> (Double, Double) {
      let one = loss.evaluate(outputs, features: 3, target: target, wantsGradient: false)
      return (one.metricSum, one.metricWeight)
    }
    #expect(metric(CrossEntropy(.sequence(.last)), .label(1)) == (1, 1))
    #expect(metric(CrossEntropy(.sequence(.mean)), .label(1)) == (0, 1))
    #expect(metric(CrossEntropy(.frame), .labels([1, 1, 1])) == (2, 3))
    // The best path is 1, blank, 1.
    #expect(metric(CtcLoss(), .labels([1, 1])) == (2, 2))
    #expect(metric(CtcLoss(), .labels([2, 1])) == (1, 2))
    #expect(metric(CtcLoss(), .labels([])) == (-1, 1))
  }

  @Test func editDistanceOfTextbookPairs() {
    func distance(_ a: String, _ b: String) -> Int {
      editDistance(a.utf8.map(Int.init), b.utf8.map(Int.init))
    }
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("saturday", "sunday") == 3)
    #expect(distance("", "abc") == 3)
    #expect(distance("abc", "") == 3)
    #expect(distance("same", "same") == 0)
  }

  @Test func batchLossIgnoresHowSequencesAreCut() {
    let loss = CrossEntropy(.frame)
    let sequences = [LossTests.outputs(5, 3), LossTests.outputs(1, 3), LossTests.outputs(4, 3)]
    let targets: [SequenceTarget] = [
      .labels([0, 1, 2, 1, 0]), .labels([2]), .labels([1, 1, 0, 2]),
    ]
    let whole = loss.evaluate(
      SequenceBatch(sequences: sequences, features: 3), targets: targets, wantsGradient: true)
    var parts = BatchLoss()
    for (sequence, target) in zip(sequences, targets) {
      parts.add(
        loss.evaluate(
          SequenceBatch(sequences: [sequence], features: 3), targets: [target],
          wantsGradient: false
        ).loss)
    }
    #expect(abs(whole.loss.mean - parts.mean) < 1e-12)
    #expect(whole.loss.weight == 10)
    // The gradient of the mean is the gradient of the sum divided by ten steps.
    let one = loss.evaluate(sequences[2], features: 3, target: targets[2], wantsGradient: true)
    let got = whole.gradient?.sequence(2) ?? []
    for (a, b) in zip(got, one.gradient) { #expect(abs(a - b / 10) < 1e-7) }
    #expect(got.count == one.gradient.count)
  }
}
