import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// Networks with known spectra, and the plain algorithm that the product's is compared with.
enum LyapunovCases {
  static func layer(_ graph: CellGraph, name: String = "layer") -> Layer {
    Layer(
      name: name, cell: "custom",
      configuration: .init(inputSize: graph.inputSize, units: graph.outputSize, options: []),
      graph: graph)
  }
  /// s' = A s, which no input moves.
  static func linear(_ size: Int, initial: Double = 0) -> Network {
    var b = GraphBuilder(inputSize: 1)
    let s = b.state("s", size: size, initial: initial)
    let next = b.product("a", s, rows: size, initializer: .constant(0))
    b.update("s", to: next)
    return Network(layers: [layer(b.build(output: next))])
  }
  static func analyze(
    _ network: Network, _ weights: [[[Double]]], _ segments: [[Double]],
    _ options: LyapunovOptions
  ) throws -> LyapunovSpectrum {
    try LyapunovAnalyzer(network: network, weights: weights, options: options).run(segments)
  }
  /// Uniform inputs in [-1, 1).
  static func input(_ network: Network, steps: Int, seed: UInt64 = 5) -> [Double] {
    var generator = SplitMix64(seed: seed)
    return (0..<steps * network.inputSize).map { _ in generator.uniform(-1, 1) }
  }
  static func normal(_ generator: inout SplitMix64) -> Double {
    (-2 * log(1 - generator.unit())).squareRoot() * cos(2 * Double.pi * generator.unit())
  }

  /// A B of square row-major matrices.
  static func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
    var c = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for k in 0..<n { for j in 0..<n { c[i * n + j] += a[i * n + k] * b[k * n + j] } }
    }
    return c
  }
  /// A^-1 by Gauss and Jordan with pivoting.
  static func inverse(_ a: [Double], _ n: Int) -> [Double] {
    var rows = (0..<n).map { i in
      Array(a[i * n..<(i + 1) * n]) + (0..<n).map { $0 == i ? 1.0 : 0 }
    }
    for c in 0..<n {
      let pivot = (c..<n).max { abs(rows[$0][c]) < abs(rows[$1][c]) } ?? c
      rows.swapAt(c, pivot)
      let scale = 1 / rows[c][c]
      rows[c] = rows[c].map { $0 * scale }
      for r in 0..<n where r != c {
        let f = rows[r][c]
        rows[r] = zip(rows[r], rows[c]).map { $0 - f * $1 }
      }
    }
    return rows.flatMap { $0.suffix(n) }
  }

  /// Exponents of a product of Jacobians, row-major [n][n], from the identity by modified Gram-Schmidt.
  ///
  /// In the order of the directions; minus infinity, and any vector orthogonal to the others, where one vanishes.
  static func gramSchmidt(_ jacobians: [[Double]], size n: Int) -> [Double] {
    var q = (0..<n).map { c in (0..<n).map { $0 == c ? 1.0 : 0 } }
    var sums = [Double](repeating: 0, count: n)
    for j in jacobians {
      q = q.map { v in (0..<n).map { r in (0..<n).reduce(0) { $0 + j[r * n + $1] * v[$1] } } }
      for i in 0..<n {
        func orthogonalize(_ v: inout [Double]) -> Double {
          for _ in 0..<2 {
            for k in 0..<i {
              let dot = zip(v, q[k]).reduce(0) { $0 + $1.0 * $1.1 }
              v = zip(v, q[k]).map { $0 - dot * $1 }
            }
          }
          return v.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        var vector = q[i]
        var length = orthogonalize(&vector)
        sums[i] += length > 1e-14 ? log(length) : -.infinity
        var unit = 0
        while length < 1e-14 || (length < 1e-3 && unit > 0) {
          vector = (0..<n).map { $0 == unit ? 1.0 : 0 }
          length = orthogonalize(&vector)
          unit += 1
        }
        q[i] = vector.map { $0 / length }
      }
    }
    return sums.map { $0 / Double(jacobians.count) }
  }

  /// The Jacobians of one layer's own states along a sequence, from the reference interpreter.
  static func jacobians(
    _ network: Network, _ weights: [[[Double]]], _ sequence: [Double], layer: Int = 0
  ) -> [[Double]] {
    let reference = ReferenceInterpreter(network: network, weights: weights)
    return reference.trace(sequence)[layer].map {
      reference.stateJacobian(layer: layer, values: $0)
    }
  }

  static func expectEqual(
    _ got: [Double], _ wanted: [Double], _ tolerance: Double, _ what: String = ""
  ) {
    #expect(got.count == wanted.count, "\(what)")
    for (g, w) in zip(got, wanted) {
      #expect(g == w || abs(g - w) <= tolerance, "\(what): \(g) instead of \(w)")
    }
  }
}
