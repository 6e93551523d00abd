/// Lines over a common horizontal axis, with labels at their ends.
package struct LineChart: Sendable {
  /// One line and its label.
  package struct Series: Sendable {
    package var label: String
    package var points: [(x: Double, y: Double)]
    /// Series of one group share a colour: the seeds of one cell.
    package var group: Int
    /// Dots instead of a line.
    package var isScatter: Bool
    package init(
      _ label: String, _ points: [(x: Double, y: Double)], group: Int, isScatter: Bool = false
    ) {
      self.label = label
      self.points = points
      self.group = group
      self.isScatter = isScatter
    }
  }
  package var title: String
  package var x: String
  package var y: String
  package var isLogarithmicX: Bool
  package var isLogarithmicY: Bool
  /// A label is printed once per group, at the end of its last series.
  package var series: [Series]
  package init(
    title: String, x: String, y: String, isLogarithmicX: Bool = false,
    isLogarithmicY: Bool = false, series: [Series]
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.isLogarithmicX = isLogarithmicX
    self.isLogarithmicY = isLogarithmicY
    self.series = series
  }

  var markup: Markup {
    let (left, right, top, bottom) = (64.0, 470.0, 34.0, 300.0)
    var canvas = Canvas(width: 660, height: bottom + 46, title: title)
    canvas.text(title, x: left, y: 18, size: 13, bold: true)
    let points = series.flatMap(\.points)
    let horizontal = Axis(
      isLogarithmicX ? .logarithmic : .linear, over: points.map(\.x), from: left, to: right)
    let vertical = Axis(
      isLogarithmicY ? .logarithmic : .linear, over: points.map(\.y), from: bottom, to: top,
      padding: isLogarithmicY ? 0 : 0.04)
    let rows = vertical.ticks(6)
    for tick in rows {
      let at = vertical.position(tick)
      canvas.line(left, at, right, at, stroke: Palette.grid)
      canvas.text(
        vertical.label(tick, among: rows), x: left - 6, y: at + 4, anchor: .end, size: 11)
    }
    let columns = horizontal.ticks(7)
    for tick in columns {
      canvas.text(
        horizontal.label(tick, among: columns), x: horizontal.position(tick), y: bottom + 17,
        anchor: .middle, size: 11)
    }
    canvas.line(left, bottom, right, bottom, stroke: Palette.quiet)
    canvas.text(
      x, x: (left + right) / 2, y: bottom + 36, anchor: .middle, size: 12, fill: Palette.muted)
    canvas.text(
      y, x: 14, y: (top + bottom) / 2, anchor: .middle, size: 12, fill: Palette.muted,
      rotated: true)
    var ends: [(group: Int, label: String, y: Double)] = []
    for one in series {
      let places = one.points.filter {
        $0.x.isFinite && $0.y.isFinite && (!isLogarithmicX || $0.x > 0)
          && (!isLogarithmicY || $0.y > 0)
      }.map { (x: horizontal.position($0.x), y: vertical.position($0.y)) }
      let colour = Palette.colour(one.group)
      if one.isScatter {
        for place in places { canvas.circle(place.x, place.y, radius: 3.2, fill: colour) }
      } else {
        canvas.polyline(places, stroke: colour, width: 1.6)
      }
      guard let last = places.last else { continue }
      ends.removeAll { $0.group == one.group }
      ends.append((one.group, one.label, last.y))
    }
    for (end, at) in zip(ends, spread(ends.map(\.y), gap: 15, in: top...bottom)) {
      // The words in ink: some colours are too light to read.
      canvas.line(
        right + 10, at, right + 24, at, stroke: Palette.colour(end.group), width: 3)
      canvas.text(end.label, x: right + 29, y: at + 4)
    }
    return canvas.markup
  }

  /// The chart as a file of its own, on white.
  package var svg: String {
    guard case .element(let name, var attributes, let children) = markup else { return "" }
    attributes.insert(.init(name: "xmlns", value: "http://www.w3.org/2000/svg"), at: 0)
    attributes.append(.init(name: "font-family", value: "sans-serif"))
    let paper = Markup.element(
      "rect", ["width": "100%", "height": "100%", "fill": Palette.paper])
    return Markup.element(name, attributes, [paper] + children).html + "\n"
  }
}
