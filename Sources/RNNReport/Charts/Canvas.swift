internal import Foundation
internal import RNNSupport

/// A picture in the making: SVG elements in pixel coordinates.
struct Canvas {
  enum Anchor: String { case start, middle, end }
  let width: Double
  let height: Double
  private var elements: [Markup] = []
  /// What the picture shows, for readers who do not see it.
  let title: String

  init(width: Double, height: Double, title: String) {
    self.width = width
    self.height = height
    self.title = title
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String, stroke: String = "none",
    tip: String? = nil
  ) {
    let children: [Markup] = tip.map { [.element("title", text: $0)] } ?? []
    elements.append(
      .element(
        "rect",
        [
          "x": number(x), "y": number(y), "width": number(max(0, width)),
          "height": number(max(0, height)), "fill": fill, "stroke": stroke,
        ], children))
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, stroke: String, width: Double = 1,
    dash: String = "none"
  ) {
    elements.append(
      .element(
        "line",
        [
          "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2),
          "stroke": stroke, "stroke-width": number(width), "stroke-dasharray": dash,
        ]))
  }

  /// A line through points; a lone point is drawn as a dot.
  mutating func polyline(
    _ points: [(x: Double, y: Double)], stroke: String, width: Double = 1.8, dash: String = "none"
  ) {
    let points = points.filter { $0.x.isFinite && $0.y.isFinite }
    guard points.count > 1 else {
      if let point = points.first { circle(point.x, point.y, radius: 3, fill: stroke) }
      return
    }
    elements.append(
      .element(
        "polyline",
        [
          "points": points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " "),
          "fill": "none", "stroke": stroke, "stroke-width": number(width),
          "stroke-dasharray": dash, "stroke-linejoin": "round",
        ]))
  }

  mutating func circle(
    _ x: Double, _ y: Double, radius: Double, fill: String, stroke: String = "none"
  ) {
    elements.append(
      .element(
        "circle",
        [
          "cx": number(x), "cy": number(y), "r": number(radius), "fill": fill, "stroke": stroke,
          "stroke-width": "1.8",
        ]))
  }

  mutating func path(_ data: String, fill: String, stroke: String = "none") {
    elements.append(
      .element("path", ["d": data, "fill": fill, "stroke": stroke, "stroke-width": "1.8"]))
  }

  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, size: Double = 12,
    fill: String = Palette.ink, bold: Bool = false, rotated: Bool = false
  ) {
    var attributes: [Markup.Attribute] = [
      .init(name: "x", value: number(x)), .init(name: "y", value: number(y)),
      .init(name: "text-anchor", value: anchor.rawValue),
      .init(name: "font-size", value: number(size)), .init(name: "fill", value: fill),
    ]
    if bold { attributes.append(.init(name: "font-weight", value: "600")) }
    if rotated {
      attributes.append(.init(name: "transform", value: "rotate(-90 \(number(x)) \(number(y)))"))
    }
    elements.append(.element("text", attributes, [.text(text)]))
  }

  /// The finished picture; it scales with the page and never grows beyond its own size.
  var markup: Markup {
    .element(
      "svg",
      [
        "viewBox": "0 0 \(number(width)) \(number(height))", "role": "img",
        "aria-label": title,
        "style": "max-width:\(number(width))px;aspect-ratio:\(number(width))/\(number(height))",
      ], elements)
  }

  /// Rough width of a text in pixels.
  static func width(of text: String, size: Double = 12) -> Double {
    text.reduce(0) { sum, character in
      sum + ("iljt.,:;'|!()[] f".contains(character) ? 0.33 : character.isUppercase ? 0.68 : 0.56)
    } * size
  }
}

/// A coordinate with at most two decimals; never "nan" or "inf".
func number(_ value: Double) -> String {
  guard value.isFinite, abs(value) < 1e9 else { return "0" }
  let hundredths = (value * 100).rounded()
  if hundredths == 0 { return "0" }
  if hundredths.truncatingRemainder(dividingBy: 100) == 0 {
    return "\(Int(saturating: hundredths / 100))"
  }
  return String(
    format: hundredths.truncatingRemainder(dividingBy: 10) == 0 ? "%.1f" : "%.2f", value)
}

/// Moves labels apart: the nearest positions to the wanted ones that keep `gap` between neighbours.
///
/// - Returns: positions in the order of `wanted`, inside `range` as far as they fit.
func spread(_ wanted: [Double], gap: Double, in range: ClosedRange<Double>) -> [Double] {
  let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
  var placed = order.map { min(max(wanted[$0], range.lowerBound), range.upperBound) }
  for index in placed.indices.dropFirst() {
    placed[index] = max(placed[index], placed[index - 1] + gap)
  }
  if let last = placed.last, last > range.upperBound {
    placed[placed.count - 1] = range.upperBound
    for index in placed.indices.dropLast().reversed() {
      placed[index] = min(placed[index], placed[index + 1] - gap)
    }
  }
  var result = wanted
  for (place, index) in zip(placed, order) { result[index] = place }
  return result
}
