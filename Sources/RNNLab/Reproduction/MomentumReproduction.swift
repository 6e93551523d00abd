internal import Foundation
package import RNNDriver
internal import RNNGraph
internal import RNNLearning
internal import RNNSupport

/// MomentumRNN (Nguyen et al., NeurIPS 2020) on digits read pixel by pixel, and on rows of MNIST.
package enum MomentumReproduction: Reproduction {
  package static let name = "momentum"
  package static let summary =
    "MomentumLSTM, AdamLSTM, RMSPropLSTM and SRLSTM against the LSTM on digits read pixel by pixel"

  /// What a run measures; a short one measures too little for any verdict.
  struct Scale: Sendable {
    var training: Int
    var test: Int
    var units: Int
    var epochs: Int
    var rowEpochs: Int
    var simulated: Int

    static let full = Scale(
      training: 2000, test: 1000, units: 64, epochs: 20, rowEpochs: 10, simulated: 4)
    static let short = Scale(
      training: 96, test: 40, units: 6, epochs: 2, rowEpochs: 2, simulated: 1)
  }

  /// RMSprop as in the published recipes: rate 1e-3, decay .9, gradients clipped to norm 1.
  static func training(epochs: Int) -> TrainingConfiguration {
    TrainingConfiguration(
      epochs: epochs, batchSize: 32, learningRate: 1e-3,
      optimizer: .rmsprop(decay: 0.9, epsilon: 1e-8), gradientClip: 1, seed: 1)
  }
  static func tuning(epochs: Int) -> TrainingConfiguration {
    TrainingConfiguration(
      epochs: epochs, batchSize: 32, learningRate: 2e-4, gradientClip: 1, seed: 1)
  }

  package static func run(_ request: ReproductionRequest, _ context: StageContext) throws
    -> ReproductionReport
  {
    let scale = request.isShort ? Scale.short : .full
    let folder = URL(fileURLWithPath: request.work).appendingPathComponent(
      request.isShort ? "short" : "full")
    func digits(_ order: GlyphDigits.Order) -> GlyphDigits {
      GlyphDigits(order: order, training: scale.training, test: scale.test)
    }
    let permuted = try compare("permuted", digits(.permuted), scale, request, folder, context)
    let raster = try compare("raster", digits(.raster), scale, request, folder, context)
    let others = try otherCells(digits(.rows), scale, request, folder, context)
    let mnist = try request.data.map {
      try rows(of: MNIST(folder: URL(fileURLWithPath: $0)), scale, request, folder, context)
    }
    let places: [MomentumVariant.Place] = [.lstm, .momentum, .adam, .rmsprop, .gain]
    let gradients = try permuted.comparison.gradients(
      places.map { permuted[$0][0] }, context)
    let hardware = try HardwareCheck.run(
      try permutedChecks(permuted, scale, request, folder, context)
        + otherChecks(others, scale, folder), context)
    return MomentumReport(
      scale: scale, permuted: permuted, raster: raster, others: others, mnist: mnist,
      gradients: gradients, hardware: hardware
    ).report
  }

  /// A comparison with its runs.
  struct Outcome: Sendable {
    var comparison: CellComparison
    /// By variant, then by seed.
    var runs: [[CellComparison.Run]]
    subscript(place: MomentumVariant.Place) -> [CellComparison.Run] { runs[place.rawValue] }
  }

  private static func comparison(
    _ name: String, _ variants: [CellComparison.Variant], _ task: (SequenceSet, SequenceSet),
    seeds: [UInt64], _ folder: URL
  ) -> CellComparison {
    CellComparison(
      name: name, variants: variants, seeds: seeds,
      task: TrainingTask(
        training: task.0, validation: nil, loss: CrossEntropy(.sequence(.last))),
      test: task.1, folder: folder)
  }

  /// All variants of the LSTM on single pixels.
  private static func compare(
    _ name: String, _ digits: GlyphDigits, _ scale: Scale, _ request: ReproductionRequest,
    _ folder: URL, _ context: StageContext
  ) throws -> Outcome {
    let variants = try MomentumVariant.all.map {
      CellComparison.Variant(
        label: $0.label,
        network: try $0.network(
          cell: "momentum-lstm", inputs: 1, units: scale.units, classes: 10),
        configuration: training(epochs: scale.epochs))
    }
    let comparison = comparison(
      name, variants, (digits.training, digits.test), seeds: request.seeds, folder)
    return Outcome(comparison: comparison, runs: try comparison.run(context))
  }

  /// The RNN and the GRU with and without momentum, on rows.
  private static func otherCells(
    _ digits: GlyphDigits, _ scale: Scale, _ request: ReproductionRequest, _ folder: URL,
    _ context: StageContext
  ) throws -> Outcome {
    let variants = try ["momentum-rnn", "momentum-gru"].flatMap { cell in
      try [MomentumVariant.none, .momentum].map { variant in
        CellComparison.Variant(
          label: (variant.mu > 0 ? "Momentum" : "") + cell.dropFirst(9).uppercased(),
          network: try variant.network(
            cell: cell, inputs: digits.training.features, units: scale.units, classes: 10),
          configuration: training(epochs: scale.rowEpochs))
      }
    }
    let comparison = comparison(
      "rows", variants, (digits.training, digits.test), seeds: request.seeds, folder)
    return Outcome(comparison: comparison, runs: try comparison.run(context))
  }

  /// The LSTM, momentum, Adam and RMSProp on rows of MNIST.
  private static func rows(
    of mnist: MNIST, _ scale: Scale, _ request: ReproductionRequest, _ folder: URL,
    _ context: StageContext
  ) throws -> Outcome {
    let variants = try [MomentumVariant.none, .slow, .adam, .rmsprop, .gain].map {
      CellComparison.Variant(
        label: $0.label,
        network: try $0.network(
          cell: "momentum-lstm", inputs: MNIST.side, units: scale.units, classes: 10),
        configuration: training(epochs: scale.rowEpochs))
    }
    let sets = try mnist.rows(training: 2 * scale.training, test: scale.test)
    let comparison = comparison("mnist", variants, sets, seeds: request.seeds, folder)
    return Outcome(comparison: comparison, runs: try comparison.run(context))
  }

  // MARK: Hardware

  private static func permutedChecks(
    _ outcome: Outcome, _ scale: Scale, _ request: ReproductionRequest, _ folder: URL,
    _ context: StageContext
  ) throws -> [HardwareCheck] {
    let places: [MomentumVariant.Place] = [.lstm, .momentum, .adam, .rmsprop, .restarted]
    var chosen = places.map { outcome[$0][0] }
    var comparison = outcome.comparison
    var circulant = comparison.variants[MomentumVariant.Place.momentum.rawValue]
    let block = request.isShort ? 2 : 8
    circulant.label += ", circulant \(block)"
    circulant.network = circulant.network.restructured(
      StructureAssignment(
        ["i", "f", "g", "o"].map {
          StructureAssignment.Entry(
            layer: "cell", parameter: "\($0).weight_h", structure: .blockCirculant(block: block))
        }))
    comparison.name = "circulant"
    comparison.variants = [circulant]
    comparison.seeds = [request.seeds[0]]
    var run = try comparison.run(context)[0][0]
    run.variant = outcome.comparison.variants.count
    chosen.append(run)
    comparison.variants = outcome.comparison.variants + [circulant]
    return chosen.map {
      check(comparison, $0, scale, folder, epochs: request.isShort ? 1 : 2)
    }
  }
  private static func otherChecks(_ outcome: Outcome, _ scale: Scale, _ folder: URL)
    -> [HardwareCheck]
  {
    [1, 3].map { check(outcome.comparison, outcome.runs[$0][0], scale, folder, epochs: 2) }
  }
  private static func check(
    _ comparison: CellComparison, _ run: CellComparison.Run, _ scale: Scale, _ folder: URL,
    epochs: Int
  ) -> HardwareCheck {
    HardwareCheck(
      name: comparison.variants[run.variant].label,
      network: comparison.variants[run.variant].network, weights: run.weights,
      task: comparison.task, test: comparison.test, fineTuning: tuning(epochs: epochs),
      rangeSequences: 128, simulatedSequences: scale.simulated,
      folder: folder.appendingPathComponent("hardware"))
  }
}
