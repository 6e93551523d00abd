import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// Exact gradients three ways: backward in time, forward in time (RTRL), and by the trial learner.
@Suite struct LocalLearningOracleTests {
  @Test(arguments: EngineCase.all) func forwardInTimeEqualsBackwardInTime(_ engineCase: EngineCase)
  {
    let interpreter = engineCase.reference(engineCase.weights())
    let batch = engineCase.batch()
    let coefficients = engineCase.coefficients()
    for b in engineCase.lengths.indices where engineCase.lengths[b] > 0 {
      let sequence = batch.sequence(b).map(Double.init)
      let outputGradient = coefficients.sequence(b).map(Double.init)
      let backward = interpreter.backward(
        interpreter.trace(sequence), outputGradient: outputGradient
      ).parameters
      let forward = RealTimeRecurrentLearning.gradient(
        interpreter, sequence: sequence, outputGradient: outputGradient)
      for (a, c) in zip(backward.joined(), forward.joined()) {
        #expect(a.count == c.count)
        for (x, y) in zip(a, c) { #expect(abs(x - y) < 1e-9 * max(1, abs(x))) }
      }
    }
  }

  @Test func trialLearnerEqualsBackwardInTime() {
    let problem = LocalLearningTests.Problem((inputs: 3, units: 6, outputs: 2, steps: 11))
    let network = Self.network(problem.network)
    let weights: [[[Double]]] = network.layers.map { layer in
      layer.graph.parameters.map { parameter in
        switch parameter.name {
        case "weight_x": problem.network.input
        case "weight_h": problem.network.recurrent
        default: problem.network.readout
        }
      }
    }
    let interpreter = ReferenceInterpreter(network: network, weights: weights)
    let outputs = interpreter.forward(problem.inputs)
    let gradient = interpreter.backward(
      interpreter.trace(problem.inputs), outputGradient: problem.errors(outputs).map { -$0 }
    ).parameters
    let sums = problem.sums(.exactGradient)
    for (layer, values) in zip(network.layers, gradient) {
      for (parameter, g) in zip(layer.graph.parameters, values) {
        let s =
          switch parameter.name {
          case "weight_x": sums.input
          case "weight_h": sums.recurrent
          default: sums.readout
          }
        #expect(s.count == g.count)
        for (a, b) in zip(s, g) { #expect(abs(a + b) < 1e-12) }
      }
    }
  }

  /// The leaky layer and its readout as cells.
  static func network(_ leaky: LeakyNetwork) -> Network {
    Network(layers: [
      EngineCase.layer(
        LeakyRateCell.self, leaky.inputs, leaky.units,
        [.init("tau", .number(leaky.tau)), .init("initial", .number(leaky.initial))], name: "rate"),
      EngineCase.layer(
        DenseLayer.self, leaky.units, leaky.outputs, [.init("bias", .bool(false))],
        name: "readout"),
    ])
  }
}
