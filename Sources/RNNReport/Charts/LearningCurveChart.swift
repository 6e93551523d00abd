internal import Foundation
internal import RNNSupport

/// Loss and accuracy over all epochs of one network, stage after stage.
package struct LearningCurveChart {
  let curves: [LearningCurve]

  package init(curves: [LearningCurve]) { self.curves = curves }

  private struct Series {
    var label: String
    var colour: String
    var dash: String
    var value: (LearningCurve.Point) -> Double?
  }

  /// True if some epoch has an accuracy.
  private var hasAccuracy: Bool {
    curves.flatMap(\.points).contains { $0.trainAccuracy != nil || $0.validationAccuracy != nil }
  }

  var markup: Markup {
    let left = 52.0
    let right = 470.0
    let labelRows = stageRows(left: left, right: right)
    let top = 10 + 15 * Double((labelRows.map(\.row).max() ?? 0) + 1)
    let panel = 150.0
    let panels = hasAccuracy ? 2 : 1
    let bottom = top + Double(panels) * (panel + 26) - 26
    var canvas = Canvas(width: Self.width, height: bottom + 40, title: "Learning curves")
    for (curve, place) in zip(curves, labelRows) {
      canvas.text(
        curve.stage, x: place.isBefore ? place.start - 3 : place.start + 3,
        y: 12 + 15 * Double(place.row), anchor: place.isBefore ? .end : .start, size: 11)
      canvas.line(
        place.start, 3 + 15 * Double(place.row), place.start, bottom, stroke: Palette.quiet,
        dash: "2 3")
    }
    draw(
      "loss",
      [
        Series(label: "train", colour: Palette.series[0], dash: "none", value: { $0.trainLoss }),
        Series(
          label: "validation", colour: Palette.series[5], dash: "5 3",
          value: { $0.validationLoss }),
      ], percent: false, top: top, height: panel, left: left, right: right, on: &canvas)
    if hasAccuracy {
      draw(
        "accuracy, %",
        [
          Series(
            label: "train", colour: Palette.series[0], dash: "none", value: { $0.trainAccuracy }),
          Series(
            label: "validation", colour: Palette.series[5], dash: "5 3",
            value: { $0.validationAccuracy }),
        ], percent: true, top: top + panel + 26, height: panel, left: left, right: right,
        on: &canvas)
    }
    let ticks = epochAxis(left: left, right: right).ticks(8).filter { $0 == $0.rounded() }
    for tick in ticks {
      let x = epochAxis(left: left, right: right).position(tick)
      canvas.text(
        Figures.text(Int(saturating: tick)), x: x, y: bottom + 16, anchor: .middle, size: 11)
    }
    canvas.text(
      "epoch, all stages in a row", x: (left + right) / 2, y: bottom + 33, anchor: .middle,
      size: 11, fill: Palette.muted)
    return canvas.markup
  }

  /// The chart as a file of its own; an empty picture without any training.
  package var svg: String {
    let chart = curves.isEmpty ? "<svg viewBox=\"0 0 1 1\"></svg>" : markup.html
    // Inside a page the name space is known; a file of its own has to tell it.
    return chart.replacingOccurrences(
      of: "<svg ", with: "<svg xmlns=\"http://www.w3.org/2000/svg\" ") + "\n"
  }

  private var epochs: Int { curves.reduce(0) { $0 + $1.points.count } }

  private func epochAxis(left: Double, right: Double) -> Axis {
    Axis(
      .linear, over: [], including: [0, Double(max(1, epochs))], from: left, to: right)
  }

  private static let width = 560.0

  /// Where each stage starts, and the row of its name so that names do not overlap.
  ///
  /// A name that would leave the picture on the right stands before its line.
  private func stageRows(
    left: Double, right: Double
  ) -> [(start: Double, row: Int, isBefore: Bool)] {
    let axis = epochAxis(left: left, right: right)
    var ends: [Double] = []
    var before = 0
    return curves.map { curve in
      let start = axis.position(Double(before))
      before += curve.points.count
      let length = Canvas.width(of: curve.stage, size: 11) + 10
      let isBefore = start + length > Self.width
      let row = ends.firstIndex { $0 <= (isBefore ? start - length : start) } ?? ends.count
      if row == ends.count { ends.append(0) }
      ends[row] = isBefore ? start : start + length
      return (start, row, isBefore)
    }
  }

  private func draw(
    _ title: String, _ series: [Series], percent: Bool, top: Double, height: Double, left: Double,
    right: Double, on canvas: inout Canvas
  ) {
    let factor = percent ? 100.0 : 1
    let values = series.flatMap { one in
      curves.flatMap { $0.points.compactMap(one.value) }.filter(\.isFinite).map { $0 * factor }
    }
    let low = values.min() ?? 0
    let high = values.max() ?? 1
    let bottom = top + height
    let axis: Axis
    if !percent && low > 0 && high / low > 30 {
      axis = Axis(.logarithmic, over: values, from: bottom, to: top)
    } else {
      axis = Axis(
        .linear, over: values, including: percent ? [100] : [0], from: bottom, to: top,
        padding: 0.05)
    }
    canvas.line(left, bottom, right, bottom, stroke: Palette.quiet)
    let ticks = axis.ticks(5)
    for tick in ticks {
      let y = axis.position(tick)
      canvas.line(left, y, right, y, stroke: Palette.grid)
      canvas.text(
        axis.label(tick, among: ticks), x: left - 6, y: y + 4, anchor: .end, size: 11)
    }
    canvas.text(
      title, x: 12, y: (top + bottom) / 2, anchor: .middle, size: 11, fill: Palette.muted,
      rotated: true)
    let epochs = epochAxis(left: left, right: right)
    var ends: [(label: String, colour: String, y: Double)] = []
    for one in series {
      var before = 0
      var last: Double?
      for curve in curves {
        var points: [(x: Double, y: Double)] = []
        for (index, point) in curve.points.enumerated() {
          guard let value = one.value(point), value.isFinite else { continue }
          // An epoch's figures belong to its end.
          let x = epochs.position(Double(before + index + 1))
          let y = axis.position(value * factor)
          points.append((x, y))
          last = y
        }
        canvas.polyline(points, stroke: one.colour, dash: one.dash)
        before += curve.points.count
      }
      if let last { ends.append((one.label, one.colour, last)) }
    }
    let places = spread(ends.map(\.y), gap: 14, in: top...bottom)
    for (end, y) in zip(ends, places) {
      canvas.text(end.label, x: right + 8, y: y + 4, fill: end.colour, bold: true)
    }
  }
}
