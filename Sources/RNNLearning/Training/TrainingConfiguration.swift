package import RNNSupport

/// Everything that decides the course of a training, apart from the network and the data.
package struct TrainingConfiguration: Hashable, Sendable {
  /// The number of passes over the training set.
  package var epochs: Int
  /// Sequences per update.
  package var batchSize: Int
  /// The base learning rate.
  package var learningRate: Double
  /// The base learning rate of orthogonal matrices; nil for the same.
  package var orthogonalLearningRate: Double?
  /// How the rate changes from epoch to epoch.
  package var schedule: LearningRateSchedule
  /// How a gradient becomes a step.
  package var optimizer: OptimizerRule
  /// The greatest global norm of a gradient; nil leaves gradients as they are.
  package var gradientClip: Double?
  /// Random changes of the features; nil for none.
  package var augmentation: Augmentation?
  /// How many batches are sorted by length together; 1 keeps the shuffled order.
  package var bucketBatches: Int
  /// Seeds shuffling and augmentation.
  package var seed: UInt64
  /// Which epoch's weights are the result.
  package var selection: Selection
  /// Every how many epochs the gradients by the states are measured (`gradientNorms`); nil for never.
  package var gradientNormEpochs: Int?
  /// A local rule in the place of the gradient; nil for the gradient.
  package var learning: LocalLearning?
  /// When `Trainer` records the Lyapunov spectrum; nil for never.
  package var lyapunov: SpectrumSchedule?

  /// Which epoch's weights a training returns.
  package enum Selection: String, Hashable, Sendable {
    /// The epoch with the best validation metric, then the least validation loss, then the earliest.
    case best
    /// The last epoch.
    case last
  }

  /// Creates a configuration.
  package init(
    epochs: Int, batchSize: Int, learningRate: Double,
    schedule: LearningRateSchedule = .constant, optimizer: OptimizerRule = .adam,
    gradientClip: Double? = 1, augmentation: Augmentation? = nil, bucketBatches: Int = 8,
    seed: UInt64, selection: Selection = .last, orthogonalLearningRate: Double? = nil,
    gradientNormEpochs: Int? = nil, learning: LocalLearning? = nil,
    lyapunov: SpectrumSchedule? = nil
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.schedule = schedule
    self.optimizer = optimizer
    self.gradientClip = gradientClip
    self.augmentation = augmentation
    self.bucketBatches = bucketBatches
    self.seed = seed
    self.selection = selection
    self.orthogonalLearningRate = orthogonalLearningRate
    self.gradientNormEpochs = gradientNormEpochs
    self.learning = learning
    self.lyapunov = lyapunov
  }

  /// Collects what is wrong with the numbers.
  package func check(path: String, task: TrainingTask, into sink: inout DiagnosticSink) {
    for (name, value) in [
      ("batchSize", batchSize), ("bucketBatches", bucketBatches), ("epochs", epochs),
    ] where value < 1 {
      sink.error("\(path).\(name)", "\(value) is below 1", fix: "use at least 1")
    }
    if !(learningRate > 0 && learningRate.isFinite) {
      sink.error(
        "\(path).learningRate", "\(learningRate) is not positive", fix: "use a value such as 0.002")
    }
    if let rate = orthogonalLearningRate, !(rate > 0 && rate.isFinite) {
      sink.error(
        "\(path).orthogonalLearningRate", "\(rate) is not positive",
        fix: "use a value such as 0.0002, or leave it away")
    }
    if let epochs = gradientNormEpochs, epochs < 1 {
      sink.error(
        "\(path).gradientNorms.every", "\(epochs) is below 1",
        fix: "use at least 1, or leave it away")
    }
    if let gradientClip, !(gradientClip > 0) {
      sink.error(
        "\(path).gradientClip", "\(gradientClip) is not positive",
        fix: "use a value such as 1, or leave it away")
    }
    for problem in schedule.problems {
      sink.error("\(path).schedule.\(problem.path)", problem.message, fix: problem.fix)
    }
    for problem in optimizer.problems {
      sink.error("\(path).optimizer.\(problem.path)", problem.message, fix: problem.fix)
    }
    if let augmentation {
      for problem in augmentation.problems {
        sink.error("\(path).augmentation.\(problem.path)", problem.message, fix: problem.fix)
      }
      let perStep = task.training.targets.contains {
        if case .label = $0 { return false } else { return true }
      }
      if augmentation.changesLength && perStep {
        sink.error(
          "\(path).augmentation.stretch", "targets per step cannot follow a stretched sequence",
          fix: "set stretch to 0")
      }
    }
    lyapunov?.check(path: "\(path).lyapunov", task: task, into: &sink)
    if selection == .best && task.validation == nil {
      sink.error(
        "\(path).selection", "the best epoch is chosen on a validation set, and there is none",
        fix: "split one from the training data, or select the last epoch")
    }
  }

  /// The configuration as a JSON object with a fixed order of members.
  package var json: JSONValue {
    let rule: JSONValue =
      switch optimizer {
      case .sgd(let momentum): .object(["kind": "sgd", "momentum": .double(momentum)])
      case .adam(let beta1, let beta2, let epsilon):
        .object([
          "kind": "adam", "beta1": .double(beta1), "beta2": .double(beta2),
          "epsilon": .double(epsilon),
        ])
      case .rmsprop(let decay, let epsilon):
        .object(["kind": "rmsprop", "decay": .double(decay), "epsilon": .double(epsilon)])
      }
    let rates: JSONValue =
      switch schedule {
      case .constant: .object(["kind": "constant"])
      case .step(let epochs, let factor):
        .object(["kind": "step", "epochs": .int(epochs), "factor": .double(factor)])
      case .cosine(let floor): .object(["kind": "cosine", "floor": .double(floor)])
      }
    let object = JSONValue.object([
      "epochs": .int(epochs), "batchSize": .int(batchSize), "learningRate": .double(learningRate),
      "schedule": rates, "optimizer": rule,
      "gradientClip": gradientClip.map { .double($0) } ?? .null,
      "augmentation": augmentation?.json ?? .null, "bucketBatches": .int(bucketBatches),
      "seed": .string(String(seed)), "selection": .string(selection.rawValue),
    ])
    // Left out where they are not used, so that checkpoints from before them stay valid.
    guard case .object(var members) = object else { return object }
    if let rate = orthogonalLearningRate {
      members.append(.init("orthogonalLearningRate", .double(rate)))
    }
    if let every = gradientNormEpochs {
      members.append(.init("gradientNorms", .object(["every": .int(every)])))
    }
    if let learning { members.append(.init("learning", learning.json)) }
    if let lyapunov { members.append(.init("lyapunov", lyapunov.json)) }
    return .object(members)
  }
}

extension Augmentation {
  /// The augmentation as a JSON object with a fixed order of members.
  var json: JSONValue {
    .object([
      "noise": .double(noise), "timeMasks": .int(timeMasks),
      "timeMaskShare": .double(timeMaskShare), "featureMasks": .int(featureMasks),
      "featureMaskWidth": .int(featureMaskWidth), "stretch": .double(stretch),
    ])
  }
}
