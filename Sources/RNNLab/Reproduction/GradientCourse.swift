internal import RNNGraph
internal import RNNLearning
internal import RNNReport
internal import RNNSupport

/// How strongly the loss depends on the state at each step, before and after a training.
struct GradientCourse: Sendable {
  var label: String
  /// |dL/dh_t| of steps 1 to T, the mean over sequences; see `gradientNorms`.
  var initial: [Double]
  var trained: [Double]

  /// Measures |dL/dh_t| of the network's recurrent layer on the first sequences of a set.
  init(
    label: String, network: Network, initial: Weights, trained: Weights, loss: any Loss,
    set: SequenceSet, sequences: Int = 32
  ) throws {
    self.label = label
    let part = set.subset(Array(0..<min(sequences, set.count)))
    let batch = SequenceBatch(sequences: part.sequences, features: part.features)
    func norms(_ weights: Weights) throws -> [Double] {
      try gradientNorms(network, weights, batch) { outputs in
        let (sum, gradient) = loss.evaluate(outputs, targets: part.targets, wantsGradient: true)
        // The gradient of the batch's mean, back to that of a sequence's loss.
        var each = gradient ?? outputs
        for i in each.values.indices { each.values[i] *= Float(sum.weight) }
        return each
      }
    }
    self.initial = try norms(initial)
    self.trained = try norms(trained)
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
          title: "Gradient through time, \(when) training", x: "step", y: "norm of dL/dh",
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
