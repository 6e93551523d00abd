import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing

/// Graphs with operations and shapes that no cell of the registry has.
@Suite struct CustomCellTests {
  /// Quantizes, freezes and compares the integers with the quantized network in every step.
  private func check(
    _ graph: CellGraph, policy: QuantizationPolicy = QuantizationPolicy(), steps: Int = 8
  ) throws -> IntegerGraph {
    var (network, weights, _) = single(graph)
    var random = SplitMix64(seed: 21)
    for (p, parameter) in graph.parameters.enumerated() {
      weights.values[0][p] = (0..<parameter.storedCount).map { _ in
        Float(random.uniform(-0.8, 0.8))
      }
    }
    let interpreter = FloatInterpreter(network: network, weights: weights)
    let inputs = (0..<steps).map { _ in
      (0..<graph.inputSize).map { _ in random.uniform(-3, 3) }
    }
    let ranges = interpreter.observeRanges([inputs])
    network = try quantize(network, weights: weights, ranges: ranges, policy: policy)
    let integers = try freeze(network, weights: weights, name: "custom")
    let model = try ReferenceModel(integers)
    var oracle = GraphOracle(
      network, weights, tables: integers.tables,
      normalizations: integers.normalizations)
    let output = integers[integers.output].format
    for x in inputs {
      let codes = x.map {
        quantized($0, to: integers.inputFormat, rounding: .halfUp, overflow: .saturate)
      }
      let expected = oracle.step(codes.map { integers.inputFormat.value(of: $0) })
      #expect(model.step(codes).map { output.value(of: $0) } == expected)
    }
    return integers
  }

  /// h' = z h + (1 - z) tanh(W x), and constants that are no powers of two.
  @Test func complementAndConstants() throws {
    var b = GraphBuilder(inputSize: 3)
    let x = b.input()
    let h = b.state("h", size: 5)
    let z = b.sigmoid(
      b.affine(
        b.product("z.weight", x, rows: 5, initializer: .orthogonal), scale: 0.3, offset: -0.7),
      name: "z")
    let n = b.tanh(b.product("n.weight", x, rows: 5, initializer: .orthogonal), name: "n")
    let complement = b.affine(z, scale: -1, offset: 1)
    let half = b.affine(b.multiply(complement, n), scale: 0.5, offset: 0)
    let next = b.add(b.multiply(z, h), half)
    b.update("h", to: next)
    let graph = try check(b.build(output: next))
    #expect(graph.nodes.contains { $0.op == .constant(1) })
  }

  /// W x and W^T h share a matrix whose operands have different formats.
  @Test func tiedWeights() throws {
    var b = GraphBuilder(inputSize: 3)
    let x = b.input()
    let h = b.state("h", size: 5)
    let w = b.matrix(
      "weight", rows: 5, columns: 3, structure: .blockCirculant(block: 4), initializer: .orthogonal)
    let next = b.tanh(b.matvec(w, x), name: "h")
    b.update("h", to: next)
    let y = b.matvec(w, h, transposed: true)
    let graph = try check(b.build(output: y))
    #expect(graph.matrices.count == 1)
  }

  /// Two terms of one sum use one matrix on operands of different formats: no common grid exists.
  @Test func aSumWithoutACommonGridIsSplit() throws {
    var b = GraphBuilder(inputSize: 4)
    let x = b.input()
    let h = b.state("h", size: 4)
    let w = b.matrix(
      "weight", rows: 4, columns: 4, structure: .dense, initializer: .orthogonal)
    let next = b.tanh(b.add(b.matvec(w, x), b.matvec(w, h)), name: "h")
    b.update("h", to: next)
    let graph = try check(b.build(output: next))
    let linears = graph.nodes.filter { if case .linear = $0.op { true } else { false } }
    #expect(linears.count == 2 && graph.matrices.count == 1)
  }

  /// d' = h, h' = relu(W x + U d - b): a state that takes another state's value, relu and subtraction.
  @Test func delayedStateAndRelu() throws {
    var b = GraphBuilder(inputSize: 2)
    let x = b.input()
    let h = b.state("h", size: 3)
    let d = b.state("d", size: 3)
    let sum = b.add(
      b.product("weight_x", x, rows: 3, initializer: .orthogonal),
      b.product("weight_d", d, rows: 3, initializer: .orthogonal))
    let next = b.activation(
      .relu, b.subtract(sum, b.vector("bias", size: 3, initializer: .constant(0))), name: "h")
    b.update("d", to: h)
    b.update("h", to: next)
    let graph = try check(b.build(output: next))
    #expect(graph.states.map(\.name) == ["l.h", "l.d"])
  }

  /// A sum that two values read is computed once.
  @Test func sharedSums() throws {
    var b = GraphBuilder(inputSize: 3)
    let x = b.input()
    let sum = b.add(
      b.product("weight", x, rows: 3, initializer: .orthogonal),
      b.vector("bias", size: 3, initializer: .constant(0)))
    let y = b.add(b.tanh(sum, name: "t"), b.multiply(sum, x))
    let z = b.add(y, b.add(sum, x))
    let graph = try check(b.build(output: z))
    let linears = graph.nodes.filter { if case .linear = $0.op { true } else { false } }
    #expect(linears.count == 1)
  }

  /// Exact sums and products that two greater sums read are computed once, too.
  @Test(arguments: [false, true]) func sharedExactValues(isSum: Bool) throws {
    var b = GraphBuilder(inputSize: 3)
    let x = b.input()
    var shared = b.product("weight", x, rows: 3, initializer: .orthogonal)
    if isSum {
      shared = b.add(shared, b.vector("bias", size: 3, initializer: .constant(0)))
    }
    let u = b.vector("u", size: 3, initializer: .constant(0))
    let y = b.subtract(b.add(shared, x), b.multiply(x, b.add(shared, u)))
    let graph = try check(b.build(output: y))
    let linears = graph.nodes.filter { if case .linear = $0.op { true } else { false } }
    #expect(linears.count == 1)
  }

  @Test func narrowWidthsAndAllRoundings() throws {
    for rounding in RoundingRule.allCases {
      let graph = ElmanCell.graph(
        CellConfiguration(
          inputSize: 3, units: 4, options: [.init("activation", .choice("sigmoid"))]))
      _ = try check(
        graph,
        policy: QuantizationPolicy(
          weightWidth: 2, activationWidth: 3, stateWidth: 3, internalWidth: 4, biasWidth: 4,
          rounding: rounding, tableSegments: 2))
    }
  }

  /// Nodes that neither the output nor a state needs do not reach the integers.
  @Test func unusedNodesDisappear() throws {
    var b = GraphBuilder(inputSize: 2)
    let x = b.input()
    _ = b.activation(
      .relu, b.product("unused", x, rows: 9, initializer: .orthogonal), name: "unused")
    let y = b.product("weight", x, rows: 2, initializer: .orthogonal)
    let graph = try check(b.build(output: y))
    #expect(graph.matrices.map(\.name) == ["l.weight"])
    #expect(graph.tables.isEmpty)
  }

  @Test func theInterpreterEqualsTheOracleOnFloatNetworks() throws {
    let random = try RandomNetwork(seed: 31)
    let interpreter = FloatInterpreter(network: random.network, weights: random.weights)
    var oracle = GraphOracle(random.network, random.weights, tables: nil)
    for x in random.sequence(steps: 5) {
      let input = x.map { random.graph.inputFormat.value(of: $0) }
      let (a, b) = (interpreter.step(input), oracle.step(input))
      for (a, b) in zip(a, b) { #expect(abs(a - b) < 1e-12) }
    }
  }
}
