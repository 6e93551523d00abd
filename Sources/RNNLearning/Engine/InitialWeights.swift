private import Foundation
package import RNNGraph
internal import RNNSupport

/// The values that a network starts training from, by each parameter's initializer.
///
/// Every parameter draws from a generator of its own, `SplitMix64(seed).fork("layer.parameter")`, so
/// that a new layer moves no other layer's values. A circulant matrix draws its free values; a sparse one is the
/// nearest to a dense matrix that is drawn.
/// A slice of a shared orthogonal matrix draws the whole matrix from the generator of the stack's name.
/// An orthogonal circulant matrix draws them Gaussian with the variance 1 / max(rows, columns) that
/// the entries of an orthogonal matrix have, so products keep their scale.
///
/// - Precondition: every structure has its pattern; see `Network.choosingPatterns(seed:)`.
package func initialWeights(_ network: Network, seed: UInt64) -> Weights {
  Weights(
    values: network.layers.map { layer in
      layer.graph.parameters.map { initialMember($0, of: layer, seed: seed).stored }
    })
}

extension Network {
  /// The network whose sparse matrices have the patterns of the values that `initialWeights` draws for a seed.
  package func choosingPatterns(seed: UInt64) -> Network {
    var result = self
    for (l, layer) in layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() where !parameter.structure.isPlaced
      {
        result.layers[l].graph.parameters[p].structure =
          initialMember(parameter, of: layer, seed: seed).structure
      }
    }
    return result
  }
}

private func initialMember(
  _ parameter: Parameter, of layer: Layer, seed: UInt64
) -> (structure: MatrixStructure, stored: [Float]) {
  if !parameter.structure.definition.drawsStoredValues {
    var dense = parameter
    dense.structure = .dense
    return parameter.nearest(to: initialMember(dense, of: layer, seed: seed).stored)
  }
  let root = SplitMix64(seed: seed)
  if case .orthogonalRows(let stack, let rows, let first) = parameter.initializer,
    parameter.structure.storesEveryEntry
  {
    var generator = root.fork("\(layer.name).\(stack)")
    let columns = parameter.columns ?? 1
    let all = orthogonal(rows: rows, columns: columns, &generator)
    let slice = all[first * columns..<(first + parameter.rows) * columns]
    return (.dense, slice.map(Float.init))
  }
  let stored = initialValues(parameter, root.fork("\(layer.name).\(parameter.name)"))
  return (parameter.structure, stored)
}

private func initialValues(_ parameter: Parameter, _ generator: SplitMix64) -> [Float] {
  var generator = generator
  switch parameter.initializer {
  case .constant(let value):
    return [Float](repeating: Float(value), count: parameter.storedCount)
  case .uniform(let bound):
    return (0..<parameter.storedCount).map { _ in Float(generator.uniform(-bound, bound)) }
  case .normal(let deviation):
    return (0..<parameter.storedCount).map { _ in Float(deviation * gaussian(&generator)) }
  case .identity:
    let columns = parameter.columns ?? 1
    var identity = [Float](repeating: 0, count: parameter.rows * columns)
    for i in 0..<min(parameter.rows, columns) { identity[i * columns + i] = 1 }
    return parameter.nearest(to: identity).stored
  case .rotations(let angles):
    var values = [Float](repeating: 0, count: parameter.storedCount)
    for i in 0..<parameter.rows { values[i * parameter.rows + i] = 1 }
    for i in stride(from: 0, to: parameter.rows - 1, by: 2) {
      let angle = rotationAngle(angles, &generator)
      let (c, s) = (Float(cos(angle)), Float(sin(angle)))
      values[i * parameter.rows + i] = c
      values[i * parameter.rows + i + 1] = s
      values[(i + 1) * parameter.rows + i] = -s
      values[(i + 1) * parameter.rows + i + 1] = c
    }
    return values
  case .values(let values):
    precondition(values.count == parameter.storedCount, "\(parameter.name) has another shape")
    return values.map(Float.init)
  case .orthogonal, .orthogonalRows:
    let columns = parameter.columns ?? 1
    guard parameter.structure.storesEveryEntry else {
      let deviation = 1 / Double(max(parameter.rows, columns)).squareRoot()
      return (0..<parameter.storedCount).map { _ in Float(deviation * gaussian(&generator)) }
    }
    return orthogonal(rows: parameter.rows, columns: columns, &generator).map(Float.init)
  }
}

/// The entry of the skew-symmetric matrix above the diagonal; exp of its block is the rotation by it.
private func rotationAngle(
  _ angles: Initializer.RotationAngles, _ generator: inout SplitMix64
) -> Double {
  switch angles {
  case .cayley:
    let u = generator.uniform(0, Double.pi / 2)
    return -((1 - cos(u)) / (1 + cos(u))).squareRoot()
  case .henaff: return generator.uniform(-Double.pi, Double.pi)
  }
}

/// A standard normal number (Box and Muller 1958).
func gaussian(_ generator: inout SplitMix64) -> Double {
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
