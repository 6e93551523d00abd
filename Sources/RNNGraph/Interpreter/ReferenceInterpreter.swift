internal import RNNFixedPoint

/// The plain interpreter of cell graphs in double precision: one sequence at a time, one node at a time.
///
/// It shares no arithmetic with the trainer's `NetworkEngine` and checks it; it is also the path for work that
/// needs double precision. Parameters are expanded to dense matrices once.
package struct ReferenceInterpreter {
  package let network: Network
  /// `[layer][parameter]`: dense row-major values, rounded to the parameter's format.
  package private(set) var dense: [[[Double]]] = []
  /// `[layer][parameter]`: 0 where a stored value saturates its format, else 1.
  private(set) var passes: [[[Double]]] = []

  /// Node values of one sequence: `[layer][step][node]`.
  package typealias Trace = [[[[Double]]]]

  /// - Parameter weights: `[layer][parameter]` in stored shape.
  package init(network: Network, weights: [[[Double]]]) {
    self.network = network
    for (layer, values) in zip(network.layers, weights) {
      var expanded: [[Double]] = []
      var pass: [[Double]] = []
      for (parameter, stored) in zip(layer.graph.parameters, values) {
        precondition(stored.count == parameter.storedCount, "\(parameter.name) has another shape")
        if let format = parameter.format {
          pass.append(stored.map { $0 >= format.minValue && $0 <= format.maxValue ? 1 : 0 })
          let rounded = stored.map { Self.round($0, format, .halfToEven) }
          expanded.append(parameter.dense(fromStored: rounded))
        } else {
          pass.append(stored.map { _ in 1 })
          expanded.append(parameter.dense(fromStored: stored))
        }
      }
      dense.append(expanded)
      passes.append(pass)
    }
  }

  private static func round(_ value: Double, _ format: QFormat, _ rule: RoundingRule) -> Double {
    format.value(of: quantized(value, to: format, rounding: rule, overflow: .saturate))
  }

  /// Runs one sequence, row-major `[T][inputSize]`, and keeps every node's value.
  package func trace(_ sequence: [Double]) -> Trace {
    let size = network.inputSize
    precondition(sequence.count % size == 0, "\(sequence.count) values are no frames of \(size)")
    var inputs = (0..<sequence.count / size).map { Array(sequence[$0 * size..<($0 + 1) * size]) }
    var trace: Trace = []
    for (layer, parameters) in zip(network.layers, dense) {
      let graph = layer.graph
      var states = graph.initialStates
      var steps: [[[Double]]] = []
      for x in inputs {
        var v: [[Double]] = []
        for node in graph.nodes {
          v.append(Self.evaluate(node, graph, parameters, x, states, v, step: steps.count))
        }
        states = graph.states.map { v[$0.next.index] }
        steps.append(v)
      }
      inputs = steps.map { $0[graph.output.index] }
      trace.append(steps)
    }
    return trace
  }

  static func evaluate(
    _ node: Node, _ graph: CellGraph, _ parameters: [[Double]], _ x: [Double],
    _ states: [[Double]], _ v: [[Double]], step: Int
  ) -> [Double] {
    switch node.op {
    case .input: return x
    case .state(let s): return states[s.index]
    case .parameter(let p):
      let values = parameters[p.index]
      return graph[p].rows == node.size ? values : [Double](repeating: values[0], count: node.size)
    case .coefficient(let c): return [Double](repeating: c.value(step: step), count: node.size)
    case .matvec(let p, let a, let transposed):
      return product(
        parameters[p.index], rows: graph[p].rows, columns: graph[p].columns ?? 1, v[a.index],
        transposed: transposed)
    default:
      guard let operation = graph.operation(ValueID(v.count)) else {
        preconditionFailure("\(node.name) computes nothing")
      }
      var algebra = DoubleAlgebra()
      return operation.value(node.op.operands.map { v[$0.index] }, in: &algebra)
    }
  }

  /// A row-major matrix, or its transpose, times a vector; every sum goes up through the vector.
  private static func product(
    _ matrix: [Double], rows: Int, columns: Int, _ vector: [Double], transposed: Bool
  ) -> [Double] {
    precondition(matrix.count == rows * columns && vector.count == (transposed ? rows : columns))
    return [Double](unsafeUninitializedCapacity: transposed ? columns : rows) { out, count in
      count = transposed ? columns : rows
      matrix.withUnsafeBufferPointer { w in
        vector.withUnsafeBufferPointer { x in
          if transposed {
            for c in 0..<columns { out[c] = 0 }
            for r in 0..<rows {
              for c in 0..<columns { out[c] += w[r * columns + c] * x[r] }
            }
          } else {
            for r in 0..<rows {
              var sum = 0.0
              for c in 0..<columns { sum += w[r * columns + c] * x[c] }
              out[r] = sum
            }
          }
        }
      }
    }
  }

  /// The outputs of one sequence, row-major `[T][outputSize]`.
  package func forward(_ sequence: [Double]) -> [Double] {
    guard let last = network.layers.last else { return sequence }
    return trace(sequence)[network.layers.count - 1].flatMap { $0[last.graph.output.index] }
  }

  /// Gradients of a scalar from its gradient by the outputs, `[T][outputSize]`.
  ///
  /// - Returns: `[layer][parameter]` in stored shape, and by the input sequence, `[T][inputSize]`.
  package func backward(_ trace: Trace, outputGradient: [Double]) -> (
    parameters: [[[Double]]], input: [Double]
  ) {
    let size = network.outputSize
    let steps = trace[0].count
    precondition(outputGradient.count == steps * size, "the output gradient has another shape")
    var above = (0..<steps).map { Array(outputGradient[$0 * size..<($0 + 1) * size]) }
    var result: [[[Double]]] = []
    for l in network.layers.indices.reversed() {
      let graph = network.layers[l].graph
      var gradients = dense[l].map { [Double](repeating: 0, count: $0.count) }
      var states = graph.states.map { [Double](repeating: 0, count: $0.size) }
      var below: [[Double]] = []
      for t in (0..<steps).reversed() {
        var d = graph.nodes.map { [Double](repeating: 0, count: $0.size) }
        func accumulate(_ node: Int, _ values: [Double]) {
          for (i, value) in values.enumerated() { d[node][i] += value }
        }
        accumulate(graph.output.index, above[t])
        for (s, state) in graph.states.enumerated() { accumulate(state.next.index, states[s]) }
        states = graph.states.map { [Double](repeating: 0, count: $0.size) }
        var dx = [Double](repeating: 0, count: graph.inputSize)
        for n in graph.nodes.indices.reversed() {
          let g = d[n]
          let v = trace[l][t]
          switch graph.nodes[n].op {
          case .input: for i in g.indices { dx[i] += g[i] }
          case .state(let s): for i in g.indices { states[s.index][i] += g[i] }
          case .coefficient: break
          case .parameter(let p):
            let isScalar = gradients[p.index].count < g.count
            for i in g.indices { gradients[p.index][isScalar ? 0 : i] += g[i] }
          case .matvec(let p, let a, let transposed):
            let columns = graph[p].columns ?? 1
            for r in 0..<graph[p].rows {
              for c in 0..<columns {
                let (out, input) = transposed ? (c, r) : (r, c)
                gradients[p.index][r * columns + c] += g[out] * v[a.index][input]
                d[a.index][input] += g[out] * dense[l][p.index][r * columns + c]
              }
            }
          default:
            let operands = graph.nodes[n].op.operands
            var algebra = DoubleAlgebra(
              operands: operands.map { v[$0.index] }, nodeValue: v[n])
            for (i, operand) in operands.enumerated() {
              let part = graph.operation(ValueID(n))?.pullback(g, to: i, in: &algebra)
              if let part { accumulate(operand.index, part) }
            }
          }
        }
        below.append(dx)
      }
      above = below.reversed()
      result.append(
        zip(graph.parameters, gradients).enumerated().map { p, pair in
          zip(pair.0.folded(pair.1), passes[l][p]).map { $0 * $1 }
        })
    }
    return (result.reversed(), above.flatMap { $0 })
  }
}
