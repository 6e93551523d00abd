internal import RNNGraph
internal import RNNSupport

/// When a training records the Lyapunov spectrum of its network, and along how much of its data.
///
/// Inputs are those of the validation set, or of the training set where there is none: sequences joined in
/// their order and cut evenly.
package struct SpectrumSchedule: Hashable, Sendable {
  /// The spectrum is recorded after every so many epochs.
  package var every: Int
  package var segments: Int
  /// The steps of a segment that count.
  package var steps: Int
  /// The steps before them.
  package var warmUp: Int
  /// How many leading exponents; nil for all.
  package var count: Int?

  package init(every: Int, segments: Int, steps: Int, warmUp: Int, count: Int?) {
    self.every = every
    self.segments = segments
    self.steps = steps
    self.warmUp = warmUp
    self.count = count
  }

  /// The schedule as a JSON object with a fixed order of members.
  var json: JSONValue {
    .object([
      "every": .int(every), "segments": .int(segments), "steps": .int(steps),
      "warmUp": .int(warmUp), "exponents": count.map { .int($0) } ?? .null,
    ])
  }

  private func set(_ task: TrainingTask) -> SequenceSet { task.validation ?? task.training }

  /// Collects what is wrong with the numbers, and says if the data are too short.
  func check(path: String, task: TrainingTask, into sink: inout DiagnosticSink) {
    for (name, value) in [
      ("every", every), ("segments", segments), ("steps", steps), ("exponents", count ?? 1),
    ] where value < 1 {
      sink.error("\(path).\(name)", "\(value) is below 1", fix: "use at least 1")
    }
    if warmUp < 0 { sink.error("\(path).warmUp", "\(warmUp) is negative", fix: "use 0 for none") }
    let set = set(task)
    let frames = set.sequences.indices.reduce(0) { $0 + set.steps($1) }
    guard segments > 0, frames / segments < warmUp + steps else { return }
    sink.error(
      "\(path).steps",
      "\(segments) segments of \(warmUp) + \(steps) steps are more than the \(frames) steps of the "
        + (task.validation == nil ? "training" : "validation") + " set",
      fix: "use fewer segments or steps")
  }

  /// The exponents in descending order, in nats per step.
  func exponents(_ network: Network, _ weights: Weights, _ task: TrainingTask) throws -> [Double] {
    let stream = set(task).sequences.joined().map(Double.init)
    guard
      let inputs = LyapunovSegments.cut(
        stream, features: network.inputSize, count: segments, length: warmUp + steps)
    else { preconditionFailure("check(path:task:into:) refuses data that are too short") }
    return try LyapunovAnalyzer(
      network: network, weights: weights,
      options: LyapunovOptions(steps: steps, warmUp: warmUp, count: count)
    ).run(inputs).values
  }
}

/// Pieces of one long input.
package enum LyapunovSegments {
  /// The beginnings of `count` equal parts of a stream, row-major `[length][features]` each; nil if they are shorter.
  package static func cut(_ stream: [Double], features: Int, count: Int, length: Int)
    -> [[Double]]?
  {
    let part = stream.count / features / count
    guard part >= length else { return nil }
    return (0..<count).map { s in
      Array(stream[s * part * features..<(s * part + length) * features])
    }
  }
}
