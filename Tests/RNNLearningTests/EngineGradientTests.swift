import RNNGraph
import RNNSupport
import Testing

import RNNLearning

@Suite struct EngineGradientTests {
  /// The loss of the tests, in double, from parameters and inputs in double.
  func loss(_ test: EngineCase, _ weights: [[[Double]]], _ inputs: [[Double]]) -> Double {
    let interpreter = ReferenceInterpreter(network: test.network, weights: weights)
    let coefficients = test.coefficients()
    return inputs.enumerated().reduce(0) { sum, pair in
      zip(interpreter.forward(pair.element), coefficients.sequence(pair.offset)).reduce(sum) {
        $0 + $1.0 * Double($1.1)
      }
    }
  }

  @Test(arguments: EngineCase.all) func referenceAgreesWithFiniteDifferences(_ test: EngineCase) {
    var weights = test.weights().values.map { $0.map { $0.map(Double.init) } }
    let batch = test.batch()
    var inputs = (0..<batch.count).map { batch.sequence($0).map(Double.init) }
    let interpreter = ReferenceInterpreter(network: test.network, weights: weights)
    let step = 1e-5
    var analytic = weights.map { $0.map { $0.map { _ in 0.0 } } }
    for b in inputs.indices where !inputs[b].isEmpty {
      let one = interpreter.backward(
        interpreter.trace(inputs[b]),
        outputGradient: test.coefficients().sequence(b).map(Double.init))
      for l in analytic.indices {
        for p in analytic[l].indices {
          for i in analytic[l][p].indices { analytic[l][p][i] += one.parameters[l][p][i] }
        }
      }
      for i in inputs[b].indices {
        let kept = inputs[b][i]
        inputs[b][i] = kept + step
        let up = loss(test, weights, inputs)
        inputs[b][i] = kept - step
        let down = loss(test, weights, inputs)
        inputs[b][i] = kept
        #expect(abs((up - down) / (2 * step) - one.input[i]) < 1e-6)
      }
    }
    for l in weights.indices {
      for p in weights[l].indices {
        for i in weights[l][p].indices {
          let kept = weights[l][p][i]
          weights[l][p][i] = kept + step
          let up = loss(test, weights, inputs)
          weights[l][p][i] = kept - step
          let down = loss(test, weights, inputs)
          weights[l][p][i] = kept
          let name = test.network.layers[l].graph.parameters[p].name
          #expect(
            abs((up - down) / (2 * step) - analytic[l][p][i]) < 1e-6, "\(name)[\(i)]")
        }
      }
    }
  }

  @Test(arguments: EngineCase.all) func engineAgreesWithTheReference(_ test: EngineCase) throws {
    let weights = test.weights()
    let batch = test.batch()
    let interpreter = test.reference(weights)
    let engine = try NetworkEngine(network: test.network, weights: weights)
    let coefficients = test.coefficients()
    let result = engine.gradients(batch) { output in
      (zip(output.values, coefficients.values).reduce(0) { $0 + Double($1.0 * $1.1) }, coefficients)
    }
    let output = engine.forward(batch)
    var expected = weights.values.map { $0.map { $0.map { _ in 0.0 } } }
    var sum = 0.0
    for b in 0..<batch.count where batch.lengths[b] > 0 {
      let input = batch.sequence(b).map(Double.init)
      let outputs = interpreter.forward(input)
      for (a, e) in zip(output.sequence(b), outputs) { #expect(abs(Double(a) - e) < 1e-5) }
      sum += zip(outputs, coefficients.sequence(b)).reduce(0) { $0 + $1.0 * Double($1.1) }
      let one = interpreter.backward(
        interpreter.trace(input), outputGradient: coefficients.sequence(b).map(Double.init))
      for l in expected.indices {
        for p in expected[l].indices {
          for i in expected[l][p].indices { expected[l][p][i] += one.parameters[l][p][i] }
        }
      }
    }
    #expect(abs(result.loss - sum) < 1e-4)
    for l in expected.indices {
      for p in expected[l].indices {
        let scale = max(1, expected[l][p].map(abs).max() ?? 0)
        for i in expected[l][p].indices {
          #expect(abs(Double(result.gradients.values[l][p][i]) - expected[l][p][i]) < 1e-5 * scale)
        }
      }
    }
  }
}
