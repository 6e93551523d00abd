package import RNNGraph
internal import RNNSupport

/// Runs a network forwards and backwards over batches of sequences by interpreting its cell graphs.
///
/// `.quantize` nodes and parameter formats are honoured in the forward pass (rounded, saturated);
/// their derivative is 1 inside the format's range and 0 outside (straight-through), so a parameter
/// that saturates its format gets a zero gradient. States are zero at the start of a sequence.
package final class NetworkEngine {
  package let network: Network
  /// The parameters in stored shape; a shape that differs from the network's is a precondition failure.
  package var weights: Weights

  /// - Throws: `DiagnosticsEmitted` if the weights do not have the shapes of the network's parameters.
  package init(network: Network, weights: Weights) throws {
    try checkShapes(network, weights)
    self.network = network
    self.weights = weights
  }

  private var reference: ReferenceInterpreter {
    ReferenceInterpreter(
      network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } })
  }

  /// The outputs at every step, zero where masked.
  package func forward(_ batch: SequenceBatch) -> SequenceBatch {
    let reference = reference
    return SequenceBatch(
      sequences: (0..<batch.count).map {
        reference.forward(batch.sequence($0).map(Double.init)).map(Float.init)
      }, features: network.outputSize)
  }

  /// Runs forward, asks for the loss and its gradient by the outputs, and runs backward.
  ///
  /// - Parameter loss: the gradient must have the lengths and features of the outputs it is given;
  ///   what it holds at masked steps is ignored.
  /// - Returns: gradients summed over the batch in stored shape; a circulant value's gradient is the
  ///   sum over the entries that it stands for.
  package func gradients(
    _ batch: SequenceBatch,
    loss: (SequenceBatch) -> (loss: Double, outputGradient: SequenceBatch)
  ) -> (loss: Double, gradients: Weights) {
    let reference = reference
    let (value, outputGradient) = loss(forward(batch))
    var total = weights.values.map { $0.map { $0.map { _ in 0.0 } } }
    for b in 0..<batch.count where batch.lengths[b] > 0 {
      let trace = reference.trace(batch.sequence(b).map(Double.init))
      let one = reference.backward(
        trace, outputGradient: outputGradient.sequence(b).map(Double.init))
      for (l, layer) in one.parameters.enumerated() {
        for (p, values) in layer.enumerated() {
          for (i, g) in values.enumerated() { total[l][p][i] += g }
        }
      }
    }
    return (value, Weights(values: total.map { $0.map { $0.map(Float.init) } }))
  }

  /// The least and greatest element of every node over the unmasked steps: `[layer][node]`.
  ///
  /// A batch without any step gives 0...0.
  package func observeRanges(_ batch: SequenceBatch) -> [[ClosedRange<Float>]] {
    let reference = reference
    var ranges = network.layers.map { $0.graph.nodes.map { _ in nil as ClosedRange<Float>? } }
    for b in 0..<batch.count {
      for (l, steps) in reference.trace(batch.sequence(b).map(Double.init)).enumerated() {
        for nodes in steps {
          for (n, values) in nodes.enumerated() {
            for value in values {
              let v = Float(value)
              guard let r = ranges[l][n] else {
                ranges[l][n] = v...v
                continue
              }
              ranges[l][n] = min(r.lowerBound, v)...max(r.upperBound, v)
            }
          }
        }
      }
    }
    return ranges.map { $0.map { $0 ?? 0...0 } }
  }
}

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
