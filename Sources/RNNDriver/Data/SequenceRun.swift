internal import Foundation
internal import RNNFixedPoint
internal import RNNGraph
package import RNNInterchange
internal import RNNQuantize
internal import RNNReference
internal import RNNSupport

/// Runs a model over whole sequences, in double precision or in the integers of hardware.
package struct SequenceRun {
  /// What one sequence gave.
  package struct Outcome: Sendable {
    /// The output of every step of the sequence, or the only one after a choice of a step.
    package var output: [[Double]]
    /// The same after each step of the model.
    package var sequences: [[[Double]]]
    /// The states of the first layer of every part after its last computed step: `[model step][part][state]`.
    package var states: [[[(name: String, values: [Double])]]]
    /// What each part read, in the order in which it read it: `[part][step][feature]`.
    package var partInputs: [[[Double]]]
  }
  private let model: SequenceModel
  private let runners: [any PartRunner]

  /// In double precision; a quantized model rounds its values as its formats say.
  package init(_ model: SequenceModel) {
    self.model = model
    runners = model.steps.flatMap(\.parts).map(RealRunner.init)
  }

  /// In integers, code by code what the hardware computes; the model has to be quantized.
  ///
  /// Outputs are the numbers that codes stand for. What one part gives to the next is rounded to the input format of that.
  package init(integersOf model: SequenceModel) throws {
    self.model = model
    runners = try model.steps.flatMap(\.parts).map(IntegerRunner.init)
  }

  /// Runs a sequence from zero states.
  ///
  /// - Parameter sequence: `[step][feature]`, at least one step.
  /// - Throws: `DiagnosticsEmitted` if an index of the input is none.
  package func run(_ sequence: [[Double]]) throws -> Outcome {
    precondition(!sequence.isEmpty, "a sequence has at least one step")
    var outcome = Outcome(output: sequence, sequences: [], states: [], partInputs: [])
    // The parts of the step before, for a choice of what each computed last.
    var reversed: [(width: Int, isReverse: Bool)] = []
    for (number, step) in model.steps.enumerated() {
      let before = outcome.output
      switch step {
      case .select(let selection):
        let (first, last) = (outcome.output[0], outcome.output[outcome.output.count - 1])
        if selection == .final {
          var at = 0
          outcome.output = [
            reversed.flatMap { part -> ArraySlice<Double> in
              defer { at += part.width }
              return (part.isReverse ? first : last)[at..<at + part.width]
            }
          ]
        } else {
          outcome.output = [last]
        }
      case .forward(let part): advance([(part, false)])
      case .reverse(let part): advance([(part, true)])
      case .bidirectional(let forward, let reverse): advance([(forward, false), (reverse, true)])
      case .oneHot(let count):
        outcome.output = try before.enumerated().map { try oneHot($1, count, at: $0) }
      case .flip: outcome.output.reverse()
      case .read(let places):
        let values = places.map { $0 == 0 ? sequence : outcome.sequences[$0 - 1] }
        outcome.output = values[0].indices.map { t in values.flatMap { $0[t] } }
      case .attention(let part, let epsilon):
        advance([(part, false)])
        outcome.output = [
          weightedMean(before, scores: outcome.output.map { $0[0] }, epsilon: epsilon)
        ]
      case .softmax: outcome.output = before.map(softmax)
      }
      if outcome.states.count == number {
        outcome.states.append([])
      }
      outcome.sequences.append(outcome.output)
    }
    return outcome

    func advance(_ parts: [(part: SequenceModel.Part, isReverse: Bool)]) {
      var rows = [[Double]](repeating: [], count: outcome.output.count)
      var states: [[(name: String, values: [Double])]] = []
      for (_, isReverse) in parts {
        let runner = runners[outcome.partInputs.count]
        runner.reset()
        let order = isReverse ? Array(rows.indices.reversed()) : Array(rows.indices)
        outcome.partInputs.append(order.map { outcome.output[$0] })
        for t in order { rows[t] += runner.step(outcome.output[t]) }
        states.append(runner.states)
      }
      outcome.output = rows
      outcome.states.append(states)
      reversed = parts.map { ($0.part.network.outputSize, $0.isReverse) }
    }
  }
}

/// The values of an index: 1 in its place.
private func oneHot(_ row: [Double], _ count: Int, at step: Int) throws -> [Double] {
  guard let index = Int(exactly: row[0]), (0..<count).contains(index) else {
    throw DiagnosticsEmitted(
      Diagnostic(
        stage: "run", path: "input[\(step)]", message: "the index is \(row[0])",
        fix: "give whole numbers from 0 to \(count - 1)"))
  }
  var values = [Double](repeating: 0, count: count)
  values[index] = 1
  return values
}

/// exp(v) of every value divided by their sum; the greatest value is subtracted first, which changes nothing else.
private func softmax(_ row: [Double]) -> [Double] {
  let greatest = row.max() ?? 0
  let powers = row.map { exp($0 - greatest) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}

/// The sum of all rows, each times exp(score) / (sum of exp(score) + epsilon).
private func weightedMean(_ rows: [[Double]], scores: [Double], epsilon: Double) -> [Double] {
  let greatest = scores.max() ?? 0
  let powers = scores.map { exp($0 - greatest) }
  let sum = powers.reduce(0, +) + epsilon
  return rows[0].indices.map { f in
    zip(rows, powers).reduce(0) { $0 + $1.0[f] * $1.1 } / sum
  }
}

/// A part of a model that runs step by step.
private protocol PartRunner {
  /// Before the first step of a sequence.
  func reset()
  func step(_ x: [Double]) -> [Double]
  /// The states of the first layer after the last step.
  var states: [(name: String, values: [Double])] { get }
}

private struct RealRunner: PartRunner {
  private let layer: Layer
  private let interpreter: FloatInterpreter

  init(_ part: SequenceModel.Part) {
    layer = part.network.layers[0]
    interpreter = FloatInterpreter(network: part.network, weights: part.weights)
  }
  func reset() { interpreter.reset() }
  func step(_ x: [Double]) -> [Double] { interpreter.step(x) }
  var states: [(name: String, values: [Double])] {
    layer.graph.states.map { ($0.name, interpreter.values[0][$0.next.index]) }
  }
}

private struct IntegerRunner: PartRunner {
  private let layer: Layer
  private let reference: ReferenceModel

  init(_ part: SequenceModel.Part) throws {
    layer = part.network.layers[0]
    reference = try ReferenceModel(
      try freeze(
        part.network, weights: part.weights, name: "part",
        rules: part.integers ?? IntegerRules()))
  }
  func reset() { reference.reset() }
  func step(_ x: [Double]) -> [Double] {
    let graph = reference.graph
    let format = graph[graph.output].format
    return reference.step(graph.inputCodes(x)).map(format.value(of:))
  }
  var states: [(name: String, values: [Double])] {
    let prefix = "\(layer.name)."
    return reference.graph.states.enumerated().compactMap { s, state in
      guard state.name.hasPrefix(prefix) else { return nil }
      return (
        String(state.name.dropFirst(prefix.count)),
        reference.value(of: StateID(s)).map(state.format.value(of:))
      )
    }
  }
}
