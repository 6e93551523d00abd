package import RNNGraph

/// The auxiliary variables of one matrix: Z in the set of a structure, U the scaled multiplier.
///
/// Boyd et al., "Distributed optimization and statistical learning via ADMM", 2011, section 3.1.1
/// (scaled form), on the problem of E-RNN (Li et al., HPCA 2019): minimise f(W) with W in the set.
package struct AdmmMatrix: Hashable, Sendable {
  package let layer: Int
  package let parameter: Int
  /// `layer.parameter`.
  package let path: String
  /// The matrix with the structure that it is drawn to; a sparse one has no pattern, which Z chooses anew in each round.
  package let target: Parameter
  /// Row-major, like W.
  package private(set) var z: [Float]
  /// Row-major, like W.
  package private(set) var u: [Float]

  /// Starts with Z at the projection of the weights and U at zero.
  package init(
    layer: Int, parameter: Int, path: String, target: Parameter, weights: [Float]
  ) {
    self.layer = layer
    self.parameter = parameter
    self.path = path
    self.target = target
    z = target.nearestMatrix(to: weights)
    u = [Float](repeating: 0, count: weights.count)
  }

  /// Adds the derivative of (rho / 2) |W - Z + U|^2 to a gradient and returns its value.
  package func addPenalty(_ rho: Double, weights: [Float], gradients: inout [Float]) -> Double {
    let factor = Float(rho)
    var sum = 0.0
    for i in weights.indices {
      let difference = weights[i] - z[i] + u[i]
      gradients[i] += factor * difference
      sum += Double(difference) * Double(difference)
    }
    return rho / 2 * sum
  }

  /// The Z-step, an exact projection of W + U, and the U-step, U + W - Z.
  package mutating func update(weights: [Float]) -> AdmmRound.Residual {
    let previous = z
    z = target.nearestMatrix(to: zip(weights, u).map { $0 + $1 })
    var primal = 0.0
    var dual = 0.0
    var weightNorm = 0.0
    var zNorm = 0.0
    for i in weights.indices {
      let difference = weights[i] - z[i]
      u[i] += difference
      primal += Double(difference) * Double(difference)
      let change = Double(z[i]) - Double(previous[i])
      dual += change * change
      weightNorm += Double(weights[i]) * Double(weights[i])
      zNorm += Double(z[i]) * Double(z[i])
    }
    return AdmmRound.Residual(
      path: path, primal: (primal / max(weightNorm, .leastNormalMagnitude)).squareRoot(),
      dual: (dual / max(zNorm, .leastNormalMagnitude)).squareRoot())
  }

  /// Takes what a checkpoint kept.
  mutating func restore(z: [Float], u: [Float]) {
    self.z = z
    self.u = u
  }

  /// Keeps the multiplier rho * U when rho changes (Boyd et al., section 3.4.1).
  package mutating func rescale(from old: Double, to new: Double) {
    let factor = Float(old / new)
    for i in u.indices { u[i] *= factor }
  }
}

extension Parameter {
  /// The nearest matrix with the parameter's structure, row-major.
  fileprivate func nearestMatrix(to dense: [Float]) -> [Float] {
    var member = self
    let (structure, stored) = nearest(to: dense)
    member.structure = structure
    return member.dense(fromStored: stored)
  }
}
