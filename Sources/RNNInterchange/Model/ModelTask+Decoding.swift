internal import RNNGraph
internal import RNNSupport

extension ModelTask {
  /// Decodes the task of a network; nil after at least one recorded fault.
  init?(_ node: JSONNode, network: Network?) {
    guard let o = node.object(["kind", "labels", "pooling", "frontEnd", "normalisation"]) else {
      return nil
    }
    let json = node.json
    let before = json.sink.diagnostics.count
    _ = o["kind"]?.word(["classification"])
    let pooling = o["pooling"]?.word(Pooling.allCases.map(\.rawValue))
    let labels = o["labels"]?.array()?.compactMap { $0.string() }
    if let labels, Set(labels).count != labels.count {
      json.error("\(node.path)/labels", "a label is there twice", fix: "give each output its own")
    }
    if let labels, let network, labels.count != network.outputSize {
      json.error(
        "\(node.path)/labels", "\(labels.count) labels for \(network.outputSize) outputs",
        fix: "give one label per output of the last layer")
    }
    let frontEnd = o.nullable("frontEnd").map { FrontEndConfiguration($0) } ?? nil
    if let frontEnd, let network, frontEnd.featureCount != network.inputSize {
      json.error(
        "\(node.path)/frontEnd",
        "\(frontEnd.featureCount) features for \(network.inputSize) inputs",
        fix: "make the front end fit the network's inputSize")
    }
    let normalisation =
      o.nullable("normalisation").map {
        FeatureNormalisation($0, features: frontEnd?.featureCount ?? network?.inputSize)
      } ?? nil
    guard json.sink.diagnostics.count == before, let labels,
      let pooling = pooling.flatMap(Pooling.init(rawValue:))
    else { return nil }
    self.init(
      labels: labels, pooling: pooling, frontEnd: frontEnd, normalisation: normalisation)
  }
}

extension FeatureNormalisation {
  init?(_ node: JSONNode, features: Int?) {
    guard let o = node.object(["mean", "deviation"]) else { return nil }
    func numbers(_ key: String) -> [Double]? {
      guard let list = o[key]?.array() else { return nil }
      if let features, list.count != features {
        node.json.error(
          "\(node.path)/\(key)", "\(list.count) numbers for \(features) features",
          fix: "give one per feature")
        return nil
      }
      let numbers = list.compactMap {
        key == "mean" ? $0.number() : $0.number(where: { $0 > 0 }, fix: "use a positive number")
      }
      return numbers.count == list.count ? numbers : nil
    }
    let mean = numbers("mean")
    let deviation = numbers("deviation")
    guard let mean, let deviation else { return nil }
    self.init(mean: mean, deviation: deviation)
  }
}

extension ModelStage {
  init?(_ node: JSONNode) {
    guard let o = node.object(["name", "seed", "settings", "metrics"]) else { return nil }
    let name = o["name"]?.string()
    let seed = o["seed"]?.int()
    let settings = o["settings"]?.members()
    for (_, node) in settings ?? [] {
      switch node.value {
      case .array, .object, .null:
        node.json.error(
          node.path, "a setting is a text, a number or a truth value", fix: "write it as one")
      default: break
      }
    }
    let metrics = o["metrics"]?.members()?.map { ($0.key, $0.node.number()) }
    guard let name, let seed, let settings, let metrics else { return nil }
    self.init(
      name: name, seed: seed, settings: settings.map { .init($0.key, $0.node.value) },
      metrics: metrics.compactMap { key, value in value.map { Metric(key, $0) } })
  }
}
