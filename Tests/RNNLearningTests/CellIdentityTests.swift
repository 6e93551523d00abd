import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// What the papers' equations imply exactly, checked on the graphs in double precision.
@Suite struct CellIdentityTests {
  private func random(_ count: Int, _ bound: Double, _ generator: inout SplitMix64) -> [Double] {
    (0..<count).map { _ in generator.uniform(-bound, bound) }
  }

  /// Momentum with mu = 0 and step = 1 is the LSTM whose bias is the sum of both bias vectors.
  @Test(arguments: [(2, 3), (5, 1), (1, 7)])
  func momentumWithoutMomentumIsTheLSTM(inputs: Int, units: Int) throws {
    var generator = SplitMix64(seed: 5)
    let momentum = try Layer(
      name: "l", cell: "momentum-lstm", inputSize: inputs, units: units,
      options: MomentumOptions.entries("momentum", 0, 1, 0, 0))
    let plain = try Layer(name: "l", cell: "lstm", inputSize: inputs, units: units)
    var values: [String: [Double]] = [:]
    for parameter in momentum.graph.parameters {
      values[parameter.name] = random(parameter.storedCount, 0.9, &generator)
    }
    for gate in ["i", "f", "g", "o"] {
      values["\(gate).bias"] = zip(
        try #require(values["\(gate).bias_x"]), try #require(values["\(gate).bias_h"])
      ).map(+)
    }
    func interpreter(_ layer: Layer) throws -> ReferenceInterpreter {
      ReferenceInterpreter(
        network: Network(layers: [layer]),
        weights: [try layer.graph.parameters.map { try #require(values[$0.name]) }])
    }
    let sequence = random(30 * inputs, 2, &generator)
    let (a, b) = (try interpreter(momentum), try interpreter(plain))
    PublishedVectors.expectEqual(a.forward(sequence), b.forward(sequence), 1e-13, "h")
    let gradient = random(30 * units, 1, &generator)
    let x = a.backward(a.trace(sequence), outputGradient: gradient)
    let y = b.backward(b.trace(sequence), outputGradient: gradient)
    PublishedVectors.expectEqual(x.input, y.input, 1e-12, "input gradient")
  }

  /// One SBO layer with random weights, and what it needs for a step by hand.
  private struct SBO {
    let n = 4
    let interpreter: ReferenceInterpreter
    let graph: CellGraph
    let u: [Double]
    let wx: [Double]
    let bias: [Double]
    let alpha = 0.8
    let eta = 0.05

    init(gradient: String) throws {
      let layer = try Layer(
        name: "l", cell: "sbo", inputSize: 2, units: 4,
        options: [.init("gradient", .choice(gradient))])
      graph = layer.graph
      var generator = SplitMix64(seed: 11)
      u = (0..<16).map { _ in generator.uniform(-0.9, 0.9) }
      wx = (0..<8).map { _ in generator.uniform(-0.9, 0.9) }
      bias = (0..<4).map { _ in generator.uniform(-0.3, 0.3) }
      let values: [String: [Double]] = [
        "alpha": [alpha], "eta": [eta], "weight_h": u, "weight_x": wx, "bias": bias,
      ]
      interpreter = ReferenceInterpreter(
        network: Network(layers: [layer]),
        weights: [try layer.graph.parameters.map { try #require(values[$0.name]) }])
    }
    func argument(_ h: [Double], _ x: [Double]) -> [Double] {
      (0..<n).map { i -> Double in
        var sum = bias[i]
        for k in 0..<n { sum += u[n * i + k] * h[k] }
        for k in 0..<2 { sum += wx[2 * i + k] * x[k] }
        return sum
      }
    }
    /// |alpha h - relu(a)|^2 / 2.
    func objective(_ h: [Double], _ x: [Double]) -> Double {
      var sum = 0.0
      for (value, a) in zip(h, argument(h, x)) {
        let r = alpha * value - max(0, a)
        sum += r * r / 2
      }
      return sum
    }
  }

  /// The true order is the gradient of the objective; the order of the paper's code is not.
  @Test(arguments: ["true", "paper"])
  func onlyTheTrueOrderIsAGradient(_ order: String) throws {
    let cell = try SBO(gradient: order)
    let node = try #require(cell.graph.nodes.firstIndex { $0.name == "gradient" })
    var generator = SplitMix64(seed: 3)
    var greatest = 0.0
    for t in 0..<20 {
      let x = random(2, 1, &generator)
      let h = random(4, 1, &generator)
      let values = cell.interpreter.step(layer: 0, input: x, states: [h], number: t)
      for i in 0..<4 {
        var (up, down) = (h, h)
        up[i] += 1e-6
        down[i] -= 1e-6
        let slope = (cell.objective(up, x) - cell.objective(down, x)) / 2e-6
        greatest = max(greatest, abs(values[node][i] - slope))
      }
    }
    if order == "true" { #expect(greatest < 1e-8) } else { #expect(greatest > 0.1) }
  }

  /// The Jacobian of a step is I - eta S S^T with S = alpha I - U^T diag(m).
  @Test func theDenseJacobianIsSymmetric() throws {
    let cell = try SBO(gradient: "true")
    let n = cell.n
    var generator = SplitMix64(seed: 8)
    var seen: Set<Bool> = []
    for t in 0..<20 {
      let x = random(2, 1, &generator)
      let h = random(n, 1, &generator)
      let m = cell.argument(h, x).map { $0 > 0 ? 1.0 : 0 }
      m.forEach { seen.insert($0 > 0) }
      let values = cell.interpreter.step(layer: 0, input: x, states: [h], number: t)
      let jacobian = cell.interpreter.stateJacobian(layer: 0, values: values)
      func s(_ i: Int, _ k: Int) -> Double {
        (i == k ? cell.alpha : 0) - cell.u[n * k + i] * m[k]
      }
      for i in 0..<n {
        for j in 0..<n {
          let product = (0..<n).reduce(0) { $0 + s(i, $1) * s(j, $1) }
          #expect(abs(jacobian[n * i + j] - ((i == j ? 1 : 0) - cell.eta * product)) < 1e-12)
        }
      }
    }
    #expect(seen.count == 2)
  }
}
