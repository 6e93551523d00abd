package import RNNGraph

/// A network over whole sequences: forward networks, layers that run backwards, and choices of one step.
///
/// A model that is one forward network streams; `streaming` gives it. Any other needs the whole sequence before it can
/// answer. Each part is an ordinary network, which runs on its own, quantizes and compiles; a reverse part reads the
/// sequence from its end.
package struct SequenceModel: Hashable, Sendable {
  /// A network and its weights.
  package struct Part: Hashable, Sendable {
    package var network: Network
    package var weights: Weights
    package init(network: Network, weights: Weights) {
      self.network = network
      self.weights = weights
    }
  }
  /// Which step of a sequence goes on.
  package enum Selection: String, Hashable, Sendable, CaseIterable {
    /// The last one in time.
    case last
    /// The one that each direction computed last: for a reverse part, the first in time.
    case final
  }
  package enum Step: Hashable, Sendable {
    case forward(Part)
    case reverse(Part)
    /// Both read the same; the outputs of the forward part come first.
    case bidirectional(forward: Part, reverse: Part)
    /// Everything after it sees one step instead of a sequence.
    case select(Selection)

    /// The parts, the forward one first.
    package var parts: [Part] {
      switch self {
      case .forward(let part): [part]
      case .reverse(let part): [part]
      case .bidirectional(let forward, let reverse): [forward, reverse]
      case .select: []
      }
    }
    /// The number of outputs; nil for a choice of a step.
    package var outputSize: Int? {
      switch self {
      case .forward(let part): part.network.outputSize
      case .reverse(let part): part.network.outputSize
      case .bidirectional(let forward, let reverse):
        forward.network.outputSize + reverse.network.outputSize
      case .select: nil
      }
    }
  }
  /// Names the design: a letter, then letters, digits, `_` and `-`.
  package var name: String
  package var steps: [Step]

  package init(name: String, steps: [Step]) {
    self.name = name
    self.steps = steps
  }
  package var inputSize: Int { steps.lazy.flatMap(\.parts).first?.network.inputSize ?? 0 }
  package var outputSize: Int { steps.lazy.compactMap(\.outputSize).last ?? 0 }

  /// The same model with adjacent forward networks joined, and choices moved behind forward networks without states.
  ///
  /// A layer without states gives the same for the chosen step whether it runs before or after the choice. So does
  /// a forward network under either choice, which for it are one.
  package var joined: SequenceModel {
    var steps: [Step] = []
    for step in self.steps {
      guard case .forward(let part) = step else {
        steps.append(step)
        continue
      }
      if case .forward(let before)? = steps.last {
        steps[steps.count - 1] = .forward(before.followed(by: part))
      } else if steps.count >= 2, case .select = steps[steps.count - 1],
        case .forward(let before) = steps[steps.count - 2]
      {
        steps[steps.count - 2] = .forward(before.followed(by: part))
      } else {
        steps.append(step)
      }
    }
    return SequenceModel(name: name, steps: steps)
  }

  /// The network of a model that streams, and whether only its last output counts; nil for any other model.
  package var streaming: (part: Part, selectsLast: Bool)? {
    let steps = joined.steps
    guard case .forward(let part)? = steps.first else { return nil }
    if steps.count == 1 { return (part, false) }
    if steps.count == 2, case .select = steps[1] { return (part, true) }
    return nil
  }
}

extension SequenceModel.Part {
  /// This network and then another.
  package func followed(by other: SequenceModel.Part) -> SequenceModel.Part {
    SequenceModel.Part(
      network: Network(layers: network.layers + other.network.layers),
      weights: Weights(values: weights.values + other.weights.values))
  }
}
