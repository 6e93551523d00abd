internal import Foundation
internal import RNNDriver
internal import RNNGraph
internal import RNNLearning
internal import RNNSupport

/// Several networks trained on one task with the same seeds.
struct CellComparison: Sendable {
  /// One network of the comparison.
  struct Variant: Sendable {
    /// What tables and pictures call it.
    var label: String
    var network: Network
    /// The seed is replaced by that of the run.
    var configuration: TrainingConfiguration
  }
  /// One network trained with one seed.
  struct Run: Sendable {
    var variant: Int
    var seed: UInt64
    /// The weights that the training began with.
    var initial: Weights
    var weights: Weights
    var curve: [EpochRecord]
    /// On the test set, after the last epoch.
    var test: Evaluation

    /// The first epoch, counted from 1, whose mean training loss is below a threshold; nil if none is.
    func epoch(below threshold: Double) -> Int? {
      curve.first { $0.loss < threshold }?.epoch
    }
  }

  /// Names the checkpoints and the progress.
  var name: String
  var variants: [Variant]
  var seeds: [UInt64]
  var task: TrainingTask
  var test: SequenceSet
  /// Where every run keeps its checkpoint; a finished one is not run again.
  var folder: URL

  /// Trains everything; runs lie by variant, then by seed.
  ///
  /// - Throws: `DiagnosticsEmitted` on divergence, `ToolError.interrupted` on Ctrl-C.
  func run(_ context: StageContext) throws -> [[Run]] {
    try AtomicFile.makeFolder(folder)
    let items = seeds.indices.flatMap { s in variants.indices.map { (variant: $0, seed: s) } }
    let runs = try ParallelRuns.map(items, title: name, context.progress) { item, report in
      let variant = variants[item.variant]
      let seed = seeds[item.seed]
      var configuration = variant.configuration
      configuration.seed = seed
      let initial = initialWeights(variant.network, seed: seed)
      let file = folder.appendingPathComponent("\(name)-\(item.variant)-\(seed).checkpoint")
      let result = try Trainer(network: variant.network, task: task, configuration: configuration)
        .run(
          from: initial, checkpoint: CheckpointPolicy(url: file, resume: true), threads: 1,
          isCancelled: { Interrupt.shared.isRequested },
          progress: { note in
            report(
              Double(note.record.epoch) / Double(note.epochs),
              "\(variant.label), seed \(seed): epoch \(note.record.epoch)/\(note.epochs)  loss "
                + Figures.fixed(note.record.loss, 3))
          })
      let engine = try NetworkEngine(
        network: variant.network, weights: result.weights, threads: 1)
      return Run(
        variant: item.variant, seed: seed, initial: initial, weights: result.weights,
        curve: result.curve, test: evaluate(engine, on: test, loss: task.loss))
    }
    return variants.indices.map { v in runs.filter { $0.variant == v } }
  }

  /// How the gradients of some runs go through time, on the first sequences of the test set.
  func gradients(_ runs: [Run], _ context: StageContext) throws -> [GradientCourse] {
    try ParallelRuns.map(runs, title: "gradients", context.progress) { run, _ in
      try GradientCourse(
        label: variants[run.variant].label, network: variants[run.variant].network,
        initial: run.initial, trained: run.weights, loss: task.loss, set: test)
    }
  }
}

extension [CellComparison.Run] {
  /// The median over the seeds of the first epoch below a threshold; nil where most never get there.
  func medianEpoch(below threshold: Double) -> Double? {
    let epochs = map { $0.epoch(below: threshold).map(Double.init) ?? Double.infinity }
    let median = Statistics.median(epochs)
    return median.isFinite ? median : nil
  }
  var meanAccuracy: Double { Statistics.mean(map(\.test.metric)) }
}

/// Summaries over seeds.
enum Statistics {
  static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }
  /// The middle value, or the mean of the two middle ones.
  static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
