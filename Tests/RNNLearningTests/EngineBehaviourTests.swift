import Foundation
import RNNFixedPoint
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

@Suite struct EngineBehaviourTests {
  static let stack = Network(layers: [
    EngineCase.layer(GRUCell.self, 7, 19, name: "gru0"),
    EngineCase.layer(LSTMCell.self, 19, 33, [.init("projection", .int(18))], name: "lstm1"),
    EngineCase.layer(DenseLayer.self, 18, 5, name: "dense2"),
  ])
  static let many = EngineCase(
    name: "many", network: stack, lengths: [7, 1, 5, 5, 12, 9, 3, 0, 8, 4, 6, 2, 11])

  func gradients(_ engine: NetworkEngine, _ test: EngineCase, seed: UInt64 = 11) -> Weights {
    let coefficients = test.coefficients()
    return engine.gradients(test.batch(seed: seed)) { _ in (0, coefficients) }.gradients
  }

  @Test func twoRunsGiveTheSameBits() throws {
    let test = Self.many
    let weights = test.weights()
    let engine = try NetworkEngine(network: test.network, weights: weights, threads: 2)
    let first = gradients(engine, test)
    let outputs = engine.forward(test.batch())
    // Another batch in between leaves its values in the buffers.
    let other = EngineCase(name: "other", network: test.network, lengths: [3, 20, 2, 9, 9])
    _ = gradients(engine, other, seed: 5)
    #expect(gradients(engine, test) == first)
    #expect(engine.forward(test.batch()) == outputs)
    let fresh = try NetworkEngine(network: test.network, weights: weights, threads: 2)
    #expect(gradients(fresh, test) == first)
    #expect(first != gradients(fresh, test, seed: 12))
  }

  func expectReference(_ test: EngineCase, weightScale: Float = 1, threads: Int) throws {
    let weights = Weights(
      values: test.weights().values.map { $0.map { $0.map { weightScale * $0 } } })
    let engine = try NetworkEngine(network: test.network, weights: weights, threads: threads)
    let result = gradients(engine, test)
    let reference = test.reference(weights)
    let batch = test.batch()
    var expected = weights.values.map { $0.map { $0.map { _ in 0.0 } } }
    for b in 0..<batch.count where batch.lengths[b] > 0 {
      let one = reference.backward(
        reference.trace(batch.sequence(b).map(Double.init)),
        outputGradient: test.coefficients().sequence(b).map(Double.init))
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
        #expect((worst ?? 0) < 1e-5 * scale, "\(test.network.layers[l].graph.parameters[p].name)")
      }
    }
  }

  @Test(arguments: [1, 2, 3])
  func everyNumberOfThreadsAgreesWithTheReference(_ threads: Int) throws {
    try expectReference(Self.many, threads: threads)
  }

  /// More rows than a block has, with equal and unequal lengths.
  @Test(arguments: [0, 3]) func manyBlocksAgreeWithTheReference(_ spread: Int) throws {
    let network = Network(layers: [
      EngineCase.layer(GRUCell.self, 2, 3, name: "gru0"),
      EngineCase.layer(LSTMCell.self, 3, 2, name: "lstm1"),
    ])
    let lengths = (0..<20).map { 34 - $0 * spread / 2 }
    try expectReference(EngineCase(name: "blocks", network: network, lengths: lengths), threads: 2)
  }

  /// Matrices too large for each shard to sum its own gradients.
  @Test(arguments: [[3, 3, 3, 3, 3], [4, 2, 2, 1, 3]])
  func largeMatricesAgreeWithTheReference(_ lengths: [Int]) throws {
    let large = Network(layers: [
      EngineCase.layer(LSTMCell.self, 21, 190, [.init("projection", .int(170))], name: "lstm0"),
      EngineCase.layer(DenseLayer.self, 170, 3, name: "dense1"),
    ])
    #expect(initialWeights(large, seed: 1).values[0].reduce(0) { $0 + $1.count } > 1 << 17)
    try expectReference(
      EngineCase(name: "large", network: large, lengths: lengths), weightScale: 0.15,
      threads: 2)
  }

  @Test func aBatchWithoutStepsHasZeroGradients() throws {
    let test = Self.many
    let engine = try NetworkEngine(network: test.network, weights: test.weights())
    _ = gradients(engine, test)
    let empty = EngineCase(name: "empty", network: test.network, lengths: [0, 0])
    let result = gradients(engine, empty)
    #expect(result.values.allSatisfy { $0.allSatisfy { $0.allSatisfy { $0 == 0 } } })
    #expect(result.values.map { $0.map(\.count) } == test.weights().values.map { $0.map(\.count) })
  }

  @Test func newWeightsTakeEffect() throws {
    let test = Self.many
    let engine = try NetworkEngine(network: test.network, weights: test.weights(seed: 1))
    let before = engine.forward(test.batch())
    engine.weights = test.weights(seed: 2)
    #expect(engine.forward(test.batch()) != before)
    engine.weights = test.weights(seed: 1)
    #expect(engine.forward(test.batch()) == before)
  }

  @Test func firstStepStartsFromZeroState() throws {
    // One unit, one input; every parameter different from zero.
    let network = Network(layers: [EngineCase.layer(GRUCell.self, 1, 1)])
    let values: [String: Float] = [
      "z.weight_x": 0.3, "z.weight_h": 5, "z.bias": -0.2, "r.weight_x": 0.7, "r.weight_h": 6,
      "r.bias": 0.4, "n.weight_x": -0.9, "n.weight_h": 7, "n.bias": 0.1, "n.bias_h": 0.8,
    ]
    let weights = Weights(values: [
      network.layers[0].graph.parameters.map { [values[$0.name] ?? .nan] }
    ])
    let engine = try NetworkEngine(network: network, weights: weights)
    // The second run must not see the state that the first one left.
    for _ in 0..<2 {
      let output = engine.forward(SequenceBatch(sequences: [[0.5, -1], [2]], features: 1))
      for (b, x) in [0.5, 2.0].enumerated() {
        let z = 1 / (1 + exp(-(0.3 * x - 0.2)))
        let r = 1 / (1 + exp(-(0.7 * x + 0.4)))
        let n = tanh(-0.9 * x + 0.1 + r * 0.8)
        #expect(abs(Double(output[step: 0, sequence: b, feature: 0]) - (1 - z) * n) < 1e-6)
      }
      #expect(output[step: 1, sequence: 1, feature: 0] == 0)
    }
  }

  @Test func lossGradientsAtMaskedStepsAreIgnored() throws {
    let test = Self.many
    let engine = try NetworkEngine(network: test.network, weights: test.weights())
    let expected = gradients(engine, test)
    var dirty = test.coefficients()
    for t in 0..<dirty.steps {
      for b in 0..<dirty.count where t >= dirty.lengths[b] {
        dirty[step: t, sequence: b, feature: 1] = .nan
      }
    }
    let got = engine.gradients(test.batch()) { _ in (0, dirty) }.gradients
    #expect(got == expected)
  }

  @Test func shapesThatDoNotFitAreNamed() throws {
    var weights = Self.many.weights()
    weights.values[1][2].removeLast()
    weights.values[2][0].append(0)
    let name = Self.stack.layers[1].graph.parameters[2].name
    do {
      _ = try NetworkEngine(network: Self.stack, weights: weights)
      Issue.record("weights of another shape were accepted")
    } catch let error as DiagnosticsEmitted {
      #expect(error.diagnostics.map(\.path) == ["layers.lstm1.\(name)", "layers.dense2.weight"])
    }
    weights.values.removeLast()
    #expect(throws: DiagnosticsEmitted.self) {
      try NetworkEngine(network: Self.stack, weights: weights)
    }
  }

  // MARK: Fixed point in the forward pass

  /// A dense layer whose product, sum and activation are rounded, with rounded parameters.
  static var quantized: Network {
    var b = GraphBuilder(inputSize: 3)
    let x = b.quantize(b.input(), QFormat(width: 6, fraction: 3), .halfUp)
    let h = b.state("h", size: 5)
    let sum = b.add(
      b.product("w", x, rows: 5, initializer: .uniform(bound: 1)),
      b.product("u", h, rows: 5, initializer: .uniform(bound: 1)),
      b.vector("b", size: 5, initializer: .constant(0)))
    let pre = b.quantize(sum, QFormat(width: 8, fraction: 5), .down)
    let next = b.quantize(b.tanh(pre), QFormat(width: 7, fraction: 5), .halfToEven)
    b.update("h", to: next)
    var graph = b.build(output: next)
    graph.parameters[0].format = QFormat(width: 5, fraction: 3)
    graph.parameters[1].format = QFormat(width: 4, fraction: 3)
    graph.parameters[2].format = QFormat(width: 5, fraction: 4)
    return Network(layers: [
      Layer(
        name: "q", cell: "q", configuration: .init(inputSize: 3, units: 5, options: []),
        graph: graph)
    ])
  }

  @Test func quantizationMatchesTheReferenceExactly() throws {
    let test = EngineCase(name: "q", network: Self.quantized, lengths: [6, 4, 9, 1, 5, 5])
    var weights = test.weights()
    for p in weights.values[0].indices {
      for i in weights.values[0][p].indices { weights.values[0][p][i] *= 3 }
    }
    var batch = test.batch()
    for i in batch.values.indices { batch.values[i] *= 5 }
    let engine = try NetworkEngine(network: test.network, weights: weights)
    let reference = test.reference(weights)
    let coefficients = test.coefficients()
    var expected = weights.values.map { $0.map { $0.map { _ in 0.0 } } }
    let result = engine.gradients(batch) { _ in (0, coefficients) }.gradients
    let outputs = engine.forward(batch)
    for b in 0..<batch.count {
      let input = batch.sequence(b).map(Double.init)
      // All sums are exact in float32 and in double, so the codes agree.
      #expect(outputs.sequence(b).map(Double.init) == reference.forward(input))
      let one = reference.backward(
        reference.trace(input), outputGradient: coefficients.sequence(b).map(Double.init))
      for p in expected[0].indices {
        for i in expected[0][p].indices { expected[0][p][i] += one.parameters[0][p][i] }
      }
    }
    var saturated = 0
    for p in expected[0].indices {
      let format = try #require(test.network.layers[0].graph.parameters[p].format)
      for i in expected[0][p].indices {
        #expect(abs(Double(result.values[0][p][i]) - expected[0][p][i]) < 1e-5)
        let stored = Double(weights.values[0][p][i])
        if stored < format.minValue || stored > format.maxValue {
          saturated += 1
          #expect(result.values[0][p][i] == 0)
        }
      }
    }
    #expect(saturated > 5)
  }

  // MARK: Ranges

  @Test(arguments: EngineCase.all) func rangesAgreeWithTheReference(_ test: EngineCase) throws {
    let weights = test.weights()
    let engine = try NetworkEngine(network: test.network, weights: weights)
    let ranges = engine.observeRanges(test.batch())
    let reference = test.reference(weights)
    for (l, layer) in test.network.layers.enumerated() {
      #expect(ranges[l].count == layer.graph.nodes.count)
      for n in layer.graph.nodes.indices {
        var seen: [Double] = []
        for b in test.lengths.indices {
          for step in reference.trace(test.batch().sequence(b).map(Double.init))[l] {
            seen += step[n]
          }
        }
        let range = ranges[l][n]
        let label: Comment = "\(layer.graph.nodes[n].name)"
        #expect(abs(Double(range.lowerBound) - (seen.min() ?? 0)) < 1e-5, label)
        #expect(abs(Double(range.upperBound) - (seen.max() ?? 0)) < 1e-5, label)
      }
    }
  }
}

@Suite struct InitialWeightsTests {
  @Test func everyParameterFollowsItsInitializer() {
    let network = EngineBehaviourTests.stack
    let weights = initialWeights(network, seed: 4)
    #expect(weights == initialWeights(network, seed: 4))
    #expect(weights != initialWeights(network, seed: 5))
    for (layer, values) in zip(network.layers, weights.values) {
      for (parameter, stored) in zip(layer.graph.parameters, values) {
        #expect(stored.count == parameter.storedCount)
        switch parameter.initializer {
        case .constant(let value): #expect(stored.allSatisfy { $0 == Float(value) })
        case .uniform(let bound):
          #expect(stored.allSatisfy { abs($0) <= Float(bound) })
          #expect((stored.map { abs($0) }.max() ?? 0) > Float(bound) / 2)
        case .orthogonal:
          let columns = parameter.columns ?? 1
          let (count, length) = (min(parameter.rows, columns), max(parameter.rows, columns))
          func entry(_ i: Int, _ j: Int) -> Double {
            Double(parameter.rows <= columns ? stored[i * columns + j] : stored[j * columns + i])
          }
          for a in 0..<count {
            for b in 0...a {
              let dot = (0..<length).reduce(0) { $0 + entry(a, $1) * entry(b, $1) }
              #expect(abs(dot - (a == b ? 1 : 0)) < 1e-5, "\(parameter.name)")
            }
          }
        case .normal, .identity, .orthogonalRows, .rotations, .values:
          Issue.record("the stack has no parameter that starts this way")
        }
      }
    }
  }

  /// The values of one square or tall matrix by an initializer.
  private func values(_ initializer: Initializer, rows: Int, columns: Int, block: Int = 1)
    -> [Float]
  {
    var b = GraphBuilder(inputSize: columns)
    let x = b.input()
    let y = b.product(
      "w", x, rows: rows,
      structure: block == 1 ? .dense : .blockCirculant(block: block), initializer: initializer)
    let layer = Layer(
      name: "l", cell: "test",
      configuration: CellConfiguration(inputSize: columns, units: rows, options: []),
      graph: b.build(output: y))
    return initialWeights(Network(layers: [layer]), seed: 9).values[0][0]
  }

  @Test func identityIsOneOnTheDiagonal() {
    let dense = values(.identity, rows: 5, columns: 3)
    for i in 0..<5 { for j in 0..<3 { #expect(dense[3 * i + j] == (i == j ? 1 : 0)) } }
    // Blocks of 2: the first columns of three diagonal blocks of five by five.
    let blocks = values(.identity, rows: 5, columns: 5, block: 2)
    for i in 0..<3 {
      for j in 0..<3 {
        #expect(Array(blocks[(3 * i + j) * 2..<(3 * i + j) * 2 + 2]) == [i == j ? 1 : 0, 0])
      }
    }
  }
  @Test func gaussianHasItsDeviation() {
    let drawn = values(.normal(deviation: 0.3), rows: 40, columns: 50)
    let mean = drawn.reduce(0, +) / 2000
    let square = drawn.reduce(0) { $0 + $1 * $1 } / 2000
    #expect(abs(mean) < 0.03 && abs(square.squareRoot() - 0.3) < 0.02)
  }
  @Test func gatesShareOneOrthogonalMatrix() throws {
    let layer = try Layer(name: "l", cell: "momentum-lstm", inputSize: 3, units: 2)
    let weights = initialWeights(Network(layers: [layer]), seed: 2).values[0]
    let stack = layer.graph.parameters.indices.filter {
      layer.graph.parameters[$0].name.hasSuffix("weight_x")
    }.flatMap { weights[$0] }
    #expect(stack.count == 24)
    for a in 0..<3 {
      for b in 0...a {
        let dot = (0..<8).reduce(0.0) { $0 + Double(stack[3 * $1 + a]) * Double(stack[3 * $1 + b]) }
        #expect(abs(dot - (a == b ? 1 : 0)) < 1e-6)
      }
    }
  }
  @Test(arguments: Initializer.RotationAngles.allCases)
  func rotationsTurnPlanes(_ angles: Initializer.RotationAngles) {
    let n = 5
    let b = values(.rotations(angles), rows: n, columns: n)
    for i in 0..<n {
      for j in 0..<n {
        let dot = (0..<n).reduce(Float(0)) { $0 + b[n * $1 + i] * b[n * $1 + j] }
        #expect(abs(dot - (i == j ? 1 : 0)) < 1e-6)
        if i / 2 != j / 2 { #expect(b[n * i + j] == 0) }
      }
    }
    #expect(b[n * n - 1] == 1 && b[1] != 0)
  }

  @Test func anotherLayerMovesNoValues() {
    let network = EngineBehaviourTests.stack
    let shorter = Network(layers: Array(network.layers[1...]))
    #expect(
      Array(initialWeights(network, seed: 4).values[1...])
        == initialWeights(shorter, seed: 4).values)
  }

  @Test func circulantProductsKeepTheirScale() {
    let layer = EngineCase.layer(ElmanCell.self, 64, 64, circulant: 8)
    let weights = initialWeights(Network(layers: [layer]), seed: 1).values[0]
    let recurrent = layer.graph.parameters.firstIndex { $0.name == "weight_h" } ?? 0
    let square = weights[recurrent].reduce(0) { $0 + Double($1 * $1) }
    // 64 columns of variance 1 / 64: a product of a unit vector has expected length 1.
    let count = Double(weights[recurrent].count)
    #expect(abs(square / count * 64 - 1) < 0.2)
  }
}

@Suite struct SequenceBatchTests {
  @Test func sequencesComeBack() {
    let sequences: [[Float]] = [[1, 2, 3, 4], [], [5, 6]]
    let batch = SequenceBatch(sequences: sequences, features: 2)
    #expect(batch.lengths == [2, 0, 1])
    #expect(batch.steps == 2)
    #expect(batch.frames == 3)
    #expect(batch.values == [1, 2, 0, 0, 5, 6, 3, 4, 0, 0, 0, 0])
    #expect((0..<3).map { batch.sequence($0) } == sequences)
    #expect(Array(batch.frame(step: 1, sequence: 0)) == [3, 4])
    #expect(batch[step: 0, sequence: 2, feature: 1] == 6)
  }
}
