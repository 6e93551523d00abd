internal import RNNSupport

/// A table of left-aligned names and right-aligned figures for a terminal.
private struct TextTable {
  var rows: [[String]]

  /// The lines; columns two spaces apart, a rule under the first row.
  var lines: [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    var lines: [String] = []
    for (index, row) in rows.enumerated() {
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += (column == 0 ? cell + space : "  " + space + cell)
      }
      while line.last == " " { line.removeLast() }
      lines.append("  " + line)
      if index == 0 {
        let width = widths.reduce(0, +) + 2 * max(0, columns - 1)
        lines.append("  " + String(repeating: "-", count: width))
      }
    }
    return lines
  }
}

extension EnergyReport {
  /// The summary for a terminal: all devices, then one device unit by unit, then where its figures come from.
  ///
  /// - Parameter detail: the device to take apart; nil for the first one that the design fits.
  package func text(detail: String? = nil) -> String {
    var lines = [
      "energy estimate for \(design): chip only, not measured; figures are value (low to high)",
      "  \(Figures.text(counts.cyclesPerFrame)) cycles/frame, latency "
        + "\(Figures.text(counts.latencyCycles)) cycles; peak rate of \(streams)",
      "  \(Figures.text(counts.usefulMultiplicationsPerFrame)) useful multiplications/frame, "
        + "lane multipliers busy with them \(Figures.percent(multiplierOccupancy))",
      "  dense-equivalent operations/frame, not work done here: "
        + Figures.text(counts.denseEquivalentOperationsPerFrame),
    ]
    if let activity {
      lines.append(
        "  activity: counted over \(Figures.text(activity.windowFrames)) frames, "
          + "\(Figures.text(activity.windowCycles)) cycles (\(activity.stimulus)); "
          + "\(Figures.percent(activity.matchedShare)) of the toggles lie in a unit's scope")
    }
    lines.append("")
    lines += TextTable(rows: summaryRows).lines
    if let chosen = chosen(detail) {
      lines.append("")
      lines += breakdown(chosen)
    }
    lines.append("")
    lines += cautions.map { "  note: " + $0 }
    return lines.joined(separator: "\n") + "\n"
  }

  private var streams: String {
    (counts.streams == 1 ? "one stream" : "\(counts.streams) streams in turn")
      + (counts.sustainedCyclesPerFrame.map {
        $0 > Double(counts.cyclesPerFrame)
          ? ", one frame every \(Figures.text($0)) cycles through the ports" : ""
      } ?? "")
  }

  private func chosen(_ name: String?) -> EnergyEstimate? {
    if let name, let device = try? DeviceDescription.named(name) {
      return estimates.first { $0.device.name == device.name }
    }
    return estimates.first(where: \.fits) ?? estimates.first
  }

  private var summaryRows: [[String]] {
    let rate = Figures.text(requiredFramesPerSecond)
    var rows = [
      [
        "device", "fits", "clock MHz", "frames/s peak", "µJ/frame peak", "dynamic only",
        "at \(rate)/s, clock running", "at \(rate)/s, clock stopped", "power at \(rate)/s",
      ]
    ]
    for estimate in estimates {
      let running = estimate.required.first { $0.clocking == .running }
      let stopped = estimate.required.first { $0.clocking == .stopped }
      rows.append([
        estimate.device.name, estimate.fits ? "yes" : "NO",
        Figures.count(estimate.clockMegahertz), Figures.text(estimate.peak.framesPerSecond),
        Figures.text(estimate.peak.totalMicrojoules),
        Figures.text(estimate.peak.dynamicMicrojoules),
        running.map { Figures.text($0.totalMicrojoules) } ?? "too slow",
        stopped.map { Figures.text($0.totalMicrojoules) } ?? "too slow",
        running.map { Figures.watts($0.watts.value) } ?? "-",
      ])
    }
    return rows
  }

  private func breakdown(_ estimate: EnergyEstimate) -> [String] {
    var lines = [
      "\(estimate.device.name), dynamic energy by unit, nJ/frame at any rate (static comes on top)"
    ]
    let parts = EnergyPart.allCases.filter { estimate.picojoules(on: $0).value > 0 }
    var rows = [["unit"] + parts.map(\.rawValue) + ["total", "low to high"]]
    func row(_ name: String, _ values: [Double], _ total: Band) -> [String] {
      [name] + values.map { Figures.text($0 / 1e3) } + [
        Figures.text(total.value / 1e3),
        "\(Figures.text(total.low / 1e3)) to \(Figures.text(total.high / 1e3))",
      ]
    }
    for unit in estimate.units {
      rows.append(
        row(unit.name, parts.map { unit.picojoules(on: $0).value }, unit.picojoulesPerFrame))
    }
    rows.append(
      row(
        "total", parts.map { estimate.picojoules(on: $0).value },
        estimate.units.map(\.picojoulesPerFrame).total))
    lines += TextTable(rows: rows).lines
    let total = estimate.units.map(\.picojoulesPerFrame).total.value
    let saved = estimate.units.map(\.savedByEnables).total
    if saved.value > 0 {
      lines.append(
        "  block RAM is enabled only when it is read or written: enabled in every cycle it would take "
          + "\(Figures.text(saved.value / 1e3)) (\(Figures.text(saved.low / 1e3)) to "
          + "\(Figures.text(saved.high / 1e3))) nJ/frame more, "
          + "\(Figures.percent(saved.value / total)) of the total")
    }
    lines.append("")
    let clock =
      estimate.clockMegahertz == estimate.device.clockMegahertz
      ? estimate.device.clockSource : "as asked"
    lines.append("  clock \(Figures.count(estimate.clockMegahertz)) MHz: \(clock)")
    for fit in estimate.fit {
      lines.append(
        "  \(fit.resource): \(Figures.count(fit.used)) of \(Figures.count(fit.available))"
          + " (\(Figures.percent(fit.used / fit.available)))" + (fit.fits ? "" : ", does not fit"))
    }
    lines.append("")
    lines.append("  coefficients of \(estimate.device.name)")
    var sources: [String] = []
    var coefficients: [[String]] = [["name", "value", "low", "high", "source"]]
    for (key, unit, figure) in estimate.device.energy.all {
      let source = "\(figure.kind.rawValue): \(figure.source)"
      let number = sources.firstIndex(of: source) ?? sources.count
      if number == sources.count { sources.append(source) }
      coefficients.append([
        "\(key), \(unit)", Figures.text(figure.value), Figures.text(figure.low),
        Figures.text(figure.high), "[\(number + 1)]",
      ])
    }
    lines += TextTable(rows: coefficients).lines
    lines += sources.enumerated().map { "  [\($0.offset + 1)] \($0.element)" }
    lines.append("  assumed beside them")
    for (key, unit, figure) in EnergyAssumptions.all {
      lines.append("  - \(key): \(Figures.text(Band(figure))) \(unit): \(figure.source)")
    }
    return lines
  }
}
