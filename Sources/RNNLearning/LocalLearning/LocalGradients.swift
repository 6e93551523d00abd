internal import RNNGraph
internal import RNNSupport

/// What a local rule gives in the place of a gradient, so that the trainer treats it as one.
///
/// Errors of the outputs are the loss's negative gradient by them, so any loss can be learnt; for the squared error
/// they are y* - y up to a factor. Updates at every step happen inside a trial, on a copy of the weights; the
/// trial's change, divided by the rate, is then its gradient.
struct LocalGradients {
  let network: Network
  let rule: LocalLearning
  /// B, row-major `[units][outputs]`.
  let feedback: [Double]

  init(network: Network, rule: LocalLearning, seed: UInt64) {
    self.network = network
    self.rule = rule
    feedback = LeakyNetwork.randomFeedback(
      units: network.layers[0].configuration.units, outputs: network.outputSize, seed: seed)
  }

  /// The loss of a batch of trials and the rule's gradient of its mean.
  func gradients(
    _ sequences: [[Float]], targets: [SequenceTarget], weights: Weights, loss: any Loss,
    rate: Double
  ) -> (loss: BatchLoss, gradients: Weights) {
    let start = LeakyNetwork(network, weights: weights)
    let learner = LeakyLearner(start, rule: rule, feedback: feedback)
    var total = BatchLoss()
    for (sequence, target) in zip(sequences, targets) {
      learner.reset()
      let outputs = learner.run(sequence.map(Double.init)).map(Float.init)
      let one = loss.evaluate(
        outputs, features: start.outputs, target: target,
        wantsGradient: rule.updates == .everyTrial)
      total.add(
        BatchLoss(
          sum: one.sum, weight: one.weight, metricSum: one.metricSum,
          metricWeight: one.metricWeight))
      if rule.updates == .everyTrial { learner.creditRun(one.gradient.map { -Double($0) }) }
    }
    // The mean over the batch divides by the weight of all its trials, known after the last.
    let scale = 1 / total.weight
    var change = learner.sums.scaled(by: scale)
    if rule.updates == .everyStep {
      for (sequence, target) in zip(sequences, targets) {
        learnSteps(
          sequence.map(Double.init), target, start: start, loss: loss, scale: scale, rate: rate,
          to: &change)
      }
    }
    return (total, gradient(change))
  }

  /// One trial with updates at every step, on a copy of the weights; adds change / rate.
  private func learnSteps(
    _ inputs: [Double], _ target: SequenceTarget, start: LeakyNetwork, loss: any Loss,
    scale: Double, rate: Double, to change: inout LeakyNetwork
  ) {
    guard case .values(let wanted) = target else {
      preconditionFailure("updates at every step need values at every step")
    }
    let learner = LeakyLearner(start, rule: rule, feedback: feedback)
    learner.reset()
    let (size, outputs) = (start.inputs, start.outputs)
    for t in 0..<inputs.count / size {
      let y = learner.advance(Array(inputs[t * size..<(t + 1) * size])).map(Float.init)
      let one = loss.evaluate(
        y, features: outputs,
        target: .values(Array(wanted[t * outputs..<(t + 1) * outputs])), wantsGradient: true)
      learner.credit(one.gradient.map { -Double($0) * scale }, applying: rate)
    }
    let end = learner.network
    func add(_ path: WritableKeyPath<LeakyNetwork, [Double]>) {
      for i in start[keyPath: path].indices {
        change[keyPath: path][i] += (end[keyPath: path][i] - start[keyPath: path][i]) / rate
      }
    }
    add(\.input)
    add(\.recurrent)
    add(\.readout)
  }

  /// The negative of a change, zero where the rule learns nothing.
  private func gradient(_ change: LeakyNetwork) -> Weights {
    var result = change.scaled(by: -1)
    if !rule.learnsRecurrent {
      result.input = result.input.map { _ in 0 }
      result.recurrent = result.recurrent.map { _ in 0 }
    }
    if !rule.learnsReadout { result.readout = result.readout.map { _ in 0 } }
    return result.weights(of: network)
  }
}

extension LeakyNetwork {
  fileprivate func scaled(by factor: Double) -> LeakyNetwork {
    var result = self
    result.input = input.map { factor * $0 }
    result.recurrent = recurrent.map { factor * $0 }
    result.readout = readout.map { factor * $0 }
    return result
  }
}
