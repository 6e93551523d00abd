internal import RNNGraph
internal import RNNSupport

/// Where an ADMM run stands between two epochs.
struct AdmmState: Hashable, Sendable {
  var training: TrainingState
  var matrices: [AdmmMatrix]
  var rounds: [AdmmRound]

  init(network: Network, weights: Weights, configuration: AdmmConfiguration) throws {
    training = try TrainingState(
      network: network, weights: weights, configuration: configuration.training)
    rounds = []
    matrices = []
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        guard
          let structure = configuration.assignment.structure(
            layer: layer.name, parameter: parameter.name),
          parameter.structure == .dense
        else { continue }
        var target = parameter
        target.structure = structure
        matrices.append(
          AdmmMatrix(
            layer: l, parameter: p, path: "\(layer.name).\(parameter.name)",
            target: target, weights: weights.values[l][p]))
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
        fields: trainingFields, file: file, from: training,
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
  var checkpointParts:
    (
      fields: JSONValue, arrays: [CheckpointFile.NamedArray], doubles: [CheckpointFile.NamedDoubles]
    )
  {
    let (fields, arrays, doubles) = training.checkpointParts
    return (
      .object(["training": fields, "rounds": .array(rounds.map(\.json))]),
      arrays
        + matrices.flatMap {
          [
            CheckpointFile.NamedArray("z.\($0.path)", $0.z),
            CheckpointFile.NamedArray("u.\($0.path)", $0.u),
          ]
        }, doubles
    )
  }
}
