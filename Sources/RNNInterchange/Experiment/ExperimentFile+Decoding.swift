internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

extension ExperimentFile {
  static let manual = "docs/formats/experiment.md"

  /// Decodes the root of `experiment.json`; nil after at least one recorded fault.
  static func decode(_ root: JSONNode) -> ExperimentFile? {
    let json = root.json
    guard case .object(let members) = root.value,
      members.contains(where: { $0.key == "format" && $0.value == .string("rnnc-experiment") })
    else {
      json.error(
        "/format", "the file does not say \"format\": \"rnnc-experiment\"",
        fix: "give an experiment file; \(manual) shows one")
      return nil
    }
    if case .int(let version)? = root.value["version"], version != formatVersion {
      json.error(
        "/version", "version \(version) of the format is not supported",
        fix: "write version \(formatVersion)")
      return nil
    }
    guard
      let o = root.object([
        "format", "version", "name", "seed", "data", "frontEnd", "normalise", "pooling", "layers",
        "training", "compression", "quantization",
      ])
    else { return nil }
    _ = o["version"]?.int()
    let name = o["name"]?.identifier(hyphens: true)
    let seed = o["seed"]?.int()
    let data = o["data"].flatMap { DataSource($0) }
    let frontEnd = o.nullable("frontEnd").flatMap { FrontEndConfiguration($0) }
    let normalise = o["normalise"]?.bool()
    let pooling = o.nullable("pooling")?.word(ModelTask.Pooling.allCases.map(\.rawValue))
    var features = frontEnd?.featureCount
    if case .sequences(let count)? = data?.kind { features = count }
    if let data { checkForm(o, data, normalise: normalise) }
    let network = o["layers"].flatMap { decodeNetwork($0, inputSize: features) }
    let training = o["training"].flatMap { Training($0, data: data) }
    let compression = o.nullable("compression").map {
      Compression($0, network: network, data: data)
    }
    let quantization = o.nullable("quantization").map { Quantization($0, data: data) }
    guard json.sink.diagnostics.isEmpty, let name, let seed, let data, let normalise, let network,
      let training
    else { return nil }
    return ExperimentFile(
      name: name, seed: seed, data: data, frontEnd: frontEnd, normalise: normalise,
      pooling: pooling.flatMap(ModelTask.Pooling.init(rawValue:)), network: network,
      training: training, compression: compression ?? nil,
      quantization: quantization ?? nil)
  }

  /// Recordings have a front end and are classified; arrays are neither turned into features nor pooled.
  private static func checkForm(
    _ o: JSONObject, _ data: ExperimentFile.DataSource, normalise: Bool?
  ) {
    let isArray = if case .sequences = data.kind { true } else { false }
    for key in ["frontEnd", "pooling"] {
      guard let node = o[key], node.isNull != isArray else { continue }
      node.json.error(
        node.path, isArray ? "data of kind sequences has no \(key)" : "recordings need a \(key)",
        fix: isArray ? "write null" : "give one; \(manual) describes it")
    }
    if isArray, normalise == true, let node = o["normalise"] {
      node.json.error(
        node.path, "arrays are taken as they are", fix: "write false, and normalise the files")
    }
  }

  /// The layers; the first reads the features, each other one the layer before.
  private static func decodeNetwork(_ node: JSONNode, inputSize: Int?) -> Network? {
    let json = node.json
    guard let nodes = node.array() else { return nil }
    if nodes.isEmpty {
      json.error(node.path, "there are no layers", fix: "add at least one layer")
      return nil
    }
    var size = inputSize
    var layers: [Layer] = []
    for node in nodes {
      guard
        let o = node.object(["name", "cell", "units"], optional: ["options", "direction"])
      else {
        size = nil
        continue
      }
      let name = o["name"]?.identifier()
      let cell = o["cell"]?.string()
      let units = o["units"]?.int()
      refuseOtherDirections(o)
      let options =
        o["options"].map { ModelFile.cellOptions($0, cell: cell, complete: false) } ?? []
      if let name, layers.contains(where: { $0.name == name }) {
        json.error(
          "\(node.path)/name", "\"\(name)\" names two layers", fix: "give each its own name")
      }
      // With an unknown input size, 1 still finds the faults of the layer itself.
      guard let name, let cell, let units, let options,
        let configuration = CellRegistry.configuration(
          cell: cell, inputSize: size ?? 1, units: units, options: options,
          path: "\(json.file):\(node.path)", into: &json.sink),
        let definition = CellRegistry.named(cell)
      else {
        size = nil
        continue
      }
      let graph = definition.graph(configuration)
      layers.append(Layer(name: name, cell: cell, configuration: configuration, graph: graph))
      if size != nil { size = graph.outputSize }
    }
    return layers.count == nodes.count && inputSize != nil ? Network(layers: layers) : nil
  }

  /// Records a fault for a layer that does not run forward.
  static func refuseOtherDirections(_ o: JSONObject) {
    guard let node = o["direction"], let direction = node.string(), direction != "forward" else {
      return
    }
    node.json.error(
      node.path,
      "\"\(direction)\" is not supported: a streaming target sees no future input",
      fix: "use a network whose layers are all \"forward\"")
  }
}

extension ExperimentFile.DataSource {
  init?(_ node: JSONNode) {
    let kindNode = node.value["kind"].map {
      JSONNode(value: $0, path: "\(node.path)/kind", json: node.json)
    }
    guard let kindNode else {
      _ = node.object(["kind", "path", "validationShare"])
      return nil
    }
    guard let word = kindNode.word(["spoken-digits", "manifest", "sequences"]) else { return nil }
    var keys = ["kind", "path", "validationShare"]
    if word == "spoken-digits" { keys.append("testIndicesBelow") }
    if word == "sequences" { keys.append("features") }
    guard let o = node.object(keys) else { return nil }
    let path = o["path"]?.string()
    let share = o["validationShare"]?.number(
      where: { $0 >= 0 && $0 < 1 }, fix: "use 0 for none, or a share below 1")
    let below = o["testIndicesBelow"]?.int(1...Int.max)
    let features = o["features"]?.int(1...1 << 20)
    if let path, path.isEmpty {
      node.json.error("\(node.path)/path", "it is empty", fix: "give the place of the data")
      return nil
    }
    guard let path, let share else { return nil }
    switch word {
    case "manifest": kind = .manifest
    case "sequences":
      guard let features else { return nil }
      kind = .sequences(features: features)
    default:
      guard let below else { return nil }
      kind = .spokenDigits(testIndicesBelow: below)
    }
    self.path = path
    validationShare = share
  }
}

extension ExperimentFile.Compression {
  init?(_ node: JSONNode, network: Network?, data: ExperimentFile.DataSource?) {
    let json = node.json
    let before = json.sink.diagnostics.count
    let methodNode = node.value["method"].map {
      JSONNode(value: $0, path: "\(node.path)/method", json: json)
    }
    guard let methodNode else {
      _ = node.object(["method", "blocks"])
      return nil
    }
    let method: Method?
    let blocksNode: JSONNode?
    switch methodNode.word(["admm", "direct"]) {
    case "admm":
      guard
        let o = node.object([
          "method", "blocks", "penalties", "epochsPerRound", "training", "fineTuning",
        ])
      else { return nil }
      blocksNode = o["blocks"]
      let penalties = o["penalties"]?.array()?.map {
        $0.number(where: { $0 > 0 }, fix: "use a positive number such as 0.01")
      }
      if let penalties, penalties.isEmpty {
        json.error(
          "\(node.path)/penalties", "there is no stage", fix: "use stages such as 0.001, 0.01, 0.1")
      }
      let perRound = o["epochsPerRound"]?.int(1...1_000_000)
      let training = o["training"].flatMap { ExperimentFile.Training($0, data: data) }
      let fineTuning = o.nullable("fineTuning").map { ExperimentFile.Training($0, data: data) }
      if let training, let penalties, let perRound, !penalties.isEmpty,
        !training.epochs.isMultiple(of: penalties.count * perRound)
      {
        json.error(
          "\(node.path)/training/epochs",
          "\(training.epochs) epochs do not divide into \(penalties.count) stages of rounds of "
            + "\(perRound) epochs",
          fix: "use a multiple of \(penalties.count * perRound)")
      }
      if training?.lyapunov != nil {
        json.error(
          "\(node.path)/training/lyapunov", "spectra are not recorded during ADMM",
          fix: "move it to fineTuning, or to the training of the float network")
      }
      if training?.selection == .best {
        json.error(
          "\(node.path)/training/selection", "only the last epoch is close to the set",
          fix: "use \"last\"; fineTuning may use \"best\"")
      }
      if let penalties, let perRound, let training {
        method = .admm(
          penalties: penalties.compactMap { $0 }, epochsPerRound: perRound, training: training,
          fineTuning: fineTuning ?? nil)
      } else {
        method = nil
      }
    case "direct":
      guard let o = node.object(["method", "blocks", "start", "training"]) else { return nil }
      blocksNode = o["blocks"]
      let start = o["start"]?.word(["scratch", "projection"])
      let training = o["training"].flatMap { ExperimentFile.Training($0, data: data) }
      if let start, let training {
        method = .direct(fromProjection: start == "projection", training: training)
      } else {
        method = nil
      }
    default: return nil
    }
    let blocks = blocksNode.flatMap { Self.decodeBlocks($0, network: network) }
    guard json.sink.diagnostics.count == before, let method, let blocks else { return nil }
    self.method = method
    self.blocks = blocks
  }

  /// Patterns of `layer.parameter` with `*` for any characters; a matrix may match one of them.
  private static func decodeBlocks(_ node: JSONNode, network: Network?) -> [Block]? {
    guard let nodes = node.array() else { return nil }
    var patterns: [(node: JSONNode, pattern: String, structure: MatrixStructure, matches: Int)] = []
    for node in nodes {
      // "block" is short for a block-circulant structure.
      let isShort = node.value["structure"] == nil
      guard let o = node.object(["matrices", isShort ? "block" : "structure"]) else { continue }
      let pattern = o["matrices"]?.string()
      var structure = o["structure"].flatMap { MatrixStructure($0) }
      if let block = o["block"]?.int() {
        if BlockCirculant.sizes.contains(block) {
          structure = .blockCirculant(block: block)
        } else {
          node.json.error(
            "\(node.path)/block", "a block size of \(block) is not supported",
            fix: "use 2, 4, 8 or 16, or leave the matrices out to keep them dense")
        }
      }
      if let structure, structure == .dense || structure == .blockCirculant(block: 1) {
        node.json.error(
          "\(node.path)/\(isShort ? "block" : "structure")",
          "\(structure) matrices store every value",
          fix: "leave the matrices out to keep them dense")
        continue
      }
      if let pattern, let structure { patterns.append((node, pattern, structure, 0)) }
    }
    guard patterns.count == nodes.count, let network else { return nil }
    if patterns.isEmpty {
      node.json.error(
        node.path, "no matrix gets a structure",
        fix: "add an entry such as {\"matrices\": \"gru0.*\", \"block\": 8}")
      return nil
    }
    var result: [Block] = []
    for layer in network.layers {
      for parameter in layer.graph.parameters where parameter.isMatrix {
        let name = ModelFile.tensorName(layer, parameter)
        let found = patterns.indices.filter { matches(name, pattern: patterns[$0].pattern) }
        for i in found { patterns[i].matches += 1 }
        guard let first = found.first else { continue }
        if found.count > 1 {
          node.json.error(
            "\(patterns[found[1]].node.path)/matrices",
            "\(name) matches \"\(patterns[first].pattern)\" too", fix: "make the patterns disjoint")
          return nil
        }
        result.append(
          Block(
            layer: layer.name, parameter: parameter.name, structure: patterns[first].structure))
      }
    }
    for pattern in patterns where pattern.matches == 0 {
      let known = network.layers.flatMap { layer in
        layer.graph.parameters.filter(\.isMatrix).map { ModelFile.tensorName(layer, $0) }
      }
      node.json.error(
        "\(pattern.node.path)/matrices", "no matrix matches \"\(pattern.pattern)\"",
        fix: "the matrices are \(known.joined(separator: ", "))")
      return nil
    }
    return result
  }

  /// Whether a name matches a pattern in which `*` stands for any characters.
  static func matches(_ name: String, pattern: String) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return name == pattern }
    var rest = name[...]
    guard rest.hasPrefix(parts[0]) else { return false }
    rest = rest.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let range = rest.firstRange(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }
}

extension ExperimentFile.Quantization {
  init?(_ node: JSONNode, data: ExperimentFile.DataSource?) {
    guard
      let o = node.object(
        [
          "weightWidth", "activationWidth", "stateWidth", "internalWidth", "biasWidth", "rounding",
          "margin", "tableSegments", "fineTuning",
        ], optional: ["integratorWidth", "momentWidth"])
    else { return nil }
    let json = node.json
    let before = json.sink.diagnostics.count
    let weightWidth = o["weightWidth"]?.int(2...18)
    let activationWidth = o["activationWidth"]?.int(2...18)
    let stateWidth = o["stateWidth"]?.int(2...18)
    let integratorWidth = o["integratorWidth"]?.int(2...18)
    let momentWidth = o["momentWidth"]?.int(4...26)
    let internalWidth = o["internalWidth"]?.int(2...20)
    let biasWidth = o["biasWidth"]?.int(2...40)
    let rounding = o["rounding"]?.word(RoundingRule.allCases.map(\.rawValue))
    let margin = o["margin"]?.number(
      where: { $0 > 0 && $0 <= 1024 }, fix: "use 1 for the observed ranges as they are")
    let segments = o["tableSegments"]?.int(2...4096)
    if let segments, segments.nonzeroBitCount != 1 {
      json.error(
        "\(node.path)/tableSegments", "\(segments) is no power of two", fix: "use 128")
    }
    let fineTuning = o.nullable("fineTuning").map { ExperimentFile.Training($0, data: data) }
    guard json.sink.diagnostics.count == before, let weightWidth, let activationWidth,
      let stateWidth, let internalWidth, let biasWidth,
      let rounding = rounding.flatMap(RoundingRule.init(rawValue:)), let margin, let segments
    else { return nil }
    self.init(
      weightWidth: weightWidth, activationWidth: activationWidth, stateWidth: stateWidth,
      integratorWidth: integratorWidth, momentWidth: momentWidth,
      internalWidth: internalWidth, biasWidth: biasWidth, rounding: rounding, margin: margin,
      tableSegments: segments, fineTuning: fineTuning ?? nil)
  }
}
