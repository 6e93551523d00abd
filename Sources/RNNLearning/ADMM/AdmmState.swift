internal import RNNGraph
internal import RNNSupport

/// The auxiliary variables of one matrix: Z in the block-circulant set, U the scaled multiplier.
///
/// Boyd et al., "Distributed optimization and statistical learning via ADMM", 2011, section 3.1.1
/// (scaled form), on the problem of E-RNN (Li et al., HPCA 2019): minimise f(W) with W in the set.
package struct AdmmMatrix: Hashable, Sendable {
  package let layer: Int
  package let parameter: Int
  /// `layer.parameter`.
  package let path: String
  package let projection: CirculantProjection
  /// Row-major, like W.
  package private(set) var z: [Float]
  /// Row-major, like W.
  package private(set) var u: [Float]

  /// Starts with Z at the projection of the weights and U at zero.
  package init(
    layer: Int, parameter: Int, path: String, projection: CirculantProjection, weights: [Float]
  ) {
    self.layer = layer
    self.parameter = parameter
    self.path = path
    self.projection = projection
    z = projection.expand(projection.project(weights))
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
    z = projection.expand(projection.project(zip(weights, u).map { $0 + $1 }))
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

/// Where an ADMM run stands between two epochs.
struct AdmmState: Hashable, Sendable {
  var training: TrainingState
  var matrices: [AdmmMatrix]
  var rounds: [AdmmRound]

  init(network: Network, weights: Weights, configuration: AdmmConfiguration) {
    training = TrainingState(weights: weights, configuration: configuration.training)
    rounds = []
    matrices = []
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        guard let columns = parameter.columns else { continue }
        let block = configuration.assignment.block(layer: layer.name, parameter: parameter.name)
        guard block > 1, parameter.structure == .dense else { continue }
        matrices.append(
          AdmmMatrix(
            layer: l, parameter: p, path: "\(layer.name).\(parameter.name)",
            projection: CirculantProjection(rows: parameter.rows, columns: columns, block: block),
            weights: weights.values[l][p]))
      }
    }
  }

  /// The Z- and U-step of every matrix.
  mutating func finishRound(stage: Int, penalty: Double) {
    var residuals: [AdmmRound.Residual] = []
    for i in matrices.indices {
      let weights = training.weights.values[matrices[i].layer][matrices[i].parameter]
      residuals.append(matrices[i].update(weights: weights))
    }
    rounds.append(
      AdmmRound(
        round: rounds.count + 1, stage: stage + 1, penalty: penalty, residuals: residuals))
  }

  /// Takes what a checkpoint kept; false if a part is missing or has another layout.
  mutating func restore(
    _ file: CheckpointFile, _ fields: JSONValue, configuration: AdmmConfiguration
  ) -> Bool {
    guard let rounds = fields["rounds"]?.array, let trainingFields = fields["training"],
      let restored = TrainingState(
        fields: trainingFields, file: file, layout: training.weights.layout,
        configuration: configuration.training)
    else { return false }
    self.rounds = rounds.compactMap(AdmmRound.init(json:))
    guard self.rounds.count == rounds.count else { return false }
    training = restored
    for i in matrices.indices {
      guard let z = file.array("z.\(matrices[i].path)"), z.count == matrices[i].z.count,
        let u = file.array("u.\(matrices[i].path)"), u.count == matrices[i].u.count
      else { return false }
      matrices[i].restore(z: z, u: u)
    }
    return true
  }

  /// The fields and arrays of the state in a checkpoint.
  var checkpointParts: (fields: JSONValue, arrays: [CheckpointFile.NamedArray]) {
    let (fields, arrays) = training.checkpointParts
    return (
      .object(["training": fields, "rounds": .array(rounds.map(\.json))]),
      arrays
        + matrices.flatMap {
          [
            CheckpointFile.NamedArray("z.\($0.path)", $0.z),
            CheckpointFile.NamedArray("u.\($0.path)", $0.u),
          ]
        }
    )
  }
}
