internal import RNNSupport

/// The ADMM residuals of every matrix of one network, round by round.
struct ResidualChart {
  let residuals: [MatrixResiduals]

  var markup: Markup {
    let left = 58.0
    let right = 370.0
    let panel = max(140, 13 * Double(residuals.count))
    let gap = 30.0
    let top = 18.0
    let bottom = top + 2 * panel + gap
    var canvas = Canvas(
      width: 560, height: bottom + 40, title: "ADMM residuals of each matrix by round")
    draw(
      "distance to the structure, |W - Z| / |W|", { $0.primal }, top: top, height: panel,
      left: left, right: right, on: &canvas)
    draw(
      "step of the projection, |Z - last Z| / |Z|", { $0.dual }, top: top + panel + gap,
      height: panel, left: left, right: right, on: &canvas)
    let axis = rounds(left: left, right: right)
    for tick in axis.ticks(8) where tick == tick.rounded() {
      canvas.text(
        Figures.text(Int(saturating: tick)), x: axis.position(tick), y: bottom + 16,
        anchor: .middle, size: 11)
    }
    canvas.text(
      "round", x: (left + right) / 2, y: bottom + 33, anchor: .middle, size: 11,
      fill: Palette.muted)
    return canvas.markup
  }

  private func rounds(left: Double, right: Double) -> Axis {
    let values = residuals.flatMap { $0.rounds.map { Double($0.round) } }
    return Axis(.linear, over: values, from: left + 6, to: right - 6)
  }

  private func draw(
    _ title: String, _ value: (MatrixResiduals.Round) -> Double, top: Double, height: Double,
    left: Double, right: Double, on canvas: inout Canvas
  ) {
    let bottom = top + height
    let axis = Axis(
      .logarithmic, over: residuals.flatMap { $0.rounds.map(value) }, from: bottom, to: top)
    canvas.line(left, bottom, right, bottom, stroke: Palette.quiet)
    let ticks = axis.ticks()
    for tick in ticks {
      let y = axis.position(tick)
      canvas.line(left, y, right, y, stroke: Palette.grid)
      canvas.text(
        axis.label(tick, among: ticks), x: left - 6, y: y + 4, anchor: .end, size: 11)
    }
    canvas.text(title, x: left, y: top - 6, size: 11, fill: Palette.muted)
    let rounds = rounds(left: left, right: right)
    var ends: [(index: Int, y: Double)] = []
    for (index, matrix) in residuals.enumerated() {
      let points = matrix.rounds.filter { value($0).isFinite && value($0) > 0 }.map {
        (x: rounds.position(Double($0.round)), y: axis.position(value($0)))
      }
      canvas.polyline(points, stroke: Palette.colour(index), dash: Palette.dash(index))
      if let last = points.last { ends.append((index, last.y)) }
    }
    let places = spread(ends.map(\.y), gap: 13, in: top...bottom)
    for (end, y) in zip(ends, places) {
      canvas.line(right - 4, end.y, right + 12, y, stroke: Palette.quiet)
      canvas.line(
        right + 14, y, right + 34, y, stroke: Palette.colour(end.index), width: 1.8,
        dash: Palette.dash(end.index))
      canvas.text(residuals[end.index].matrix, x: right + 38, y: y + 4, size: 11)
    }
  }
}
