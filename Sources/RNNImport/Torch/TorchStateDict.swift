package import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Reads the tensors of a PyTorch `state_dict` from safetensors, or from JSON as RTNeural users write it.
package enum TorchStateDict {
  private static let manual = "docs/formats/import.md"

  /// Reads a safetensors file whose modules an architecture file lists.
  ///
  /// - Throws: `ToolError` if a file cannot be read; `DiagnosticsEmitted` with everything that is wrong.
  package static func read(_ url: URL, architecture: URL) throws -> ImportedModel {
    let file = try SafeTensors.read(url)
    let data = try AtomicFile.read(architecture)
    let tensors = file.names.compactMap { name in
      file[name].map {
        (name, TorchWeights.Tensor(shape: $0.shape, values: $0.floats.map(Double.init)))
      }
    }
    return try decodeStrictly(
      architecture.relativePath, stage: "import", manual: manual,
      parsing: { try JSONValue(parsing: data) }
    ) { root in
      guard let modules = modules(root) else { return nil }
      return try model(modules, TorchWeights(tensors), path: url.relativePath, root.json)
    }
  }

  /// Reads the object of a JSON file whose keys are the names of tensors; the modules follow in the file's order.
  static func json(_ root: JSONNode) throws -> ImportedModel? {
    var tensors: [(String, TorchWeights.Tensor)] = []
    for (name, node) in root.members() ?? [] {
      guard name.contains("weight") || name.contains("bias") else {
        root.json.error(
          node.path, "\"\(name)\" is no tensor of a state_dict", fix: "give a model of RTNeural")
        return nil
      }
      guard let numbers = NestedNumbers(node) else { return nil }
      tensors.append((name, .init(shape: numbers.shape, values: numbers.values)))
    }
    let weights = TorchWeights(tensors)
    var found: [Module] = []
    for (name, tensor) in tensors {
      let prefix = name.lastIndex(of: ".").map { String(name[...$0]) } ?? ""
      guard !found.contains(where: { $0.prefix == prefix }) else { continue }
      if let states = weights.shape("\(prefix)weight_hh_l0"), states.count == 2, states[1] > 0 {
        // An LSTM's projection would show as another ratio; JSON files of this kind have none.
        guard
          let kind = TorchWeights.Kind.allCases.first(where: {
            $0.gates.count * states[1] == states[0]
          }),
          kind != .rnn
        else {
          root.json.error(
            "/\(prefix)weight_hh_l0",
            "the shape \(states) is none of an LSTM or GRU; a simple RNN does not say its function",
            fix: "save safetensors and name the modules with --architecture")
          return nil
        }
        let depth = (0...).prefix { weights.has("\(prefix)weight_hh_l\($0)") }.count
        found.append(
          Module(
            kind: .recurrent(kind), prefix: prefix, depth: depth,
            isBidirectional: weights.has("\(prefix)weight_hh_l0_reverse")))
      } else if name == "\(prefix)weight", tensor.shape.count == 2 {
        found.append(Module(kind: .linear, prefix: prefix))
      }
    }
    return try model(found, weights, path: root.json.file, root.json)
  }

  /// A module of the architecture.
  private struct Module {
    enum Kind {
      case recurrent(TorchWeights.Kind)
      case linear
      case select(SequenceModel.Selection)
    }
    var kind: Kind
    var prefix = ""
    var depth = 1
    var isBidirectional = false
    var projection = 0
    var function = CellActivation(.linear)
  }

  private static func modules(_ root: JSONNode) -> [Module]? {
    guard let o = root.object(["format", "version", "modules"]) else { return nil }
    _ = o["format"]?.word(["rnnc-architecture"])
    _ = o["version"]?.int(1...1)
    let nodes = o["modules"]?.array() ?? []
    let modules = nodes.compactMap { node -> Module? in
      guard case .object(let members) = node.value,
        let kind = members.first(where: { $0.key == "kind" }).map({ _ in node })
      else {
        node.json.error(node.path, "the key \"kind\" is missing", fix: "\(manual) describes it")
        return nil
      }
      func prefix(_ o: JSONObject) -> String {
        let text = o["name"]?.string() ?? ""
        return text.isEmpty ? "" : "\(text)."
      }
      func function(
        _ o: JSONObject, _ key: String, _ words: [String], standard: CellActivation.Kind
      )
        -> CellActivation
      {
        guard let node = o[key] else { return CellActivation(standard) }
        return CellActivation(
          node.word(words).flatMap(CellActivation.Kind.init(rawValue:)) ?? standard)
      }
      switch node.value["kind"]?.string {
      case "linear":
        guard let o = kind.object(["kind", "name"], optional: ["activation"]) else { return nil }
        return Module(
          kind: .linear, prefix: prefix(o),
          function: function(
            o, "activation", ["linear", "sigmoid", "tanh", "relu"], standard: .linear))
      case "select":
        guard let o = kind.object(["kind", "step"]) else { return nil }
        return o["step"]?.word(SequenceModel.Selection.allCases.map(\.rawValue))
          .flatMap(SequenceModel.Selection.init(rawValue:)).map { Module(kind: .select($0)) }
      case let word?:
        guard let recurrent = TorchWeights.Kind(rawValue: word) else {
          node.json.error(
            "\(node.path)/kind", "\"\(word)\" is not supported",
            fix: "use lstm, gru, rnn, linear or select")
          return nil
        }
        let own = recurrent == .lstm ? ["projection"] : recurrent == .rnn ? ["nonlinearity"] : []
        guard let o = kind.object(["kind", "name"], optional: ["layers", "bidirectional"] + own)
        else {
          return nil
        }
        return Module(
          kind: .recurrent(recurrent), prefix: prefix(o),
          depth: o["layers"].map { $0.int(1...64) ?? 1 } ?? 1,
          isBidirectional: o["bidirectional"]?.bool() ?? false,
          projection: o["projection"]?.int(0...1 << 20) ?? 0,
          function: function(o, "nonlinearity", ["tanh", "relu"], standard: .tanh))
      case nil:
        node.json.error("\(node.path)/kind", "it is no word", fix: "\(manual) describes it")
        return nil
      }
    }
    return root.json.sink.diagnostics.isEmpty ? modules : nil
  }

  private static func model(
    _ modules: [Module], _ tensors: TorchWeights, path: String, _ json: StrictJSON
  ) throws -> ImportedModel? {
    func fault(_ name: String, _ message: String, _ fix: String) {
      json.sink.error(name.isEmpty ? path : "\(path):\(name)", message, fix: fix)
    }
    var tensors = tensors
    var maker = LayerMaker()
    var steps: [SequenceModel.Step] = []
    var notes: [ImportNote] = []
    var size = modules.first.flatMap { module in
      tensors.shape("\(module.prefix)weight_ih_l0") ?? tensors.shape("\(module.prefix)weight")
    }?.last
    guard size != nil, size != 0 else {
      fault(
        "", "it has no tensors of the first module", "list the modules in the order of the data")
      return nil
    }
    do {
      for module in modules {
        let place = module.prefix.isEmpty ? "module" : String(module.prefix.dropLast())
        switch module.kind {
        case .select(let selection):
          steps.append(.select(selection))
          notes.append(ImportNote("select", "step", selection.rawValue, "one step goes on"))
        case .linear:
          let part = try tensors.linear(
            prefix: module.prefix, inputs: size ?? 0, function: module.function, &maker)
          steps.append(.forward(part))
          notes.append(
            ImportNote(place, "activation", module.function.kind.rawValue, "function of the layer"))
        case .recurrent(let kind):
          for k in 0..<module.depth {
            let name = "\(module.prefix)weight_ih_l\(k)"
            guard let rows = tensors.shape(name)?.first, rows > 0, rows % kind.gates.count == 0
            else {
              throw TorchWeights.Fault(
                name: name,
                message: "the tensor is missing, or its rows are not those of a \(kind.rawValue)")
            }
            var parts: [SequenceModel.Part] = []
            for suffix in ["l\(k)", "l\(k)_reverse"].prefix(module.isBidirectional ? 2 : 1) {
              parts.append(
                try tensors.recurrent(
                  kind, prefix: module.prefix, suffix: suffix, inputs: size ?? 0,
                  units: rows / kind.gates.count, projection: module.projection,
                  function: module.function, &maker))
            }
            if module.isBidirectional {
              steps.append(.bidirectional(forward: parts[0], reverse: parts[1]))
            } else {
              steps.append(.forward(parts[0]))
            }
            size = steps.last?.outputSize
          }
          notes.append(
            ImportNote(
              place, "layers", "\(module.depth)\(module.isBidirectional ? ", bidirectional" : "")",
              "\(kind.rawValue)\(module.projection > 0 ? ", projection \(module.projection)" : "")")
          )
        }
        size = steps.last?.outputSize ?? size
      }
    } catch let error as TorchWeights.Fault {
      fault(error.name, error.message, "make the architecture and the tensors agree")
      return nil
    }
    for name in tensors.unused {
      fault(
        name, "no module uses the tensor",
        "add its module to the architecture, or remove the tensor")
    }
    guard json.sink.diagnostics.isEmpty else { return nil }
    let model = SequenceModel(name: "model", steps: steps)
    return ImportedModel(
      model: model, origin: "PyTorch state_dict", notes: notes,
      input: .batchFirst("input", features: model.inputSize),
      outputs: [
        .init(
          tensor: steps.contains { if case .select = $0 { true } else { false } }
            ? ImportedTensor(name: "output", axes: [.batch, .feature(0, size: model.outputSize)])
            : .batchFirst("output", features: model.outputSize), source: .result)
      ])
  }
}
