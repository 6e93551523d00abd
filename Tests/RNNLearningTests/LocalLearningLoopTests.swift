import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// The circuit that chains movements: its cell against plain loops.
@Suite struct LocalLearningLoopTests {
  static func network(
    syllables: Int, units: Int, period: Int, reset: Bool = true, initial: Double = 0.1
  ) throws -> Network {
    Network(layers: [
      try Layer(
        name: "loop", cell: "syllable-loop", inputSize: syllables, units: units,
        options: [
          .init("tau", .number(4)), .init("initial", .number(initial)),
          .init("period", .int(period)), .init("reset", .bool(reset)),
        ])
    ])
  }
  static func weights(_ network: Network, seed: UInt64) -> [[[Double]]] {
    initialWeights(network, seed: seed).values.map { $0.map { $0.map(Double.init) } }
  }
  static func parameter(_ name: String, _ network: Network, _ weights: [[[Double]]]) -> [Double] {
    let i = network.layers[0].graph.parameters.firstIndex { $0.name == name }
    return i.map { weights[0][$0] } ?? []
  }
  static func node(_ name: String, _ network: Network) -> Int {
    network.layers[0].graph.nodes.firstIndex { $0.name == name } ?? 0
  }

  /// The equations as loops; gives h and u after every step.
  private func plain(
    _ x: [[Double]], _ network: Network, _ weights: [[[Double]]], period: Int, reset: Bool
  ) -> [(h: [Double], u: [Double])] {
    let (syllables, units) = (x[0].count, network.outputSize)
    let v = Self.parameter("weight_x", network, weights)
    let w = Self.parameter("weight_h", network, weights)
    let s = Self.parameter("select.weight", network, weights)
    var h = [Double](repeating: 0.1, count: units)
    var u = [Double](repeating: 0, count: syllables)
    return x.indices.map { t in
      if x[t].contains(where: { $0 > 0 }) { u = x[t] }
      if reset, t % period == 0 { h = h.map { _ in 0.1 } }
      let old = h
      for a in 0..<units {
        var sum = 0.0
        for b in 0..<units { sum += w[a * units + b] * old[b] }
        for b in 0..<syllables { sum += v[a * syllables + b] * u[b] }
        h[a] = 0.75 * old[a] + 0.25 * tanh(sum)
      }
      if t % period == period - 1 {
        let z = (0..<syllables).map { i in
          (0..<units).reduce(0.0) { $0 + s[i * units + $1] * h[$1] }
        }
        var best = 0
        for i in z.indices where z[i] > z[best] { best = i }
        u = u.indices.map { $0 == best ? 1 : 0 }
      }
      return (h, u)
    }
  }

  @Test(arguments: [(1, 3, 2), (2, 1, 1), (3, 7, 4), (5, 4, 3)], [true, false])
  func equalsItsEquations(_ size: (syllables: Int, units: Int, period: Int), _ reset: Bool) throws {
    let network = try Self.network(
      syllables: size.syllables, units: size.units, period: size.period, reset: reset)
    let weights = Self.weights(network, seed: 5)
    let interpreter = ReferenceInterpreter(network: network, weights: weights)
    let steps = 7 * size.period + 1
    var x = [[Double]](
      repeating: [Double](repeating: 0, count: size.syllables), count: steps)
    x[0][size.syllables - 1] = 1
    // A later input overrides the loop, in the middle of a syllable too.
    x[3 * size.period + size.period / 2][0] = 1
    let trace = interpreter.trace(x.flatMap { $0 })[0]
    let expected = plain(x, network, weights, period: size.period, reset: reset)
    let (h, u) = (Self.node("h", network), Self.node("u", network))
    for t in 0..<steps {
      for (a, b) in zip(trace[t][h], expected[t].h) { #expect(abs(a - b) < 1e-12) }
      #expect(trace[t][u] == expected[t].u, "step \(t)")
    }
  }

  @Test(arguments: [2, 3, 4, 5]) func tiesGoToTheLowerIndex(_ syllables: Int) throws {
    // One unit at a known positive state makes z equal to the columns of Ws up to a factor.
    let network = try Self.network(syllables: syllables, units: 1, period: 1)
    var weights = Self.weights(network, seed: 1)
    let graph = network.layers[0].graph
    for (p, parameter) in graph.parameters.enumerated() where parameter.name == "weight_x" {
      weights[0][p] = weights[0][p].map { _ in 1 }
    }
    let select = try #require(graph.parameters.firstIndex { $0.name == "select.weight" })
    let chosen = Self.node("chosen", network)
    // Every pattern of three heights over the syllables.
    var patterns = [[Double]]()
    for code in 0..<Int(pow(3, Double(syllables))) {
      var (rest, pattern) = (code, [Double]())
      for _ in 0..<syllables {
        pattern.append(Double(rest % 3) - 1)
        rest /= 3
      }
      patterns.append(pattern)
    }
    for pattern in patterns {
      weights[0][select] = pattern
      let interpreter = ReferenceInterpreter(network: network, weights: weights)
      var input = [Double](repeating: 0, count: syllables)
      input[0] = 1
      let onehot = interpreter.trace(input)[0][0][chosen]
      let greatest = try #require(pattern.max())
      let first = try #require(pattern.firstIndex(of: greatest))
      #expect(onehot == (0..<syllables).map { $0 == first ? 1 : 0 }, "\(pattern)")
    }
  }

  @Test func itsWeightsAreThoseOfALeakyNetwork() throws {
    let leaky = LeakyNetwork(inputs: 3, units: 5, outputs: 2, tau: 4, initial: 0.1, seed: 2)
    let loop = try Self.network(syllables: 3, units: 5, period: 6)
    let network = Network(
      layers: loop.layers + [
        try Layer(
          name: "readout", cell: "dense", inputSize: 5, units: 2,
          options: [.init("bias", .bool(false))])
      ])
    let select = (0..<15).map { Double($0) }
    let weights = leaky.weights(of: network, others: ["select.weight": select])
    let interpreter = ReferenceInterpreter(
      network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } })
    // Within the first syllable the circuit is the leaky network on a tonic input.
    let outputs = interpreter.forward([0, 1, 0] + [Double](repeating: 0, count: 9))
    let learner = LeakyLearner(
      leaky, rule: .rflo, feedback: [Double](repeating: 0, count: 10))
    let expected = learner.run((0..<4).flatMap { _ in [0.0, 1, 0] })
    #expect(outputs.count == expected.count)
    for (a, b) in zip(outputs, expected) { #expect(abs(a - b) < 1e-6) }
  }
}
