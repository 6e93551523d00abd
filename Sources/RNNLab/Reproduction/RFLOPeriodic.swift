internal import Foundation
internal import RNNLearning
internal import RNNSupport

/// A leaky network that learns one periodic output without any input (Murray, eLife 2019;8:e43299, figure 2).
///
///     y*(t) = sin(2 pi t / T) + sin(4 pi t / T) / 2 + sin(8 pi t / T) / 4,  t = 1 ... T
///
/// Each trial is one period from the same initial state; weights change at its end by rate / T times the sums.
struct RFLOPeriodic: Sendable {
  /// A rule under the name that tables and pictures have for it.
  struct Variant: Sendable {
    var label: String
    var rule: LocalLearning

    static let backpropagation = Variant(label: "BPTT", rule: .exactGradient)
    static let rflo = Variant(label: "RFLO", rule: .rflo)
    static let all = [
      backpropagation, rflo,
      Variant(label: "local, symmetric", rule: LocalLearning(feedback: .symmetric)),
      Variant(label: "exact, random", rule: LocalLearning(credit: .exact)),
      Variant(label: "readout only", rule: LocalLearning(learnsRecurrent: false)),
      Variant(label: "recurrent only", rule: LocalLearning(learnsReadout: false)),
    ]
  }
  /// One trained network; the loss of a trial is taken before its update and is half the squared error, averaged
  /// over the steps.
  struct Run: Sendable {
    var seed: UInt64
    /// The mean over the last hundredth of the trials; infinite if the training diverged.
    var final: Double
    /// At every place of `RFLOPeriodic.places`: the mean loss of the trials since the place before.
    var losses: [Double]
    /// At every place: the cosine of Wout and B.
    var alignments: [Double]
  }

  /// T, in steps.
  var period: Int
  var units = 30
  var trials: Int

  var targets: [Double] {
    (1...period).map { t in
      let angle = 2 * Double.pi * Double(t) / Double(period)
      return sin(angle) + sin(2 * angle) / 2 + sin(4 * angle) / 4
    }
  }
  /// The loss of an output that stays zero.
  var zeroLoss: Double { Self.loss(targets, steps: period) }

  static func loss(_ errors: [Double], steps: Int) -> Double {
    errors.reduce(0) { $0 + $1 * $1 } / (2 * Double(steps))
  }

  /// Places on a logarithmic axis of trials, counted from 1, at most about twelve a decade.
  static func places(_ trials: Int) -> [Int] {
    var places: [Int] = []
    var place = 1.0
    while Int(place) <= trials {
      if places.last != Int(place) { places.append(Int(place)) }
      place *= 1.21
    }
    if places.last != trials { places.append(trials) }
    return places
  }

  /// Trains one network; the same seed gives the same initial weights to every rule.
  ///
  /// - Throws: `ToolError.interrupted` on Ctrl-C.
  func run(
    _ variant: Variant, rate: Double, seed: UInt64, report: ParallelRuns.Report
  ) throws -> Run {
    let start = LeakyNetwork(inputs: 1, units: units, outputs: 1, seed: seed)
    let feedback = LeakyNetwork.randomFeedback(units: units, outputs: 1, seed: seed)
    let learner = LeakyLearner(start, rule: variant.rule, feedback: feedback)
    let inputs = [Double](repeating: 0, count: period)
    let targets = targets
    var places = Self.places(trials)[...]
    var result = Run(seed: seed, final: .infinity, losses: [], alignments: [])
    var (recent, tail) = ([Double](), [Double]())
    for trial in 1...trials {
      try RFLOReproduction.checkInterrupt()
      learner.reset()
      let errors = zip(targets, learner.run(inputs)).map { $0 - $1 }
      let loss = Self.loss(errors, steps: period)
      recent.append(loss)
      if trial > trials - max(1, trials / 100) { tail.append(loss) }
      if trial == places.first {
        places.removeFirst()
        result.losses.append(finite(Statistics.mean(recent)))
        result.alignments.append(learner.network.alignment(with: feedback))
        recent = []
        report(Double(trial) / Double(trials), "\(variant.label), seed \(seed)")
      }
      learner.creditRun(errors)
      learner.apply(rate / Double(period))
    }
    result.final = finite(Statistics.mean(tail))
    return result
  }

  private func finite(_ value: Double) -> Double { value.isFinite ? value : .infinity }
}

extension RFLOPeriodic.Run {
  /// For the folder of finished runs; a loss that is not finite is null.
  var json: JSONValue {
    func list(_ values: [Double]) -> JSONValue {
      .array(values.map { $0.isFinite ? .double($0) : .null })
    }
    return .object([
      "seed": .int(Int(seed)), "final": list([final]), "losses": list(losses),
      "alignments": list(alignments),
    ])
  }
  init?(json: JSONValue) {
    func list(_ key: String) -> [Double]? { json[key]?.array?.map { $0.number ?? .infinity } }
    guard let seed = json["seed"]?.int.flatMap(UInt64.init(exactly:)),
      let final = list("final")?.first,
      let losses = list("losses"), let alignments = list("alignments")
    else { return nil }
    self.init(seed: seed, final: final, losses: losses, alignments: alignments)
  }
}
