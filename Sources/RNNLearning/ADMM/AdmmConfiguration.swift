package import RNNGraph
package import RNNSupport

/// How ADMM brings a trained dense network to matrices with a structure.
package struct AdmmConfiguration: Hashable, Sendable {
  /// The structure of every matrix to compress.
  package var assignment: StructureAssignment
  /// The penalty rho of every stage, in order; rising by about ten per stage works.
  package var penalties: [Double]
  /// Epochs of training in every W-step.
  package var epochsPerRound: Int
  /// The training of the W-steps; `epochs` is their total over all rounds of all stages.
  package var training: TrainingConfiguration
  /// The training inside the set after the final projection; nil for none.
  package var fineTuning: TrainingConfiguration?

  /// Creates a configuration.
  package init(
    assignment: StructureAssignment, penalties: [Double], epochsPerRound: Int = 1,
    training: TrainingConfiguration, fineTuning: TrainingConfiguration?
  ) {
    self.assignment = assignment
    self.penalties = penalties
    self.epochsPerRound = epochsPerRound
    self.training = training
    self.fineTuning = fineTuning
  }

  /// Epochs of one stage.
  var epochsPerStage: Int { training.epochs / penalties.count }

  /// Collects everything that keeps the configuration from being used.
  package func check(
    network: Network, task: TrainingTask, into sink: inout DiagnosticSink
  ) {
    assignment.check(against: network, into: &sink)
    if assignment.isEmpty {
      sink.error(
        "admm.structures", "no matrix gets a structure",
        fix: "give at least one matrix a structure such as block-circulant with blocks of 8")
    }
    if penalties.isEmpty {
      sink.error("admm.penalties", "there is no stage", fix: "use stages such as 0.001, 0.01, 0.1")
    }
    for (i, penalty) in penalties.enumerated() where !(penalty > 0 && penalty.isFinite) {
      sink.error(
        "admm.penalties[\(i)]", "\(penalty) is not positive", fix: "use a value such as 0.01")
    }
    if epochsPerRound < 1 {
      sink.error("admm.epochsPerRound", "\(epochsPerRound) is below 1", fix: "use at least 1")
    } else if !penalties.isEmpty,
      !training.epochs.isMultiple(of: penalties.count * epochsPerRound)
    {
      sink.error(
        "admm.training.epochs",
        "\(training.epochs) epochs do not divide into \(penalties.count) stages of rounds of "
          + "\(epochsPerRound) epochs",
        fix: "use a multiple of \(penalties.count * epochsPerRound)")
    }
    if training.selection == .best {
      sink.error(
        "admm.training.selection", "only the last W-step is close to the set",
        fix: "select the last epoch; fine-tuning may select the best")
    }
    training.check(path: "admm.training", task: task, into: &sink)
    fineTuning?.check(path: "admm.fineTuning", task: task, into: &sink)
  }

  /// The configuration of the W-steps as a JSON object with a fixed order of members.
  package var json: JSONValue {
    .object([
      "structures": .object(
        assignment.entries.map { .init($0.path, .string($0.structure.description)) }),
      "penalties": .array(penalties.map { .double($0) }),
      "epochsPerRound": .int(epochsPerRound), "training": training.json,
    ])
  }
}

/// The distance of the matrices from the set after one round.
package struct AdmmRound: Hashable, Sendable {
  /// The residuals of one matrix.
  package struct Residual: Hashable, Sendable {
    /// `layer.parameter`.
    package var path: String
    /// |W - Z| / |W| in the Frobenius norm.
    package var primal: Double
    /// |Z - previous Z| / |Z| in the Frobenius norm.
    package var dual: Double
    /// Creates residuals.
    package init(path: String, primal: Double, dual: Double) {
      self.path = path
      self.primal = primal
      self.dual = dual
    }
  }
  /// Counted from 1 over all stages.
  package var round: Int
  /// Counted from 1.
  package var stage: Int
  package var penalty: Double
  package var residuals: [Residual]
  /// The greatest primal residual of a matrix.
  package var greatestPrimal: Double { residuals.map(\.primal).max() ?? 0 }
  /// The greatest dual residual of a matrix.
  package var greatestDual: Double { residuals.map(\.dual).max() ?? 0 }

  /// Creates a round.
  package init(round: Int, stage: Int, penalty: Double, residuals: [Residual]) {
    self.round = round
    self.stage = stage
    self.penalty = penalty
    self.residuals = residuals
  }
  /// The round as a JSON object with a fixed order of members.
  package var json: JSONValue {
    .object([
      "round": .int(round), "stage": .int(stage), "penalty": .double(penalty),
      "residuals": .array(
        residuals.map {
          .object([
            "path": .string($0.path), "primal": .double($0.primal), "dual": .double($0.dual),
          ])
        }),
    ])
  }
  /// Reads an entry of a file's list of rounds; nil after at least one recorded fault.
  package init?(_ node: JSONNode) {
    guard let o = node.object(["round", "stage", "penalty", "residuals"]) else { return nil }
    func positive(_ node: JSONNode?) -> Double? {
      node?.number(where: { $0 >= 0 }, fix: "use 0 or more")
    }
    let round = o["round"]?.count(1...1_000_000_000)
    let stage = o["stage"]?.count(1...1_000_000_000)
    let penalty = positive(o["penalty"])
    let residuals = o["residuals"]?.list { node -> Residual? in
      guard let o = node.object(["path", "primal", "dual"]) else { return nil }
      let (path, primal, dual) = (o["path"]?.string(), positive(o["primal"]), positive(o["dual"]))
      guard let path, let primal, let dual else { return nil }
      return Residual(path: path, primal: primal, dual: dual)
    }
    guard let round, let stage, let penalty, let residuals else { return nil }
    self.init(round: round, stage: stage, penalty: penalty, residuals: residuals)
  }
  /// Reads what `json` wrote; nil if a member is missing or of another kind.
  init?(json: JSONValue) {
    guard let round = json["round"]?.int, let stage = json["stage"]?.int,
      let penalty = json["penalty"]?.number, let entries = json["residuals"]?.array
    else { return nil }
    let residuals = entries.compactMap { entry -> Residual? in
      guard let path = entry["path"]?.string, let primal = entry["primal"]?.number,
        let dual = entry["dual"]?.number
      else { return nil }
      return Residual(path: path, primal: primal, dual: dual)
    }
    guard residuals.count == entries.count else { return nil }
    self.init(round: round, stage: stage, penalty: penalty, residuals: residuals)
  }
}
