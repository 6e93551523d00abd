import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

@Suite struct GradientNormTests {
  /// A cell whose state takes up an input of its own as it is: the gradient by that input is the one by the state.
  static func probed(units: Int) -> Network {
    let uniform = Initializer.uniform(bound: 0.5)
    var b = GraphBuilder(inputSize: 2 + units)
    let x = b.input()
    let h = b.state("h", size: units, initial: 0.5)
    let c = b.state("c", size: units)
    let gate = b.sigmoid(b.add(b.product("u", h, rows: units, initializer: uniform), c))
    let probe = b.product("probe", x, rows: units, initializer: uniform)
    let next = b.add(
      b.tanh(b.add(b.product("w", x, rows: units, initializer: uniform), b.multiply(gate, h))),
      probe)
    b.update("h", to: next)
    b.update("c", to: b.tanh(b.add(c, next)))
    return Network(layers: [
      Layer(
        name: "rnn", cell: "probed",
        configuration: .init(inputSize: 2 + units, units: units, options: []),
        graph: b.build(output: next)),
      EngineCase.layer(DenseLayer.self, units, 2, name: "readout"),
    ])
  }

  @Test(arguments: [1, 3, 17]) func agreesWithTheGradientByAProbe(_ units: Int) throws {
    let test = EngineCase(
      name: "probed", network: Self.probed(units: units), lengths: [6, 2, 4, 6, 0])
    var weights = test.weights(bound: 0.4)
    for (p, parameter) in test.network.layers[0].graph.parameters.enumerated() {
      for i in weights.values[0][p].indices where parameter.columns == 2 + units {
        let (row, column) = (i / (2 + units), i % (2 + units))
        if parameter.name == "probe" { weights.values[0][p][i] = column == 2 + row ? 1 : 0 }
        if parameter.name == "w", column >= 2 { weights.values[0][p][i] = 0 }
      }
    }
    let batch = test.batch()
    let coefficients = test.coefficients()
    let found = try gradientNorms(test.network, weights, batch) { _ in coefficients }
    let reference = test.reference(weights)
    var sums = [Double](repeating: 0, count: 6)
    var counts = [Double](repeating: 0, count: 6)
    for b in 0..<batch.count where batch.lengths[b] > 0 {
      let input = reference.backward(
        reference.trace(batch.sequence(b).map(Double.init)),
        outputGradient: coefficients.sequence(b).map(Double.init)
      ).input
      for t in 0..<batch.lengths[b] {
        let byState = input[t * (2 + units) + 2..<(t + 1) * (2 + units)]
        sums[t] += byState.reduce(0) { $0 + $1 * $1 }.squareRoot()
        counts[t] += 1
      }
    }
    #expect(found.count == 6)
    for t in 0..<6 { #expect(abs(found[t] - sums[t] / counts[t]) < 1e-5) }
  }

  @Test func layersWithoutStatesHaveNone() throws {
    let network = Network(layers: [EngineCase.layer(DenseLayer.self, 2, 2, name: "readout")])
    let batch = SequenceBatch(sequences: [[1, 2]], features: 2)
    #expect(try gradientNorms(network, initialWeights(network, seed: 1), batch) { $0 }.isEmpty)
  }

  @Test func theTrainerMeasuresEveryKthEpoch() throws {
    var configuration = TrainerTests.configuration
    let plain = try TrainerTests.run(configuration: configuration)
    configuration.gradientNormEpochs = 2
    let result = try TrainerTests.run(configuration: configuration)
    #expect(result.weights == plain.weights)
    #expect(result.curve.map { $0.stateGradientNorms != nil } == [false, true, false, true])
    let norms = try #require(result.curve[3].stateGradientNorms)
    #expect(norms.count > 3 && norms.allSatisfy { $0 > 0 })
    // The record comes back from its JSON, with and without norms.
    for record in result.curve {
      let json = try JSONValue(parsing: Data(record.json.text.utf8))
      #expect(json == record.json)
      #expect((json["gradientNorms"] != nil) == (record.stateGradientNorms != nil))
    }
    configuration.gradientNormEpochs = 0
    let text = LearningCases.error { _ = try TrainerTests.run(configuration: configuration) }
    #expect(text.contains("gradientNorms.every"))
  }
}
