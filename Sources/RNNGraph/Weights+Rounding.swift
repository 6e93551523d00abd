internal import RNNFixedPoint

extension Weights {
  /// The weights with every parameter rounded to its format, if it has one: half to even, saturating.
  ///
  /// Exact in float32 while formats have at most 24 bits; wider biases keep 24 significant bits.
  package func rounded(to network: Network) -> Weights {
    var result = self
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        guard let format = parameter.format else { continue }
        for i in result.values[l][p].indices {
          let value = Double(result.values[l][p][i])
          let code = quantized(value, to: format, rounding: .halfToEven, overflow: .saturate)
          result.values[l][p][i] = Float(format.value(of: code))
        }
      }
    }
    return result
  }
}
