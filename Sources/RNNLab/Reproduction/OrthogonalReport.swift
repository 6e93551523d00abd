internal import Foundation
internal import RNNGraph
internal import RNNLearning
internal import RNNSupport

/// The tables, pictures and findings of the experiment with orthogonal matrices.
struct OrthogonalReport: Sendable {
  typealias Place = OrthogonalReproduction.Place
  let scale: OrthogonalReproduction.Scale
  let comparison: CellComparison
  /// By variant, then by seed.
  let runs: [[CellComparison.Run]]
  let gradients: [GradientCourse]
  let hardware: [HardwareFigures]

  private static let threshold = 1.0

  var report: ReproductionReport {
    ReproductionReport(
      title: "Orthogonal recurrence (DTRIV) with momentum",
      introduction: [
        "Lezcano-Casado, *Trivializations for gradient-based optimization on manifolds*, NeurIPS 2019: a recurrent "
          + "matrix B = base exp(A) with a skew-symmetric A that is trained, and modReLU. Nguyen et al., "
          + "*MomentumRNN*, NeurIPS 2020, put momentum, Adam, RMSProp or restarted Nesterov momentum on its input.",
        "Digits of 12 x 12 pixels in one random order, 144 steps of one number (see [momentum](momentum.md) for the images): "
          + "\(scale.training) training and \(scale.test) test images, \(scale.units) units, \(scale.epochs) epochs, "
          + "RMSprop with rate 0.0007 and decay 0.9, rate 0.0002 for A, base point changed after every update, gradient norm at most 1, "
          + "batches of 32, \(seedText(comparison.seeds.count)). The paper has 170 to 512 units and the 784 pixels of MNIST.",
      ],
      findings: findings + HardwareFigures.findings(hardware),
      tables: [
        comparison.table(runs, title: "Permuted pixels", threshold: Self.threshold),
        HardwareFigures.table(hardware),
      ],
      pictures: [
        comparison.curves(
          runs, name: "permuted", title: "Permuted pixels",
          caption:
            "Training loss on digits whose pixels come in one random order, mean over the seeds.")
      ] + GradientCourse.pictures(gradients),
      discussion: [
        "An orthogonal matrix keeps the length of the state, so gradients do not vanish whether there is momentum or not; what "
          + "momentum changes is the size and the smoothness of the input. `control` has no momentum but the gain "
          + "0.9 / (1 - .6) that (.6, .9) has for a constant input.",
        "These images are easy for an orthogonal matrix: all variants come near 100 %, so the order of their accuracies says "
          + "little. With three times the disturbance, in a run that was broken off, DTRIV learnt 64 to 66 % of the training "
          + "images and momentum (.6, .9) 58 to 67 %: no gain from momentum either.",
        "A trained B is an ordinary matrix: rounded to 12 bits it is orthogonal to about 0.001 and runs on the same hardware as "
          + "any other.",
      ],
      data: .object([
        "runs": .array(comparison.json(runs)), "gradients": .array(gradients.map(\.json)),
        "hardware": .array(hardware.map(\.json)),
      ]))
  }

  /// The greatest entry of |B^T B - I| over all runs: what training left of the constraint.
  private var greatestDefect: Double {
    var defect = 0.0
    for run in runs.flatMap({ $0 }) {
      let graph = comparison.variants[run.variant].network.layers[0].graph
      guard let p = graph.parameters.firstIndex(where: { $0.name == "weight_h" }) else { continue }
      let n = graph.parameters[p].rows
      let b = run.weights.values[0][p].map(Double.init)
      for i in 0..<n {
        for j in 0...i {
          let dot = (0..<n).reduce(0.0) { $0 + b[i * n + $1] * b[j * n + $1] }
          defect = max(defect, abs(dot - (i == j ? 1 : 0)))
        }
      }
    }
    return defect
  }

  private var findings: [Finding] {
    func percent(_ v: Int) -> String { Figures.fixed(100 * runs[v].meanAccuracy, 1) }
    let base = runs[Place.plain].medianEpoch(below: Self.threshold)
    let momentum = runs[Place.momentum].medianEpoch(below: Self.threshold)
    let control = runs[Place.control].medianEpoch(below: Self.threshold)
    let best = runs.indices.filter { $0 != Place.control }.max {
      runs[$0].meanAccuracy < runs[$1].meanAccuracy
    }
    var found = [
      Finding(
        claim:
          "Momentum makes DTRIV at least as accurate (published: 95.21 % to 95.37 % with 170 units).",
        band: "mean test accuracy of the best variant with momentum at least that of DTRIV",
        measured: runs.indices.map { "\(comparison.variants[$0].label) \(percent($0)) %" }
          .joined(separator: ", "),
        holds: best.map { $0 != Place.plain } ?? false),
      Finding(
        claim: "Momentum makes training faster (the published training curves).",
        band:
          "median epochs to training loss < \(Self.threshold): momentum (.6, .9) fewer than DTRIV",
        measured:
          "momentum \(epochText(momentum)), DTRIV \(epochText(base)), control \(epochText(control))",
        holds: momentum.map { $0 < (base ?? .infinity) } ?? false),
      Finding(
        claim: "The matrix stays orthogonal.",
        band: "no entry of B B^T - I above 0.0001 after training",
        measured: Figures.significant(greatestDefect), holds: greatestDefect <= 1e-4),
    ]
    if let first = gradients.first, gradients.count > 1 {
      found.append(
        Finding(
          claim: "Gradients do not vanish over the sequence (figure 2 of the paper).",
          band:
            "before training the norm of dL/dh at the first step at least a tenth of that at the last, both",
          measured: "first over last: DTRIV \(Figures.significant(first.initialRatio)), momentum "
            + "\(Figures.significant(gradients[1].initialRatio)); after training \(Figures.significant(first.trainedRatio)) and "
            + Figures.significant(gradients[1].trainedRatio),
          holds: first.initialRatio >= 0.1 && gradients[1].initialRatio >= 0.1))
    }
    return found
  }
}
