import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// Local learning against its definition: finite differences, plain loops, and the paper's equations.
@Suite struct LocalLearningTests {
  /// Sizes of 1, odd ones, and more inputs than units.
  static let sizes: [(inputs: Int, units: Int, outputs: Int, steps: Int)] = [
    (1, 1, 1, 1), (2, 5, 3, 7), (7, 3, 1, 9), (3, 13, 2, 10),
  ]

  struct Problem {
    var network: LeakyNetwork
    var feedback: [Double]
    var inputs: [Double]
    var targets: [Double]
    init(_ size: (inputs: Int, units: Int, outputs: Int, steps: Int), seed: UInt64 = 3) {
      var generator = SplitMix64(seed: seed)
      network = LeakyNetwork(
        inputs: size.inputs, units: size.units, outputs: size.outputs, tau: 3, seed: seed)
      feedback = LeakyNetwork.randomFeedback(
        units: size.units, outputs: size.outputs, seed: seed)
      inputs = (0..<size.steps * size.inputs).map { _ in generator.uniform(-1, 1) }
      targets = (0..<size.steps * size.outputs).map { _ in generator.uniform(-1, 1) }
    }
    func errors(_ y: [Double]) -> [Double] { zip(targets, y).map { $0 - $1 } }
    /// Half the summed squared error.
    func loss(_ network: LeakyNetwork) -> Double {
      let learner = LeakyLearner(network, rule: .rflo, feedback: feedback)
      return errors(learner.run(inputs)).reduce(0) { $0 + $1 * $1 } / 2
    }
    func sums(_ rule: LocalLearning) -> LeakyNetwork {
      let learner = LeakyLearner(network, rule: rule, feedback: feedback)
      learner.creditRun(errors(learner.run(inputs)))
      return learner.sums
    }
    func sumsByTraces(_ rule: LocalLearning) -> LeakyNetwork {
      let learner = LeakyLearner(network, rule: rule, feedback: feedback)
      let (d, o) = (network.inputs, network.outputs)
      for t in 0..<inputs.count / d {
        let y = learner.advance(Array(inputs[t * d..<(t + 1) * d]))
        learner.credit(zip(targets[t * o..<(t + 1) * o], y).map { $0 - $1 })
      }
      return learner.sums
    }
  }
  static let parts: [any WritableKeyPath<LeakyNetwork, [Double]> & Sendable] = [
    \.input, \.recurrent, \.readout,
  ]
  static func greatestDifference(_ a: LeakyNetwork, _ b: LeakyNetwork) -> Double {
    parts.flatMap { zip(a[keyPath: $0], b[keyPath: $0]).map { abs($0 - $1) } }.max() ?? .infinity
  }

  @Test(arguments: sizes.indices) func exactCreditIsTheGradient(_ size: Int) {
    let problem = Problem(Self.sizes[size])
    let sums = problem.sums(.exactGradient)
    for part in Self.parts {
      for i in sums[keyPath: part].indices {
        var (up, down) = (problem.network, problem.network)
        up[keyPath: part][i] += 1e-5
        down[keyPath: part][i] -= 1e-5
        let slope = (problem.loss(up) - problem.loss(down)) / 2e-5
        #expect(abs(sums[keyPath: part][i] + slope) < 1e-8 * max(1, abs(slope)))
      }
    }
  }

  /// The equations of the paper, as loops over single weights.
  private func plain(_ problem: Problem, _ rule: LocalLearning, rate: Double) -> (
    sums: LeakyNetwork, network: LeakyNetwork
  ) {
    var w = problem.network
    var sums = w
    for part in Self.parts { sums[keyPath: part] = w[keyPath: part].map { _ in 0 } }
    let (n, d, o, leak) = (w.units, w.inputs, w.outputs, 1 / w.tau)
    var h = [Double](repeating: w.initial, count: n)
    var p = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    var q = [[Double]](repeating: [Double](repeating: 0, count: d), count: n)
    var last = [Double](repeating: 0, count: d)
    for t in 0..<problem.inputs.count / d {
      let x = Array(problem.inputs[t * d..<(t + 1) * d])
      let old = h
      var slopes: [Double] = []
      for a in 0..<n {
        var u = 0.0
        for b in 0..<n { u += w.recurrent[a * n + b] * old[b] }
        for b in 0..<d { u += w.input[a * d + b] * x[b] }
        h[a] = old[a] + leak * (tanh(u) - old[a])
        slopes.append(1 - tanh(u) * tanh(u))
      }
      let seen = rule.traceInput == .current ? x : last
      last = x
      for a in 0..<n {
        for b in 0..<n { p[a][b] = leak * slopes[a] * old[b] + (1 - leak) * p[a][b] }
        for b in 0..<d { q[a][b] = leak * slopes[a] * seen[b] + (1 - leak) * q[a][b] }
      }
      var error: [Double] = []
      for k in 0..<o {
        let y = (0..<n).reduce(0.0) { $0 + w.readout[k * n + $1] * h[$1] }
        error.append(problem.targets[t * o + k] - y)
      }
      var change = sums
      for part in Self.parts { change[keyPath: part] = w[keyPath: part].map { _ in 0 } }
      for a in 0..<n {
        let back = (0..<o).reduce(0.0) {
          let b =
            rule.feedback == .random
            ? problem.feedback[a * o + $1] : w.readout[$1 * n + a]
          return $0 + b * error[$1]
        }
        for b in 0..<n { change.recurrent[a * n + b] = back * p[a][b] }
        for b in 0..<d { change.input[a * d + b] = back * q[a][b] }
        for k in 0..<o { change.readout[k * n + a] = error[k] * h[a] }
      }
      if !rule.learnsReadout { change.readout = change.readout.map { _ in 0 } }
      if !rule.learnsRecurrent {
        change.recurrent = change.recurrent.map { _ in 0 }
        change.input = change.input.map { _ in 0 }
      }
      for part in Self.parts {
        for i in w[keyPath: part].indices {
          sums[keyPath: part][i] += change[keyPath: part][i]
          w[keyPath: part][i] += rate * change[keyPath: part][i]
        }
      }
    }
    return (sums, w)
  }

  static let localRules: [LocalLearning] = [
    .rflo, LocalLearning(feedback: .symmetric), LocalLearning(traceInput: .previous),
  ]

  @Test(arguments: sizes.indices) func tracesAndTrialsGiveThePaperSums(_ size: Int) {
    let problem = Problem(Self.sizes[size])
    for rule in Self.localRules {
      let expected = plain(problem, rule, rate: 0).sums
      #expect(Self.greatestDifference(problem.sums(rule), expected) < 1e-12)
      #expect(Self.greatestDifference(problem.sumsByTraces(rule), expected) < 1e-12)
    }
  }

  @Test(arguments: sizes.indices) func updatesAtEveryStepFollowThePaper(_ size: Int) {
    let problem = Problem(Self.sizes[size])
    let rules =
      Self.localRules + [
        LocalLearning(learnsRecurrent: false), LocalLearning(learnsReadout: false),
      ]
    for var rule in rules {
      rule.updates = .everyStep
      let learner = LeakyLearner(problem.network, rule: rule, feedback: problem.feedback)
      let (d, o) = (problem.network.inputs, problem.network.outputs)
      for t in 0..<problem.inputs.count / d {
        let y = learner.advance(Array(problem.inputs[t * d..<(t + 1) * d]))
        let error = zip(problem.targets[t * o..<(t + 1) * o], y).map { $0 - $1 }
        // Both ways to change the weights at a step.
        if t % 2 == 0 {
          learner.credit(error, applying: 0.3)
        } else {
          learner.credit(error)
          learner.apply(0.3)
        }
      }
      let expected = plain(problem, rule, rate: 0.3).network
      #expect(Self.greatestDifference(learner.network, expected) < 1e-12)
      #expect(
        (learner.network.recurrent == problem.network.recurrent) == !rule.learnsRecurrent)
      #expect((learner.network.readout == problem.network.readout) == !rule.learnsReadout)
    }
  }

  @Test func randomFeedbackEqualToTheReadoutIsSymmetric() {
    var problem = Problem(Self.sizes[3])
    let (n, o) = (problem.network.units, problem.network.outputs)
    for a in 0..<n {
      for k in 0..<o { problem.feedback[a * o + k] = problem.network.readout[k * n + a] }
    }
    #expect(abs(problem.network.alignment(with: problem.feedback) - 1) < 1e-12)
    for credit in LocalLearning.Credit.allCases {
      let random = problem.sums(LocalLearning(credit: credit))
      let symmetric = problem.sums(LocalLearning(credit: credit, feedback: .symmetric))
      #expect(Self.greatestDifference(random, symmetric) < 1e-13)
    }
  }

  @Test func carriesItsStateFromTrialToTrial() {
    let problem = Problem(Self.sizes[1])
    let learner = LeakyLearner(
      problem.network, rule: LocalLearning(traceInput: .previous), feedback: problem.feedback)
    let split = 3 * problem.network.inputs
    let whole = learner.run(problem.inputs)
    learner.reset()
    let parts =
      learner.run(Array(problem.inputs[..<split])) + learner.run(Array(problem.inputs[split...]))
    #expect(whole == parts)
    // The input trace of the second part starts from the last input of the first.
    learner.discard()
    learner.creditRun([Double](repeating: 1, count: 4 * problem.network.outputs))
    let second = learner.sums
    #expect(second.input.contains { $0 != 0 })
  }

  @Test func refusesRulesThatMeanNothing() {
    #expect(LocalLearning.rflo.problems.isEmpty && LocalLearning.exactGradient.problems.isEmpty)
    #expect(
      LocalLearning(credit: .exact, updates: .everyStep).problems.map(\.path) == ["updates"])
    #expect(
      LocalLearning(credit: .exact, traceInput: .previous).problems.map(\.path) == ["traceInput"])
    #expect(
      LocalLearning(learnsRecurrent: false, learnsReadout: false).problems.map(\.path)
        == ["learns"])
  }
}
