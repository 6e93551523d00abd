internal import RNNEstimate
internal import RNNSupport

/// Energy of a frame at the peak rate on each device: dynamic by unit, then static.
struct EnergyStackChart {
  let report: EnergyReport
  let styles: UnitStyles
  /// The upper end of the axis in microjoules, shared between the charts of a page.
  let axisHigh: Double

  /// An axis end that shows every bar in full, and the bands as far as they do not dwarf the bars.
  static func axisHigh(for reports: [EnergyReport]) -> Double {
    let totals = reports.flatMap { $0.estimates.map(\.peak.totalMicrojoules) }
    let bars = totals.map(\.value).max() ?? 1
    let bands = totals.map(\.high).max() ?? 1
    return max(min(bands, bars * 1.5), bars * 1.05)
  }

  var markup: Markup {
    let left = 96.0
    let right = 420.0
    let top = 22.0
    let rowHeight = 44.0
    let bottom = top + rowHeight * Double(report.estimates.count)
    var canvas = Canvas(
      width: 560, height: bottom + 40,
      title: "Estimated energy of a frame at the peak rate, by unit, on each device")
    let axis = Axis(
      .linear, over: [], including: [0, axisHigh > 0 ? axisHigh : 1], from: left, to: right)
    let ticks = axis.ticks(5)
    for tick in ticks {
      let x = axis.position(tick)
      canvas.line(x, top, x, bottom, stroke: Palette.grid)
      canvas.text(axis.label(tick, among: ticks), x: x, y: bottom + 16, anchor: .middle, size: 11)
    }
    canvas.text(
      "µJ per frame, frames back to back", x: (left + right) / 2, y: bottom + 33, anchor: .middle,
      size: 11, fill: Palette.muted)
    canvas.text("estimate (low to high)", x: 432, y: 12, size: 11, fill: Palette.muted)
    for (row, estimate) in report.estimates.enumerated() {
      let y = top + rowHeight * Double(row)
      let total = estimate.peak.totalMicrojoules
      canvas.text(estimate.device.name, x: 0, y: y + 20)
      if !estimate.fits {
        canvas.text("does not fit", x: 0, y: y + 34, size: 10.5, fill: Palette.bad, bold: true)
      }
      var start = 0.0
      for unit in estimate.units {
        let width = unit.picojoulesPerFrame.value * 1e-6
        bar(
          from: start, width: width, label: "\(styles.number(unit.name))",
          colour: styles.colour(unit.name), name: unit.name, y: y, axis: axis, on: &canvas)
        start += width
      }
      bar(
        from: start, width: estimate.peak.staticMicrojoules.value, label: "static",
        colour: Palette.quiet, name: "static", y: y, axis: axis, on: &canvas)
      Band.whisker(total, y: y + 34, axis: axis, on: &canvas)
      canvas.text(Figures.text(total.value), x: 432, y: y + 20, bold: true)
      canvas.text(
        "\(Figures.text(total.low)) to \(Figures.text(total.high))", x: 432, y: y + 35, size: 11,
        fill: Palette.muted)
    }
    return canvas.markup
  }

  private func bar(
    from start: Double, width: Double, label: String, colour: String, name: String, y: Double,
    axis: Axis, on canvas: inout Canvas
  ) {
    let x = axis.position(start)
    let pixels = axis.position(start + width) - x
    guard pixels > 0.05 else { return }
    canvas.rectangle(
      x: x, y: y + 7, width: pixels, height: 19, fill: colour,
      stroke: pixels > 3 ? Palette.paper : "none", tip: "\(name): \(Figures.text(width)) µJ")
    if Canvas.width(of: label, size: 10.5) + 4 < pixels {
      canvas.text(
        label, x: x + pixels / 2, y: y + 20.5, anchor: .middle, size: 10.5,
        fill: Palette.inkOn(colour))
    }
  }
}

extension Band {
  /// Draws the band as a line with ends and a tick at its value; an end beyond the axis becomes an arrow.
  static func whisker(
    _ band: Band, y: Double, axis: Axis, colour: String = Palette.ink, on canvas: inout Canvas
  ) {
    let low = axis.position(band.low)
    let high = axis.position(band.high)
    canvas.line(low, y, high, y, stroke: colour, width: 1.2)
    canvas.line(low, y - 3, low, y + 3, stroke: colour, width: 1.2)
    if band.high > axis.high {
      canvas.path(
        "M\(number(high)) \(number(y - 3.5))L\(number(high + 6)) \(number(y))L\(number(high)) "
          + "\(number(y + 3.5))Z", fill: colour)
    } else {
      canvas.line(high, y - 3, high, y + 3, stroke: colour, width: 1.2)
    }
  }
}

/// Energy of a frame at the required rate on each device, on a logarithmic axis.
struct EnergyRateChart {
  let report: EnergyReport
  /// Ends of the axis in microjoules, shared between the charts of a page.
  let range: [Double]

  static let series = [
    "work of the frame", "static power", "all, clock stopped between frames",
    "all, clock running between frames",
  ]

  /// The four figures of one device, in the order of `series`; empty if it is too slow.
  private static func bands(_ estimate: EnergyEstimate) -> [Band] {
    guard let stopped = estimate.required.first(where: { $0.clocking == .stopped }),
      let running = estimate.required.first(where: { $0.clocking == .running })
    else { return [] }
    return [
      stopped.activeMicrojoules, stopped.staticMicrojoules, stopped.totalMicrojoules,
      running.totalMicrojoules,
    ]
  }

  /// The ends of all bands of all reports.
  static func range(for reports: [EnergyReport]) -> [Double] {
    reports.flatMap(\.estimates).flatMap { bands($0) }.flatMap { [$0.low, $0.high] }
  }

  var markup: Markup {
    let left = 96.0
    let right = 420.0
    let top = 22.0
    let rowHeight = 58.0
    let bottom = top + rowHeight * Double(report.estimates.count)
    let rate = Figures.text(report.requiredFramesPerSecond)
    var canvas = Canvas(
      width: 560, height: bottom + 40,
      title: "Estimated energy of a frame at \(rate) frames per second on each device")
    let axis = Axis(.logarithmic, over: range, from: left, to: right)
    let ticks = axis.ticks()
    for tick in ticks {
      let x = axis.position(tick)
      canvas.line(x, top, x, bottom, stroke: Palette.grid)
      canvas.text(axis.label(tick, among: ticks), x: x, y: bottom + 16, anchor: .middle, size: 11)
    }
    canvas.text(
      "µJ per frame at \(rate) frames/s, logarithmic", x: (left + right) / 2, y: bottom + 33,
      anchor: .middle, size: 11, fill: Palette.muted)
    canvas.text("clock running", x: 432, y: 12, size: 11, fill: Palette.muted)
    for (row, estimate) in report.estimates.enumerated() {
      let y = top + rowHeight * Double(row)
      if row > 0 { canvas.line(0, y, 560, y, stroke: Palette.grid) }
      canvas.text(estimate.device.name, x: 0, y: y + 26)
      if !estimate.fits {
        canvas.text("does not fit", x: 0, y: y + 40, size: 10.5, fill: Palette.bad, bold: true)
      }
      let bands = EnergyRateChart.bands(estimate)
      guard let all = bands.last, let point = estimate.required.first else {
        canvas.text("too slow for \(rate) frames/s", x: left + 8, y: y + 30, fill: Palette.bad)
        continue
      }
      for (index, band) in bands.enumerated() {
        let line = y + 11 + 12 * Double(index)
        let colour = EnergyRateChart.colour(index)
        Band.whisker(band, y: line, axis: axis, colour: colour, on: &canvas)
        Mark.draw(index, x: axis.position(band.value), y: line, colour: colour, on: &canvas)
      }
      canvas.text("\(Figures.text(all.value)) µJ", x: 432, y: y + 26, bold: true)
      canvas.text(
        Figures.watts(point.watts.value), x: 432, y: y + 42, size: 11, fill: Palette.muted)
    }
    return canvas.markup
  }

  static func colour(_ index: Int) -> String {
    [Palette.series[0], Palette.muted, Palette.series[2], Palette.series[5]][index % 4]
  }
}

/// Share of each resource of each device that a design needs.
struct ResourceChart {
  let report: EnergyReport

  var markup: Markup {
    let left = 96.0
    let column = 116.0
    let barWidth = 72.0
    let top = 34.0
    let rowHeight = 30.0
    let kinds = ["multiplier blocks", "block RAM", "LUT", "flip-flops"]
    let bottom = top + rowHeight * Double(report.estimates.count)
    var canvas = Canvas(
      width: 560, height: bottom + 6, title: "Share of each device's resources that is needed")
    for (index, kind) in kinds.enumerated() {
      canvas.text(kind, x: left + column * Double(index), y: 14, size: 11)
      canvas.text(
        "0 to 100 %", x: left + column * Double(index), y: 27, size: 10, fill: Palette.muted)
    }
    for (row, estimate) in report.estimates.enumerated() {
      let y = top + rowHeight * Double(row)
      canvas.line(0, y, 560, y, stroke: Palette.grid)
      canvas.text(estimate.device.name, x: 0, y: y + 19)
      for (index, fit) in estimate.fit.enumerated() {
        let x = left + column * Double(index)
        let share = fit.available > 0 ? fit.used / fit.available : 0
        let colour = fit.fits ? Palette.series[0] : Palette.bad
        canvas.rectangle(
          x: x, y: y + 8, width: barWidth, height: 14, fill: "#f0f1f2", stroke: Palette.quiet)
        canvas.rectangle(
          x: x, y: y + 8, width: barWidth * min(1, share), height: 14, fill: colour,
          tip: "\(Figures.count(fit.used)) of \(Figures.count(fit.available)) \(fit.resource)")
        canvas.text(
          share < 10
            ? Figures.percent(share, decimals: share < 0.1 ? 1 : 0)
            : "\(Figures.text(share.rounded()))×", x: x + barWidth + 4, y: y + 19,
          size: 10.5, fill: fit.fits ? Palette.ink : Palette.bad, bold: !fit.fits)
      }
    }
    return canvas.markup
  }
}
