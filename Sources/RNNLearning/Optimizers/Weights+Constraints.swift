package import RNNGraph

extension Weights {
  /// Brings every value into the limits of its parameter; NaN stays.
  package mutating func clamp(to network: Network) {
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        guard let limits = parameter.limits, parameter.isTrainable else { continue }
        let (low, high) = (Float(limits.lowerBound), Float(limits.upperBound))
        for i in values[l][p].indices {
          let value = values[l][p][i]
          values[l][p][i] = value < low ? low : value > high ? high : value
        }
      }
    }
  }
  /// Sets the gradients by parameters that training does not change to zero.
  package mutating func clearUntrained(_ network: Network) {
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() where !parameter.isTrainable {
        values[l][p] = [Float](repeating: 0, count: values[l][p].count)
      }
    }
  }
}
