internal import RNNSupport

/// What each part of a design does in each cycle of one frame.
struct TimelineChart {
  let design: DesignReport
  let styles: UnitStyles

  var rows: [String] { Self.rows(of: design) }

  /// Row names in order of first appearance.
  static func rows(of design: DesignReport) -> [String] {
    var names: [String] = []
    for segment in design.timeline where !names.contains(segment.row) { names.append(segment.row) }
    return names
  }

  /// Cycles in which a row has something to do, overlaps counted once.
  func busyCycles(_ row: String) -> Int {
    let segments = design.timeline.filter { $0.row == row && $0.end > $0.start }
      .sorted { ($0.start, $0.end) < ($1.start, $1.end) }
    var busy = 0
    var reached = Int.min
    for segment in segments {
      let start = max(segment.start, reached)
      if segment.end > start { busy += segment.end - start }
      reached = max(reached, segment.end)
    }
    return busy
  }

  /// The cycle in which the work on the next frame may start.
  private var nextFrame: Int { design.frameStart + design.cyclesPerFrame }

  var markup: Markup {
    let left = 168.0
    let right = 1020.0
    let top = 44.0
    let rowHeight = 28.0
    let rows = self.rows
    let bottom = top + rowHeight * Double(rows.count)
    var canvas = Canvas(
      width: 1120, height: bottom + 42, title: "Timeline of one frame in clock cycles")
    let end = max(
      design.timeline.map(\.end).max() ?? 1, design.latencyCycles, nextFrame, 1)
    let axis = Axis(.linear, over: [], including: [0, Double(end)], from: left, to: right)
    let ticks = axis.ticks(10)
    for tick in ticks {
      let x = axis.position(tick)
      canvas.line(x, top, x, bottom, stroke: Palette.grid)
      canvas.text(axis.label(tick, among: ticks), x: x, y: bottom + 16, anchor: .middle, size: 11)
    }
    canvas.text(
      "clock cycles since the first input beat of the frame", x: (left + right) / 2,
      y: bottom + 34, anchor: .middle, size: 11, fill: Palette.muted)
    canvas.text("busy", x: 1116, y: top - 8, anchor: .end, size: 11, fill: Palette.muted)
    for (index, row) in rows.enumerated() {
      let y = top + rowHeight * Double(index)
      canvas.text(row, x: 0, y: y + rowHeight / 2 + 4)
      canvas.line(0, y + rowHeight, 1120, y + rowHeight, stroke: Palette.grid)
      let colour = styles.colour(row)
      for segment in design.timeline where segment.row == row {
        let x = axis.position(Double(segment.start))
        let width = axis.position(Double(segment.end)) - x
        canvas.rectangle(
          x: x, y: y + 4, width: max(0.6, width), height: rowHeight - 8, fill: colour,
          stroke: width > 4 ? Palette.paper : "none",
          tip: "\(row): \(segment.label), cycles \(segment.start) to \(segment.end)")
        if Canvas.width(of: segment.label, size: 10.5) + 8 < width {
          canvas.text(
            segment.label, x: x + width / 2, y: y + rowHeight / 2 + 4, anchor: .middle,
            size: 10.5, fill: Palette.inkOn(colour))
        }
      }
      if design.cyclesPerFrame > 0 {
        canvas.text(
          Figures.percent(Double(busyCycles(row)) / Double(design.cyclesPerFrame), decimals: 0),
          x: 1116, y: y + rowHeight / 2 + 4, anchor: .end)
      }
    }
    let marks = [
      ("next frame may start: \(Figures.text(nextFrame))", nextFrame),
      ("last output: \(Figures.text(design.latencyCycles))", design.latencyCycles),
    ]
    // The later mark is on the upper line, so that no line crosses a text.
    for (index, mark) in marks.sorted(by: { $0.1 > $1.1 }).enumerated() {
      let x = axis.position(Double(mark.1))
      let y = 12 + 15 * Double(index)
      canvas.line(x, y - 8, x, bottom, stroke: Palette.ink, width: 1.2, dash: "5 3")
      let fits = x + 6 + Canvas.width(of: mark.0, size: 11) < right
      canvas.text(
        mark.0, x: fits ? x + 5 : x - 5, y: y + 1, anchor: fits ? .start : .end, size: 11)
    }
    return canvas.markup
  }
}
