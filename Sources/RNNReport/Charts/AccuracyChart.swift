internal import Foundation
internal import RNNSupport

/// The share of correct answers after each stage, one mark for each network.
struct AccuracyChart {
  let networks: [NetworkReport]

  /// Stage names of all networks in order of first appearance.
  private var stages: [String] {
    var names: [String] = []
    for stage in networks.flatMap(\.accuracy) where !names.contains(stage.stage) {
      names.append(stage.stage)
    }
    return names
  }

  /// Wilson's interval of 95 % for a share of correct answers, both ends from 0 to 1.
  static func interval(correct: Int, total: Int) -> (low: Double, high: Double) {
    guard total > 0 else { return (0, 1) }
    let z = 1.96
    let n = Double(total)
    let p = Double(correct) / n
    let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return (max(0, centre - half), min(1, centre + half))
  }

  var markup: Markup {
    let stages = self.stages
    let column = (networks.map { Canvas.width(of: $0.name) * 1.1 + 26 } + [78]).max() ?? 78
    let left = 130.0
    let right = 640 - column * Double(networks.count) - 8
    let rowHeight = max(34, 16.0 * Double(networks.count) + 8)
    let top = 30.0
    let bottom = top + rowHeight * Double(stages.count)
    var canvas = Canvas(width: 640, height: bottom + 40, title: "Accuracy after each stage")
    let points = networks.flatMap(\.accuracy).filter { $0.total > 0 }
    let ends = points.flatMap { stage -> [Double] in
      let interval = AccuracyChart.interval(correct: stage.correct, total: stage.total)
      return [interval.low * 100, interval.high * 100]
    }
    let axis = Axis(.linear, over: ends, from: left, to: right, padding: 0.04)
    let ticks = axis.ticks(5).filter { $0 <= 100 }
    for tick in ticks {
      let x = axis.position(tick)
      canvas.line(x, top, x, bottom, stroke: Palette.grid)
      canvas.text(axis.label(tick, among: ticks), x: x, y: bottom + 16, anchor: .middle, size: 11)
    }
    canvas.text(
      "correct, % of test utterances", x: (left + right) / 2, y: bottom + 33, anchor: .middle,
      size: 11, fill: Palette.muted)
    for (row, stage) in stages.enumerated() {
      let middle = top + rowHeight * (Double(row) + 0.5)
      if row > 0 {
        let y = top + rowHeight * Double(row)
        canvas.line(0, y, 640, y, stroke: Palette.grid)
      }
      canvas.text(stage, x: 0, y: middle + 4)
    }
    for (index, network) in networks.enumerated() {
      let colour = Palette.colour(index)
      let x = right + 12 + column * (Double(index) + 0.5)
      canvas.text(network.name, x: x, y: top - 10, anchor: .middle, bold: true)
      Mark.draw(
        index, x: x - Canvas.width(of: network.name) / 2 - 12, y: top - 14, colour: colour,
        on: &canvas)
      let shift = (Double(index) - Double(networks.count - 1) / 2) * 15
      var path: [(x: Double, y: Double)] = []
      for (row, name) in stages.enumerated() {
        guard let stage = network.accuracy.first(where: { $0.stage == name }),
          let share = stage.share
        else { continue }
        let y = top + rowHeight * (Double(row) + 0.5)
        let interval = AccuracyChart.interval(correct: stage.correct, total: stage.total)
        canvas.line(
          axis.position(interval.low * 100), y + shift, axis.position(interval.high * 100),
          y + shift, stroke: colour, width: 1.2)
        path.append((axis.position(share * 100), y + shift))
        canvas.text(Figures.percent(share), x: x, y: y + 4, anchor: .middle)
      }
      for point in path { Mark.draw(index, x: point.x, y: point.y, colour: colour, on: &canvas) }
    }
    return canvas.markup
  }
}

/// Marks that differ in shape as well as in colour.
enum Mark {
  static func draw(_ index: Int, x: Double, y: Double, colour: String, on canvas: inout Canvas) {
    switch index % 4 {
    case 0: canvas.circle(x, y, radius: 5, fill: colour)
    case 1: canvas.rectangle(x: x - 4.5, y: y - 4.5, width: 9, height: 9, fill: colour)
    case 2:
      canvas.path(
        "M\(number(x)) \(number(y - 6))L\(number(x + 6)) \(number(y))L\(number(x)) "
          + "\(number(y + 6))L\(number(x - 6)) \(number(y))Z", fill: colour)
    default: canvas.circle(x, y, radius: 4.2, fill: Palette.paper, stroke: colour)
    }
  }
}
