internal import Foundation
package import RNNDriver
internal import RNNGraph
internal import RNNLearning
internal import RNNSupport

/// DTRIV (Lezcano-Casado, NeurIPS 2019) with and without momentum (Nguyen et al., NeurIPS 2020) on permuted digits.
package enum OrthogonalReproduction: Reproduction {
  package static let name = "orthogonal"
  package static let summary =
    "orthogonal recurrence (DTRIV) with and without momentum on permuted digits"

  /// What a run measures; a short one measures too little for any verdict.
  struct Scale: Sendable {
    var training: Int
    var test: Int
    var units: Int
    var epochs: Int
    var simulated: Int

    static let full = Scale(training: 2000, test: 1000, units: 64, epochs: 15, simulated: 4)
    static let short = Scale(training: 64, test: 30, units: 6, epochs: 2, simulated: 1)
  }

  /// No momentum, then the settings of the recipes for permuted MNIST with 360 and 512 units, and with 170 units.
  static let variants: [(label: String, momentum: MomentumVariant?)] = [
    ("DTRIV", nil),
    (
      "Momentum (.6, .9)",
      MomentumVariant(label: "", method: .momentum, mu: 0.6, step: 0.9)
    ),
    (
      "Momentum (.3, .3)",
      MomentumVariant(label: "", method: .momentum, mu: 0.3, step: 0.3)
    ),
    (
      "Adam (.3, .3, .8)",
      MomentumVariant(label: "", method: .adam, mu: 0.3, step: 0.3, beta: 0.8)
    ),
    (
      "RMSProp (.3, .9)", MomentumVariant(label: "", method: .rmsprop, step: 0.3, beta: 0.9)
    ),
    (
      "SR (.3, F = 2)",
      MomentumVariant(label: "", method: .nesterov, step: 0.3, restart: 2)
    ),
    (
      "control: step 2.25",
      MomentumVariant(label: "", method: .momentum, step: 2.25)
    ),
  ]
  /// Indices of `variants`.
  enum Place { static let plain = 0, momentum = 1, adam = 3, restarted = 5, control = 6 }

  /// The recipes' RMSprop, with the rate of the orthogonal matrix of its own.
  static func training(epochs: Int) -> TrainingConfiguration {
    TrainingConfiguration(
      epochs: epochs, batchSize: 32, learningRate: 7e-4,
      optimizer: .rmsprop(decay: 0.9, epsilon: 1e-8),
      gradientClip: 1, seed: 1, orthogonalLearningRate: 2e-4)
  }

  static func network(_ momentum: MomentumVariant?, units: Int) throws -> Network {
    Network(layers: [
      try Layer(
        name: "cell", cell: "orthogonal", inputSize: 1, units: units,
        options: momentum?.options ?? []),
      try Layer(name: "readout", cell: "dense", inputSize: units, units: 10),
    ])
  }

  package static func run(_ request: ReproductionRequest, _ context: StageContext) throws
    -> ReproductionReport
  {
    let scale = request.isShort ? Scale.short : .full
    let folder = URL(fileURLWithPath: request.work).appendingPathComponent(
      request.isShort ? "short" : "full")
    let digits = GlyphDigits(
      order: .permuted, training: scale.training, test: scale.test)
    let comparison = CellComparison(
      name: "permuted",
      variants: try variants.map {
        CellComparison.Variant(
          label: $0.label, network: try network($0.momentum, units: scale.units),
          configuration: training(epochs: scale.epochs))
      }, seeds: request.seeds,
      task: TrainingTask(
        training: digits.training, validation: nil, loss: CrossEntropy(.sequence(.last))),
      test: digits.test, folder: folder)
    let runs = try comparison.run(context)
    let gradients = try comparison.gradients(
      [Place.plain, Place.momentum, Place.control].map { runs[$0][0] }, context)
    let checks = [Place.plain, Place.momentum, Place.adam, Place.restarted].map { v in
      HardwareCheck(
        name: v == Place.plain ? "DTRIV" : "DTRIV, \(comparison.variants[v].label)",
        network: comparison.variants[v].network, weights: runs[v][0].weights,
        task: comparison.task, test: comparison.test,
        fineTuning: TrainingConfiguration(
          epochs: request.isShort ? 1 : 2, batchSize: 32, learningRate: 1e-4, seed: 1),
        rangeSequences: 128, simulatedSequences: scale.simulated,
        folder: folder.appendingPathComponent("hardware"))
    }
    return OrthogonalReport(
      scale: scale, comparison: comparison, runs: runs, gradients: gradients,
      hardware: try HardwareCheck.run(checks, context)
    ).report
  }
}
