internal import Foundation
package import RNNDriver
internal import RNNGraph
internal import RNNLearning
internal import RNNSupport

/// SBO-RNN (Zhang et al., NeurIPS 2021) on the adding problem of 100 steps.
package enum SBOReproduction: Reproduction {
  package static let name = "sbo-rnn"
  package static let summary =
    "SBO-RNN in all its updates against RNN and LSTM on the adding problem"

  /// What a run measures; a short one measures too little for any verdict.
  struct Scale: Sendable {
    var steps: Int
    var units: Int
    var rank: Int
    var batch: Int
    /// The most updates, as a share of what the full experiment allows.
    var share: Double
    var test: Int
    var simulated: Int

    static let full = Scale(
      steps: 100, units: 128, rank: 50, batch: 50, share: 1, test: 1000, simulated: 4)
    static let short = Scale(
      steps: 12, units: 8, rank: 2, batch: 5, share: 0.005, test: 20, simulated: 1)
  }

  static let goal = 0.01
  static let updates = ["sgd", "heavy-ball", "nesterov"]
  private static let updatesPerRound = 20

  /// One network of the experiment, how it is trained, and with how many of the seeds.
  struct Variant: Sendable {
    enum Kind: String, Sendable { case scalar, dense, paper, release, baseline, circulant }
    var label: String
    var kind: Kind
    var network: Network
    var learningRate: Double
    var clip: Double?
    var mostUpdates: Int
    var seeds: Int
  }

  /// One network trained with one seed.
  struct Run: Sendable {
    var variant: Int
    var seed: UInt64
    var initial: Weights
    var result: OnlineResult
  }

  static func variants(_ scale: Scale) throws -> [Variant] {
    func network(_ cell: String, _ units: Int, _ options: [CellConfiguration.Entry] = []) throws
      -> Network
    {
      Network(layers: [
        try Layer(
          name: "cell", cell: cell, inputSize: AddingTask.features, units: units,
          options: options),
        try Layer(name: "readout", cell: "dense", inputSize: units, units: 1),
      ])
    }
    func most(_ updates: Int) -> Int { max(20, Int(saturating: Double(updates) * scale.share)) }
    var all: [Variant] = []
    for update in updates {
      let rule = CellConfiguration.Entry("update", .choice(update))
      all.append(
        Variant(
          label: "\(update), scalar", kind: .scalar,
          network: try network(
            "sbo", scale.units, [rule, .init("recurrence", .choice("scalar"))]),
          learningRate: 2e-4, clip: nil, mostUpdates: most(12_000), seeds: 3))
    }
    for update in updates {
      let rule = CellConfiguration.Entry("update", .choice(update))
      all.append(
        Variant(
          label: "\(update), dense", kind: .dense,
          network: try network(
            "sbo", scale.units, [rule, .init("recurrence", .choice("dense"))]),
          learningRate: 2e-4, clip: nil, mostUpdates: most(4000), seeds: 3))
    }
    all.append(
      Variant(
        label: "sgd, paper's order", kind: .paper,
        network: try network(
          "sbo", scale.units,
          [
            .init("update", .choice("sgd")), .init("recurrence", .choice("dense")),
            .init("gradient", .choice("paper")),
          ]), learningRate: 2e-4, clip: nil, mostUpdates: most(4000), seeds: 1))
    for update in updates {
      all.append(
        Variant(
          label: "\(update), low-rank", kind: .release,
          network: try network(
            "sbo", scale.units / 2,
            [
              .init("update", .choice(update)), .init("recurrence", .choice("low-rank")),
              .init("rank", .int(scale.rank)), .init("alpha", .number(1)),
              .init("trainAlpha", .bool(false)), .init("trainEta", .bool(false)),
            ]), learningRate: 1e-2, clip: nil, mostUpdates: most(2000), seeds: 3))
    }
    var circulant = all[3]
    circulant.label += ", circulant"
    circulant.kind = .circulant
    circulant.seeds = 1
    circulant.network = circulant.network.restructured(
      StructureAssignment([
        .init(
          layer: "cell", parameter: "weight_h",
          structure: .blockCirculant(block: min(8, scale.units / 2)))
      ]))
    all.append(circulant)
    all.append(
      Variant(
        label: "RNN", kind: .baseline, network: try network("elman", scale.units / 2),
        learningRate: 1e-3, clip: 1, mostUpdates: most(3000), seeds: 1))
    all.append(
      Variant(
        label: "LSTM", kind: .baseline, network: try network("lstm", scale.units / 2),
        learningRate: 1e-3, clip: 1, mostUpdates: most(3000), seeds: 1))
    return all
  }

  package static func run(_ request: ReproductionRequest, _ context: StageContext) throws
    -> ReproductionReport
  {
    let scale = request.isShort ? Scale.short : .full
    let folder = URL(fileURLWithPath: request.work).appendingPathComponent(
      request.isShort ? "short" : "full")
    let variants = try variants(scale)
    let runs = try train(variants, scale, request.seeds, folder, context)
    let task = AddingTask(steps: scale.steps)
    let test = task.set(count: 8, seed: 1, purpose: "gradients")
    // Variants 0 to 2 have one weight, 3 to 5 a matrix, the last two are RNN and LSTM.
    let shown = [0, 1, 2, 3, 5, variants.count - 2, variants.count - 1].map { runs[$0][0] }
    let gradients = try ParallelRuns.map(shown, title: "gradients", context.progress) { run, _ in
      try GradientCourse(
        label: variants[run.variant].label, network: variants[run.variant].network,
        initial: run.initial, trained: run.result.weights, loss: task.loss, set: test)
    }
    let hardware = try HardwareCheck.run(
      checks(variants, runs, scale, folder, epochs: request.isShort ? 1 : 6), context)
    return SBOReport(
      scale: scale, variants: variants, runs: runs, gradients: gradients, hardware: hardware
    ).report
  }

  /// Runs by variant, then by seed.
  private static func train(
    _ variants: [Variant], _ scale: Scale, _ seeds: [UInt64], _ folder: URL,
    _ context: StageContext
  ) throws -> [[Run]] {
    try AtomicFile.makeFolder(folder)
    let task = AddingTask(steps: scale.steps)
    // The longest trainings first, so that no processor waits for the last one alone.
    let items = variants.indices.flatMap { v in
      seeds.prefix(variants[v].seeds).map { (variant: v, seed: $0) }
    }.sorted {
      (-variants[$0.variant].mostUpdates, $0.variant, $0.seed)
        < (-variants[$1.variant].mostUpdates, $1.variant, $1.seed)
    }
    let runs = try ParallelRuns.map(items, title: "adding", context.progress) { item, report in
      let variant = variants[item.variant]
      let rounds = (variant.mostUpdates + updatesPerRound - 1) / updatesPerRound
      let initial = initialWeights(variant.network, seed: item.seed)
      let trainer = OnlineTrainer(
        network: variant.network, loss: task.loss,
        configuration: TrainingConfiguration(
          epochs: rounds, batchSize: scale.batch, learningRate: variant.learningRate,
          gradientClip: variant.clip, seed: item.seed), updatesPerRound: updatesPerRound,
        goal: goal, source: { task.set(count: $0, using: &$1) })
      let file = folder.appendingPathComponent("\(item.variant)-\(item.seed).checkpoint")
      let result = try trainer.run(
        from: initial, checkpoint: CheckpointPolicy(url: file, resume: true), threads: 1,
        isCancelled: { Interrupt.shared.isRequested },
        progress: { note in
          report(
            Double(note.record.epoch) / Double(note.epochs),
            "\(variant.label), seed \(item.seed): update \(note.record.epoch * updatesPerRound)  "
              + "loss \(Figures.significant(note.record.loss))")
        })
      return Run(variant: item.variant, seed: item.seed, initial: initial, result: result)
    }
    return variants.indices.map { v in
      runs.filter { $0.variant == v }.sorted { $0.seed < $1.seed }
    }
  }

  private static func checks(
    _ variants: [Variant], _ runs: [[Run]], _ scale: Scale, _ folder: URL, epochs: Int
  ) -> [HardwareCheck] {
    let task = AddingTask(steps: scale.steps)
    let training = TrainingTask(
      training: task.set(count: 40 * scale.batch, seed: 1, purpose: "fine-tuning"),
      validation: nil, loss: task.loss)
    let test = task.set(count: scale.test, seed: 1, purpose: "test")
    let isSimulated: (Variant) -> Bool = { $0.kind != .baseline && $0.kind != .paper }
    return variants.indices.filter { isSimulated(variants[$0]) }.map { v in
      HardwareCheck(
        name: "SBO \(variants[v].label)", network: variants[v].network,
        weights: runs[v][0].result.weights, task: training, test: test,
        fineTuning: TrainingConfiguration(
          epochs: epochs, batchSize: scale.batch, learningRate: 1e-4, gradientClip: 1, seed: 1),
        rangeSequences: 200, simulatedSequences: scale.simulated,
        folder: folder.appendingPathComponent("hardware"))
    }
  }
}
