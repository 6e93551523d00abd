package import RNNGraph
internal import RNNFixedPoint
internal import RNNSupport

/// Gives every value and parameter of a float network a fixed-point format; see `planQuantization`.
package func quantize(
  _ network: Network, weights: Weights, ranges: [[ClosedRange<Float>]],
  policy: QuantizationPolicy
) throws -> Network {
  try planQuantization(network, weights: weights, ranges: ranges, policy: policy).network
}

/// Inserts `.quantize` nodes into a float network and chooses the parameters' formats.
///
/// Rounded are: the input, the outputs of the sigmoid and tanh (Q0.(w-1); 1.0 saturates), every value that a
/// state, a matrix or the layer's reader takes, pre-activations (to the range outside which the table is
/// constant), and factors of element-wise products that would be wider than `internalWidth`. Everything
/// else stays exact. A rounded value takes over the name; the exact one is called `<name>_exact`.
///
/// All products of one sum share their grid: the fraction of a matrix is lowered until matrix plus operand
/// fraction bits agree. This is no loss in balance: a term's error bound is 2^-(matrix fraction + 1) times its
/// operand's greatest value, which is proportional to 2^-(matrix + operand fraction). Biases lie on that grid.
///
/// - Parameter ranges: the least and greatest value of every node of every layer in the float network.
/// - Throws: `DiagnosticsEmitted` for weights or ranges that no format can hold, and for a network that is
///   quantized already.
package func planQuantization(
  _ network: Network, weights: Weights, ranges: [[ClosedRange<Float>]],
  policy: QuantizationPolicy
) throws -> QuantizationPlan {
  var sink = DiagnosticSink(stage: "quantize")
  policy.check(&sink)
  check(network, weights, &sink)
  if ranges.count != network.layers.count
    || zip(ranges, network.layers).contains(where: { $0.count != $1.graph.nodes.count })
  {
    sink.error(
      "ranges", "the observed ranges belong to another network",
      fix: "observe the ranges of this network again")
  }
  try sink.throwIfErrors()

  var plan = QuantizationPlan(network: network, policy: policy, values: [], parameters: [])
  var inputFormat: QFormat?
  for (l, layer) in network.layers.enumerated() {
    var quantizer = LayerQuantizer(
      layer: layer, weights: weights.values[l], ranges: ranges[l], policy: policy,
      inputFormat: inputFormat)
    try quantizer.run(&sink)
    try sink.throwIfErrors()
    plan.network.layers[l].graph = quantizer.graph
    plan.values += quantizer.values
    plan.parameters += quantizer.entries
    guard case .quantize(_, let format, _) = quantizer.graph[quantizer.graph.output].op else {
      preconditionFailure("the quantizer rounds every layer's output")
    }
    inputFormat = format
  }
  return plan
}

/// Reports weights of the wrong shape, weights that are not numbers, and a quantized network.
private func check(_ network: Network, _ weights: Weights, _ sink: inout DiagnosticSink) {
  guard !network.layers.isEmpty, weights.values.count == network.layers.count else {
    return sink.error(
      "layers", "\(network.layers.count) layers have \(weights.values.count) sets of weights",
      fix: "give every layer its weights")
  }
  for (layer, values) in zip(network.layers, weights.values) {
    checkParameters(layer, values, &sink)
    for node in layer.graph.nodes {
      if case .quantize = node.op {
        sink.error(
          "\(layer.name).\(node.name)", "the network is quantized already",
          fix: "start from the float network")
        break
      }
    }
  }
}

/// Reports parameters of a layer that have the wrong number of values or values that are not finite.
func checkParameters(_ layer: Layer, _ values: [[Float]], _ sink: inout DiagnosticSink) {
  guard values.count == layer.graph.parameters.count else {
    return sink.error(
      layer.name, "\(values.count) of \(layer.graph.parameters.count) parameters have values",
      fix: "load the weights of this network")
  }
  for (parameter, values) in zip(layer.graph.parameters, values) {
    let path = "\(layer.name).\(parameter.name)"
    if values.count != parameter.storedCount {
      sink.error(
        path, "\(values.count) values instead of \(parameter.storedCount)",
        fix: "load the weights of this network")
    }
    if let i = values.firstIndex(where: { !$0.isFinite }) {
      sink.error(
        "\(path)[\(i)]", "\(values[i]) is not a finite number", fix: "train again from a checkpoint"
      )
    }
  }
}
