package import RNNGraph
package import RNNSupport

/// How the weights of leaky rate units and their readout are learnt: RFLO, the exact gradient, and what lies between.
///
/// Random-feedback local online learning (Murray, eLife 2019;8:e43299) makes two approximations of the
/// gradient, and each can be made alone: credit stays with the unit that a weight leads to (`credit`), and
/// errors reach the units through a fixed random matrix instead of the readout (`feedback`).
package struct LocalLearning: Hashable, Sendable {
  /// Along which paths a weight's effect on later errors is followed.
  package enum Credit: String, Hashable, Sendable, CaseIterable {
    /// Through the leak of the unit alone: what a synapse knows.
    case local
    /// Through all recurrent weights: the gradient.
    case exact
  }
  /// By which matrix errors of the outputs become errors of the units.
  package enum Feedback: String, Hashable, Sendable, CaseIterable {
    /// B, Gaussian and fixed.
    case random
    /// The readout's transpose, as it is at the moment.
    case symmetric
  }
  /// When the weights change.
  package enum Updates: String, Hashable, Sendable, CaseIterable {
    case everyStep = "step"
    case everyTrial = "trial"
  }
  /// Which input the trace of an input weight takes up.
  package enum TraceInput: String, Hashable, Sendable, CaseIterable {
    /// x(t), which the unit saw: the local part of the gradient.
    case current
    /// x(t - 1), as the article and its notebook have it.
    case previous
  }
  package var credit: Credit
  package var feedback: Feedback
  package var updates: Updates
  package var traceInput: TraceInput
  /// Whether W and V are learnt.
  package var learnsRecurrent: Bool
  /// Whether Wout is learnt.
  package var learnsReadout: Bool

  package init(
    credit: Credit = .local, feedback: Feedback = .random, updates: Updates = .everyTrial,
    traceInput: TraceInput = .current, learnsRecurrent: Bool = true, learnsReadout: Bool = true
  ) {
    self.credit = credit
    self.feedback = feedback
    self.updates = updates
    self.traceInput = traceInput
    self.learnsRecurrent = learnsRecurrent
    self.learnsReadout = learnsReadout
  }

  package static let rflo = LocalLearning()
  /// Backpropagation through time.
  package static let exactGradient = LocalLearning(credit: .exact, feedback: .symmetric)

  /// What keeps the rule from being used, as (path, message, fix).
  package var problems: [(path: String, message: String, fix: String)] {
    var found: [(String, String, String)] = []
    if credit == .exact, updates == .everyStep {
      found.append(
        (
          "updates", "exact credit is known at the end of a trial only",
          "use \"trial\", or credit \"local\""
        ))
    }
    if credit == .exact, traceInput == .previous {
      found.append(
        ("traceInput", "exact credit has no traces", "use \"current\", or credit \"local\""))
    }
    if !learnsRecurrent, !learnsReadout {
      found.append(("learns", "nothing is learnt", "name \"recurrent\", \"readout\" or both"))
    }
    return found
  }

  /// What keeps a network from being learnt locally, as (place, message, fix).
  ///
  /// The rule needs the equations of the leaky unit: one layer of them, and a readout without bias.
  package static func problems(with network: Network) -> [(
    path: String, message: String, fix: String
  )] {
    var found: [(String, String, String)] = []
    let layers = network.layers
    if let first = layers.first, first.cell != LeakyRateCell.name {
      found.append(
        (
          first.name, "local learning knows the cell leaky, and this one is \(first.cell)",
          "use the cell \"leaky\", or leave \"learning\" out to train by backpropagation"
        ))
    }
    if layers.count > 1, layers[1].cell != DenseLayer.name {
      found.append(
        (
          layers[1].name,
          "the readout of local learning is dense, and this layer is \(layers[1].cell)",
          "use the cell \"dense\" with the option bias false"
        ))
    } else if layers.count > 1, layers[1].configuration.bool("bias") {
      found.append(
        (
          layers[1].name, "the readout of local learning has no bias",
          "set its option bias to false"
        ))
    }
    if layers.count != 2 {
      let place = layers.count > 2 ? layers[2].name : layers.first?.name ?? "layers"
      found.append(
        (
          place,
          "local learning trains one leaky layer and its readout, not \(layers.count) layers",
          "use one layer \"leaky\" and one layer \"dense\" with the option bias false"
        ))
    }
    for layer in layers {
      if let matrix = layer.graph.parameters.first(where: { $0.structure != .dense }) {
        found.append(
          (
            "\(layer.name).\(matrix.name)", "local learning knows dense matrices only",
            "train before compressing, or leave \"learning\" out"
          ))
      }
      let isRounded = layer.graph.nodes.contains {
        if case .quantize = $0.op { true } else { false }
      }
      if isRounded {
        found.append(
          (
            layer.name, "local learning knows no rounded values",
            "train before quantizing, or leave \"learning\" out"
          ))
      }
    }
    return found
  }

  /// Collects what keeps the rule from learning a task with a network.
  func check(
    path: String, network: Network, task: TrainingTask, into sink: inout DiagnosticSink
  ) {
    for problem in problems {
      sink.error("\(path).\(problem.path)", problem.message, fix: problem.fix)
    }
    for problem in Self.problems(with: network) {
      sink.error(problem.path, problem.message, fix: problem.fix)
    }
    if updates == .everyStep, !(task.loss is MeanSquaredError) {
      sink.error(
        "\(path).updates", "the loss \(task.loss.name) is known at the end of a trial only",
        fix: "use \"trial\", or data with values as targets")
    }
  }

  /// The rule as a JSON object with a fixed order of members.
  package var json: JSONValue {
    .object([
      "credit": .string(credit.rawValue), "feedback": .string(feedback.rawValue),
      "updates": .string(updates.rawValue), "traceInput": .string(traceInput.rawValue),
      "learnsRecurrent": .bool(learnsRecurrent), "learnsReadout": .bool(learnsReadout),
    ])
  }
}
