package import RNNSupport

/// The reproducible figures of one epoch; times are kept apart, in `EpochProgress`.
package struct EpochRecord: Hashable, Sendable {
  /// Counted from 1.
  package var epoch: Int
  package var learningRate: Double
  /// The mean loss over the epoch's batches, each measured before its update; without penalties.
  package var loss: Double
  /// The metric over the same outputs.
  package var metric: Double
  /// Nil without a validation set.
  package var validationLoss: Double?
  /// Nil without a validation set.
  package var validationMetric: Double?
  /// The mean over the batches of the gradient's global norm before clipping.
  package var gradientNorm: Double
  /// The greatest of these norms.
  package var greatestGradientNorm: Double
  /// The norm of the gradient by the state after every step (`gradientNorms`), in the epochs that measure it.
  package var stateGradientNorms: [Double]?
  /// Lyapunov exponents in descending order, in nats per step; nil where none were recorded.
  package var exponents: [Double]?

  /// The record as a JSON object with a fixed order of members.
  package var json: JSONValue {
    let value: JSONValue = .object([
      "epoch": .int(epoch), "learningRate": .double(learningRate), "loss": .double(loss),
      "metric": .double(metric), "validationLoss": validationLoss.map { .double($0) } ?? .null,
      "validationMetric": validationMetric.map { .double($0) } ?? .null,
      "gradientNorm": .double(gradientNorm),
      "greatestGradientNorm": .double(greatestGradientNorm),
    ])
    guard case .object(var members) = value else { return value }
    if let norms = stateGradientNorms {
      members.append(.init("gradientNorms", .array(norms.map { .double($0) })))
    }
    if let exponents {
      members.append(
        .init("exponents", .array(exponents.map { $0.isFinite ? .double($0) : .null })))
    }
    return .object(members)
  }
  /// Reads what `json` wrote; nil if a member is missing or of another kind.
  init?(json: JSONValue) {
    guard let epoch = json["epoch"]?.int, let learningRate = json["learningRate"]?.number,
      let loss = json["loss"]?.number, let metric = json["metric"]?.number,
      let gradientNorm = json["gradientNorm"]?.number,
      let greatest = json["greatestGradientNorm"]?.number
    else { return nil }
    self.init(
      epoch: epoch, learningRate: learningRate, loss: loss, metric: metric,
      validationLoss: json["validationLoss"]?.number,
      validationMetric: json["validationMetric"]?.number, gradientNorm: gradientNorm,
      greatestGradientNorm: greatest,
      stateGradientNorms: json["gradientNorms"]?.array?.compactMap(\.number))
    // Null stands for minus infinity.
    exponents = json["exponents"]?.array?.map { $0.number ?? -.infinity }
  }
  /// Reads an entry of a file's learning curve; nil after at least one recorded fault.
  package init?(_ node: JSONNode) {
    guard
      let o = node.object(
        [
          "epoch", "learningRate", "loss", "metric", "validationLoss", "validationMetric",
          "gradientNorm", "greatestGradientNorm",
        ], optional: ["gradientNorms", "exponents"])
    else { return nil }
    func norm(_ node: JSONNode?) -> Double? {
      node?.number(where: { $0 >= 0 }, fix: "use 0 or more")
    }
    let epoch = o["epoch"]?.count(1...1_000_000_000)
    let rate = o["learningRate"]?.number(where: { $0 >= 0 }, fix: "use 0 or more")
    let loss = o["loss"]?.number()
    let metric = o["metric"]?.number()
    let validationLoss = o.nullable("validationLoss").map { $0.number() }
    let validationMetric = o.nullable("validationMetric").map { $0.number() }
    let mean = norm(o["gradientNorm"])
    let greatest = norm(o["greatestGradientNorm"])
    let norms = o["gradientNorms"].map { $0.list { norm($0) } }
    // Null stands for minus infinity.
    let exponents = o["exponents"].map { $0.list { $0.isNull ? -Double.infinity : $0.number() } }
    guard let epoch, let rate, let loss, let metric, let mean, let greatest else { return nil }
    self.init(
      epoch: epoch, learningRate: rate, loss: loss, metric: metric,
      validationLoss: validationLoss ?? nil, validationMetric: validationMetric ?? nil,
      gradientNorm: mean, greatestGradientNorm: greatest, stateGradientNorms: norms ?? nil)
    self.exponents = exponents ?? nil
  }
  /// Creates a record from its parts.
  package init(
    epoch: Int, learningRate: Double, loss: Double, metric: Double, validationLoss: Double?,
    validationMetric: Double?, gradientNorm: Double, greatestGradientNorm: Double,
    stateGradientNorms: [Double]? = nil
  ) {
    self.epoch = epoch
    self.learningRate = learningRate
    self.loss = loss
    self.metric = metric
    self.validationLoss = validationLoss
    self.validationMetric = validationMetric
    self.gradientNorm = gradientNorm
    self.greatestGradientNorm = greatestGradientNorm
    self.stateGradientNorms = stateGradientNorms
  }
}

/// What a progress callback learns after an epoch.
package struct EpochProgress: Hashable, Sendable {
  /// What is being done, such as `train`, `admm` or `fine-tune`.
  package var phase: String
  package var record: EpochRecord
  /// The number of epochs of the phase.
  package var epochs: Int
  /// Wall-clock seconds of the epoch, validation included.
  package var seconds: Double
  /// Creates a progress note.
  package init(phase: String, record: EpochRecord, epochs: Int, seconds: Double) {
    self.phase = phase
    self.record = record
    self.epochs = epochs
    self.seconds = seconds
  }
}
