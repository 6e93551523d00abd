import RNNFixedPoint
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// Every operation through the trainer: values, gradients and tangents, against finite differences in double precision.
@Suite struct OperationGradientTests {
  /// A recurrent graph in which a function or a reduction meets inputs, states, products and vectors.
  static func network(
    inputs: Int, size n: Int, _ change: (ValueID, inout GraphBuilder) -> ValueID
  ) -> Network {
    var b = GraphBuilder(inputSize: inputs)
    let x = b.input()
    let h = b.state("h", size: n, initial: 0.3)
    let sum = b.add(
      b.product("weight_x", x, rows: n, initializer: .uniform(bound: 0.6)),
      b.product("weight_h", h, rows: n, initializer: .uniform(bound: 0.4)),
      b.vector("bias", size: n, initializer: .uniform(bound: 0.3)))
    let y = change(sum, &b)
    let next = b.tanh(b.add(b.affine(h, scale: 0.5, offset: 0), y), name: "next")
    b.update("h", to: next)
    // A product after the loop reads the result.
    let output = b.product("readout", y, rows: 2, initializer: .uniform(bound: 0.7))
    let result = b.add(output, b.affine(output, scale: 0.5, offset: 0.1))
    return Network(layers: [
      Layer(
        name: "l", cell: "custom",
        configuration: CellConfiguration(inputSize: inputs, units: 2, options: []),
        graph: b.build(output: result))
    ])
  }

  static let functions: [(String, Network)] = ScalarFunction.all.map { f in
    (
      f.name,
      network(inputs: 3, size: 5) { v, b in
        // Arguments of functions with a pole stay away from it.
        b.activation(
          f, f.range == .positive ? b.affine(b.sigmoid(v), scale: 2, offset: 0.5) : v)
      }
    )
  }
  static let reductions: [(String, Network)] = Reduction.allCases.flatMap { reduction in
    [1, 4, 17].map { n in
      (
        "\(reduction) of \(n)",
        network(inputs: 3, size: n) { v, b in
          let one = b.reduce(reduction, b.multiply(v, v))
          return b.subtract(v, b.broadcast(b.sigmoid(one), size: n))
        }
      )
    }
  }
  static let layers: [(String, Network)] = {
    func layer(_ cell: String, _ options: [CellConfiguration.Entry] = []) -> (String, Network) {
      guard
        let layer = try? Layer(
          name: "l", cell: cell, inputSize: 6, units: 6, options: options)
      else { preconditionFailure("no cell \(cell)") }
      return (cell, Network(layers: [layer]))
    }
    return [
      layer("layer-norm"), layer("layer-norm", [.init("statistic", .choice("rms"))]),
      layer("softmax"), layer("layer-norm-lstm"),
    ]
  }()
  static let names = (functions + reductions + layers).map(\.0)

  @Test(arguments: (functions + reductions + layers).indices)
  func gradientsEqualFiniteDifferences(_ index: Int) throws {
    let (name, network) = (Self.functions + Self.reductions + Self.layers)[index]
    let weights = initialWeights(network, seed: 4)
    var draw = SplitMix64(seed: 7)
    let steps = 4
    let x = (0..<steps * network.inputSize).map { _ in draw.uniform(-1.5, 1.5) }
    let direction = (0..<steps * network.outputSize).map { _ in draw.uniform(-1, 1) }
    let doubles = weights.values.map { $0.map { $0.map(Double.init) } }
    func value(_ w: [[[Double]]], _ x: [Double]) -> Double {
      zip(ReferenceInterpreter(network: network, weights: w).forward(x), direction)
        .reduce(0) { $0 + $1.0 * $1.1 }
    }
    let interpreter = ReferenceInterpreter(network: network, weights: doubles)
    let exact = interpreter.backward(interpreter.trace(x), outputGradient: direction)
    let h = 1e-5
    for p in doubles[0].indices {
      for i in doubles[0][p].indices {
        var (up, down) = (doubles, doubles)
        up[0][p][i] += h
        down[0][p][i] -= h
        let slope = (value(up, x) - value(down, x)) / (2 * h)
        let error = abs(exact.parameters[0][p][i] - slope)
        #expect(error <= 1e-6 * max(1, abs(slope)), "\(name) \(p) \(i)")
      }
    }
    for i in x.indices {
      var (up, down) = (x, x)
      up[i] += h
      down[i] -= h
      let slope = (value(doubles, up) - value(doubles, down)) / (2 * h)
      #expect(abs(exact.input[i] - slope) <= 1e-6 * max(1, abs(slope)), "\(name) input \(i)")
    }

    // The trainer's kernels, in float, on sequences of unequal length and with two threads.
    let short = Array(x.prefix(2 * network.inputSize))
    let batch = SequenceBatch(
      sequences: [x, short, x].map { $0.map(Float.init) }, features: network.inputSize)
    let engine = try NetworkEngine(network: network, weights: weights, threads: 2)
    let (_, gradients) = engine.gradients(batch) { outputs in
      var gradient = outputs
      for t in 0..<steps {
        for s in 0..<3 {
          for k in 0..<network.outputSize {
            gradient.values[(t * 3 + s) * network.outputSize + k] = Float(
              direction[t * network.outputSize + k])
          }
        }
      }
      return (0, gradient)
    }
    let ofShort = interpreter.backward(
      interpreter.trace(short), outputGradient: Array(direction.prefix(2 * network.outputSize)))
    for p in doubles[0].indices {
      for i in doubles[0][p].indices {
        let wanted = 2 * exact.parameters[0][p][i] + ofShort.parameters[0][p][i]
        let got = Double(gradients.values[0][p][i])
        #expect(abs(got - wanted) <= 2e-5 * max(1, abs(wanted)), "\(name) float \(p) \(i)")
      }
    }
    let outputs = engine.forward(batch)
    for (got, wanted) in zip(outputs.sequence(0), interpreter.forward(x)) {
      #expect(abs(Double(got) - wanted) <= 1e-5 * max(1, abs(wanted)), "\(name) forward")
    }

    // The Jacobian of a step, by tangents and by finite differences of the states.
    let graph = network.layers[0].graph
    guard !graph.states.isEmpty else { return }
    let states = graph.states.map { state in (0..<state.size).map { _ in draw.uniform(-0.5, 0.5) } }
    let input = Array(x.prefix(network.inputSize))
    let at = interpreter.step(layer: 0, input: input, states: states, number: 0)
    let jacobian = interpreter.stateJacobian(layer: 0, values: at)
    let total = graph.states.reduce(0) { $0 + $1.size }
    func next(_ states: [[Double]]) -> [Double] {
      let values = interpreter.step(layer: 0, input: input, states: states, number: 0)
      return graph.states.flatMap { values[$0.next.index] }
    }
    var column = 0
    for s in states.indices {
      for k in states[s].indices {
        var (up, down) = (states, states)
        up[s][k] += h
        down[s][k] -= h
        for (row, pair) in zip(next(up), next(down)).enumerated() {
          let slope = (pair.0 - pair.1) / (2 * h)
          #expect(abs(jacobian[row * total + column] - slope) <= 1e-6, "\(name) jacobian")
        }
        column += 1
      }
    }
  }
}
