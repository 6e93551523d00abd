internal import RNNFixedPoint
package import RNNGraph
package import RNNLearning

extension Loss {
  /// The loss and the metric of an integer network's outputs, taken as the numbers that they stand for.
  ///
  /// - Parameter codes: `[sequence][step][output]`.
  package func evaluate(_ codes: [[[Int64]]], of graph: IntegerGraph, targets: [SequenceTarget])
    -> Evaluation
  {
    let format = graph[graph.output].format
    var total = BatchLoss()
    for (rows, target) in zip(codes, targets) {
      let values = rows.flatMap { $0.map { Float(format.value(of: $0)) } }
      let one = evaluate(
        values, features: graph.outputSize, target: target, wantsGradient: false)
      total.add(
        BatchLoss(
          sum: one.sum, weight: one.weight, metricSum: one.metricSum,
          metricWeight: one.metricWeight))
    }
    return Evaluation(loss: total.mean, metric: total.metric)
  }
}
