package import RNNGraph
internal import RNNSupport

extension Network {
  /// The same quantized network as a quantization record gives it, so that `model.json` can hold it.
  ///
  /// The quantizer names rounded values anew; the file names them by the cell's own values. Only names may differ.
  ///
  /// - Parameter plain: the float network that was quantized.
  /// - Throws: `DiagnosticsEmitted` if the quantized network is not the plain one with roundings and formats.
  package func recorded(over plain: Network) throws -> Network {
    var result = plain
    var sink = DiagnosticSink(stage: "quantize")
    for (l, layer) in layers.enumerated() {
      let source = plain.layers[l].graph
      var record = QuantizationRecord()
      var plainIndex = -1
      for node in layer.graph.nodes {
        if case .quantize(_, let format, let rounding) = node.op {
          record.values.append(
            .init(node: source.nodes[plainIndex].name, format: format, rounding: rounding))
        } else {
          plainIndex += 1
        }
      }
      for parameter in layer.graph.parameters {
        if let format = parameter.format {
          record.parameters.append(.init(parameter: parameter.name, format: format))
        }
      }
      let graph = try applying(record, to: source)
      if graph.nodes.map(\.op) != layer.graph.nodes.map(\.op) || graph.output != layer.graph.output
        || graph.states.map(\.next) != layer.graph.states.map(\.next)
        || graph.parameters != layer.graph.parameters
      {
        sink.error(
          layer.name, "the quantized \(layer.cell) has constants that the file cannot hold",
          fix: "use constants with few bits, such as 0.5 or 1, in the cell's options")
      }
      result.layers[l].graph = graph
    }
    try sink.throwIfErrors()
    return result
  }

  /// The same network with names for people: `z` is the rounded value, `z_exact` the one before it, and
  /// `z_in` the rounded operand of the activation `z`.
  package var withReadableNames: Network {
    var result = self
    for l in layers.indices {
      var graph = layers[l].graph
      var taken = Set(graph.nodes.map(\.name))
      func fresh(_ name: String) -> String {
        var candidate = name
        var n = 2
        while !taken.insert(candidate).inserted {
          candidate = "\(name)\(n)"
          n += 1
        }
        return candidate
      }
      for (i, node) in graph.nodes.enumerated() {
        guard case .quantize(let operand, _, _) = node.op else { continue }
        var base = layers[l].graph[operand].name
        let isMadeUp = base.first == "v" && base.dropFirst().allSatisfy(\.isNumber)
        let reader = layers[l].graph.nodes.first {
          if case .activation(_, let v) = $0.op { v.index == i } else { false }
        }
        if isMadeUp, let reader {
          base = fresh("\(reader.name)_in")
        } else {
          graph.nodes[operand.index].name = fresh("\(base)_exact")
        }
        graph.nodes[i].name = base
      }
      result.layers[l].graph = graph
    }
    return result
  }
}
