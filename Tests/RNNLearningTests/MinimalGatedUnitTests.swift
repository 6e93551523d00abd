import Foundation
import RNNGraph
import RNNLearning
import Testing

@Suite struct MinimalGatedUnitTests {
  /// Two steps by the paper's equations in another form, (1 - f) h + f n, with one unit and two inputs.
  @Test func followsTheEquations() throws {
    let layer = try Layer(name: "l", cell: "mgu", inputSize: 2, units: 1)
    let w: [String: [Double]] = [
      "f.weight_x": [0.5, -1.25], "f.weight_h": [0.75], "f.bias": [0.25],
      "n.weight_x": [-0.5, 1], "n.weight_h": [-1.5], "n.bias": [0.125],
    ]
    let values = try layer.graph.parameters.map { try #require(w[$0.name]) }
    let interpreter = ReferenceInterpreter(
      network: Network(layers: [layer]), weights: [values])
    let x = [[1.0, -0.5], [-0.75, 2]]
    var h = 0.0
    var wanted: [Double] = []
    for v in x {
      let f = 1 / (1 + exp(-(0.5 * v[0] - 1.25 * v[1] + 0.75 * h + 0.25)))
      let n = tanh(-0.5 * v[0] + v[1] - 1.5 * (f * h) + 0.125)
      h = (1 - f) * h + f * n
      wanted.append(h)
    }
    let got = interpreter.forward(x.flatMap { $0 })
    #expect(got.count == 2)
    for (g, e) in zip(got, wanted) { #expect(abs(g - e) < 1e-14) }
  }
}
