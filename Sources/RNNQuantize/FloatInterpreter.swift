package import RNNGraph
internal import RNNFixedPoint

/// Runs a network in double precision straight from its graphs, one sequence at a time.
///
/// Rounds at `.quantize` nodes and rounds parameters to their formats. It is slow and has no gradients: it
/// serves as the oracle of tests and to observe ranges of small networks.
package final class FloatInterpreter {
  package let network: Network
  /// Dense rows of matrices, elements of vectors: `parameters[layer][parameter]`.
  private let parameters: [[[Double]]]
  private var states: [[[Double]]]
  /// Steps since the start of the sequence.
  private var stepNumber = 0
  /// The values of every node after the last step: `values[layer][node]`.
  package private(set) var values: [[[Double]]]

  package init(network: Network, weights: Weights) {
    self.network = network
    parameters = zip(network.layers, weights.values).map { layer, values in
      zip(layer.graph.parameters, values).map { FloatInterpreter.expanded($0, $1) }
    }
    states = FloatInterpreter.initialStates(network)
    values = network.layers.map { layer in layer.graph.nodes.map { _ in [] } }
  }

  /// Initial values lie on the grid of their state, as in the integer graph.
  private static func initialStates(_ network: Network) -> [[[Double]]] {
    network.layers.map { layer in
      layer.graph.states.enumerated().map { s, state in
        Array(repeating: layer.graph.initialValue(of: StateID(s)), count: state.size)
      }
    }
  }

  /// Sets all states to their initial values.
  package func reset() {
    stepNumber = 0
    states = FloatInterpreter.initialStates(network)
  }

  /// One time step; gives the network's output.
  package func step(_ x: [Double]) -> [Double] {
    var x = x
    for (l, layer) in network.layers.enumerated() {
      for (n, node) in layer.graph.nodes.enumerated() {
        values[l][n] = value(node, ValueID(n), layer.graph, l, x)
      }
      for (s, state) in layer.graph.states.enumerated() {
        states[l][s] = values[l][state.next.index]
      }
      x = values[l][layer.graph.output.index]
    }
    stepNumber += 1
    return x
  }

  private func value(
    _ node: Node, _ id: ValueID, _ graph: CellGraph, _ l: Int, _ x: [Double]
  ) -> [Double] {
    func operand(_ id: ValueID) -> [Double] { values[l][id.index] }
    switch node.op {
    case .input: return x
    case .state(let id): return states[l][id.index]
    case .parameter(let p):
      let values = parameters[l][p.index]
      return values.count == node.size ? values : Array(repeating: values[0], count: node.size)
    case .coefficient(let coefficient):
      return Array(repeating: coefficient.value(step: stepNumber), count: node.size)
    case .matvec(let id, let v, let transposed):
      let parameter = graph[id]
      let columns = parameter.columns ?? 1
      let (w, v) = (parameters[l][id.index], operand(v))
      if transposed {
        return (0..<columns).map { j in
          (0..<parameter.rows).reduce(0) { $0 + w[$1 * columns + j] * v[$1] }
        }
      }
      return (0..<parameter.rows).map { i in
        (0..<columns).reduce(0) { $0 + w[i * columns + $1] * v[$1] }
      }
    case .add(let a, let b): return zip(operand(a), operand(b)).map { $0 + $1 }
    case .subtract(let a, let b): return zip(operand(a), operand(b)).map { $0 - $1 }
    case .multiply(let a, let b): return zip(operand(a), operand(b)).map { $0 * $1 }
    case .affine(let v, let scale, let offset): return operand(v).map { scale * $0 + offset }
    case .activation(.relu, let v): return operand(v).map { max($0, 0) }
    case .activation(.sigmoid, let v):
      return operand(v).map(TabulatedFunction.sigmoid.callAsFunction)
    case .activation(.tanh, let v): return operand(v).map(TabulatedFunction.tanh.callAsFunction)
    case .gate(let v, let s): return zip(operand(v), operand(s)).map { $1 > 0 ? $0 : 0 }
    case .normalize(let v, let s, _):
      let floor = graph.normalizationFloor(id)
      return zip(operand(v), operand(s)).map { $0 / ($1 + floor).squareRoot() }
    case .quantize(let v, let format, let rounding):
      return operand(v).map {
        format.value(of: quantized($0, to: format, rounding: rounding, overflow: .saturate))
      }
    }
  }

  private static func expanded(_ parameter: Parameter, _ stored: [Float]) -> [Double] {
    let values =
      parameter.format.map { format in
        parameterCodes(stored, format).map { format.value(of: $0) }
      } ?? stored.map(Double.init)
    return parameter.dense(fromStored: values)
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
