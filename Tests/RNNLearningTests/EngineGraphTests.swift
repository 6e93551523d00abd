import RNNGraph
import RNNSupport
import Testing

import RNNLearning

/// Every operation and every registered cell in float32 against the interpreter in double precision.
@Suite struct EngineGraphTests {
  /// Compares outputs, gradients and the ranges of all values.
  func expectReference(_ test: EngineCase, threads: Int) throws {
    // Larger ones would let a wide cell without a bound amplify every rounding from step to step.
    let units = test.network.layers[0].configuration.units
    let weights = test.weights(bound: min(0.6, 1.2 / Double(units).squareRoot()))
    let batch = test.batch()
    let coefficients = test.coefficients()
    let engine = try NetworkEngine(network: test.network, weights: weights, threads: threads)
    // What an earlier batch left in the buffers must not matter.
    _ = engine.gradients(EngineCase(name: "", network: test.network, lengths: [9, 2]).batch()) {
      (0, $0)
    }
    let result = engine.gradients(batch) { _ in (0, coefficients) }.gradients
    let output = engine.forward(batch)
    let ranges = engine.observeRanges(batch)

    let reference = test.reference(weights)
    var expected = weights.values.map { $0.map { $0.map { _ in 0.0 } } }
    var seen = test.network.layers.map { layer in
      layer.graph.nodes.map { _ in (Double.infinity, -Double.infinity) }
    }
    for b in 0..<batch.count where batch.lengths[b] > 0 {
      let input = batch.sequence(b).map(Double.init)
      let trace = reference.trace(input)
      for (got, wanted) in zip(output.sequence(b), reference.forward(input)) {
        #expect(abs(Double(got) - wanted) < 2e-5 * max(1, abs(wanted)))
      }
      for l in seen.indices {
        for values in trace[l] {
          for n in values.indices {
            seen[l][n].0 = min(seen[l][n].0, values[n].min() ?? 0)
            seen[l][n].1 = max(seen[l][n].1, values[n].max() ?? 0)
          }
        }
      }
      let one = reference.backward(
        trace, outputGradient: coefficients.sequence(b).map(Double.init))
      for l in expected.indices {
        for p in expected[l].indices {
          for i in expected[l][p].indices { expected[l][p][i] += one.parameters[l][p][i] }
        }
      }
    }
    for l in expected.indices {
      for p in expected[l].indices {
        let scale = max(1, expected[l][p].map(abs).max() ?? 0)
        let worst = zip(result.values[l][p], expected[l][p]).map { abs(Double($0) - $1) }.max()
        let name = test.network.layers[l].graph.parameters[p].name
        #expect((worst ?? 0) < 2e-5 * scale, "gradient by \(l).\(name)")
      }
      for n in seen[l].indices {
        let scale = 2e-5 * max(1, abs(seen[l][n].0), abs(seen[l][n].1))
        let name: Comment = "\(l).\(test.network.layers[l].graph.nodes[n].name)"
        #expect(abs(Double(ranges[l][n].lowerBound) - seen[l][n].0) < scale, name)
        #expect(abs(Double(ranges[l][n].upperBound) - seen[l][n].1) < scale, name)
      }
    }
  }

  @Test(arguments: [1, 3, 17], 0..<12) func randomGraphs(_ size: Int, _ seed: Int) throws {
    try expectReference(
      RandomGraphs.test(size: size, seed: UInt64(seed)), threads: 1 + seed % 3)
  }

  /// A state that becomes its layer's input must not start in the memory of the state below.
  @Test func firstValuesOfTwoLayersAreKeptApart() throws {
    var lower = GraphBuilder(inputSize: 2)
    let uniform = Initializer.uniform(bound: 0.5)
    let h = lower.state("h", size: 3, initial: 0.75)
    let next = lower.tanh(
      lower.add(
        lower.product("w", lower.input(), rows: 3, initializer: uniform),
        lower.product("u", h, rows: 3, initializer: uniform)))
    lower.update("h", to: next)
    var upper = GraphBuilder(inputSize: 3)
    let old = upper.state("old", size: 3, initial: -0.25)
    let x = upper.input()
    upper.update("old", to: x)
    let y = upper.multiply(old, x)
    let graphs = [lower.build(output: next), upper.build(output: y)]
    let layers = zip(["lower", "upper"], graphs).map { name, graph in
      Layer(
        name: name, cell: "test", configuration: .init(inputSize: 3, units: 3, options: []),
        graph: graph)
    }
    try expectReference(
      EngineCase(name: "two", network: Network(layers: layers), lengths: [3, 4, 1]), threads: 1)
  }

  @Test(arguments: [(2, 1), (5, 3), (3, 17)])
  func everyCellAgreesWithTheReference(_ inputs: Int, _ units: Int) throws {
    for (i, layer) in CellCases.layers(inputs: inputs, units: units).enumerated() {
      let test = CellCases.test(layer, lengths: [4, 1, 6, 6, 0, 3, 2])
      do { try expectReference(test, threads: 1 + i % 2) } catch {
        Issue.record("\(test.name): \(error)")
      }
    }
  }

  @Test func everyCellIsThere() {
    let names = Set(CellCases.layers(inputs: 2, units: 3).map(\.cell))
    #expect(names == Set(CellRegistry.all.map { $0.name }))
  }

  // MARK: The interpreter against finite differences

  private func loss(_ test: EngineCase, _ weights: [[[Double]]], _ input: [Double]) -> Double {
    zip(
      ReferenceInterpreter(network: test.network, weights: weights).forward(input),
      test.coefficients().sequence(0)
    ).reduce(0) { $0 + $1.0 * Double($1.1) }
  }

  private func expectFiniteDifferences(_ test: EngineCase) {
    var weights = test.weights().values.map { $0.map { $0.map(Double.init) } }
    var input = test.batch().sequence(0).map(Double.init)
    let reference = ReferenceInterpreter(network: test.network, weights: weights)
    let gradients = reference.backward(
      reference.trace(input),
      outputGradient: test.coefficients().sequence(0).map(Double.init))
    let step = 1e-5
    func difference(_ change: (Double) -> Void) -> Double {
      change(step)
      let up = loss(test, weights, input)
      change(-2 * step)
      let down = loss(test, weights, input)
      change(step)
      return (up - down) / (2 * step)
    }
    for l in weights.indices {
      for p in weights[l].indices {
        let scale = max(1, gradients.parameters[l][p].map(abs).max() ?? 0)
        for i in weights[l][p].indices {
          let found = difference { weights[l][p][i] += $0 }
          let name = test.network.layers[l].graph.parameters[p].name
          #expect(
            abs(found - gradients.parameters[l][p][i]) < 1e-6 * scale,
            "\(test.name): \(name)[\(i)]")
        }
      }
    }
    let scale = max(1, gradients.input.map(abs).max() ?? 0)
    for i in input.indices {
      let found = difference { input[i] += $0 }
      #expect(abs(found - gradients.input[i]) < 1e-6 * scale, "\(test.name): x[\(i)]")
    }
  }

  @Test(arguments: [(2, 1), (4, 3)])
  func referenceOfEveryCellAgreesWithFiniteDifferences(_ inputs: Int, _ units: Int) {
    for layer in CellCases.layers(inputs: inputs, units: units) {
      expectFiniteDifferences(CellCases.test(layer, lengths: [5]))
    }
  }

  @Test(arguments: [1, 3], 0..<6)
  func referenceOfRandomGraphsAgreesWithFiniteDifferences(_ size: Int, _ seed: Int) {
    var test = RandomGraphs.test(size: size, seed: UInt64(seed))
    test.lengths = [5]
    expectFiniteDifferences(test)
  }
}
