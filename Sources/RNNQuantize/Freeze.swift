package import RNNGraph
internal import RNNFixedPoint
internal import RNNSupport

/// Turns a quantized network into one graph of integers, mechanically.
///
/// Layers are inlined under names such as `gru0.z`. Products of one sum become one `linear` node and exact
/// additions; an activation and the rounding after it become one table; a rounding to the format that a
/// value has already disappears. Nothing is decided here: every format comes from the network.
///
/// - Parameter rules: what decides the output bits besides; see `IntegerRules`.
/// - Throws: `DiagnosticsEmitted` naming the layer and the node when a value that has to be rounded is not, a
///   parameter has no format, an exact value needs more than 63 bits, or a weight is not a number.
package func freeze(
  _ network: Network, weights: Weights, name: String, rules: IntegerRules = IntegerRules()
) throws -> IntegerGraph {
  var sink = DiagnosticSink(stage: "freeze")
  guard !network.layers.isEmpty, weights.values.count == network.layers.count else {
    sink.error(
      "layers", "\(network.layers.count) layers have \(weights.values.count) sets of weights",
      fix: "give every layer its weights")
    throw DiagnosticsEmitted(sink.diagnostics)
  }
  for (layer, values) in zip(network.layers, weights.values) {
    checkParameters(layer, values, &sink)
    for parameter in layer.graph.parameters where parameter.format == nil {
      sink.error(
        "\(layer.name).\(parameter.name)", "the parameter has no fixed-point format",
        fix: "quantize the network first")
    }
  }
  try sink.throwIfErrors()

  let input = try inputFormat(network.layers[0])
  var builder = IntegerGraphBuilder(
    name: name, inputSize: network.inputSize, inputFormat: input, tableSegments: rules.tableSegments
  )
  builder.graph.inputRounding = rules.inputRounding
  builder.graph.transform = rules.transform
  var below: ValueID?
  for (layer, values) in zip(network.layers, weights.values) {
    var freezer = LayerFreezer(layer: layer, weights: values, below: below, builder: builder)
    below = try freezer.run()
    builder = freezer.builder
  }
  guard let output = below else { preconditionFailure("there is at least one layer") }
  builder.graph.output = output
  try builder.graph.validate()
  return builder.graph
}

/// The one format to which the first layer rounds its input.
private func inputFormat(_ layer: Layer) throws -> QFormat {
  let graph = layer.graph
  var formats: Set<QFormat> = []
  for node in graph.nodes {
    for operand in node.op.operands where graph[operand].op == .input {
      guard case .quantize(_, let format, _) = node.op else {
        throw fault(
          layer, node.name, "reads the network's input, which is not quantized",
          fix: "quantize the network first")
      }
      formats.insert(format)
    }
  }
  guard formats.count == 1, let format = formats.first else {
    throw fault(
      layer, "x", "the network's input is rounded to \(formats.count) formats instead of one",
      fix: "quantize the network with one input format")
  }
  return format
}

/// The error that stops a freeze.
func fault(_ layer: Layer, _ node: String, _ message: String, fix: String) -> DiagnosticsEmitted {
  DiagnosticsEmitted(
    Diagnostic(stage: "freeze", path: "\(layer.name).\(node)", message: message, fix: fix))
}
