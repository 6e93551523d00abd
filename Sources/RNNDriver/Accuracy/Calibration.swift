internal import RNNGraph
package import RNNInterchange
internal import RNNLearning
package import RNNQuantize

/// Fixed-point formats for every part of a model from a few sequences, without training.
package struct Calibration {
  /// The quantized model and what was decided for each of its parts.
  package struct Outcome {
    package var model: SequenceModel
    var plans: [QuantizationPlan]
    /// What each part read in the float model: `[part][sequence][step][feature]`.
    var partInputs: [[[[Double]]]]
  }
  let policy: QuantizationPolicy

  package init(policy: QuantizationPolicy) { self.policy = policy }

  /// Gives every part formats from what the sequences show; weights are rounded and not trained.
  ///
  /// - Parameter sequences: `[sequence][step][feature]`.
  /// - Throws: `DiagnosticsEmitted` for a model that no format holds.
  package func quantize(_ model: SequenceModel, sequences: [[[Double]]]) throws -> Outcome {
    let run = SequenceRun(model)
    var partInputs = [[[[Double]]]](
      repeating: [], count: model.steps.reduce(0) { $0 + $1.parts.count })
    for sequence in sequences {
      for (p, rows) in try run.run(sequence).partInputs.enumerated() { partInputs[p].append(rows) }
    }
    var plans: [QuantizationPlan] = []
    func quantized(_ part: SequenceModel.Part) throws -> SequenceModel.Part {
      let plan = try self.plan(part, sequences: partInputs[plans.count])
      plans.append(plan)
      return SequenceModel.Part(
        network: plan.network, weights: part.weights.rounded(to: plan.network),
        integers: policy.integerRules)
    }
    let steps = try model.steps.map { step -> SequenceModel.Step in
      switch step {
      case .forward(let part): .forward(try quantized(part))
      case .reverse(let part): .reverse(try quantized(part))
      case .bidirectional(let forward, let reverse):
        .bidirectional(forward: try quantized(forward), reverse: try quantized(reverse))
      case .attention(let part, let epsilon):
        .attention(try quantized(part), epsilon: epsilon)
      case .select, .oneHot, .flip, .read, .softmax: step
      }
    }
    return Outcome(
      model: SequenceModel(name: model.name, steps: steps), plans: plans, partInputs: partInputs)
  }

  private func plan(_ part: SequenceModel.Part, sequences: [[[Double]]]) throws -> QuantizationPlan
  {
    let engine = try NetworkEngine(network: part.network, weights: part.weights)
    let ranges = engine.observeRanges(
      SequenceBatch(
        sequences: sequences.map { $0.joined().map(Float.init) }, features: part.network.inputSize))
    return try planQuantization(
      part.network, weights: part.weights, ranges: ranges, policy: policy)
  }
}
