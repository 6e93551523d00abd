import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import Testing

@Suite struct RandomNetworkTests {
  @Test func manySeedsFreezeAndRun() throws {
    for seed in 0..<60 as Range<UInt64> {
      let random = try RandomNetwork(seed: seed)
      let model = try ReferenceModel(random.graph)
      let outputs = model.run(sequence: random.sequence(steps: 6))
      #expect(outputs.allSatisfy { $0.count == random.graph.outputSize })
    }
  }

  @Test func sameSeedSameGraph() throws {
    #expect(try randomIntegerGraph(seed: 5) == randomIntegerGraph(seed: 5))
    #expect(try randomIntegerGraph(seed: 5) != randomIntegerGraph(seed: 6))
  }
}
