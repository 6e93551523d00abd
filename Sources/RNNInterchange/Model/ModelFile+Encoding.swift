internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

extension ModelFile {
  /// The members of `model.json`.
  ///
  /// - Parameters:
  ///   - weightsFile: the name of the safetensors file beside it.
  ///   - weightsDigest: the file's SHA-256.
  func json(weightsFile: String, weightsDigest: String) -> JSONValue {
    .object([
      "format": .string(Self.formatWord), "version": .int(Self.formatVersion),
      "name": .string(name),
      "inputSize": .int(network.inputSize), "task": task.map(\.json) ?? .null,
      "layers": .array(network.layers.map(Self.json)),
      "integers": integers.map(\.json) ?? .null,
      "weights": .object(["file": .string(weightsFile), "sha256": .string(weightsDigest)]),
      "stages": .array(stages.map(\.json)),
    ])
  }

  private static func json(_ layer: Layer) -> JSONValue {
    let younger = CellRegistry.named(layer.cell)?.options.filter(\.mayBeAbsent) ?? []
    // A younger option at its standard stays away, so that older files come back as the same bytes.
    let shown = layer.configuration.options.filter { entry in
      !younger.contains { $0.name == entry.name && $0.standard == entry.value }
    }
    let options = shown.map { entry in
      let value: JSONValue =
        switch entry.value {
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .number(let value): .double(value)
        case .choice(let value): .string(value)
        }
      return JSONValue.Member(entry.name, value)
    }
    let record = layer.graph.quantizationRecord
    let values = record.values.map { value in
      let operand = value.operandFormat.map { JSONValue.Member("operand", json($0)) }
      return JSONValue.object(
        [
          .init("node", .string(value.node)), .init("width", .int(value.format.width)),
          .init("fraction", .int(value.format.fraction)),
          .init("rounding", .string(value.rounding.rawValue)),
        ] + (operand.map { [$0] } ?? []))
    }
    return .object([
      "name": .string(layer.name), "cell": .string(layer.cell), "direction": "forward",
      "inputSize": .int(layer.configuration.inputSize), "units": .int(layer.configuration.units),
      "options": .object(options), "parameters": .array(layer.graph.parameters.map(json)),
      "values": .array(values),
    ])
  }

  private static func json(_ parameter: Parameter) -> JSONValue {
    .object([
      "name": .string(parameter.name),
      "shape": .array(([parameter.rows] + (parameter.columns.map { [$0] } ?? [])).map { .int($0) }),
      "structure": parameter.structure.json,
      "format": parameter.format.map(json) ?? .null,
    ])
  }

  private static func json(_ format: QFormat) -> JSONValue {
    .object(["width": .int(format.width), "fraction": .int(format.fraction)])
  }
}

extension ModelTask {
  var json: JSONValue {
    .object([
      "kind": "classification", "labels": .array(labels.map { .string($0) }),
      "pooling": .string(pooling.rawValue), "frontEnd": frontEnd.map(\.json) ?? .null,
      "normalisation": normalisation.map {
        .object([
          "mean": .array($0.mean.map { .double($0) }),
          "deviation": .array($0.deviation.map { .double($0) }),
        ])
      } ?? .null,
    ])
  }
}

extension ModelStage {
  var json: JSONValue {
    .object([
      "name": .string(name), "seed": .int(seed), "settings": .object(settings),
      "metrics": .object(metrics.map { JSONValue.Member($0.name, .double($0.value)) }),
    ])
  }
}
