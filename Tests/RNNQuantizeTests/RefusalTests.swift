import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing

/// What has no integer form is refused with its place.
@Suite struct RefusalTests {
  private func expect(_ words: String, _ body: () throws -> Void) {
    do {
      try body()
      Issue.record("accepted: \(words)")
    } catch let error as DiagnosticsEmitted {
      #expect(error.description.contains(words), "\(error)")
      #expect(error.diagnostics.allSatisfy { !$0.fix.isEmpty })
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func weightsThatAreNotNumbers() {
    for value in [Float.nan, .infinity] {
      var (network, weights, ranges) = single(dense())
      weights.values[0][0][4] = value
      expect("l.weight[4]: \(value) is not a finite number") {
        _ = try quantize(network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
      }
      for p in network.layers[0].graph.parameters.indices {
        network.layers[0].graph.parameters[p].format = QFormat(width: 8, fraction: 7)
      }
      expect("l.weight[4]") { _ = try freeze(network, weights: weights, name: "n") }
    }
  }

  @Test func weightsOfAnotherShape() {
    var (network, weights, ranges) = single(dense())
    weights.values[0][1] = [1]
    expect("l.bias: 1 values instead of 3") {
      _ = try quantize(network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    }
    weights.values[0] = []
    expect("l: 0 of 2 parameters") {
      _ = try quantize(network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    }
    weights.values = []
    expect("1 layers have 0 sets") {
      _ = try quantize(network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    }
    expect("1 layers have 0 sets") { _ = try freeze(network, weights: weights, name: "n") }
    ranges = []
  }

  @Test func rangesOfAnotherNetwork() {
    let (network, weights, ranges) = single(dense())
    for wrong in [[], [Array(ranges[0].dropLast())]] {
      expect("ranges: the observed ranges belong to another network") {
        _ = try quantize(network, weights: weights, ranges: wrong, policy: QuantizationPolicy())
      }
    }
  }

  @Test func rangesWithoutAFormat() {
    let (network, weights, _) = single(dense())
    let cases: [(ClosedRange<Float>, String)] = [
      (0...0, "l.x: every observed input is zero"),
      (-1...Float.infinity, "is not finite"), (-1e20...1, "integer bits"),
    ]
    for (range, words) in cases {
      let ranges = [network.layers[0].graph.nodes.map { _ in range }]
      expect(words) {
        _ = try quantize(network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
      }
    }
  }

  @Test func policiesWithoutADesign() {
    let (network, weights, ranges) = single(dense())
    let policies: [(QuantizationPolicy, String)] = [
      (QuantizationPolicy(weightWidth: 1), "quantization.weightWidth: 1 bits"),
      (QuantizationPolicy(activationWidth: 40), "quantization.activationWidth: 40 bits"),
      (QuantizationPolicy(stateWidth: 0), "quantization.stateWidth"),
      (QuantizationPolicy(internalWidth: 21), "quantization.internalWidth"),
      (QuantizationPolicy(biasWidth: 64), "quantization.biasWidth"),
      (QuantizationPolicy(margin: 0), "quantization.margin"),
      (QuantizationPolicy(margin: .nan), "quantization.margin"),
      (QuantizationPolicy(tableSegments: 100), "quantization.tableSegments: 100"),
    ]
    for (policy, words) in policies {
      expect(words) {
        _ = try quantize(network, weights: weights, ranges: ranges, policy: policy)
      }
    }
  }

  @Test func aQuantizedNetworkIsNotQuantizedAgain() throws {
    let (network, weights, ranges) = single(dense())
    let quantized = try quantize(
      network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    expect("the network is quantized already") {
      _ = try quantize(quantized, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    }
  }

  @Test func floatNetworksDoNotFreeze() {
    let (network, weights, _) = single(dense())
    expect("l.weight: the parameter has no fixed-point format") {
      _ = try freeze(network, weights: weights, name: "n")
    }
  }

  /// Every place that needs a `.quantize` node is named when it lacks one.
  @Test func valuesThatAreNotQuantized() throws {
    let random = try RandomNetwork(
      seed: 1,
      options: .init(
        cell: "elman", sizes: [2, 3], policy: QuantizationPolicy(),
        cellOptions: [.init("activation", .choice("tanh"))], readout: true))
    func without(_ layer: Int, _ name: String, _ words: String) {
      var network = random.plan.network
      guard let i = network.layers[layer].graph.nodes.firstIndex(where: { $0.name == name }) else {
        Issue.record("no \(name)")
        return
      }
      // An affine identity in place of the rounding keeps the graph's shape.
      guard case .quantize(let v, _, _) = network.layers[layer].graph.nodes[i].op else { return }
      network.layers[layer].graph.nodes[i].op = .affine(v, scale: 1, offset: 0)
      expect(words) { _ = try freeze(network, weights: random.weights, name: "n") }
    }
    without(0, "x", "elman0.x: reads the network's input, which is not quantized")
    without(0, "h_in", "elman0.h_in: the operand of tanh is not quantized")
    without(0, "h", "elman0.h: the next value of state h is not quantized")
    without(1, "y", "dense1.y: the layer's output is not quantized")
    without(1, "x", "dense1.x: the operand of weight is not quantized")
  }

  @Test func exactValuesBeyond63Bits() throws {
    var b = GraphBuilder(inputSize: 1)
    let x = b.input()
    let square = b.multiply(x, x)
    let fourth = b.multiply(square, square)
    let y = b.multiply(fourth, fourth)
    let (network, weights, ranges) = single(b.build(output: y))
    // The quantizer rounds wide factors; a network that lacks those roundings is refused.
    var quantized = try quantize(
      network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    #expect(throws: Never.self) { try freeze(quantized, weights: weights, name: "n") }
    for i in quantized.layers[0].graph.nodes.indices {
      let node = quantized.layers[0].graph.nodes[i]
      if case .quantize(let v, _, _) = node.op, node.name != "x",
        ValueID(i) != quantized.layers[0].graph.output
      {
        quantized.layers[0].graph.nodes[i].op = .affine(v, scale: 1, offset: 0)
      }
    }
    expect("the exact value needs 96 bits, more than 63") {
      _ = try freeze(quantized, weights: weights, name: "n")
    }
  }

  @Test func constantsThatAreNotNumbers() throws {
    var b = GraphBuilder(inputSize: 1)
    let x = b.input()
    let y = b.affine(x, scale: 0.1, offset: 0.3)
    let (network, weights, ranges) = single(b.build(output: y))
    var quantized = try quantize(
      network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    let graph = try freeze(quantized, weights: weights, name: "n")
    let codes = graph.nodes.compactMap { node -> (Int64, QFormat)? in
      if case .constant(let code) = node.op { (code, node.format) } else { nil }
    }
    #expect(codes.count == 2)
    for ((code, format), value) in zip(codes, [0.1, 0.3]) {
      #expect(abs(format.value(of: code) - value) <= value * 0x1p-16)
    }
    for i in quantized.layers[0].graph.nodes.indices {
      if case .affine(let v, _, _) = quantized.layers[0].graph.nodes[i].op {
        quantized.layers[0].graph.nodes[i].op = .affine(v, scale: .nan, offset: 0.3)
      }
    }
    expect("the constant nan is not finite") {
      _ = try freeze(quantized, weights: weights, name: "n")
    }
  }
}
