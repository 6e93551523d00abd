internal import RNNGraph
internal import RNNLearning
internal import RNNSupport

/// How strongly the loss depends on the state at each step, before and after a training.
struct GradientCourse: Sendable {
  var label: String
  /// |dL/dh_t| of steps 1 to T, the mean over sequences.
  var initial: [Double]
  var trained: [Double]

  /// Measures |dL/dh_t| of the network's first layer on the first sequences of a set, in double precision.
  ///
  /// h is the layer's output; its gradient counts every way from there to the loss.
  init(
    label: String, network: Network, initial: Weights, trained: Weights, loss: any Loss,
    set: SequenceSet, sequences: Int = 8
  ) {
    self.label = label
    let indices = Array(0..<min(sequences, set.count))
    func norms(_ weights: Weights) -> [Double] {
      let interpreter = ReferenceInterpreter(
        network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } })
      let output = network.layers[0].graph.output.index
      var sums = [Double](repeating: 0, count: indices.map { set.steps($0) }.max() ?? 0)
      for i in indices {
        let trace = interpreter.trace(set.sequences[i].map(Double.init))
        let outputs = trace[trace.count - 1].flatMap {
          $0[network.layers[network.layers.count - 1].graph.output.index]
        }
        let one = loss.evaluate(
          outputs.map(Float.init), features: network.outputSize, target: set.targets[i],
          wantsGradient: true)
        _ = interpreter.backward(trace, outputGradient: one.gradient.map(Double.init)) {
          layer, step, gradients in
          guard layer == 0 else { return }
          let square = gradients[output].reduce(0) { $0 + $1 * $1 }
          sums[step] += square.squareRoot() / Double(indices.count)
        }
      }
      return sums
    }
    self.initial = norms(initial)
    self.trained = norms(trained)
  }

  /// What is left at the first step of the gradient at the last one.
  var initialRatio: Double { Self.ratio(initial) }
  var trainedRatio: Double { Self.ratio(trained) }
  private static func ratio(_ norms: [Double]) -> Double {
    guard let first = norms.first, let last = norms.last, last > 0 else { return .nan }
    return first / last
  }

  static func pictures(_ courses: [GradientCourse]) -> [ReproductionReport.Picture] {
    func picture(_ name: String, _ when: String, _ norms: KeyPath<GradientCourse, [Double]>)
      -> ReproductionReport.Picture
    {
      ReproductionReport.Picture(
        name: "gradient-\(name)",
        caption: "Norm of the derivative of the loss by the state at each step, \(when) training.",
        chart: LineChart(
          title: "Gradient through time, \(when) training", x: "step", y: "|dL/dh|",
          isLogarithmicY: true,
          series: courses.enumerated().map { i, course in
            LineChart.Series(
              course.label,
              course[keyPath: norms].enumerated().map { (x: Double($0 + 1), y: $1) }, group: i)
          }))
    }
    return courses.isEmpty
      ? [] : [picture("before", "before", \.initial), picture("after", "after", \.trained)]
  }

  var json: JSONValue {
    .object([
      "cell": .string(label), "before": .array(initial.map { .double($0) }),
      "after": .array(trained.map { .double($0) }),
    ])
  }
}
