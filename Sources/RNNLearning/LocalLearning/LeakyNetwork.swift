package import RNNGraph
internal import RNNSupport

/// The weights of a layer of leaky rate units and its linear readout, in double precision.
///
///     u = W h + V x        h' = (1 - 1/tau) h + (1/tau) tanh(u)        y = Wout h'
///
/// Murray, "Local online learning in recurrent networks with random feedback", eLife 2019;8:e43299, equation 1.
/// It is what local learning works on; `Network` with the cells `leaky` and `dense` (without bias) is the same
/// function, and the initializers convert both ways.
package struct LeakyNetwork: Hashable, Sendable {
  package var inputs: Int
  package var units: Int
  package var outputs: Int
  /// The time constant in steps, at least 1.
  package var tau: Double
  /// Every element of h at the start of a sequence.
  package var initial: Double
  /// V, row-major `[units][inputs]`.
  package var input: [Double]
  /// W, row-major `[units][units]`.
  package var recurrent: [Double]
  /// Wout, row-major `[outputs][units]`.
  package var readout: [Double]

  package init(
    inputs: Int, units: Int, outputs: Int, tau: Double, initial: Double, input: [Double],
    recurrent: [Double], readout: [Double]
  ) {
    precondition(
      input.count == units * inputs && recurrent.count == units * units
        && readout.count == outputs * units, "the weights do not have the shapes of the sizes")
    self.inputs = inputs
    self.units = units
    self.outputs = outputs
    self.tau = tau
    self.initial = initial
    self.input = input
    self.recurrent = recurrent
    self.readout = readout
  }

  /// Random weights as in the paper: V uniform in [-1, 1), W Gaussian with variance gain^2 / units, Wout
  /// uniform in [-1, 1) / sqrt(units).
  package init(
    inputs: Int, units: Int, outputs: Int, tau: Double = 10, initial: Double = 0.1,
    gain: Double = 1.5, seed: UInt64
  ) {
    let root = SplitMix64(seed: seed)
    func draw(_ name: String, _ count: Int, _ value: (inout SplitMix64) -> Double) -> [Double] {
      var generator = root.fork(name)
      return (0..<count).map { _ in value(&generator) }
    }
    let scale = 1 / Double(units).squareRoot()
    self.init(
      inputs: inputs, units: units, outputs: outputs, tau: tau, initial: initial,
      input: draw("input", units * inputs) { $0.uniform(-1, 1) },
      recurrent: draw("recurrent", units * units) { gain * scale * gaussian(&$0) },
      readout: draw("readout", outputs * units) { scale * $0.uniform(-1, 1) })
  }

  /// Reads the weights out of a network that `LocalLearning.problems` finds nothing wrong with.
  package init(_ network: Network, weights: Weights) {
    let (leaky, dense) = (network.layers[0], network.layers[1])
    func values(_ layer: Int, _ name: String) -> [Double] {
      guard
        let p = network.layers[layer].graph.parameters.firstIndex(where: { $0.name == name })
      else { preconditionFailure("\(network.layers[layer].name) has no parameter \(name)") }
      return weights.values[layer][p].map(Double.init)
    }
    self.init(
      inputs: leaky.graph.inputSize, units: leaky.configuration.units,
      outputs: dense.configuration.units, tau: leaky.configuration.number("tau"),
      initial: leaky.configuration.number("initial"), input: values(0, "weight_x"),
      recurrent: values(0, "weight_h"), readout: values(1, "weight"))
  }

  /// The weights as those of a network whose parameters have these names and shapes.
  ///
  /// - Parameter others: values of parameters that the leaky unit and its readout do not have.
  package func weights(of network: Network, others: [String: [Double]] = [:]) -> Weights {
    let known = others.merging(
      ["weight_x": input, "weight_h": recurrent, "weight": readout], uniquingKeysWith: { $1 })
    return Weights(
      values: network.layers.map { layer in
        layer.graph.parameters.map { parameter in
          if case .values(let fixed) = parameter.initializer, !parameter.isTrainable {
            return fixed.map(Float.init)
          }
          guard let values = known[parameter.name], values.count == parameter.storedCount else {
            preconditionFailure("\(layer.name).\(parameter.name) has no values of its shape")
          }
          return values.map(Float.init)
        }
      })
  }

  /// The cosine of the angle between Wout and the transposed feedback: 1 when feedback is symmetric.
  ///
  /// - Parameter feedback: B, row-major `[units][outputs]`.
  package func alignment(with feedback: [Double]) -> Double {
    var (product, first, second) = (0.0, 0.0, 0.0)
    for k in 0..<outputs {
      for a in 0..<units {
        let (w, b) = (readout[k * units + a], feedback[a * outputs + k])
        product += w * b
        first += w * w
        second += b * b
      }
    }
    return product / (first * second).squareRoot()
  }

  /// B as in the paper: Gaussian with variance 1, row-major `[units][outputs]`.
  package static func randomFeedback(units: Int, outputs: Int, seed: UInt64) -> [Double] {
    var generator = SplitMix64(seed: seed).fork("feedback")
    return (0..<units * outputs).map { _ in gaussian(&generator) }
  }
}
