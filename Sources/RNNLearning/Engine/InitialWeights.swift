private import Foundation
package import RNNGraph
internal import RNNSupport

/// The values that a network starts training from, by each parameter's initializer.
///
/// Every parameter draws from a generator of its own, `SplitMix64(seed).fork("layer.parameter")`, so
/// that a new layer moves no other layer's values. A circulant matrix draws its free values.
/// An orthogonal circulant matrix draws them Gaussian with the variance 1 / max(rows, columns) that
/// the entries of an orthogonal matrix have, so products keep their scale.
package func initialWeights(_ network: Network, seed: UInt64) -> Weights {
  let root = SplitMix64(seed: seed)
  return Weights(
    values: network.layers.map { layer in
      layer.graph.parameters.map { parameter in
        initialValues(parameter, root.fork("\(layer.name).\(parameter.name)"))
      }
    })
}

private func initialValues(_ parameter: Parameter, _ generator: SplitMix64) -> [Float] {
  var generator = generator
  switch parameter.initializer {
  case .constant(let value):
    return [Float](repeating: Float(value), count: parameter.storedCount)
  case .uniform(let bound):
    return (0..<parameter.storedCount).map { _ in Float(generator.uniform(-bound, bound)) }
  case .orthogonal:
    let columns = parameter.columns ?? 1
    guard parameter.structure.block == 1 else {
      let deviation = 1 / Double(max(parameter.rows, columns)).squareRoot()
      return (0..<parameter.storedCount).map { _ in Float(deviation * gaussian(&generator)) }
    }
    return orthogonal(rows: parameter.rows, columns: columns, &generator).map(Float.init)
  }
}

/// A standard normal number (Box and Muller 1958).
private func gaussian(_ generator: inout SplitMix64) -> Double {
  let radius = (-2 * log(1 - generator.unit())).squareRoot()
  return radius * cos(2 * Double.pi * generator.unit())
}

/// A random matrix, row-major, whose rows (or columns, whichever are shorter in number) are orthonormal.
///
/// Modified Gram-Schmidt on Gaussian vectors, applied twice (Giraud et al. 2005), which gives
/// orthogonality to rounding and the Haar measure of QR with a positive diagonal.
private func orthogonal(rows: Int, columns: Int, _ generator: inout SplitMix64) -> [Double] {
  let count = min(rows, columns)
  let length = max(rows, columns)
  var vectors = (0..<count * length).map { _ in gaussian(&generator) }
  vectors.withUnsafeMutableBufferPointer { v in
    for i in 0..<count {
      let a = v.baseAddress! + i * length
      for _ in 0..<2 {
        for j in 0..<i {
          let b = v.baseAddress! + j * length
          var dot = 0.0
          for k in 0..<length { dot += a[k] * b[k] }
          for k in 0..<length { a[k] -= dot * b[k] }
        }
      }
      var square = 0.0
      for k in 0..<length { square += a[k] * a[k] }
      let scale = 1 / square.squareRoot()
      for k in 0..<length { a[k] *= scale }
    }
  }
  if rows <= columns { return vectors }
  return (0..<rows * columns).map { vectors[$0 % columns * length + $0 / columns] }
}
