package import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Reads models of the RTNeural audio library: its own JSON (`layers`, from Keras, also as `.aidax`) and JSON of a PyTorch
/// state_dict, bare or in the wrapper of GuitarML.
package enum RTNeuralFile {
  private static let manual = "docs/formats/import.md"

  /// Reads a model.
  ///
  /// - Throws: `ToolError` if the file cannot be read; `DiagnosticsEmitted` with everything that cannot be honoured.
  package static func read(_ url: URL) throws -> ImportedModel {
    try model(parsing: AtomicFile.read(url), path: url.relativePath)
  }

  /// Reads a model from bytes; `path` stands in messages.
  package static func model(parsing data: Data, path: String) throws -> ImportedModel {
    try decodeStrictly(
      path, stage: "import", manual: manual, parsing: { try JSONValue(parsing: data) }
    ) {
      root in
      guard case .object(let members) = root.value else {
        root.json.error("", "the file holds no object", fix: "give a model of RTNeural")
        return nil
      }
      if members.contains(where: { $0.key == "layers" }) { return try layers(root) }
      if members.contains(where: { $0.key == "state_dict" }) { return try wrapped(root) }
      return try TorchStateDict.json(root)
    }
  }

  /// What a player of these files does around the layers: it scales the input, adds it to the output, scales that.
  private struct Player {
    var inputGain = 1.0
    var outputGain = 1.0

    /// Keys that say something of the training and nothing of the result.
    private static let notes: Set = [
      "author", "creator", "date", "description", "device", "epochs", "esr", "input_batch",
      "license", "loss", "metadata", "name", "output_batch", "sample_rate", "samplerate",
      "sampleRate", "source", "version",
    ]

    /// Takes the members beside layers and shape; unknown ones are faults: they may change the result.
    init(_ members: [(key: String, node: JSONNode)], _ notes: inout [ImportNote]) {
      for (key, node) in members where !["layers", "in_shape"].contains(key) {
        var meaning = "a note without effect on results"
        switch key {
        case "in_skip", "skip":
          guard Self.addsNothing(node) else { continue }
          meaning = "no skip"
        case "in_gain", "out_gain":
          guard let decibels = node.number() else { continue }
          // As AIDA-X has it: nothing at -90 dB and below.
          let gain = decibels > -90 ? pow(10, decibels / 20) : 0
          if key == "in_gain" { inputGain = gain } else { outputGain = gain }
          meaning =
            "\(decibels) dB: weights of the \(key == "in_gain" ? "first" : "last") layer times \(gain)"
        case let key where Self.notes.contains(key): break
        default:
          node.json.error(
            node.path, "\"\(key)\" is not known, and may change what a player gives",
            fix: "remove it if it has no effect on the result")
          continue
        }
        notes.append(ImportNote("file", key, "given", meaning))
      }
    }

    /// Whether a player adds no input to the output; that it does is a fault here.
    static func addsNothing(_ node: JSONNode) -> Bool {
      switch node.value {
      case .bool(false), .int(0): return true
      case .bool, .int:
        node.json.error(
          node.path,
          "the player adds the input to the output, and a stack of layers has no place for that sum",
          fix: "add the input behind the core and give 0 here, or train a model without a skip")
      default: node.json.error(node.path, "is no number of skipped inputs", fix: "give 0 or 1")
      }
      return false
    }
  }

  /// GuitarML's files: the tensors, and beside them what the model is.
  private static func wrapped(_ root: JSONNode) throws -> ImportedModel? {
    guard let object = root.object(["state_dict"], optional: ["model_data"]),
      let tensors = object["state_dict"]
    else { return nil }
    let facts = [
      "bias_fl", "hidden_size", "input_size", "model", "num_layers", "output_size", "skip",
      "unit_type",
    ]
    if let node = object["model_data"] {
      guard let data = node.object([], optional: facts) else { return nil }
      if let skip = data["skip"], !Player.addsNothing(skip) { return nil }
    }
    return try TorchStateDict.json(tensors)
  }

  private static func layers(_ root: JSONNode) throws -> ImportedModel? {
    guard let members = root.members(),
      let list = members.first(where: { $0.key == "layers" })?.node.array()
    else { return nil }
    let json = root.json
    var inputs = members.first { $0.key == "in_shape" }?.node.array()?.last?.int(1...1 << 20)
    guard inputs != nil else {
      json.error("/in_shape", "the number of inputs is missing", fix: "end in_shape with it")
      return nil
    }
    var maker = LayerMaker()
    var steps: [SequenceModel.Step] = []
    var notes: [ImportNote] = []
    let player = Player(members, &notes)
    for (k, node) in list.enumerated() {
      guard let size = inputs,
        let part = try layer(
          node, inputs: size, inputGain: k == 0 ? player.inputGain : 1,
          outputGain: k == list.count - 1 ? player.outputGain : 1, &maker, &notes)
      else {
        inputs = nil
        break
      }
      steps.append(.forward(part))
      inputs = part.network.outputSize
    }
    guard json.sink.diagnostics.isEmpty, !steps.isEmpty else {
      if list.isEmpty { json.error("/layers", "there are no layers", fix: "give a trained model") }
      return nil
    }
    let model = SequenceModel(name: "model", steps: steps)
    return ImportedModel(
      model: model, origin: "RTNeural JSON", notes: notes,
      input: .batchFirst("input", features: model.inputSize),
      outputs: [.init(tensor: .batchFirst("output", features: model.outputSize), source: .result)])
  }

  /// - Parameters:
  ///   - inputGain: goes into the weights of the input.
  ///   - outputGain: goes into the weights and biases of a dense layer without a function; others refuse it.
  private static func layer(
    _ node: JSONNode, inputs: Int, inputGain: Double, outputGain: Double,
    _ maker: inout LayerMaker, _ notes: inout [ImportNote]
  ) throws -> SequenceModel.Part? {
    let json = node.json
    func refuse(_ key: String, _ message: String, _ fix: String) -> SequenceModel.Part? {
      json.error("\(node.path)/\(key)", message, fix: fix)
      return nil
    }
    guard
      let o = node.object(
        ["type", "activation", "shape", "weights"], optional: ["kernel_size", "dilation"]),
      let kind = o["type"]?.string(), let activation = o["activation"]?.string(),
      let units = o["shape"]?.array()?.last?.int(1...1 << 20), let tensors = o["weights"]?.array()
    else { return nil }
    let supported = ["dense", "time-distributed-dense", "lstm", "gru"]
    guard supported.contains(kind) else {
      return refuse(
        "type", "the layer \"\(kind)\" is not supported",
        "use a model of \(supported.joined(separator: ", "))")
    }
    let isDense = kind.hasSuffix("dense")
    let functions: [String: CellActivation.Kind] = [
      "": .linear, "linear": .linear, "tanh": .tanh, "sigmoid": .sigmoid, "relu": .relu,
    ]
    guard let function = functions[activation], isDense || ["", "tanh"].contains(activation) else {
      return refuse(
        "activation", "the function \"\(activation)\" of a \(kind) layer is not supported",
        isDense ? "use tanh, sigmoid, relu or none" : "use tanh, the one that RTNeural computes")
    }
    for key in ["kernel_size", "dilation"] where o[key] != nil {
      return refuse(key, "a \(kind) layer has none", "remove it")
    }
    var weights = tensors.compactMap { NestedNumbers($0) }
    guard weights.count == tensors.count else { return nil }
    if outputGain != 1 {
      guard isDense, function == .linear else {
        json.error(
          "/out_gain", "scales the output of a \(kind) layer, whose function does not scale",
          fix: "scale behind the core, and remove it")
        return nil
      }
      for i in weights.indices { weights[i].values = weights[i].values.map { $0 * outputGain } }
    }
    if inputGain != 1, !weights.isEmpty {
      weights[0].values = weights[0].values.map { $0 * inputGain }
    }
    notes.append(
      ImportNote(node.path, "activation", "\"\(activation)\"", isDense ? function.rawValue : "tanh")
    )
    func matrix(_ i: Int) -> Matrix? {
      guard weights.indices.contains(i), weights[i].shape.count == 2 else { return nil }
      return Matrix(
        rows: weights[i].shape[0], columns: weights[i].shape[1], values: weights[i].values)
    }
    guard let kernel = matrix(0), kernel.rows == inputs else {
      return refuse(
        "weights",
        "the first tensor has the shape \(weights.first?.shape ?? []), not \(inputs) rows",
        "give the weights of this layer")
    }
    if isDense {
      let bias = weights.count > 1 ? weights[1].values : []
      guard kernel.columns == units, bias.isEmpty || bias.count == units, weights.count <= 2 else {
        return refuse(
          "weights",
          "the weights have the shapes \(weights.map(\.shape)), not [\(inputs), \(units)] and [\(units)]",
          "make shape and weights agree")
      }
      var values = ["weight": kernel.transposed.values]
      if !bias.isEmpty { values["bias"] = bias }
      return try maker.part(
        cell: "dense", inputSize: inputs, units: units,
        options: [.init("bias", .bool(!bias.isEmpty))] + CellActivation(function).entries(""),
        values: values)
    }
    guard let recurrent = matrix(1), weights.count == 3 else {
      return refuse(
        "weights", "\(weights.count) tensors, not 3", "give kernel, recurrent kernel, bias")
    }
    let layer = KerasWeights(
      kernel: kernel, recurrent: recurrent, bias: weights[2].values, biasShape: weights[2].shape,
      units: units)
    do {
      if kind == "lstm" {
        return try maker.part(
          cell: "lstm", inputSize: inputs, units: units, options: [], values: layer.lstm())
      }
      let (reset, values) = try layer.gru(resetAfter: nil)
      notes.append(ImportNote(node.path, "bias", "\(weights[2].shape)", "reset = \(reset)"))
      return try maker.part(
        cell: "gru", inputSize: inputs, units: units,
        options: [.init("reset", .choice(reset))], values: values)
    } catch let fault as KerasWeights.Fault {
      return refuse("weights", fault.message, "make shape and weights agree")
    }
  }
}
