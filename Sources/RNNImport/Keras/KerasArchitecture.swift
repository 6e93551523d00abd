internal import RNNInterchange
internal import RNNSupport

/// Something in a Keras file that is not honoured.
struct KerasRefusal: Error {
  /// The layer, such as `LSTM "lstm_1"`; empty for the model.
  var place: String
  var message: String
  var fix: String
}

/// A layer of a Keras model: its class, its options and the layers that it reads.
struct KerasLayer {
  var name: String
  var kind: String
  var options: KerasOptions
  /// The names of the layers whose outputs it reads, in order.
  var inputs: [String]
  var place: String { "\(kind) \"\(name)\"" }
}

/// The layers of a Keras model in an order in which each comes after what it reads, from Keras' own JSON.
///
/// Read are `Sequential` and `Functional` models with one input and one output, as `model.to_json()`, the attribute
/// `model_config` of HDF5 files and `config.json` of archives hold them, of Keras 2 and 3.
struct KerasArchitecture {
  var layers: [KerasLayer] = []
  /// The layer that gives the model's output.
  var output = ""
  /// The version of Keras that the JSON names; `3` where only its form shows it.
  var version: String?

  init(_ json: JSONValue) throws {
    version = json["keras_version"]?.string ?? (json["module"] == nil ? nil : "3")
    guard let kind = json["class_name"]?.string, let config = json["config"] else {
      throw KerasRefusal(
        place: "", message: "the JSON describes no model: \"class_name\" or \"config\" is missing",
        fix: "give what model.to_json() wrote")
    }
    switch kind {
    case "Sequential":
      // Before Keras 2.2.3 the configuration was the list itself.
      guard let list = (config["layers"] ?? config).array else {
        throw KerasRefusal(
          place: "", message: "the model has no list of layers", fix: "save it again")
      }
      for json in list { try add(json, inputs: layers.last.map { [$0.name] } ?? []) }
      output = layers.last?.name ?? ""
    case "Functional", "Model":
      for json in config["layers"]?.array ?? [] { try add(json, inputs: Self.inputs(json)) }
      let inputs = Self.tensors(config["input_layers"]),
        outputs = Self.tensors(config["output_layers"])
      guard inputs.count == 1, outputs.count == 1 else {
        throw KerasRefusal(
          place: "", message: "the model has \(inputs.count) inputs and \(outputs.count) outputs",
          fix: "save a model with one input and one output")
      }
      output = try Self.name(outputs[0], place: "output")
    default:
      throw KerasRefusal(
        place: "", message: "a model of the class \(kind) is not supported",
        fix: "save a Sequential or Functional model; code of subclasses is not in the file")
    }
    guard !layers.isEmpty, layers.contains(where: { $0.name == output }) else {
      throw KerasRefusal(place: "", message: "the model has no layers", fix: "save it again")
    }
  }

  private mutating func add(_ json: JSONValue, inputs: [String]) throws {
    guard let kind = json["class_name"]?.string, let config = json["config"],
      let name = json["name"]?.string ?? config["name"]?.string
    else {
      throw KerasRefusal(
        place: "layer \(layers.count)", message: "its class, name or configuration is missing",
        fix: "save the model again")
    }
    let layer = KerasLayer(
      name: name, kind: kind, options: KerasOptions(config, place: "\(kind) \"\(name)\""),
      inputs: inputs)
    guard !layers.contains(where: { $0.name == name }) else {
      throw KerasRefusal(
        place: layer.place, message: "two layers have this name", fix: "give each its own name")
    }
    for input in inputs where !layers.contains(where: { $0.name == input }) {
      throw KerasRefusal(
        place: layer.place, message: "it reads \"\(input)\", which does not come before it",
        fix: "save the model again")
    }
    layers.append(layer)
  }

  /// The layers that a layer of a functional model reads.
  private static func inputs(_ json: JSONValue) throws -> [String] {
    let place = "\(json["class_name"]?.string ?? "layer") \"\(json["name"]?.string ?? "")\""
    let calls = json["inbound_nodes"]?.array ?? []
    guard calls.count <= 1 else {
      throw KerasRefusal(
        place: place, message: "it is used \(calls.count) times", fix: "use each layer once")
    }
    guard let call = calls.first else { return [] }
    // Keras 3: an object of arguments; Keras 2: a list of [layer, call, output, arguments].
    guard let arguments = call["args"] else {
      return try tensors(call).map { try name($0, place: place) }
    }
    try refuseArguments(call["kwargs"], place: place)
    let given = arguments.array ?? []
    guard given.count == 1 else {
      throw KerasRefusal(
        place: place, message: "it is called with \(given.count) arguments",
        fix: "call it with its input alone; initial states are not supported")
    }
    return try (given[0].array ?? [given[0]]).map { tensor in
      guard tensor["class_name"]?.string == "__keras_tensor__",
        let history = tensor["config"]?["keras_history"]
      else {
        throw KerasRefusal(
          place: place, message: "it is called with a constant", fix: "call it with layers")
      }
      return try name(history, place: place)
    }
  }

  /// The list of `[layer, call, output]` in JSON, which for one tensor may stand without the list.
  private static func tensors(_ json: JSONValue?) -> [JSONValue] {
    guard let list = json?.array else { return [] }
    return list.first?.string == nil ? list : [.array(list)]
  }

  /// The name in `[layer, call, output]`, which has to be the first output of the first call.
  private static func name(_ json: JSONValue, place: String) throws -> String {
    guard let list = json.array, list.count >= 3, let name = list[0].string else {
      throw KerasRefusal(
        place: place, message: "the layers that it reads are not told", fix: "save the model again")
    }
    guard list[1].int == 0, list[2].int == 0 else {
      throw KerasRefusal(
        place: place, message: "it reads another output or use of \"\(name)\" than the first",
        fix: "use each layer once, without return_state")
    }
    if list.count > 3 { try refuseArguments(list[3], place: place) }
    return name
  }

  private static func refuseArguments(_ json: JSONValue?, place: String) throws {
    guard case .object(let members)? = json else { return }
    for member in members where ![.null, .bool(false)].contains(member.value) {
      throw KerasRefusal(
        place: place, message: "it is called with \(member.key)",
        fix: "call it with its input alone")
    }
  }
}
