package import Foundation
internal import RNNCodegen
internal import RNNCosim
package import RNNDriver
internal import RNNFixedPoint
package import RNNGraph
internal import RNNInterchange
package import RNNLearning
package import RNNQuantize
internal import RNNReference
internal import RNNSupport

/// Takes a trained float network to fixed point and to Verilog, and measures what that costs.
///
/// The same steps as `rnnc quantize`, `compile` and `cosim`, on the data of a reproduction: ranges are observed
/// on training sequences, the rounded network is fine-tuned, the integers are measured on the test set, and the
/// Verilog is compared with them on some of its sequences, value by value and cycle by cycle.
package struct HardwareCheck: Sendable {
  /// Names the row of the table; letters and digits of it name the design.
  package var name: String
  /// A float network; circulant matrices stay circulant.
  package var network: Network
  package var weights: Weights
  /// What the network was trained on.
  package var task: TrainingTask
  package var test: SequenceSet
  package var policy: QuantizationPolicy
  /// Nil rounds without training.
  package var fineTuning: TrainingConfiguration?
  /// At most so many training sequences show the ranges of the values.
  package var rangeSequences: Int
  /// At most so many test sequences, spread over the set, are fed into the Verilog.
  package var simulatedSequences: Int
  /// The build goes into `<name>` below it; the checkpoint of an unfinished fine-tuning too.
  package var folder: URL

  package init(
    name: String, network: Network, weights: Weights, task: TrainingTask, test: SequenceSet,
    policy: QuantizationPolicy = QuantizationPolicy(), fineTuning: TrainingConfiguration?,
    rangeSequences: Int = 256, simulatedSequences: Int = 4, folder: URL
  ) {
    self.name = name
    self.network = network
    self.weights = weights
    self.task = task
    self.test = test
    self.policy = policy
    self.fineTuning = fineTuning
    self.rangeSequences = rangeSequences
    self.simulatedSequences = simulatedSequences
    self.folder = folder
  }

  /// A SystemVerilog identifier from the name.
  private var identifier: String {
    let kept = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    let joined = String(kept).split(separator: "_").joined(separator: "_")
    return joined.first?.isLetter == true ? joined : "net_\(joined)"
  }

  /// Quantizes, compiles and simulates on one thread, so that the figures do not depend on their number.
  ///
  /// - Throws: `DiagnosticsEmitted` for a network that cannot become hardware; `ToolError` from the tools and on
  ///   Ctrl-C. A mismatch is a figure, not an error.
  package func run(_ context: StageContext) throws -> HardwareFigures {
    try runKeepingOutputs(context).figures
  }

  /// The same, with the outputs of the integers for every test sequence and of the Verilog for those it was fed.
  ///
  /// - Returns: outputs as numbers, `[sequence][step][element]`.
  package func runKeepingOutputs(_ context: StageContext) throws -> (
    figures: HardwareFigures, integers: [[[Double]]], verilog: [[[Double]]]
  ) {
    let progress = context.progress
    progress.update(0, "\(name): to fixed point", milestone: true)
    let engine = try NetworkEngine(network: network, weights: weights, threads: 1)
    let shown = task.training.subset(
      Self.spread(rangeSequences, over: task.training.count))
    let ranges = engine.observeRanges(
      SequenceBatch(sequences: shown.sequences, features: shown.features))
    let plan = try planQuantization(network, weights: weights, ranges: ranges, policy: policy)
    let fixed = plan.network
    let float = evaluate(engine, on: test, loss: task.loss)

    let build = folder.appendingPathComponent(identifier)
    let tuned = try tune(fixed, "fine-tune", build: build, progress).rounded(to: fixed)
    // The float network learns in the same additional epochs: what they gain is not the rounding's.
    let tunedFloat = try fineTuning.map { _ in
      let weights = try tune(network, "float-fine-tune", build: build, progress)
      let engine = try NetworkEngine(network: network, weights: weights, threads: 1)
      return evaluate(engine, on: test, loss: task.loss)
    }

    progress.update(0.5, "\(name): to Verilog", milestone: true)
    let model = ModelFile(
      name: identifier, task: nil, network: fixed, integers: policy.integerRules)
    let (graph, design) = try BuildFolder.compiled(
      model, weights: tuned, options: CompileOptions(name: identifier))
    try BuildFolder.write(design, model: model, weights: tuned, to: build)
    let codes = graph.inputCodes(test.sequences)
    let outputs = try Classification.referenceOutputs(graph, sequences: codes)
    let integers = task.loss.evaluate(outputs, of: graph, targets: test.targets)

    let described = try CosimDesign(design, golden: graph, folder: build)
    let simulator = Cosimulator(described, builder: SimulationBuilder(runner: context.tools))
    let fed = Self.spread(simulatedSequences, over: codes.count).map { codes[$0] }
    let result = try simulator.run(
      sequences: fed, runs: CosimRun.standard(for: described, seed: 1, stressLimit: 1),
      progress: { progress.update(0.5 + $0 / 2, "\(name): comparing", milestone: false) })
    let figures = HardwareFigures(
      name: name, lossName: task.loss.metricName, weightWidth: policy.weightWidth,
      activationWidth: policy.activationWidth,
      integratorWidth: plan.values.contains { $0.role == .integrator }
        ? policy.integratorWidth : nil, storedWeights: fixed.storedCount, float: float,
      tunedFloat: tunedFloat, fixed: integers,
      multipliers: design.counts.units.reduce(0) { $0 + $1.multipliers },
      cyclesPerFrame: design.cyclesPerFrame, frames: result.frames,
      valuesCompared: result.valuesCompared + result.probeValuesCompared,
      valueMismatches: result.valueMismatches, cycleMismatches: result.cycleMismatches,
      otherMismatches: result.otherMismatches,
      firstMismatch: result.firstFailure?.firstMismatch?.description)
    let format = graph[graph.output].format
    func numbers(_ codes: [[[Int64]]]) -> [[[Double]]] {
      codes.map { $0.map { $0.map { format.value(of: $0) } } }
    }
    return (figures, numbers(outputs), numbers(result.outputs))
  }

  /// Runs several checks side by side and gives their figures in order.
  package static func run(_ checks: [HardwareCheck], _ context: StageContext) throws
    -> [HardwareFigures]
  {
    for tool in [Tool.verilator, .cxx] { try context.tools.require(tool) }
    return try ParallelRuns.map(checks, title: "hardware", context.progress) { check, report in
      try check.run(
        StageContext(progress: ForwardedProgress(report: report), tools: context.tools))
    }
  }

  /// The weights of a network after the fine-tuning; a checkpoint beside the build keeps them.
  private func tune(
    _ network: Network, _ phase: String, build: URL, _ progress: any ProgressSink
  ) throws -> Weights {
    guard let fineTuning else { return weights }
    try AtomicFile.makeFolder(folder)
    let checkpoint = build.appendingPathExtension(phase)
    let trainer = try Trainer(
      network: network, task: task, configuration: fineTuning, phase: phase)
    return try Interrupt.shared.cooperatively {
      try trainer.run(
        from: weights, checkpoint: CheckpointPolicy(url: checkpoint, resume: true), threads: 1,
        isCancelled: { Interrupt.shared.isRequested },
        progress: {
          progress.update(
            0.5 * Double($0.record.epoch) / Double($0.epochs),
            "\(name): \(phase) \($0.record.epoch)/\($0.epochs)  loss "
              + Figures.fixed($0.record.loss, 3), milestone: false)
        }
      ).weights
    }
  }

  /// At most `count` indices, evenly over a set.
  private static func spread(_ count: Int, over total: Int) -> [Int] {
    let count = min(max(1, count), total)
    return (0..<count).map { $0 * total / count }
  }
}
