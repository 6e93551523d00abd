internal import Foundation
internal import RNNLearning
internal import RNNSupport

/// A network that learns four movements and a loop that learns to chain them (Murray, eLife 2019;8:e43299, figure 4).
///
/// Movement k is a velocity sin^2(pi t / T) in direction k of right, up, left, down, on the tonic input k. The wanted
/// chain goes through the directions in turn, so eight movements draw a square twice. First the network
/// learns single movements by RFLO, in random order; then it is frozen, and the loop's matrix Ws learns from
/// rewarded transitions alone.
struct RFLOLoop: Sendable {
  static let syllables = 4
  static let outputs = 2
  /// Movements of the chained sequence.
  static let chained = 8

  /// T, steps of one movement.
  var period = 200
  var units = 100
  var rate = 0.01
  /// Trials of the first stage, one movement each.
  var trials: Int
  /// Trials of the second stage, one chain each.
  var chains: Int
  /// Whether every movement starts from the initial state, or from where the last one ended.
  var resets = true

  struct Run: Sendable {
    var seed: UInt64
    var network: LeakyNetwork
    /// The mean loss of single movements over the hundred trials that led to the network.
    var single: Double
    /// The trial of the second stage after which the loop first chains rightly, by rule; nil if never.
    var firstRight: [SyllableSelector.Rule: Int]
    /// Whether it does at the end.
    var isRightAtLast: [SyllableSelector.Rule: Bool]
    /// Ws by the centred rule.
    var selection: [Double]
    /// The movements that the loop chains, and the loss of the whole sequence.
    var sequence: [Int]
    var chainedLoss: Double
  }

  static func next(_ syllable: Int) -> Int { (syllable + 1) % syllables }
  /// The movements in the wanted order.
  static var wanted: [Int] { (0..<chained).map { $0 % syllables } }

  /// The one-hot input of one movement, `[T][syllables]`.
  func inputs(_ syllable: Int) -> [Double] {
    (0..<period).flatMap { _ in (0..<Self.syllables).map { $0 == syllable ? 1.0 : 0 } }
  }
  /// The velocity of one movement, `[T][2]`.
  func targets(_ syllable: Int) -> [Double] {
    let direction = [(1.0, 0.0), (0, 1), (-1, 0), (0, -1)][syllable]
    return (1...period).flatMap { t -> [Double] in
      let root = sin(Double.pi * Double(t) / Double(period))
      return [root * root * direction.0, root * root * direction.1]
    }
  }
  /// The loss of outputs that stay zero.
  var zeroLoss: Double { RFLOPeriodic.loss(targets(0), steps: period) }

  func train(seed: UInt64, report: ParallelRuns.Report) throws -> Run {
    let start = LeakyNetwork(
      inputs: Self.syllables, units: units, outputs: Self.outputs, seed: seed)
    let (learner, single) = try learnMovements(start, seed: seed, report)
    var run = Run(
      seed: seed, network: learner.network, single: single, firstRight: [:], isRightAtLast: [:],
      selection: [], sequence: [], chainedLoss: 0)
    for rule in SyllableSelector.Rule.allCases {
      try learnChain(rule, learner, &run)
      report(1, "seed \(seed)")
    }
    let selector = selector(.centred, seed: seed, weights: run.selection)
    (run.sequence, run.chainedLoss) = chain(learner, selector)
    return run
  }

  /// The first stage; afterwards the learner is the best network that was seen.
  ///
  /// - Returns: the learner and the mean loss of its movements.
  private func learnMovements(
    _ start: LeakyNetwork, seed: UInt64, _ report: ParallelRuns.Report
  ) throws -> (learner: LeakyLearner, loss: Double) {
    let feedback = LeakyNetwork.randomFeedback(units: units, outputs: Self.outputs, seed: seed)
    let learner = LeakyLearner(start, rule: .rflo, feedback: feedback)
    var generator = SplitMix64(seed: seed).fork("movements")
    let inputs = (0..<Self.syllables).map { self.inputs($0) }
    let targets = (0..<Self.syllables).map { self.targets($0) }
    // Single updates can throw a good network back for a while, so the last one is a matter of luck.
    var (best, least) = (start, Double.infinity)
    var recent: [Double] = []
    var last = 0
    for trial in 0..<trials {
      try RFLOReproduction.checkInterrupt()
      var syllable = generator.below(Self.syllables)
      // A repeated movement has no onset that a carried state could tell.
      while !resets, trial > 0, syllable == last { syllable = generator.below(Self.syllables) }
      last = syllable
      if resets { learner.reset() }
      let errors = zip(targets[syllable], learner.run(inputs[syllable])).map { $0 - $1 }
      recent.append(RFLOPeriodic.loss(errors, steps: period))
      learner.creditRun(errors)
      learner.apply(rate / Double(period))
      guard (trial + 1) % 100 == 0 || trial == trials - 1 else { continue }
      let loss = Statistics.mean(recent)
      recent = []
      if loss < least { (best, least) = (learner.network, loss) }
      report(
        Double(trial) / Double(trials),
        "seed \(seed): movement \(trial)/\(trials)  loss \(Figures.fixed(loss, 3))")
    }
    return (LeakyLearner(best, rule: .rflo, feedback: feedback), least)
  }

  private func selector(_ rule: SyllableSelector.Rule, seed: UInt64, weights: [Double])
    -> SyllableSelector
  {
    SyllableSelector(
      rule: rule, rate: 0.1, exploration: 0.1, syllables: Self.syllables, units: units,
      weights: weights)
  }

  /// The second stage: chains of eight movements, each transition rewarded or not.
  private func learnChain(
    _ rule: SyllableSelector.Rule, _ learner: LeakyLearner, _ run: inout Run
  ) throws {
    let root = SplitMix64(seed: run.seed)
    var generator = root.fork("chain")
    var draw = root.fork("selection")
    let bound = 1 / Double(units).squareRoot()
    var selector = selector(
      rule, seed: run.seed,
      weights: (0..<Self.syllables * units).map { _ in draw.uniform(-bound, bound) })
    // With resets the state at the end of a movement depends on the movement alone.
    let ends: [[Double]]? =
      resets
      ? (0..<Self.syllables).map { syllable in
        learner.reset()
        _ = learner.run(inputs(syllable))
        return learner.state
      } : nil
    func end(_ syllable: Int) -> [Double] {
      if let ends { return ends[syllable] }
      _ = learner.run(inputs(syllable))
      return learner.state
    }
    func isRight(_ selector: SyllableSelector) -> Bool {
      var syllable = 0
      learner.reset()
      for _ in 1..<Self.chained {
        let chosen = selector.winner(end(syllable))
        if chosen != Self.next(syllable) { return false }
        syllable = chosen
      }
      return true
    }
    for trial in 1...chains {
      try RFLOReproduction.checkInterrupt()
      var syllable = 0
      learner.reset()
      for _ in 1..<Self.chained {
        syllable = selector.choose(
          end(syllable), wanted: Self.next(syllable), using: &generator)
      }
      if run.firstRight[rule] == nil, isRight(selector) {
        run.firstRight[rule] = trial
        // A carried state makes every trial a simulation; the first right one is what is asked for.
        if !resets { break }
      }
    }
    run.isRightAtLast[rule] = isRight(selector)
    if rule == .centred { run.selection = selector.weights }
  }

  /// The sequence that the loop makes by itself from movement 0.
  private func chain(_ learner: LeakyLearner, _ selector: SyllableSelector) -> (
    sequence: [Int], loss: Double
  ) {
    var sequence: [Int] = []
    var syllable = 0
    var sum = 0.0
    learner.reset()
    for wanted in Self.wanted {
      if resets { learner.reset() }
      let errors = zip(targets(wanted), learner.run(inputs(syllable))).map { $0 - $1 }
      sum += RFLOPeriodic.loss(errors, steps: period)
      sequence.append(syllable)
      syllable = selector.winner(learner.state)
    }
    return (sequence, sum / Double(Self.chained))
  }

  /// The least loss of a network that learns the whole sequence at once, without a loop, on a tonic input.
  func trainDirectly(
    seed: UInt64, trials: Int, report: ParallelRuns.Report
  ) throws -> Double {
    let start = LeakyNetwork(
      inputs: Self.syllables, units: units, outputs: Self.outputs, seed: seed)
    let learner = LeakyLearner(
      start, rule: .rflo,
      feedback: LeakyNetwork.randomFeedback(units: units, outputs: Self.outputs, seed: seed))
    let steps = period * Self.chained
    let inputs = (0..<Self.chained).flatMap { _ in self.inputs(0) }
    let targets = Self.wanted.flatMap { self.targets($0) }
    var least = Double.infinity
    for trial in 0..<trials {
      try RFLOReproduction.checkInterrupt()
      learner.reset()
      let errors = zip(targets, learner.run(inputs)).map { $0 - $1 }
      let loss = RFLOPeriodic.loss(errors, steps: steps)
      learner.creditRun(errors)
      learner.apply(rate / Double(steps))
      // Not a number compares as false, so a training that diverges keeps what it had.
      if loss < least { least = loss }
      if trial % 20 == 0 {
        report(
          Double(trial) / Double(trials),
          "seed \(seed): whole sequence \(trial)/\(trials)  loss \(Figures.fixed(loss, 3))")
      }
    }
    return least
  }
}

extension RFLOLoop.Run {
  /// For the folder of finished runs.
  var json: JSONValue {
    func list(_ values: [Double]) -> JSONValue { .array(values.map { .double($0) }) }
    let rules = SyllableSelector.Rule.allCases
    return .object([
      "seed": .int(Int(seed)), "units": .int(network.units), "tau": .double(network.tau),
      "initial": .double(network.initial), "input": list(network.input),
      "recurrent": list(network.recurrent), "readout": list(network.readout),
      "single": .double(single), "selection": list(selection),
      "sequence": .array(sequence.map { .int($0) }), "chainedLoss": .double(chainedLoss),
      "firstRight": .array(rules.map { firstRight[$0].map { .int($0) } ?? .null }),
      "isRightAtLast": .array(rules.map { .bool(isRightAtLast[$0] ?? false) }),
    ])
  }
  init?(json: JSONValue) {
    func list(_ key: String) -> [Double]? { json[key]?.array?.compactMap(\.number) }
    let rules = SyllableSelector.Rule.allCases
    guard let seed = json["seed"]?.int.flatMap(UInt64.init(exactly:)),
      let units = json["units"]?.int,
      let tau = json["tau"]?.number, let initial = json["initial"]?.number,
      let input = list("input"), let recurrent = list("recurrent"),
      let readout = list("readout"), let single = json["single"]?.number,
      let selection = list("selection"), let sequence = json["sequence"]?.array,
      let chainedLoss = json["chainedLoss"]?.number, let first = json["firstRight"]?.array,
      let last = json["isRightAtLast"]?.array, first.count == rules.count,
      last.count == rules.count, input.count == units * RFLOLoop.syllables,
      recurrent.count == units * units, readout.count == units * RFLOLoop.outputs
    else { return nil }
    self.init(
      seed: seed,
      network: LeakyNetwork(
        inputs: RFLOLoop.syllables, units: units, outputs: RFLOLoop.outputs, tau: tau,
        initial: initial, input: input, recurrent: recurrent, readout: readout),
      single: single, firstRight: [:], isRightAtLast: [:], selection: selection,
      sequence: sequence.compactMap(\.int), chainedLoss: chainedLoss)
    for (i, rule) in rules.enumerated() {
      if let trial = first[i].int { firstRight[rule] = trial }
      isRightAtLast[rule] = last[i] == .bool(true)
    }
  }
}
