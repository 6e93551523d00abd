package import RNNGraph

extension Weights {
  /// The same layout filled with zeros.
  package var zeroed: Weights {
    Weights(values: values.map { layer in layer.map { [Float](repeating: 0, count: $0.count) } })
  }
  /// The Euclidean norm over all values of all layers, summed in double precision in layout order.
  ///
  /// Infinite or NaN exactly if a value is, since squares of singles cannot overflow a double.
  package var norm: Double {
    var sum = 0.0
    for layer in values {
      for parameter in layer {
        for value in parameter { sum += Double(value) * Double(value) }
      }
    }
    return sum.squareRoot()
  }
  /// Multiplies every value by a factor.
  package mutating func scale(by factor: Float) {
    for layer in values.indices {
      for parameter in values[layer].indices {
        for i in values[layer][parameter].indices { values[layer][parameter][i] *= factor }
      }
    }
  }
  /// Scales all values together so that their norm is at most `limit`.
  ///
  /// Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
  /// algorithm 1.
  /// - Returns: the norm before clipping.
  package mutating func clip(norm limit: Double) -> Double {
    let before = norm
    if before > limit { scale(by: Float(limit / before)) }
    return before
  }
  /// The number of values of every parameter of every layer.
  var layout: [[Int]] { values.map { $0.map(\.count) } }
}
