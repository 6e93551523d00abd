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
    let total = graph.states.reduce(0) { $0 + $1.size }
    var start = 0
    let states = graph.states.map { state -> [Double] in
      var identity = [Double](repeating: 0, count: state.size * total)
      for i in 0..<state.size { identity[i * total + start + i] = 1 }
      start += state.size
      return identity
    }
    let tangents = tangents(
      layer: layer, values: values, by: total, input: [], states: states, parameters: nil)
    return graph.states.flatMap { state -> [Double] in
      let tangent = tangents[state.next.index]
      return tangent.isEmpty ? [Double](repeating: 0, count: state.size * total) : tangent
    }
  }

  /// The derivatives of every node of one step by `total` quantities, given those of its input and states.
  ///
  /// - Parameters:
  ///   - values: the node values of the step.
  ///   - total: the number of quantities.
  ///   - input: `[inputSize][total]`; empty for zeros.
  ///   - states: `[size][total]` of every state before the step; empty for zeros.
  ///   - parameters: the place of the first stored value of each parameter among the quantities; nil where
  ///     parameters are none of them.
  /// - Returns: `[size][total]` for every node; empty where a node depends on none of the quantities.
  package func tangents(
    layer: Int, values: [[Double]], by total: Int, input: [Double], states: [[Double]],
    parameters: [Int]?
  ) -> [[Double]] {
    let graph = network.layers[layer].graph
    var tangents: [[Double]] = []
    for (n, node) in graph.nodes.enumerated() {
      var tangent: [Double] = []
      func start() {
        if tangent.isEmpty { tangent = [Double](repeating: 0, count: node.size * total) }
      }
      switch node.op {
      case .coefficient: break
      case .input: tangent = input
      case .state(let state): tangent = states[state.index]
      case .parameter(let p):
        guard let first = parameters?[p.index] else { break }
        start()
        let isScalar = graph[p].rows < node.size
        for i in 0..<node.size {
          let stored = isScalar ? 0 : i
          tangent[i * total + first + stored] = passes[layer][p.index][stored]
        }
      case .matvec(let p, let a, let transposed):
        let from = tangents[a.index]
        guard let columns = graph[p].columns, !from.isEmpty || parameters != nil else { break }
        start()
        graph[p].structure.forEachRow(rows: graph[p].rows, columns: columns) { r, indices in
          for c in 0..<columns where indices[c] >= 0 {
            let (out, input) = transposed ? (c, r) : (r, c)
            if let first = parameters?[p.index] {
              let stored = Int(indices[c])
              tangent[out * total + first + stored] +=
                passes[layer][p.index][stored] * values[a.index][input]
            }
            if from.isEmpty { continue }
            let w = dense[layer][p.index][r * columns + c]
            for s in 0..<total { tangent[out * total + s] += w * from[input * total + s] }
          }
        }
      default:
        for (i, operand) in node.op.operands.enumerated() {
          let from = tangents[operand.index]
          guard !from.isEmpty, let weights = slopes(layer, n, by: i, values) else { continue }
          start()
          // Row i of the node, or its only row, gathers from row i of the operand, or from its only row.
          for (k, weight) in weights.enumerated() {
            let to = node.size == 1 ? 0 : k
            let row = graph[operand].size == 1 ? 0 : k
            for s in 0..<total { tangent[to * total + s] += weight * from[row * total + s] }
          }
        }
      }
      tangents.append(tangent)
    }
    return tangents
  }

  /// The derivatives of a node by one of its operands at the values of a step: for each element of the larger of the two by
  /// that of the other; nil where all are 0.
  private func slopes(_ layer: Int, _ n: Int, by operand: Int, _ values: [[Double]]) -> [Double]? {
    network.layers[layer].graph.slopes(ValueID(n), by: operand, values: values)
  }
}

extension CellGraph {
  /// The derivatives of a node by one of its operands at the values of a step; nil where all are 0.
  ///
  /// Element i of an element-wise result by element i of the operand, the one element of a reduction by element i of the
  /// operand, element i of a broadcast by the one element of the operand.
  package func slopes(_ id: ValueID, by operand: Int, values: [[Double]]) -> [Double]? {
    guard let operation = operation(id) else { return nil }
    if operation.shape == .broadcast { return [Double](repeating: 1, count: self[id].size) }
    var algebra = DoubleAlgebra(
      operands: self[id].op.operands.map { values[$0.index] }, nodeValue: values[id.index])
    let ones = [Double](repeating: 1, count: self[id].size)
    return operation.pullback(ones, to: operand, in: &algebra)
  }
}
