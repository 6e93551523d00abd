internal import RNNSupport

/// What each part of a design does in each cycle while frame follows frame, one colour for each frame or stream.
struct SteadyStateChart {
  let design: DesignReport
  let state: DesignReport.SteadyState
  let rows: [String]

  /// - Returns: nil without frames that follow each other.
  init?(design: DesignReport) {
    guard let state = design.steadyState, state.starts.count > 4 else { return nil }
    self.design = design
    self.state = state
    rows = TimelineChart.rows(of: design)
  }

  /// Frames whose starts the picture shows: four, or one of each stream; an even number, because starts that two
  /// buffers limit come in pairs.
  private var shownFrames: Int { max(4, (state.streams + 1) / 2 * 2) }

  /// Index of the first frame that starts in the picture: the frames before it that are still in progress are known.
  private var firstFrame: Int {
    let longest = design.timeline.map(\.end).max() ?? 0
    let most = max(0, state.starts.count - shownFrames - 1)
    return state.starts.indices.first {
      state.starts[$0].cycle >= longest && $0 <= most
    } ?? most
  }

  /// The cycles of the picture, counted as the starts are.
  var window: Range<Int> {
    let first = firstFrame
    let last = min(first + shownFrames, state.starts.count - 1)
    return state.starts[first].cycle..<max(state.starts[last].cycle, state.starts[first].cycle + 1)
  }

  /// What a row does of one frame, in cycles of the window from 0 on, cut at its ends.
  struct Piece: Hashable {
    var frame: Int
    var stream: Int
    var label: String
    var range: Range<Int>
  }

  func pieces(_ row: String) -> [Piece] {
    let window = self.window
    var result: [Piece] = []
    for (frame, start) in state.starts.enumerated() {
      for segment in design.timeline where segment.row == row {
        let offset = start.cycle - design.frameStart - window.lowerBound
        let range = max(0, segment.start + offset)..<max(0, segment.end + offset)
        let cut = range.clamped(to: 0..<window.count)
        if !cut.isEmpty {
          result.append(
            Piece(frame: frame, stream: start.stream, label: segment.label, range: cut))
        }
      }
    }
    return result
  }

  /// The share of the window's cycles in which a row works on some frame, 0 to 1.
  func busyShare(_ row: String) -> Double {
    var isBusy = [Bool](repeating: false, count: window.count)
    for piece in pieces(row) { for cycle in piece.range { isBusy[cycle] = true } }
    return Double(isBusy.filter { $0 }.count) / Double(isBusy.count)
  }

  /// Colours tell streams apart, or with one stream neighbouring frames.
  private var colours: Int { state.streams > 1 ? state.streams : 4 }
  private func colour(_ frame: Int, _ stream: Int) -> String {
    Palette.colour(state.streams > 1 ? stream : frame % colours)
  }

  var markup: Markup {
    let (left, right, top, rowHeight) = (168.0, 1050.0, 44.0, 28.0)
    let bottom = top + rowHeight * Double(rows.count)
    let title =
      state.streams > 1 ? "\(state.streams) streams in turn" : "frames of one stream, back to back"
    var canvas = Canvas(
      width: 1120, height: bottom + 98, title: "Steady state in clock cycles: \(title)")
    let window = self.window
    let axis = Axis(.linear, over: [], including: [0, Double(window.count)], from: left, to: right)
    let ticks = axis.ticks(10)
    for tick in ticks where tick <= Double(window.count) {
      let x = axis.position(tick)
      canvas.line(x, top, x, bottom, stroke: Palette.grid)
      canvas.text(axis.label(tick, among: ticks), x: x, y: bottom + 16, anchor: .middle, size: 11)
    }
    canvas.text(
      "clock cycles; \(title)", x: (left + right) / 2, y: bottom + 34, anchor: .middle, size: 11,
      fill: Palette.muted)
    canvas.text("busy", x: 1116, y: top - 8, anchor: .end, size: 11, fill: Palette.muted)
    for (index, row) in rows.enumerated() {
      draw(row, y: top + rowHeight * Double(index), rowHeight, axis, on: &canvas)
    }
    for (number, start) in state.starts.enumerated()
    where window.contains(start.cycle) || start.cycle == window.upperBound {
      let x = axis.position(Double(start.cycle - window.lowerBound))
      canvas.line(x, top - 6, x, bottom, stroke: Palette.ink, width: 1.2, dash: "5 3")
      if window.contains(start.cycle) {
        let name =
          state.streams > 1 ? "stream \(start.stream)" : "frame \(number - firstFrame + 1)"
        canvas.rectangle(
          x: x + 5, y: top - 17, width: 9, height: 9, fill: colour(number, start.stream))
        canvas.text(name, x: x + 18, y: top - 8, size: 11)
      }
    }
    drawShares(y: bottom + 56, left: left, right: right, on: &canvas)
    return canvas.markup
  }

  private func draw(
    _ row: String, y: Double, _ height: Double, _ axis: Axis, on canvas: inout Canvas
  ) {
    canvas.text(row, x: 0, y: y + height / 2 + 4)
    canvas.line(0, y + height, 1120, y + height, stroke: Palette.grid)
    for piece in pieces(row) {
      let x = axis.position(Double(piece.range.lowerBound))
      let width = axis.position(Double(piece.range.upperBound)) - x
      let who =
        state.streams > 1 ? "stream \(piece.stream)" : "frame \(piece.frame - firstFrame + 1)"
      let fill = colour(piece.frame, piece.stream)
      canvas.rectangle(
        x: x, y: y + 4, width: max(0.6, width), height: height - 8, fill: fill,
        stroke: width > 4 ? Palette.paper : "none", tip: "\(row): \(who), \(piece.label)")
      if Canvas.width(of: piece.label, size: 10.5) + 8 < width {
        canvas.text(
          piece.label, x: x + width / 2, y: y + height / 2 + 4, anchor: .middle, size: 10.5,
          fill: Palette.inkOn(fill))
      }
    }
    canvas.text(
      Figures.percent(busyShare(row), decimals: 0), x: 1116, y: y + height / 2 + 4, anchor: .end)
  }

  /// One bar over all cycles of the lanes' multipliers.
  private func drawShares(y: Double, left: Double, right: Double, on canvas: inout Canvas) {
    let height = 18.0
    canvas.text("lane multipliers", x: 0, y: y + height / 2 + 4)
    var x = left
    for (name, share, fill) in [
      ("useful", state.useful, Palette.muted), ("padding", state.padding, Palette.quiet),
      ("waiting", state.waiting, Palette.grid),
    ] {
      let width = (right - left) * max(0, share)
      canvas.rectangle(x: x, y: y, width: width, height: height, fill: fill, tip: name)
      let label = "\(name) \(Figures.percent(share))"
      if Canvas.width(of: label, size: 11) + 8 < width {
        canvas.text(
          label, x: x + width / 2, y: y + height / 2 + 4, anchor: .middle, size: 11,
          fill: Palette.inkOn(fill))
      }
      x += width
    }
  }
}
