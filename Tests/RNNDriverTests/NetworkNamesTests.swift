import RNNDriver
import RNNGraph
import RNNInterchange
import RNNLearning
import RNNQuantize
import RNNSupport
import Testing

@Suite struct NetworkNamesTests {
  /// A plain network, its quantization, and weights.
  private func networks(_ cell: String) throws -> (plain: Network, quantized: Network, Weights) {
    let plain = Network(layers: [
      try Layer(name: "a", cell: cell, inputSize: 3, units: 5),
      try Layer(name: "b", cell: "dense", inputSize: 5, units: 2),
    ])
    let weights = initialWeights(plain, seed: 3)
    let ranges = plain.layers.map { layer in layer.graph.nodes.map { _ in Float(-2)...Float(2) } }
    let plan = try planQuantization(
      plain, weights: weights, ranges: ranges, policy: QuantizationPolicy())
    return (plain, plan.network, roundedWeights(plan.network, weights))
  }

  @Test(arguments: ["gru", "lstm", "elman"])
  func aRecordedNetworkSurvivesItsFileAndFreezesAlike(cell: String) throws {
    let (plain, quantized, weights) = try networks(cell)
    let recorded = try quantized.recorded(over: plain)
    for (a, b) in zip(recorded.layers, quantized.layers) {
      #expect(a.graph.nodes.map(\.op) == b.graph.nodes.map(\.op))
      #expect(a.graph.plain == plain.layers.first { $0.name == a.name }?.graph)
    }
    let before = try freeze(quantized, weights: weights, name: "n")
    let after = try freeze(recorded.withReadableNames, weights: weights, name: "n")
    #expect(before.nodes.map(\.op) == after.nodes.map(\.op))
    #expect(before.nodes.map(\.name) == after.nodes.map(\.name))
    // Names stay unique, which the emitter and the reports rely on.
    #expect(Set(after.nodes.map(\.name)).count == after.nodes.count)
  }

  @Test func aNetworkThatIsNotThePlainOneIsRefused() throws {
    let (plain, quantized, _) = try networks("gru")
    var other = quantized
    guard
      let i = other.layers[0].graph.nodes.firstIndex(where: {
        if case .affine = $0.op { true } else { false }
      }), case .affine(let v, _, let offset) = other.layers[0].graph.nodes[i].op
    else {
      Issue.record("the GRU has no affine node")
      return
    }
    other.layers[0].graph.nodes[i].op = .affine(v, scale: -0.75, offset: offset)
    #expect(throws: DiagnosticsEmitted.self) { try other.recorded(over: plain) }
  }
}
