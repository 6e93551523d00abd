internal import Foundation
package import RNNDriver
internal import RNNLearning
internal import RNNSupport

/// Random-feedback local online learning and its loop circuit (Murray, eLife 2019;8:e43299).
package enum RFLOReproduction: Reproduction {
  package static let name = "rflo"
  package static let summary =
    "local learning with random feedback against the gradient, and a loop that chains movements"
  package static let seeds = 9

  /// Periods of the first task with the article's learning rates.
  static let periods: [(steps: Int, rflo: Double, backpropagation: Double)] = [
    (100, 0.03, 0.03), (200, 0.03, 0.03), (400, 0.01, 0.03),
  ]
  /// The period on which all rules are compared.
  static let mainPeriod = 200
  /// Everything that was measured.
  struct Results: Sendable {
    var isShort: Bool
    var trials: Int
    /// Runs by variant, then by seed, on the main period.
    var rules: [[RFLOPeriodic.Run]]
    /// Runs of RFLO and backpropagation on every period.
    var lengths: [(steps: Int, rflo: [RFLOPeriodic.Run], backpropagation: [RFLOPeriodic.Run])]
    var loop: RFLOLoop
    var loops: [RFLOLoop.Run]
    /// The same circuit without resets.
    var carried: [RFLOLoop.Run]
    var carriedTrials: Int
    /// The loss of the whole sequence learnt at once, by seed.
    var direct: [Double]
    var directTrials: Int
    var hardware: [RFLOLoopHardware.Figures]
  }

  static func checkInterrupt() throws {
    if Interrupt.shared.isRequested {
      throw ToolError(.interrupted, "the experiment was interrupted", hint: "run it again")
    }
  }

  package static func run(_ request: ReproductionRequest, _ context: StageContext) throws
    -> ReproductionReport
  {
    func scaled(_ trials: Int) -> Int { request.isShort ? max(20, trials / 50) : trials }
    let trials = scaled(10_000)
    let finished = try FinishedRuns(work: request.work)
    let (rules, lengths) = try periodic(request.seeds, trials: trials, finished, context)

    // The circuit takes longer, and five seeds are what its figures are compared with.
    let seeds = Array(request.seeds.prefix(5))
    let loop = RFLOLoop(trials: trials, chains: scaled(2000))
    func circuits(_ loop: RFLOLoop, _ title: String) throws -> [RFLOLoop.Run] {
      try ParallelRuns.map(seeds, title: title, context.progress) { seed, report in
        try finished.piece(
          "loop-\(loop.resets ? "reset" : "carried")-trials\(loop.trials)-chains\(loop.chains)-seed\(seed)",
          read: RFLOLoop.Run.init(json:), write: \.json
        ) { try loop.train(seed: seed, report: report) }
      }
    }
    let loops = try circuits(loop, "loop circuit")
    var carrying = loop
    carrying.resets = false
    carrying.trials = scaled(20_000)
    carrying.chains = scaled(200)
    let carried = try circuits(carrying, "loop circuit without resets")
    let directTrials = scaled(1250)
    let direct = try ParallelRuns.map(
      seeds, title: "the whole sequence at once", context.progress
    ) { seed, report in
      try finished.piece(
        "direct-trials\(directTrials)-seed\(seed)", read: \.number,
        write: { .double($0) }
      ) { try loop.trainDirectly(seed: seed, trials: directTrials, report: report) }
    }
    let folder = URL(fileURLWithPath: request.work)
    let hardware = try loops.prefix(2).map {
      try RFLOLoopHardware(loop: loop, folder: folder).run($0, context)
    }
    return report(
      Results(
        isShort: request.isShort, trials: trials, rules: rules, lengths: lengths, loop: loop,
        loops: loops, carried: carried, carriedTrials: carrying.trials, direct: direct,
        directTrials: directTrials, hardware: hardware))
  }

  /// All rules on the main period, and two of them on every period.
  private static func periodic(
    _ seeds: [UInt64], trials: Int, _ finished: FinishedRuns, _ context: StageContext
  ) throws -> (
    rules: [[RFLOPeriodic.Run]],
    lengths: [(steps: Int, rflo: [RFLOPeriodic.Run], backpropagation: [RFLOPeriodic.Run])]
  ) {
    struct Item: Sendable {
      var variant: RFLOPeriodic.Variant
      var period: Int
      var rate: Double
      var seed: UInt64
    }
    let variants = RFLOPeriodic.Variant.all
    var items: [Item] = []
    for setting in periods {
      for variant in setting.steps == mainPeriod ? variants : Array(variants[..<2]) {
        let isGradient = variant.rule == .exactGradient
        items += seeds.map {
          Item(
            variant: variant, period: setting.steps,
            rate: isGradient ? setting.backpropagation : setting.rflo, seed: $0)
        }
      }
    }
    let runs = try ParallelRuns.map(items, title: "periodic output", context.progress) {
      item, report in
      let label = item.variant.label.filter { $0 != " " && $0 != "," }
      return try finished.piece(
        "periodic-\(label)-T\(item.period)-rate\(item.rate)-trials\(trials)-seed\(item.seed)",
        read: RFLOPeriodic.Run.init(json:), write: \.json
      ) {
        try RFLOPeriodic(period: item.period, trials: trials).run(
          item.variant, rate: item.rate, seed: item.seed, report: report)
      }
    }
    func select(_ variant: RFLOPeriodic.Variant, _ period: Int) -> [RFLOPeriodic.Run] {
      zip(items, runs).filter { $0.0.variant.label == variant.label && $0.0.period == period }
        .map(\.1)
    }
    return (
      variants.map { select($0, mainPeriod) },
      periods.map {
        (
          steps: $0.steps, rflo: select(.rflo, $0.steps),
          backpropagation: select(.backpropagation, $0.steps)
        )
      }
    )
  }
}
