package import RNNLearning

/// The picture of a spectrum: exponents in descending order over their place.
package struct LyapunovChart {
  private let chart: LineChart

  /// - Parameter layers: their names, for spectra whose exponents belong to layers.
  package init(_ spectrum: LyapunovSpectrum, title: String, layers: [String]) {
    var series: [LineChart.Series] = []
    let owners = Set(spectrum.exponents.compactMap(\.layer)).sorted()
    func add(_ label: String, _ values: [Double], group: Int) {
      let points = values.enumerated().filter { $0.element.isFinite }.map {
        (x: Double($0.offset + 1), y: $0.element)
      }
      // Few exponents are dots, many are a line.
      if !points.isEmpty {
        series.append(.init(label, points, group: group, isScatter: points.count <= 40))
      }
    }
    if owners.isEmpty {
      add("exponents", spectrum.values, group: 0)
    } else {
      for layer in owners {
        let own = spectrum.exponents.filter { $0.layer == layer }.map(\.value)
        add(layers.indices.contains(layer) ? layers[layer] : "layer \(layer)", own, group: layer)
      }
    }
    let died = spectrum.values.count { $0 == -.infinity }
    let end = Double(max(2, spectrum.exponents.count - died))
    series.append(.init("0", [(1, 0), (end, 0)], group: 9))
    chart = LineChart(
      title: died == 0 ? title : "\(title) (\(died) more are minus infinity)",
      x: "place in descending order", y: "nats per step", series: series)
  }
  package var svg: String { chart.svg }
}
