internal import RNNGraph
package import RNNInterchange
internal import RNNQuantize

/// Runs a model over whole sequences in double precision.
package struct SequenceRun {
  /// What one sequence gave.
  package struct Outcome: Sendable {
    /// The output of every step of the sequence, or the only one after a choice of a step.
    package var output: [[Double]]
    /// The same after each step of the model.
    package var sequences: [[[Double]]]
    /// The states of the first layer of every part after its last computed step: `[model step][part][state]`.
    package var states: [[[(name: String, values: [Double])]]]
  }
  let model: SequenceModel

  package init(_ model: SequenceModel) { self.model = model }

  /// - Parameter sequence: `[step][feature]`, at least one step.
  package func run(_ sequence: [[Double]]) -> Outcome {
    precondition(!sequence.isEmpty, "a sequence has at least one step")
    var outcome = Outcome(output: sequence, sequences: [], states: [])
    // The parts of the step before, for a choice of what each computed last.
    var reversed: [(width: Int, isReverse: Bool)] = []
    for step in model.steps {
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
        outcome.states.append([])
      case .forward(let part): advance([(part, false)])
      case .reverse(let part): advance([(part, true)])
      case .bidirectional(let forward, let reverse): advance([(forward, false), (reverse, true)])
      }
      outcome.sequences.append(outcome.output)
    }
    return outcome

    func advance(_ parts: [(part: SequenceModel.Part, isReverse: Bool)]) {
      var rows = [[Double]](repeating: [], count: outcome.output.count)
      var states: [[(name: String, values: [Double])]] = []
      for (part, isReverse) in parts {
        let interpreter = FloatInterpreter(network: part.network, weights: part.weights)
        let order = isReverse ? Array(rows.indices.reversed()) : Array(rows.indices)
        for t in order { rows[t] += interpreter.step(outcome.output[t]) }
        states.append(
          part.network.layers[0].graph.states.map { state in
            (state.name, interpreter.values[0][state.next.index])
          })
      }
      outcome.output = rows
      outcome.states.append(states)
      reversed = parts.map { ($0.part.network.outputSize, $0.isReverse) }
    }
  }
}
