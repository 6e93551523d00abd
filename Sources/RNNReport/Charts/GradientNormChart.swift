package import RNNLearning

/// How far the loss reached back in the epochs of a training that measured it: one line per epoch, over the steps.
package struct GradientNormChart {
  /// More lines than this would hide each other; the first and the last are always there.
  private static let most = 6
  private let lines: [(epoch: Int, norms: [Double])]

  /// - Returns: nil if no epoch measured the gradients.
  package init?(curve: [EpochRecord]) {
    let all = curve.compactMap { epoch in epoch.stateGradientNorms.map { (epoch.epoch, $0) } }
    guard !all.isEmpty else { return nil }
    let count = min(all.count, Self.most)
    lines = (0..<count).map { i in
      all[count == 1 ? all.count - 1 : i * (all.count - 1) / (count - 1)]
    }
  }

  package var svg: String {
    LineChart(
      title: "Gradient by the state", x: "step", y: "norm of dL/dh", isLogarithmicY: true,
      series: lines.enumerated().map { i, line in
        LineChart.Series(
          "epoch \(line.epoch)",
          line.norms.enumerated().map { (x: Double($0.offset + 1), y: $0.element) }, group: i)
      }
    ).svg
  }
}
