package import RNNGraph

/// A network over whole sequences: forward networks, layers that run backwards, and what no network computes.
///
/// A model that is one forward network streams; `streaming` gives it. Any other needs the whole sequence before it can
/// answer. Each part is an ordinary network, which runs on its own, quantizes and compiles; a reverse part reads the
/// sequence from its end.
package struct SequenceModel: Hashable, Sendable {
  /// A network and its weights.
  package struct Part: Hashable, Sendable {
    package var network: Network
    package var weights: Weights
    /// Nil for a float network.
    package var integers: IntegerRules?
    package init(network: Network, weights: Weights, integers: IntegerRules? = nil) {
      self.network = network
      self.weights = weights
      self.integers = integers
    }
  }
  /// Which step of a sequence goes on.
  package enum Selection: String, Hashable, Sendable, CaseIterable {
    /// The last one in time.
    case last
    /// The one that each direction computed last: for a reverse part, the first in time.
    case final
  }
  /// One thing after another that happens to the whole sequence.
  package enum Step: Hashable, Sendable {
    case forward(Part)
    case reverse(Part)
    /// Both read the same; the outputs of the forward part come first.
    case bidirectional(forward: Part, reverse: Part)
    /// Everything after it sees one step instead of a sequence.
    case select(Selection)
    /// A whole number below the count becomes that many values: 1 in its place, 0 elsewhere.
    case oneHot(Int)
    /// Time turned around: the last step comes first.
    case flip
    /// The outputs of earlier steps side by side: 0 is the model's input, n the output of the n-th step.
    case read([Int])
    /// The mean of all steps, weighted by exp(score) / (sum of exp(score) + epsilon) after the greatest score was
    /// subtracted from all; the part gives the score of a step.
    case attention(Part, epsilon: Double)
    /// exp(v) of every value divided by their sum.
    case softmax

    /// The parts, the forward one first.
    package var parts: [Part] {
      switch self {
      case .forward(let part), .reverse(let part), .attention(let part, _): [part]
      case .bidirectional(let forward, let reverse): [forward, reverse]
      case .select, .oneHot, .flip, .read, .softmax: []
      }
    }
    /// The number of outputs; nil for a step that has as many as what it reads.
    package var outputSize: Int? {
      switch self {
      case .forward(let part), .reverse(let part): part.network.outputSize
      case .bidirectional(let forward, let reverse):
        forward.network.outputSize + reverse.network.outputSize
      case .oneHot(let count): count
      case .attention(let part, _): part.network.inputSize
      case .select, .flip, .read, .softmax: nil
      }
    }
    /// Whether one step goes on instead of a sequence.
    package var endsSequence: Bool {
      switch self {
      case .select, .attention: true
      case .forward, .reverse, .bidirectional, .oneHot, .flip, .read, .softmax: false
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
  package var inputSize: Int {
    for step in steps {
      if case .oneHot = step { return 1 }
      if let part = step.parts.first { return part.network.inputSize }
    }
    return 0
  }
  package var outputSize: Int { sizes.last ?? 0 }
  /// The numbers of values that `Step.read` counts: of the input, then of the output of every step.
  package var sizes: [Int] {
    steps.reduce(into: [inputSize]) { sizes, step in
      if case .read(let places) = step {
        sizes.append(places.reduce(0) { $0 + (sizes.indices.contains($1) ? sizes[$1] : 0) })
      } else {
        sizes.append(step.outputSize ?? sizes[sizes.count - 1])
      }
    }
  }
  /// Whether the model gives one step for a sequence.
  package var givesOneStep: Bool { isSequence.last == false }
  /// Whether the input, and the output of each step, has many steps.
  private var isSequence: [Bool] {
    steps.reduce(into: [true]) { result, step in
      if case .read(let places) = step {
        result.append(places.allSatisfy { !result.indices.contains($0) || result[$0] })
      } else {
        result.append(result[result.count - 1] && !step.endsSequence)
      }
    }
  }

  /// The first step that cannot read what it is given, and why; nil if there is none.
  package var fault: (step: Int, message: String)? {
    let (sizes, isSequence) = (sizes, isSequence)
    for (i, step) in steps.enumerated() {
      if let part = step.parts.first(where: { $0.network.inputSize != sizes[i] }) {
        return (
          i, "a part takes \(part.network.inputSize) values, the step before gives \(sizes[i])"
        )
      }
      switch step {
      case .oneHot where sizes[i] != 1:
        return (i, "it reads \(sizes[i]) values instead of one index")
      case .attention(let part, _) where part.network.outputSize != 1:
        return (i, "its part gives \(part.network.outputSize) values instead of one score")
      case .read(let places):
        guard !places.isEmpty, places.allSatisfy({ (0...i).contains($0) }) else {
          return (i, "it reads \(places); steps before it are 0 to \(i)")
        }
        guard Set(places.map { isSequence[$0] }).count == 1 else {
          return (i, "it puts sequences and single steps side by side")
        }
      case .select, .flip, .attention, .reverse, .bidirectional:
        if !isSequence[i] { return (i, "it needs a sequence, but reads one step") }
        if case .select(.final) = step, i == 0 || steps[i - 1].parts.isEmpty {
          return (i, "no part is before it whose last computed step it could choose")
        }
      case .forward, .oneHot, .softmax: break
      }
    }
    return nil
  }

  /// The same model with adjacent forward networks joined, and choices moved behind forward networks without states.
  ///
  /// A layer without states gives the same for the chosen step whether it runs before or after the choice. So does
  /// a forward network under either choice, which for it are one.
  package var joined: SequenceModel {
    let needed = steps.reduce(into: Set<Int>()) { needed, step in
      if case .read(let places) = step { needed.formUnion(places) }
    }
    // Each step with the number of the step whose output it gives.
    var kept: [(step: Step, origin: Int)] = []
    for (i, step) in steps.enumerated() {
      func mayVanish(_ back: Int) -> Bool {
        kept.count >= back && !needed.contains(kept[kept.count - back].origin)
      }
      guard case .forward(let part) = step, mayVanish(1) else {
        kept.append((step, i + 1))
        continue
      }
      let last = kept.count - 1
      if case .forward(let before) = kept[last].step {
        kept[last] = (.forward(before.followed(by: part)), i + 1)
      } else if mayVanish(2), case .select = kept[last].step,
        case .forward(let before) = kept[last - 1].step,
        part.network.layers.allSatisfy({ $0.graph.states.isEmpty })
      {
        kept[last - 1].step = .forward(before.followed(by: part))
        kept[last].origin = i + 1
      } else {
        kept.append((step, i + 1))
      }
    }
    let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1.origin, $0 + 1) })
    return SequenceModel(
      name: name,
      steps: kept.map { step, _ in
        guard case .read(let old) = step else { return step }
        return .read(old.map { places[$0] ?? 0 })
      })
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
