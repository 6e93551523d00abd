import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// The Jacobian of a step equals central differences of the step, for every cell.
@Suite struct EngineJacobianTests {
  @Test(arguments: EngineCase.all)
  func equalsFiniteDifferences(_ engineCase: EngineCase) {
    let network = engineCase.network
    let weights = initialWeights(network, seed: 3).values.map { $0.map { $0.map(Double.init) } }
    let interpreter = ReferenceInterpreter(network: network, weights: weights)
    var random = SplitMix64(seed: 5)
    for (l, layer) in network.layers.enumerated() {
      let graph = layer.graph
      let input = (0..<graph.inputSize).map { _ in random.uniform(-1, 1) }
      let states = graph.states.map { state in
        (0..<state.size).map { _ in random.uniform(-0.9, 0.9) }
      }
      func next(_ states: [[Double]]) -> [Double] {
        let values = interpreter.step(layer: l, input: input, states: states, number: 0)
        return graph.states.flatMap { values[$0.next.index] }
      }
      let jacobian = interpreter.stateJacobian(
        layer: l, values: interpreter.step(layer: l, input: input, states: states, number: 0))
      let total = states.reduce(0) { $0 + $1.count }
      #expect(jacobian.count == total * total)
      let h = 1e-6
      var column = 0
      for s in states.indices {
        for i in states[s].indices {
          var up = states
          var down = states
          up[s][i] += h
          down[s][i] -= h
          for (row, pair) in zip(next(up), next(down)).enumerated() {
            let expected = (pair.0 - pair.1) / (2 * h)
            #expect(abs(jacobian[row * total + column] - expected) < 1e-7 * max(1, abs(expected)))
          }
          column += 1
        }
      }
    }
  }
}
