import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing

/// A network of one layer, weights of one value each, and ranges that are equal at all nodes.
func single(_ graph: CellGraph, weight: Float = 0.5, range: ClosedRange<Float> = -0.9...0.9) -> (
  network: Network, weights: Weights, ranges: [[ClosedRange<Float>]]
) {
  let configuration = CellConfiguration(
    inputSize: graph.inputSize, units: graph.outputSize, options: [])
  let network = Network(layers: [
    Layer(name: "l", cell: "custom", configuration: configuration, graph: graph)
  ])
  return (
    network,
    Weights(values: [graph.parameters.map { Array(repeating: weight, count: $0.storedCount) }]),
    [graph.nodes.map { _ in range }]
  )
}

func dense(inputs: Int = 2, units: Int = 3) -> CellGraph {
  DenseLayer.graph(
    CellConfiguration(inputSize: inputs, units: units, options: [.init("bias", .bool(true))]))
}

@Suite struct QuantizeTests {
  @Test(arguments: [
    (Float(0.9), 11), (1, 11), (1.001, 10), (7.9, 8), (8, 8), (8.01, 7), (0.12, 14), (100, 4),
  ])
  func integerBitsComeFromTheRange(magnitude: Float, fraction: Int) throws {
    for range in [-magnitude...0, 0...magnitude] {
      let (network, weights, _) = single(dense())
      let ranges = [network.layers[0].graph.nodes.map { _ in range }]
      let plan = try planQuantization(
        network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
      let input = plan.values.first { $0.role == .input }
      #expect(input?.format == QFormat(width: 12, fraction: fraction))
    }
  }

  @Test func theMarginWidensRanges() throws {
    let (network, weights, ranges) = single(dense())
    let plan = try planQuantization(
      network, weights: weights, ranges: ranges, policy: QuantizationPolicy(margin: 2))
    #expect(plan.values.allSatisfy { $0.format.fraction == 10 })
  }

  @Test(arguments: [
    (Float(0.5), 11), (0.4998, 12), (0.4999, 11), (1, 10), (0.9999, 10), (-1, 11), (-0.5, 12),
    (0, 11), (3, 9),
  ])
  func noWeightSaturates(weight: Float, fraction: Int) throws {
    let (network, weights, ranges) = single(dense(), weight: weight)
    let plan = try planQuantization(
      network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    #expect(plan.parameters[0].parameter == "weight")
    #expect(plan.parameters[0].format == QFormat(width: 12, fraction: fraction))
    let format = plan.parameters[0].format
    #expect(abs(Double(weight) / format.ulp) <= Double(-format.minCode))
  }

  /// Products of one sum share a grid, the coarsest, and biases lie on it.
  @Test func sumsShareAGrid() throws {
    let random = try RandomNetwork(
      seed: 9,
      options: .init(
        cell: "lstm", sizes: [4, 6], block: 2, policy: QuantizationPolicy(),
        cellOptions: [.init("peepholes", .bool(true)), .init("projection", .int(3))],
        readout: false))
    let plan = random.plan
    let formats = Dictionary(
      uniqueKeysWithValues: plan.parameters.map { ($0.parameter, $0) })
    let x = plan.values.first { $0.node == "x" }!.format
    let h = plan.values.first { $0.node == "h" }!.format
    for gate in ["i", "f", "g", "o"] {
      let wx = formats["\(gate).weight_x"]!
      let wh = formats["\(gate).weight_h"]!
      let grid = wx.format.fraction + x.fraction
      #expect(grid == wh.format.fraction + h.fraction)
      #expect(formats["\(gate).bias"]!.format.fraction == grid)
      #expect(min(wx.lostBits, wh.lostBits) == 0)
      #expect(wx.lostBits == wx.naturalFraction - wx.format.fraction)
      #expect(wx.format.width == 12 && wh.format.width == 12)
    }
    #expect(formats["i.peephole"]!.format.width == 12)
    #expect(formats["i.peephole"]!.lostBits == 0)
  }

  @Test func rolesHaveTheirWidths() throws {
    let random = try RandomNetwork(
      seed: 9,
      options: .init(
        cell: "lstm", sizes: [4, 6],
        policy: QuantizationPolicy(
          weightWidth: 9, activationWidth: 10, stateWidth: 14, internalWidth: 15),
        cellOptions: [.init("peepholes", .bool(false)), .init("projection", .int(3))],
        readout: true))
    for value in random.plan.values {
      switch value.role {
      case .input, .stored, .activation: #expect(value.format.width == 10)
      case .state: #expect(value.format.width == 14)
      case .preactivation, .factor: #expect(value.format.width == 15)
      case .coefficient, .integrator, .moment, .normalized:
        Issue.record("no LSTM has a \(value.role)")
      }
    }
    #expect(random.plan.values.first { $0.node == "c" }?.role == .state)
    #expect(random.plan.values.first { $0.node == "i" }?.format.fraction == 9)
    #expect(random.plan.values.first { $0.node == "i_in" }?.role == .preactivation)
    #expect(random.plan.parameters.first?.format.width == 9)
  }

  /// tanh(W x + b) with the bias used as a factor too, 1 - v, a half and a delayed state.
  @Test func wideFactorsAreRounded() throws {
    let random = try RandomNetwork(
      seed: 2,
      options: .init(
        cell: "gru", sizes: [3, 5], policy: QuantizationPolicy(),
        cellOptions: [.init("reset", .choice("after"))], readout: false))
    // r * (U h + c): the sum is rounded to 16 bits, so the product fits one multiplier.
    #expect(random.plan.values.filter { $0.role == .factor }.count == 1)
    for node in random.graph.nodes {
      if case .multiply(let a, let b) = node.op {
        #expect(random.graph[a].format.width <= 16 && random.graph[b].format.width <= 16)
      }
    }
  }

  @Test func roundedWeightsAreAFixedPoint() throws {
    let random = try RandomNetwork(seed: 12)
    let once = random.weights.rounded(to: random.plan.network)
    #expect(once.rounded(to: random.plan.network) == once)
    #expect(once != random.weights)
    #expect(
      try freeze(
        random.plan.network, weights: once, name: random.graph.name,
        rules: random.policy.integerRules
      ).matrices == random.graph.matrices)
  }
}
