package import RNNSupport

extension ExperimentFile.Training {
  /// Reads the settings of a training; nil after at least one recorded fault.
  ///
  /// - Parameter data: what it trains on, if that is known.
  package init?(_ node: JSONNode, data: ExperimentFile.DataSource?) {
    guard
      let o = node.object(
        [
          "epochs", "batchSize", "learningRate", "schedule", "optimizer", "gradientClip",
          "augmentation", "bucketBatches", "selection",
        ], optional: ["learning", "lyapunov", "orthogonalLearningRate", "gradientNorms"])
    else { return nil }
    let json = node.json
    let before = json.sink.diagnostics.count
    let positive: (Double) -> Bool = { $0 > 0 }
    // Beyond it every rule throws the weights about, and training goes on for hours to learn nothing.
    let isRate: (Double) -> Bool = { $0 > 0 && $0 <= 100 }
    let epochs = o["epochs"]?.int(1...1_000_000)
    let batchSize = o["batchSize"]?.int(1...65536)
    let rate = o["learningRate"]?.number(
      where: isRate, fix: "use a value above 0 and up to 100, such as 0.002")
    let schedule = o["schedule"].flatMap { Schedule($0) }
    let optimizer = o["optimizer"].flatMap { Optimizer($0) }
    let clip = o.nullable("gradientClip").map {
      $0.number(where: positive, fix: "use a positive number, or null for no limit")
    }
    let augmentation = o.nullable("augmentation").map { Augmentation($0) }
    let bucketBatches = o["bucketBatches"]?.int(1...65536)
    let selection = o["selection"]?.word(Selection.allCases.map(\.rawValue))
    let learning = o.nullable("learning").map { Learning($0) }
    let orthogonalRate = o["orthogonalLearningRate"].map {
      $0.number(
        where: isRate,
        fix: "use a value above 0 and up to 100, such as 0.0002, or leave the key away")
    }
    let gradientNorms = o["gradientNorms"].map {
      $0.object(["every"])?["every"]?.int(1...1_000_000)
    }
    let lyapunov = o.nullable("lyapunov").map { Lyapunov($0) }
    if selection == "best", let data, data.validationShare == 0 {
      json.error(
        "\(node.path)/selection",
        "the best epoch is chosen on validation data, and data.validationShare is 0",
        fix: "use \"last\", or set validationShare")
    }
    guard json.sink.diagnostics.count == before, let epochs, let batchSize, let rate, let schedule,
      let optimizer, let bucketBatches, let selection = selection.flatMap(Selection.init(rawValue:))
    else { return nil }
    self.init(
      epochs: epochs, batchSize: batchSize, learningRate: rate, schedule: schedule,
      optimizer: optimizer, gradientClip: clip ?? nil, augmentation: augmentation ?? nil,
      bucketBatches: bucketBatches, selection: selection,
      orthogonalLearningRate: orthogonalRate ?? nil, gradientNormEpochs: gradientNorms ?? nil,
      learning: learning ?? nil, lyapunov: lyapunov ?? nil)
  }
}

extension ExperimentFile.Training.Lyapunov {
  init?(_ node: JSONNode) {
    guard let o = node.object(["every", "segments", "steps", "warmUp", "exponents"]) else {
      return nil
    }
    let every = o["every"]?.int(1...1_000_000)
    let segments = o["segments"]?.int(1...65536)
    let steps = o["steps"]?.int(1...1_000_000_000)
    let warmUp = o["warmUp"]?.int(0...1_000_000_000)
    let exponents = o.nullable("exponents").map { $0.int(1...1_000_000) }
    guard let every, let segments, let steps, let warmUp else { return nil }
    self.init(
      every: every, segments: segments, steps: steps, warmUp: warmUp, exponents: exponents ?? nil)
  }
}

extension ExperimentFile.Training.Learning {
  init?(_ node: JSONNode) {
    guard
      let o = node.object(["rule", "credit", "feedback", "updates", "traceInput", "learns"])
    else { return nil }
    let json = node.json
    let before = json.sink.diagnostics.count
    _ = o["rule"]?.word(["rflo"])
    let credit = o["credit"]?.word(["local", "exact"])
    let feedback = o["feedback"]?.word(["random", "symmetric"])
    let updates = o["updates"]?.word(["step", "trial"])
    let traceInput = o["traceInput"]?.word(["current", "previous"])
    let learns = o["learns"]?.array()?.compactMap { $0.word(["recurrent", "readout"]) }
    guard json.sink.diagnostics.count == before, let credit, let feedback, let updates,
      let traceInput, let learns
    else { return nil }
    self.init(
      creditIsExact: credit == "exact", feedbackIsRandom: feedback == "random",
      updatesAtEveryStep: updates == "step", tracesTakePreviousInput: traceInput == "previous",
      learnsRecurrent: learns.contains("recurrent"), learnsReadout: learns.contains("readout"))
  }
}

extension JSONNode {
  /// The `kind` of an object whose other keys depend on it; nil after a recorded fault.
  fileprivate func kind(_ keys: KeyValuePairs<String, [String]>) -> (kind: String, JSONObject)? {
    guard let value = value["kind"] else {
      _ = object(["kind"])
      return nil
    }
    let node = JSONNode(value: value, path: "\(path)/kind", json: json)
    guard let word = node.word(keys.map(\.key)) else { return nil }
    let members = keys.first { $0.key == word }?.value ?? []
    return object(["kind"] + members).map { (word, $0) }
  }
}

extension ExperimentFile.Training.Schedule {
  init?(_ node: JSONNode) {
    guard
      let (kind, o) = node.kind([
        "constant": [], "step": ["epochs", "factor"], "cosine": ["floor"],
      ])
    else { return nil }
    switch kind {
    case "step":
      let epochs = o["epochs"]?.int(1...1_000_000)
      let factor = o["factor"]?.number(
        where: { $0 > 0 && $0 <= 10 }, fix: "use a value above 0 and up to 10, such as 0.5")
      guard let epochs, let factor else { return nil }
      self = .step(epochs: epochs, factor: factor)
    case "cosine":
      guard
        let floor = o["floor"]?.number(
          where: { $0 >= 0 && $0 <= 1 }, fix: "use 0 to 1, such as 0.05")
      else { return nil }
      self = .cosine(floor: floor)
    default: self = .constant
    }
  }
}

extension ExperimentFile.Training.Optimizer {
  init?(_ node: JSONNode) {
    guard
      let (kind, o) = node.kind([
        "sgd": ["momentum"], "adam": ["beta1", "beta2", "epsilon"],
        "rmsprop": ["decay", "epsilon"],
      ])
    else { return nil }
    func share(_ key: String) -> Double? {
      o[key]?.number(
        where: { $0 >= 0 && $0 < 1 }, fix: "use 0 or more and less than 1, such as 0.9")
    }
    switch kind {
    case "sgd":
      guard let momentum = share("momentum") else { return nil }
      self = .sgd(momentum: momentum)
    case "rmsprop":
      let decay = share("decay")
      let epsilon = o["epsilon"]?.number(
        where: { $0 > 0 && $0 <= 1 }, fix: "use a value above 0 and up to 1, such as 1e-8")
      guard let decay, let epsilon else { return nil }
      self = .rmsprop(decay: decay, epsilon: epsilon)
    default:
      let beta1 = share("beta1")
      let beta2 = share("beta2")
      let epsilon = o["epsilon"]?.number(
        where: { $0 > 0 && $0 <= 1 }, fix: "use a value above 0 and up to 1, such as 1e-8")
      guard let beta1, let beta2, let epsilon else { return nil }
      self = .adam(beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
  }
}

extension ExperimentFile.Training.Augmentation {
  init?(_ node: JSONNode) {
    guard
      let o = node.object([
        "noise", "timeMasks", "timeMaskShare", "featureMasks", "featureMaskWidth", "stretch",
      ])
    else { return nil }
    let share: (Double) -> Bool = { $0 >= 0 && $0 < 1 }
    let noise = o["noise"]?.number(
      where: { $0 >= 0 && $0 <= 1000 }, fix: "use 0 for none, or a deviation up to 1000")
    let timeMasks = o["timeMasks"]?.int(0...1000)
    let timeMaskShare = o["timeMaskShare"]?.number(where: share, fix: "use 0 for none")
    let featureMasks = o["featureMasks"]?.int(0...1000)
    let featureMaskWidth = o["featureMaskWidth"]?.int(0...1 << 20)
    let stretch = o["stretch"]?.number(where: share, fix: "use 0 for none")
    guard let noise, let timeMasks, let timeMaskShare, let featureMasks, let featureMaskWidth,
      let stretch
    else { return nil }
    self.init(
      noise: noise, timeMasks: timeMasks, timeMaskShare: timeMaskShare, featureMasks: featureMasks,
      featureMaskWidth: featureMaskWidth, stretch: stretch)
  }
}
