import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

@Suite struct OptimizerTests {
  static let gradients = Weights(values: [[[3, 0], [-4]], [[12]]])

  @Test func clippingScalesAllValuesTogether() {
    var clipped = OptimizerTests.gradients
    #expect(clipped.clip(norm: 6.5) == 13)
    #expect(clipped.values == [[[1.5, 0], [-2]], [[6]]])
    var untouched = OptimizerTests.gradients
    #expect(untouched.clip(norm: 13) == 13)
    #expect(untouched == OptimizerTests.gradients)
  }

  @Test func clippingPassesNonFiniteNormsOn() {
    var bad = OptimizerTests.gradients
    bad.values[0][1][0] = .nan
    #expect(bad.clip(norm: 1).isNaN)
    bad.values[0][1][0] = -.infinity
    #expect(bad.clip(norm: 1) == .infinity)
    bad.values[0][1][0] = -.greatestFiniteMagnitude
    #expect(bad.clip(norm: 1).isFinite)
  }

  @Test func firstAdamStepIsTheLearningRateWhateverTheGradient() {
    // With bias correction m / sqrt(v) is the sign of the first gradient.
    var weights = Weights(values: [[[0, 0, 0]]])
    var adam = Optimizer(.adam, for: weights)
    adam.update(
      &weights, gradients: Weights(values: [[[1e-3, -20, 5]]]), learningRate: 0.5)
    for (got, wanted) in zip(weights.values[0][0], [-0.5, 0.5, -0.5] as [Float]) {
      #expect(abs(got - wanted) < 1e-4)
    }
  }

  @Test func rmspropFollowsItsRecursion() {
    // By hand: decay 0.75, epsilon 0.5; v = 4 gives a root of 2, v = 0.75 * 4 + 0.25 * 24 = 9 one of 3.
    let gradients: [Float] = [4, -4.8989795]
    let roots: [Float] = [2.5, 3.5]
    var weights = Weights(values: [[[1, 10]]])
    var rule = Optimizer(.rmsprop(decay: 0.75, epsilon: 0.5), for: weights)
    var expected: Float = 1
    for (gradient, root) in zip(gradients, roots) {
      rule.update(&weights, gradients: Weights(values: [[[gradient, 0]]]), learningRate: 0.5)
      let step: Float = 0.5 * gradient / root
      expected -= step
      #expect(abs(weights.values[0][0][0] - expected) < 1e-6)
    }
    #expect(weights.values[0][0][1] == 10 && rule.updates == 2)
  }

  @Test func schedules() {
    #expect((0..<4).map { LearningRateSchedule.constant.factor(epoch: $0, of: 4) } == [1, 1, 1, 1])
    let step = LearningRateSchedule.step(epochs: 2, factor: 0.5)
    #expect((0..<5).map { step.factor(epoch: $0, of: 5) } == [1, 1, 0.5, 0.5, 0.25])
    let cosine = LearningRateSchedule.cosine(floor: 0.2)
    #expect(cosine.factor(epoch: 0, of: 3) == 1)
    #expect(abs(cosine.factor(epoch: 1, of: 3) - 0.6) < 1e-15)
    #expect(abs(cosine.factor(epoch: 2, of: 3) - 0.2) < 1e-15)
    #expect(cosine.factor(epoch: 0, of: 1) == 1)
  }

  @Test func constantsThatCannotWorkAreNamed() {
    #expect(OptimizerRule.adam.problems.isEmpty)
    #expect(OptimizerRule.sgd(momentum: 1).problems.map { $0.path } == ["momentum"])
    #expect(
      OptimizerRule.adam(beta1: -0.1, beta2: .nan, epsilon: 0).problems.map { $0.path }
        == ["beta1", "beta2", "epsilon"])
    #expect(
      OptimizerRule.rmsprop(decay: 1, epsilon: -1).problems.map { $0.path } == ["decay", "epsilon"])
    #expect(
      LearningRateSchedule.step(epochs: 0, factor: 0).problems.map { $0.path } == [
        "epochs", "factor",
      ])
    #expect(LearningRateSchedule.cosine(floor: 2).problems.map { $0.path } == ["floor"])
  }
}
