package import RNNGraph

/// Runs a network in double precision step by step, by `ReferenceInterpreter`: one sequence at a time.
///
/// Rounds at `.quantize` nodes and rounds parameters to their formats. It serves as the oracle of tests, to observe ranges of
/// small networks, and to run networks without an engine.
package final class FloatInterpreter {
  package var network: Network { interpreter.network }
  private let interpreter: ReferenceInterpreter
  private var states: [[[Double]]]
  /// Steps since the start of the sequence.
  private var stepNumber = 0
  /// The values of every node after the last step: `values[layer][node]`.
  package private(set) var values: [[[Double]]]

  /// - Parameter weights: in stored shape.
  package init(network: Network, weights: Weights) {
    interpreter = ReferenceInterpreter(
      network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } })
    states = network.layers.map(\.graph.initialStates)
    values = network.layers.map { layer in layer.graph.nodes.map { _ in [] } }
  }

  /// Sets all states to their initial values.
  package func reset() {
    stepNumber = 0
    states = network.layers.map(\.graph.initialStates)
  }

  /// One time step; gives the network's output.
  package func step(_ x: [Double]) -> [Double] {
    var x = x
    for (l, layer) in network.layers.enumerated() {
      values[l] = interpreter.step(layer: l, input: x, states: states[l], number: stepNumber)
      states[l] = layer.graph.states.map { values[l][$0.next.index] }
      x = values[l][layer.graph.output.index]
    }
    stepNumber += 1
    return x
  }

  /// The least and the greatest value of every node over sequences from zero states: `[layer][node]`.
  package func observeRanges(_ sequences: [[[Double]]]) -> [[ClosedRange<Float>]] {
    var low = values.map { $0.map { _ in Float.infinity } }
    var high = values.map { $0.map { _ in -Float.infinity } }
    for sequence in sequences {
      reset()
      for x in sequence {
        _ = step(x)
        for l in values.indices {
          for n in values[l].indices {
            for value in values[l][n] {
              low[l][n] = min(low[l][n], Float(value))
              high[l][n] = max(high[l][n], Float(value))
            }
          }
        }
      }
    }
    return zip(low, high).map { zip($0, $1).map { $0 <= $1 ? $0...$1 : 0...0 } }
  }
}
