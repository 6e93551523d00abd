internal import RNNSupport

/// How Lyapunov exponents change over a training: the first, the last, and those at each quarter between.
struct SpectrumCourseChart {
  private let chart: LineChart
  var svg: String { chart.svg }

  /// The chart of a stage's record; nil if no epoch has exponents.
  init?(record: JSONValue) {
    var points: [(epoch: Double, exponents: [Double])] = []
    for epoch in record["curve"]?.array ?? [] {
      guard let number = epoch["epoch"]?.int, let exponents = epoch["exponents"]?.array else {
        continue
      }
      points.append((Double(number), exponents.map { $0.number ?? -.infinity }))
    }
    guard let count = points.first?.exponents.count, count > 0 else { return nil }
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
