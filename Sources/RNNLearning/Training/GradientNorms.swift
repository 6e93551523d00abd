package import RNNGraph

/// How far a loss reaches back: the norm of its gradient by a layer's state after every step.
///
/// Entry t is the mean, over the sequences that have a step t, of the Euclidean norm of dL/dh_t, with all ways from
/// h_t to the loss: through the outputs and through later steps. h is the layer's output where that is a state,
/// otherwise its first state; other states of the same step count as independent of it. (Nguyen et al., MomentumRNN,
/// NeurIPS 2020, figure 2, shows these norms over t and the course of a training.)
///
/// - Parameters:
///   - weights: in stored shape.
///   - layer: by default the first layer that has states.
///   - loss: the gradient of L by the outputs of the batch; what it holds at masked steps is ignored.
/// - Returns: one number per step of the longest sequence; empty if no layer has states.
/// - Throws: `DiagnosticsEmitted` if the weights do not have the shapes of the network's parameters.
package func gradientNorms(
  _ network: Network, _ weights: Weights, _ batch: SequenceBatch, layer: Int? = nil,
  loss: (SequenceBatch) -> SequenceBatch
) throws -> [Double] {
  guard let l = layer ?? network.layers.firstIndex(where: { !$0.graph.states.isEmpty }),
    let first = network.layers[l].graph.states.first
  else { return [] }
  let graph = network.layers[l].graph
  let isState = graph.states.contains { $0.next == graph.output }
  let engine = try NetworkEngine(
    network: network, weights: weights, threads: nil, keepAll: false,
    gradientOf: (l, isState ? graph.output : first.next))
  _ = engine.gradients(batch) { (0, loss($0)) }
  let norms = engine.keptGradientNorms()
  return (0..<batch.steps).map { t in
    let running = norms.filter { $0.count > t }
    return running.reduce(0) { $0 + $1[t] } / Double(running.count)
  }
}
