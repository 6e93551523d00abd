internal import RNNFixedPoint
package import RNNGraph

extension ReferenceInterpreter {
  /// The values of every node of one layer for one step from given states.
  ///
  /// - Parameters:
  ///   - input: x_t, `inputSize` numbers.
  ///   - states: one vector per state of the layer, in the graph's order.
  ///   - number: the number of the step in its sequence, counted from 0.
  package func step(
    layer: Int, input: [Double], states: [[Double]], number: Int
  ) -> [[Double]] {
    let graph = network.layers[layer].graph
    var values: [[Double]] = []
    for node in graph.nodes {
      values.append(
        Self.evaluate(node, graph, dense[layer], input, states, values, step: number))
    }
    return values
  }

  /// The Jacobian of one step of one layer: new states by old states, at the node values of that step.
  ///
  /// Forward mode over the graph, so every cell has it. All states count, in the graph's order: for an LSTM
  /// (h, c). Row-major `[S][S]` with S the sum of the state sizes; row i is the gradient of new state i. The
  /// derivative of a rounding is 1 inside its format's range and 0 outside, as in training.
  package func stateJacobian(layer: Int, values: [[Double]]) -> [Double] {
    let graph = network.layers[layer].graph
    let starts = graph.states.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.size) }
    let total = starts[graph.states.count]
    // Derivatives of every node by all states, `[size][total]`; empty where a node depends on none.
    var tangents: [[Double]] = []
    for (n, node) in graph.nodes.enumerated() {
      var tangent: [Double] = []
      /// Adds factor[i] times row i of an operand's tangent.
      func add(_ operand: ValueID, _ factor: (Int) -> Double) {
        let from = tangents[operand.index]
        if from.isEmpty { return }
        if tangent.isEmpty { tangent = [Double](repeating: 0, count: node.size * total) }
        for i in 0..<node.size {
          let f = factor(i)
          for s in 0..<total { tangent[i * total + s] += f * from[i * total + s] }
        }
      }
      switch node.op {
      case .input, .parameter, .coefficient: break
      case .state(let state):
        tangent = [Double](repeating: 0, count: node.size * total)
        for i in 0..<node.size { tangent[i * total + starts[state.index] + i] = 1 }
      case .matvec(let p, let a, let transposed):
        let from = tangents[a.index]
        guard !from.isEmpty, let columns = graph[p].columns else { break }
        tangent = [Double](repeating: 0, count: node.size * total)
        for r in 0..<graph[p].rows {
          for c in 0..<columns {
            let (out, input) = transposed ? (c, r) : (r, c)
            let w = dense[layer][p.index][r * columns + c]
            for s in 0..<total { tangent[out * total + s] += w * from[input * total + s] }
          }
        }
      case .add(let a, let b):
        add(a) { _ in 1 }
        add(b) { _ in 1 }
      case .subtract(let a, let b):
        add(a) { _ in 1 }
        add(b) { _ in -1 }
      case .multiply(let a, let b):
        add(a) { values[b.index][$0] }
        add(b) { values[a.index][$0] }
      case .affine(let a, let scale, _): add(a) { _ in scale }
      case .activation(let f, let a):
        add(a) { Self.slope(f, values[a.index][$0], values[n][$0]) }
      case .gate(let a, let s): add(a) { values[s.index][$0] > 0 ? 1 : 0 }
      case .normalize(let a, let s, _):
        let floor = graph.normalizationFloor(ValueID(n))
        add(a) { 1 / (values[s.index][$0] + floor).squareRoot() }
        add(s) { -0.5 * values[n][$0] / (values[s.index][$0] + floor) }
      case .quantize(let a, let format, _):
        add(a) {
          let x = values[a.index][$0]
          return x >= format.minValue && x <= format.maxValue ? 1 : 0
        }
      }
      tangents.append(tangent)
    }
    return graph.states.flatMap { state -> [Double] in
      let tangent = tangents[state.next.index]
      return tangent.isEmpty ? [Double](repeating: 0, count: state.size * total) : tangent
    }
  }
}
