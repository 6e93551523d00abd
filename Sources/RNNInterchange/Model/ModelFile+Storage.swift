package import Foundation
internal import RNNFixedPoint
package import RNNGraph
internal import RNNSupport

extension ModelFile {
  /// What `format` says in a `model.json`.
  package static let formatWord = "rnnc-model"

  /// Reads `model.json` and the weights beside it.
  ///
  /// - Throws: `ToolError` if a file cannot be read; `DiagnosticsEmitted` with every fault: places in
  ///   `model.json` as JSON pointers, places in the weights as `layer.parameter[index]`.
  package static func read(_ url: URL) throws -> (model: ModelFile, weights: Weights) {
    var (model, reference) = try decode(AtomicFile.read(url), path: url.path)
    let weightsURL = url.deletingLastPathComponent().appendingPathComponent(reference.file)
    let data = try AtomicFile.read(weightsURL)
    let digest = RNNSupport.sha256(data)
    if digest != reference.sha256 {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "model", path: weightsURL.path,
          message: "its SHA-256 is \(digest.prefix(12))..., but \(url.lastPathComponent) says "
            + "\(reference.sha256.prefix(12))...",
          fix: "use the weights that were written together with \(url.lastPathComponent)"))
    }
    let tensors = try SafeTensors(parsing: data, path: weightsURL.path)
    let (network, weights) = try weights(
      from: tensors, for: model.network, path: weightsURL.path)
    model.network = network
    return (model, weights)
  }

  /// Reads `model.json` alone, without looking at the weights.
  package static func readDescription(_ url: URL) throws -> ModelFile {
    try description(parsing: AtomicFile.read(url), path: url.path)
  }
  /// Parses the bytes of a `model.json`; `path` stands in messages.
  package static func description(parsing data: Data, path: String) throws -> ModelFile {
    try decode(data, path: path).0
  }

  static func decode(_ data: Data, path: String) throws -> (ModelFile, WeightsReference) {
    try decodeStrictly(
      path, stage: "model", manual: manual, parsing: { try JSONValue(parsing: data) }, decode)
  }

  /// Writes `model.json` at `url` and its weights beside it as `<same name>.safetensors`.
  ///
  /// Both files are complete before either replaces an older one. The same model gives the same bytes.
  ///
  /// - Throws: `DiagnosticsEmitted` if the weights do not fit, are not finite or lie off the grid of their
  ///   format, or if the network is not what the file could say; `ToolError` if the folder is not writable.
  package func write(to url: URL, weights: Weights) throws {
    let weightsURL = url.deletingPathExtension().appendingPathExtension("safetensors")
    let tensors = try tensors(weights, path: weightsURL.path)
    let (weightsData, json) = try data(tensors: tensors, weightsURL: weightsURL, path: url.path)
    try AtomicFile.write([(weightsData, weightsURL), (json, url)])
  }

  /// SHA-256 of the file that `write(to:weights:)` makes for this name; it covers the weights, whose digest is in it.
  ///
  /// - Throws: as `write(to:weights:)`.
  package func digest(name: String, weights: Weights) throws -> String {
    let weightsURL = URL(fileURLWithPath: "\(name).safetensors")
    let tensors = try tensors(weights, path: weightsURL.path)
    return RNNSupport.sha256(
      try data(tensors: tensors, weightsURL: weightsURL, path: "\(name).json").1)
  }

  private func data(tensors: SafeTensors, weightsURL: URL, path: String) throws -> (Data, Data) {
    var sink = DiagnosticSink(stage: "model")
    for (s, stage) in stages.enumerated() {
      for metric in stage.metrics where !metric.value.isFinite {
        sink.error(
          "\(path):/stages/\(s)/metrics/\(metric.name)", "\(metric.value) is no number",
          fix: "record only finite metrics")
      }
    }
    let normalisation = task?.normalisation
    for x in (normalisation?.mean ?? []) + (normalisation?.deviation ?? []) where !x.isFinite {
      sink.error(
        "\(path):/task/normalisation", "\(x) is no number", fix: "fit the normalisation again")
    }
    try sink.throwIfErrors()
    let weightsData = tensors.data
    let json = Data(
      json(
        weightsFile: weightsURL.lastPathComponent, weightsDigest: RNNSupport.sha256(weightsData)
      ).text.utf8)
    // The file holds the configuration of a graph and not the graph: make sure that nothing is lost.
    let (reread, _) = try Self.decode(json, path: path)
    var described = self
    described.network = network.withoutPatterns
    if reread != described {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "model", path: path,
          message:
            "the model has parts that the file cannot hold: its graphs are not those of their cells "
            + "with a quantization record",
          fix: "build layers with CellRegistry and quantize them with applying(_:to:)"))
    }
    return (weightsData, json)
  }

  /// The weights as tensors, after the same checks as at reading.
  package func tensors(_ weights: Weights, path: String) throws -> SafeTensors {
    var sink = DiagnosticSink(stage: "model")
    var tensors = SafeTensors()
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        let name = Self.tensorName(layer, parameter)
        guard weights.values.indices.contains(l), weights.values[l].indices.contains(p),
          weights.values[l][p].count == parameter.storedCount
        else {
          sink.error(
            "\(path):\(name)", "the weights do not have the shape \(parameter.storedShape)",
            fix: "give weights of this network")
          continue
        }
        let values = weights.values[l][p]
        Self.check(values, of: parameter, path: "\(path):\(name)", into: &sink)
        tensors.add(name, .init(shape: parameter.storedShape, floats: values))
        if let columns = parameter.structure.definition.storedColumns {
          tensors.add(
            Self.columnsName(name), .init(shape: parameter.storedShape, integers: columns))
        }
      }
    }
    try sink.throwIfErrors()
    return tensors
  }

  /// The name of the tensor with the columns of a sparse matrix's stored values.
  static func columnsName(_ tensor: String) -> String { "\(tensor).columns" }

  /// The weights of a network from tensors: exactly its parameters, in their stored shapes, and its network with the
  /// patterns of its sparse matrices.
  ///
  /// - Throws: `DiagnosticsEmitted` with every missing, unknown, misshapen, non-finite and off-grid tensor.
  package static func weights(from tensors: SafeTensors, for network: Network, path: String)
    throws -> (network: Network, weights: Weights)
  {
    var network = network
    var sink = DiagnosticSink(stage: "model")
    var known: Set<String> = []
    var values: [[[Float]]] = []
    for (l, layer) in network.layers.enumerated() {
      values.append([])
      for (p, parameter) in layer.graph.parameters.enumerated() {
        let name = tensorName(layer, parameter)
        known.insert(name)
        if parameter.structure.definition.storedColumns != nil {
          known.insert(columnsName(name))
          if let structure = pattern(
            of: parameter, tensors[columnsName(name)], "\(path):\(name)", &sink)
          {
            network.layers[l].graph.parameters[p].structure = structure
          }
        }
        values[values.count - 1].append([])
        guard let tensor = tensors[name] else {
          sink.error(
            "\(path):\(name)", "the weight is missing",
            fix: "add a float32 tensor of shape \(parameter.storedShape)")
          continue
        }
        if tensor.kind != .float32 {
          sink.error(
            "\(path):\(name)", "its elements are \(tensor.kind.rawValue), not F32",
            fix: "convert the tensor to float32")
        } else if tensor.shape != parameter.storedShape {
          sink.error(
            "\(path):\(name)",
            "its shape is \(tensor.shape), but the model needs \(parameter.storedShape)",
            fix: "store the shape that docs/formats/model.md gives for \(parameter.structure)")
        } else {
          let floats = tensor.floats
          check(floats, of: parameter, path: "\(path):\(name)", into: &sink)
          values[values.count - 1][values[values.count - 1].count - 1] = floats
        }
      }
    }
    for name in tensors.names where !known.contains(name) {
      sink.error(
        "\(path):\(name)", "no parameter of the model has this name", fix: "remove the tensor")
    }
    try sink.throwIfErrors()
    return (network, Weights(values: values))
  }

  /// The structure of a sparse matrix with the columns of a tensor; nil after a recorded fault.
  private static func pattern(
    of parameter: Parameter, _ tensor: SafeTensors.Tensor?, _ path: String,
    _ sink: inout DiagnosticSink
  ) -> MatrixStructure? {
    guard let tensor, tensor.kind == .int32, tensor.shape == parameter.storedShape else {
      sink.error(
        columnsName(path), "the columns of the stored values are missing or of another kind",
        fix: "add an I32 tensor of shape \(parameter.storedShape)")
      return nil
    }
    do {
      return try parameter.structure.definition.placed(
        at: tensor.integers, rows: parameter.rows, columns: parameter.columns ?? 1)
    } catch {
      let fault = error as? StructureFault
      sink.error(
        columnsName(path), fault?.message ?? "\(error)",
        fix: fault?.fix ?? "write the model again with rnnc")
      return nil
    }
  }

  /// At most one error: the first value that is not finite, or else the first off the grid of the format.
  private static func check(
    _ values: [Float], of parameter: Parameter, path: String, into sink: inout DiagnosticSink
  ) {
    if let i = values.firstIndex(where: { !$0.isFinite }) {
      sink.error(
        "\(path)[\(i)]", "the weight is \(values[i])",
        fix: "train again from a checkpoint before it, with a smaller learning rate")
      return
    }
    guard let format = parameter.format else { return }
    for (i, value) in values.enumerated() {
      let code = quantized(Double(value), to: format, rounding: .halfToEven, overflow: .saturate)
      if format.value(of: code) != Double(value) {
        sink.error(
          "\(path)[\(i)]", "the weight \(value) is not a number of the format \(format)",
          fix: "round the weights to their formats before saving")
        return
      }
    }
  }
}
