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
  struct Run: Sendable {
    var seed: UInt64
    /// The loss of every trial, before its update: half the squared error, averaged over the steps.
    var losses: [Double]
    /// (trial, alignment of Wout and B), now and then.
    var alignments: [(trial: Int, value: Double)]
    /// The mean over the last hundredth of the trials; infinite if the training diverged.
    var final: Double {
      let tail = losses.suffix(max(1, losses.count / 100))
      let mean = tail.reduce(0, +) / Double(tail.count)
      return mean.isFinite ? mean : .infinity
    }
    /// The loss at a trial counted from 1.
    func loss(at trial: Int) -> Double { losses[min(trial, losses.count) - 1] }
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
    let places = Set(Self.places(trials))
    var result = Run(seed: seed, losses: [], alignments: [])
    for trial in 1...trials {
      try RFLOReproduction.checkInterrupt()
      learner.reset()
      let errors = zip(targets, learner.run(inputs)).map { $0 - $1 }
      result.losses.append(Self.loss(errors, steps: period))
      if places.contains(trial) {
        result.alignments.append((trial, learner.network.alignment(with: feedback)))
        report(Double(trial) / Double(trials), "\(variant.label), seed \(seed)")
      }
      learner.creditRun(errors)
      learner.apply(rate / Double(period))
    }
    return result
  }
}
