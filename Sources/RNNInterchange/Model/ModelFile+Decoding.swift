internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

extension ModelFile {
  static let manual = "docs/formats/model.md"

  /// The file of the weights as `model.json` names it.
  struct WeightsReference: Hashable {
    var file: String
    var sha256: String
  }

  /// Decodes the root of `model.json`; nil after at least one recorded fault.
  static func decode(_ root: JSONNode) -> (ModelFile, WeightsReference)? {
    let json = root.json
    // The version comes first: the keys of another version would only give faults that mislead.
    guard case .object(let members) = root.value,
      members.contains(where: { $0.key == "format" && $0.value == .string(formatWord) })
    else {
      if root.value["format"] == .string(SequenceModel.formatWord) {
        json.error(
          "/format", "the model needs whole sequences, forward and backward or a step of them",
          fix: "take its parts one by one (part0.json, ...), or the whole with `rnnc run`")
        return nil
      }
      json.error(
        "/format", "the file does not say \"format\": \"rnnc-model\"",
        fix: "give a model.json that rnnc wrote")
      return nil
    }
    var isOld = false
    if case .int(let version)? = root.value["version"] {
      guard (1...formatVersion).contains(version) else {
        json.error(
          "/version", "version \(version) of the format is not supported",
          fix:
            "use the rnnc that wrote the file, or write the file again with this one (version \(formatVersion))"
        )
        return nil
      }
      isOld = version == 1
    }
    guard
      let o = root.object(
        ["format", "version", "name", "inputSize", "task", "layers"]
          + (isOld ? [] : ["integers"]) + ["weights", "stages"])
    else { return nil }
    _ = o["version"]?.int()
    let name = o["name"]?.identifier(hyphens: true)
    let inputSize = o["inputSize"]?.int(1...1 << 20)
    let layers = o["layers"].flatMap { decodeLayers($0, inputSize: inputSize) }
    let network = layers.map(Network.init(layers:))
    let task = o.nullable("task").map { ModelTask($0, network: network) }
    let weights = o["weights"].flatMap(weightsReference)
    let stages = o["stages"]?.array()?.map(ModelStage.init)
    var integers = o.nullable("integers").flatMap { IntegerRules($0) }
    guard json.sink.diagnostics.isEmpty, let name, let network, let weights, let stages else {
      return nil
    }
    let history = stages.compactMap { $0 }
    let rounding = network.inputRounding
    if isOld, rounding != nil { integers = IntegerRules(version1: network, stages: history) }
    if (integers == nil) != (rounding == nil) {
      json.error(
        "/integers",
        integers == nil
          ? "a quantized network needs the rules of its integers"
          : "a float network has no rules of integers",
        fix: integers == nil ? "quantize the float model again" : "use null")
      return nil
    }
    let model = ModelFile(
      name: name, task: task ?? nil, network: network, integers: integers, stages: history)
    return (model, weights)
  }

  private static func weightsReference(_ node: JSONNode) -> WeightsReference? {
    guard let o = node.object(["file", "sha256"]) else { return nil }
    let file = o["file"]?.string()
    let digest = o["sha256"]?.string()
    if let file, file.isEmpty || file.contains("/") || file == "." || file == ".." {
      node.json.error(
        "\(node.path)/file", "\"\(file)\" is no file name",
        fix: "name a file that lies beside model.json")
      return nil
    }
    if let digest,
      digest.utf8.count != 64 || !digest.allSatisfy({ "0123456789abcdef".contains($0) })
    {
      node.json.error(
        "\(node.path)/sha256", "\"\(digest)\" is no SHA-256 digest",
        fix: "give the 64 lower-case digits that `sha256sum` prints")
      return nil
    }
    guard let file, let digest else { return nil }
    return WeightsReference(file: file, sha256: digest)
  }

  private static func decodeLayers(_ node: JSONNode, inputSize: Int?) -> [Layer]? {
    guard let nodes = node.array() else { return nil }
    if nodes.isEmpty {
      node.json.error(node.path, "there are no layers", fix: "add at least one layer")
      return nil
    }
    var layers: [Layer] = []
    var size = inputSize
    var names: Set<String> = []
    for node in nodes {
      guard let layer = decodeLayer(node) else {
        size = nil  // The size of what follows is unknown.
        continue
      }
      if !names.insert(layer.name).inserted {
        node.json.error(
          "\(node.path)/name", "\"\(layer.name)\" names two layers", fix: "give each its own name")
      }
      if let size, layer.configuration.inputSize != size {
        node.json.error(
          "\(node.path)/inputSize",
          "\(layer.configuration.inputSize) inputs, but "
            + "\(layers.isEmpty ? "the network has \(size)" : "the layer before has \(size) outputs")",
          fix: "make the sizes equal")
      }
      size = layer.graph.outputSize
      layers.append(layer)
    }
    return layers.count == nodes.count ? layers : nil
  }

  private static func decodeLayer(_ node: JSONNode) -> Layer? {
    let json = node.json
    let before = json.sink.diagnostics.count
    guard
      let o = node.object([
        "name", "cell", "direction", "inputSize", "units", "options", "parameters", "values",
      ])
    else { return nil }
    let name = o["name"]?.identifier()
    ExperimentFile.refuseOtherDirections(o)
    let cell = o["cell"]?.string()
    let inputSize = o["inputSize"]?.int()
    let units = o["units"]?.int()
    let options = o["options"].flatMap { cellOptions($0, cell: cell) }
    let parameters = o["parameters"]?.array()
    let values = o["values"]?.array()
    guard let name, let cell, let inputSize, let units, let options, let parameters, let values
    else { return nil }
    guard
      let configuration = CellRegistry.configuration(
        cell: cell, inputSize: inputSize, units: units, options: options,
        path: "\(json.file):\(node.path)", into: &json.sink),
      let definition = CellRegistry.named(cell)
    else { return nil }
    if json.sink.diagnostics.count > before { return nil }
    var graph = definition.graph(configuration)
    let formats = decodeParameters(parameters, of: &graph, path: "\(node.path)/parameters", json)
    let record = QuantizationRecord(
      values: values.compactMap { value($0, of: graph) }, parameters: formats)
    if json.sink.diagnostics.count > before { return nil }
    do {
      graph = try applying(record, to: graph)
    } catch {
      json.error("\(node.path)/values", "\(error)", fix: "write the model again with rnnc")
      return nil
    }
    return Layer(name: name, cell: cell, configuration: configuration, graph: graph)
  }

  /// Every option of the cell that has a meaning beside the others, explicitly.
  static func cellOptions(_ node: JSONNode, cell: String?, complete: Bool = true)
    -> [CellConfiguration.Entry]?
  {
    guard let members = node.members() else { return nil }
    var entries: [CellConfiguration.Entry] = []
    for (key, node) in members {
      switch node.value {
      case .bool(let value): entries.append(.init(key, .bool(value)))
      case .int(let value): entries.append(.init(key, .int(value)))
      case .double(let value): entries.append(.init(key, .number(value)))
      case .string(let value): entries.append(.init(key, .choice(value)))
      case .null, .array, .object:
        node.json.error(
          node.path, "an option is a text, a number or a truth value",
          fix: "\(node.json.manual) lists the options of each cell")
      }
    }
    guard let definition = cell.flatMap({ CellRegistry.named($0) }), complete else {
      return entries
    }
    for option in definition.options where !members.contains(where: { $0.key == option.name }) {
      if option.mayBeAbsent { continue }
      if let (other, choices) = option.requires,
        !entries.contains(where: { $0.name == other && choices.contains($0.value.description) })
      {
        continue
      }
      node.json.error(
        node.path, "the option \"\(option.name)\" is missing",
        fix: "add it, for example \"\(option.name)\": \(option.standard)")
    }
    return entries
  }

  /// Sets the structures in the graph and returns the formats.
  private static func decodeParameters(
    _ nodes: [JSONNode], of graph: inout CellGraph, path: String, _ json: StrictJSON
  ) -> [QuantizationRecord.ParameterFormat] {
    var formats: [QuantizationRecord.ParameterFormat] = []
    var seen: Set<Int> = []
    for node in nodes {
      guard let o = node.object(["name", "shape", "structure", "format"]) else { continue }
      let format = o.nullable("format").map { decodeFormat($0) }
      let structure = o["structure"].flatMap { MatrixStructure($0) }
      guard let name = o["name"]?.string(), let shape = o["shape"]?.array() else { continue }
      guard let i = graph.parameters.firstIndex(where: { $0.name == name }) else {
        let known = graph.parameters.map(\.name).joined(separator: ", ")
        json.error(
          "\(node.path)/name", "the cell has no parameter \"\(name)\"",
          fix: "remove it; the parameters are \(known)")
        continue
      }
      if !seen.insert(i).inserted {
        json.error("\(node.path)/name", "\"\(name)\" is there twice", fix: "keep one of them")
      }
      let parameter = graph.parameters[i]
      let wanted = [parameter.rows] + (parameter.columns.map { [$0] } ?? [])
      let lengths = shape.compactMap { $0.int() }
      if lengths.count == shape.count, lengths != wanted {
        json.error(
          "\(node.path)/shape", "\(name) has the shape \(wanted), not \(lengths)",
          fix: "make units, inputSize and shape agree")
      }
      if let structure {
        if structure != .dense, !parameter.isMatrix {
          json.error(
            "\(node.path)/structure", "\(name) is a vector, which is always dense",
            fix: "use {\"kind\": \"dense\"}")
        }
        graph.parameters[i].structure = structure
      }
      if let format = format ?? nil { formats.append(.init(parameter: name, format: format)) }
    }
    for (i, parameter) in graph.parameters.enumerated() where !seen.contains(i) {
      json.error(path, "the parameter \"\(parameter.name)\" is missing", fix: "add it")
    }
    return formats
  }

  private static func decodeFormat(_ node: JSONNode) -> QFormat? {
    guard let o = node.object(["width", "fraction"]) else { return nil }
    return decodeFormat(o)
  }
  private static func decodeFormat(_ o: JSONObject) -> QFormat? {
    let width = o["width"]?.int(2...48)
    let fraction = o["fraction"]?.int(-64...64)
    guard let width, let fraction else { return nil }
    return QFormat(width: width, fraction: fraction)
  }

  private static func value(_ node: JSONNode, of graph: CellGraph) -> QuantizationRecord.Value? {
    guard
      let o = node.object(["node", "width", "fraction", "rounding"], optional: ["operand"])
    else { return nil }
    let name = o["node"]?.string()
    let format = decodeFormat(o)
    let rounding = o["rounding"]?.word(RoundingRule.allCases.map(\.rawValue))
    if let name, !graph.nodes.contains(where: { $0.name == name }) {
      node.json.error(
        "\(node.path)/node", "the cell has no value \"\(name)\"",
        fix: "write the model again with rnnc")
      return nil
    }
    guard let name, let format, let rule = rounding.flatMap(RoundingRule.init(rawValue:)) else {
      return nil
    }
    var operandFormat: QFormat?
    if let operand = o["operand"] {
      guard let format = operand.object(["width", "fraction"]).flatMap(decodeFormat) else {
        return nil
      }
      operandFormat = format
    }
    return .init(node: name, format: format, operandFormat: operandFormat, rounding: rule)
  }
}
