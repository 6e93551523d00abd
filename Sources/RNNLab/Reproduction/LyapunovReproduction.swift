package import RNNDriver
internal import RNNLearning
internal import RNNSupport

/// Whether the Lyapunov spectrum before training says how well a network will learn.
///
/// Vogt, Puelma Touzel, Shlizerman, Lajoie, "On Lyapunov exponents for RNNs: understanding information
/// propagation using dynamical systems tools", Frontiers in Applied Mathematics and Statistics 2022.
package enum LyapunovReproduction: Reproduction {
  package static let name = "lyapunov"
  package static let summary =
    "the Lyapunov spectrum before training against the loss after it (Vogt et al. 2022)"

  /// The greatest exponent before training, cut where networks learn well.
  enum Band: Int, CaseIterable {
    case dead, dull, edge, chaotic
    init(_ greatest: Double) {
      self =
        greatest < -0.45 ? .dead : greatest < -0.25 ? .dull : greatest <= 0.01 ? .edge : .chaotic
    }
    var label: String {
      switch self {
      case .dead: "below -0.45"
      case .dull: "-0.45 to -0.25"
      case .edge: "-0.25 to 0.01"
      case .chaotic: "above 0.01"
      }
    }
  }

  package static func run(_ request: ReproductionRequest, _ context: StageContext) throws
    -> ReproductionReport
  {
    let short = request.isShort
    let sweep = LyapunovSweep(updates: short ? 40 : 1500, steps: short ? 60 : 600)
    let gains = short ? [0.4, 1, 2] : LyapunovSweep.gains
    let items = gains.flatMap { gain in
      request.seeds.map { LyapunovSweep.Item(gain: gain, seed: $0) }
    }
    let nets = try ParallelRuns.map(items, title: "adding", context.progress) { item, report in
      try sweep.train(item, report: report)
    }
    let followed = LyapunovSweep(
      updates: sweep.updates, steps: sweep.steps, interval: short ? 20 : 100)
    let courses = try ParallelRuns.map(
      [0.4, 1, 2].map { LyapunovSweep.Item(gain: $0, seed: request.seeds[0]) },
      title: "spectra over training", context.progress
    ) { item, report in try followed.train(item, report: report) }
    let randomItems = [0.8, 0.95, 1.2, 1.5, 2, 3].flatMap { gain in
      request.seeds.map { LyapunovSweep.Item(gain: gain, seed: $0) }
    }
    let units = short ? 20 : 100
    let random = try ParallelRuns.map(randomItems, title: "random", context.progress) { item, _ in
      try LyapunovSweep.random(
        gain: item.gain, units: units, steps: short ? 50 : 800, seed: item.seed)
    }
    return LyapunovReport(
      nets: nets, courses: courses, random: Array(zip(randomItems, random)), seeds: request.seeds,
      sweep: sweep, units: units
    ).report
  }
}
