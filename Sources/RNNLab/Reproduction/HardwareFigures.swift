package import RNNLearning
package import RNNSupport

/// What a network lost on its way to Verilog, and whether the Verilog is the integers.
package struct HardwareFigures: Hashable, Sendable {
  package var name: String
  /// The word for the metric, such as `accuracy`.
  package var lossName: String
  package var weightWidth: Int
  package var activationWidth: Int
  /// Bits of states that sum up over steps; nil in a network that has none.
  package var integratorWidth: Int?
  /// Stored weights of all layers.
  package var storedWeights: Int
  /// The float network on the test set.
  package var float: Evaluation
  /// The float network after the epochs that fine-tune the fixed-point one; nil without fine-tuning.
  package var tunedFloat: Evaluation?
  /// The integer reference on the test set.
  package var fixed: Evaluation
  package var multipliers: Int
  package var cyclesPerFrame: Int
  /// Simulated frames over all passes, and values compared in them with their cycles.
  package var frames: Int
  package var valuesCompared: Int
  package var valueMismatches: Int
  package var cycleMismatches: Int
  /// Protocol, missing beats, assertions.
  package var otherMismatches: Int
  package var firstMismatch: String?

  package init(
    name: String, lossName: String, weightWidth: Int, activationWidth: Int,
    integratorWidth: Int? = nil, storedWeights: Int, float: Evaluation,
    tunedFloat: Evaluation? = nil, fixed: Evaluation, multipliers: Int,
    cyclesPerFrame: Int, frames: Int,
    valuesCompared: Int, valueMismatches: Int, cycleMismatches: Int, otherMismatches: Int,
    firstMismatch: String? = nil
  ) {
    self.name = name
    self.lossName = lossName
    self.weightWidth = weightWidth
    self.activationWidth = activationWidth
    self.integratorWidth = integratorWidth
    self.storedWeights = storedWeights
    self.float = float
    self.tunedFloat = tunedFloat
    self.fixed = fixed
    self.multipliers = multipliers
    self.cyclesPerFrame = cyclesPerFrame
    self.frames = frames
    self.valuesCompared = valuesCompared
    self.valueMismatches = valueMismatches
    self.cycleMismatches = cycleMismatches
    self.otherMismatches = otherMismatches
    self.firstMismatch = firstMismatch
  }

  package var mismatches: Int { valueMismatches + cycleMismatches + otherMismatches }

  private var countsAnswers: Bool { lossName == "accuracy" }

  /// The better of the float networks with and without the additional epochs.
  private var best: Evaluation {
    guard let tunedFloat else { return float }
    let isBetter =
      countsAnswers ? tunedFloat.metric > float.metric : tunedFloat.loss < float.loss
    return isBetter ? tunedFloat : float
  }

  /// The name, and how far from trained the float network was where that says more than the bits do.
  private var excuse: String {
    guard let tunedFloat, countsAnswers else { return name }
    let gain = 100 * (tunedFloat.metric - float.metric)
    return gain < 5
      ? name
      : "\(name), half trained: its float network gains \(Figures.fixed(gain, 1)) points in those epochs"
  }

  /// At most one point of accuracy lost, or at most 5 % of the loss where nothing is classified.
  ///
  /// Lost against the better of the float networks with and without the additional epochs.
  package var isAccurate: Bool {
    countsAnswers ? fixed.metric >= best.metric - 0.01 : fixed.loss <= 1.05 * best.loss
  }

  package static let columns = [
    "network", "weights", "bits", "float", "float, trained on", "integers", "multipliers",
    "cycles a step",
    "steps simulated", "values compared", "wrong values", "wrong cycles",
  ]

  package var row: [String] {
    func text(_ evaluation: Evaluation) -> String {
      countsAnswers
        ? "\(Figures.fixed(100 * evaluation.metric, 1)) %"
        : "loss \(Figures.significant(evaluation.loss))"
    }
    let widths =
      weightWidth == activationWidth ? "\(weightWidth)" : "\(weightWidth)/\(activationWidth)"
    return [
      name, "\(storedWeights)", widths + (integratorWidth.map { ", sums \($0)" } ?? ""),
      text(float), tunedFloat.map(text) ?? "-", text(fixed), "\(multipliers)", "\(cyclesPerFrame)",
      "\(frames)", "\(valuesCompared)",
      "\(valueMismatches)", "\(cycleMismatches + otherMismatches)",
    ]
  }

  /// One row for each network.
  package static func table(_ figures: [HardwareFigures]) -> ReproductionReport.Table {
    ReproductionReport.Table(
      title: "In fixed point and in Verilog", columns: columns, rows: figures.map(\.row))
  }

  /// Two findings about all networks of an experiment: what the bits cost, and whether the Verilog is exact.
  package static func findings(_ figures: [HardwareFigures]) -> [Finding] {
    guard let first = figures.first else { return [] }
    let widest = figures.map { max($0.weightWidth, $0.activationWidth) }.max() ?? 0
    let lossy = figures.filter { !$0.isAccurate }
    let wrong = figures.filter { $0.mismatches > 0 }
    let costs = figures.map { figure -> (text: String, size: Double) in
      if figure.countsAnswers {
        let points = 100 * (figure.best.metric - figure.fixed.metric)
        return ("\(Figures.fixed(points, 1)) points", points)
      }
      let percent = 100 * (figure.fixed.loss / figure.best.loss - 1)
      return ("\(Figures.fixed(percent, 1)) % of the loss", percent)
    }
    let worst = costs.max { $0.size < $1.size }?.text ?? "-"
    let sums = figures.compactMap(\.integratorWidth).max().map {
      ", states that sum up over steps into \($0)"
    }
    return [
      Finding(
        claim: "Every network fits into \(widest) bits\(sums ?? "").",
        band: first.countsAnswers
          ? "at most 1 point of accuracy lost against the float network trained as long"
          : "at most 5 % more loss than the float network trained as long",
        measured: "at worst \(worst) over \(figures.count) networks", holds: lossy.isEmpty,
        remark: lossy.isEmpty
          ? "" : "Outside the band: \(lossy.map(\.excuse).joined(separator: "; "))."),
      Finding(
        claim:
          "The Verilog computes what the integers compute, in the cycle that the schedule says.",
        band: "0 mismatches",
        measured:
          "\(figures.reduce(0) { $0 + $1.mismatches }) mismatches in "
          + "\(figures.reduce(0) { $0 + $1.valuesCompared }) values of "
          + "\(figures.reduce(0) { $0 + $1.frames }) simulated steps",
        holds: wrong.isEmpty,
        remark: wrong.map { "\($0.name): \($0.firstMismatch ?? "no place known")." }
          .joined(separator: " ")),
    ]
  }

  package var json: JSONValue {
    .object([
      "name": .string(name), "weightWidth": .int(weightWidth),
      "activationWidth": .int(activationWidth), "storedWeights": .int(storedWeights),
      "floatLoss": .double(float.loss), "floatMetric": .double(float.metric),
      "tunedFloatLoss": tunedFloat.map { .double($0.loss) } ?? .null,
      "tunedFloatMetric": tunedFloat.map { .double($0.metric) } ?? .null,
      "integerLoss": .double(fixed.loss), "integerMetric": .double(fixed.metric),
      "multipliers": .int(multipliers), "cyclesPerFrame": .int(cyclesPerFrame),
      "frames": .int(frames), "valuesCompared": .int(valuesCompared),
      "valueMismatches": .int(valueMismatches), "cycleMismatches": .int(cycleMismatches),
      "otherMismatches": .int(otherMismatches),
    ])
  }
}
