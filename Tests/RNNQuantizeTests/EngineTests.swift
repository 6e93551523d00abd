import RNNFixedPoint
import RNNGraph
import RNNLearning
import RNNQuantize
import RNNReference
import Testing

/// The training engine's forward pass on a quantized network, in float32, against the integers.
///
/// They differ by the tables and by float32 sums that fall on the other side of a rounding, which the untrained
/// weights amplify. The stated bound: 24 output ulp at any step, 3 on average.
@Suite struct EngineTests {
  @Test(arguments: Case.all.filter { $0.sizes != [1, 1] })
  func fakeQuantizedForwardIsWithinTheStatedBound(_ each: Case) throws {
    let random = try each.network(seed: 3)
    let input = random.graph.inputFormat
    let output = random.graph[random.graph.output].format
    let sequences = (0..<3).map { random.sequence(steps: 8 + $0, seed: UInt64($0)) }
    let engine = try NetworkEngine(
      network: random.plan.network, weights: random.weights.rounded(to: random.plan.network))
    let batch = SequenceBatch(
      sequences: sequences.map { $0.flatMap { $0.map { Float(input.value(of: $0)) } } },
      features: random.graph.inputSize)
    let found = engine.forward(batch)
    let model = try ReferenceModel(random.graph)
    var sum = 0.0
    var count = 0.0
    for (b, sequence) in sequences.enumerated() {
      let codes = model.run(sequence: sequence).flatMap { $0 }
      let values = found.sequence(b)
      #expect(values.count == codes.count)
      for (value, code) in zip(values, codes) {
        let scaled = Double(value) / output.ulp
        #expect(scaled == scaled.rounded())
        #expect(abs(scaled - Double(code)) <= 24)
        sum += abs(scaled - Double(code))
        count += 1
      }
    }
    #expect(sum / count <= 3)
  }

  /// Ranges that the engine observes are those of the double-precision interpreter.
  @Test func observedRangesAgree() throws {
    let random = try RandomNetwork(seed: 17)
    let size = random.network.inputSize
    let sequence = random.sequence(steps: 6).map {
      $0.map { random.graph.inputFormat.value(of: $0) }
    }
    let batch = SequenceBatch(
      sequences: [sequence.flatMap { $0.map(Float.init) }], features: size)
    let engine = try NetworkEngine(network: random.network, weights: random.weights)
    let interpreter = FloatInterpreter(network: random.network, weights: random.weights)
    for (a, b) in zip(engine.observeRanges(batch), interpreter.observeRanges([sequence])) {
      for (a, b) in zip(a, b) {
        let tolerance = 1e-4 * max(1, max(abs(b.lowerBound), abs(b.upperBound)))
        #expect(abs(a.lowerBound - b.lowerBound) <= tolerance)
        #expect(abs(a.upperBound - b.upperBound) <= tolerance)
      }
    }
  }
}
