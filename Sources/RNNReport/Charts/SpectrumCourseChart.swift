package import RNNLearning

/// How Lyapunov exponents change over a training: the first, the last, and those at each quarter between.
package struct SpectrumCourseChart {
  private let chart: LineChart
  package var svg: String { chart.svg }

  /// The chart of a learning curve; nil if no epoch has exponents.
  package init?(curve: [EpochRecord]) {
    let points = curve.compactMap { epoch in
      epoch.exponents.map { (epoch: Double(epoch.epoch), exponents: $0) }
    }
    guard let count = points.map(\.exponents.count).min(), count > 0 else { return nil }
    var places: [Int] = []
    for quarter in 0...4 {
      let place = quarter * (count - 1) / 4
      if places.last != place { places.append(place) }
    }
    chart = LineChart(
      title: "Lyapunov exponents over training", x: "epoch", y: "nats per step",
      series: places.enumerated().map { group, place in
        .init(
          place == 0 ? "the greatest" : "no. \(place + 1) of \(count)",
          points.map { ($0.epoch, $0.exponents[place]) }, group: group, isScatter: points.count == 1
        )
      })
  }
}
