package import RNNGraph
internal import RNNSupport

/// Throws if weights do not have the stored shapes of a network's parameters.
package func checkShapes(_ network: Network, _ weights: Weights) throws {
  var sink = DiagnosticSink(stage: "train")
  let fix = "load the weights that belong to this network, or start from new ones"
  if weights.values.count != network.layers.count {
    sink.error(
      "weights", "\(weights.values.count) layers for a network of \(network.layers.count)", fix: fix
    )
  }
  for (layer, values) in zip(network.layers, weights.values) {
    let parameters = layer.graph.parameters
    if values.count != parameters.count {
      sink.error(
        "layers.\(layer.name)", "\(values.count) parameters where the cell has \(parameters.count)",
        fix: fix)
    }
    for (parameter, stored) in zip(parameters, values)
    where stored.count != parameter.storedCount {
      sink.error(
        "layers.\(layer.name).\(parameter.name)",
        "\(stored.count) values for the stored shape \(parameter.storedShape)", fix: fix)
    }
  }
  try sink.throwIfErrors()
}
