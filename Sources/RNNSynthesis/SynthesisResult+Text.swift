internal import RNNSupport

extension SynthesisResult {
  /// The table and what was placed, for a person.
  package var text: String {
    var lines = [
      "\(design) on \(device.name): Yosys \(yosysVersion), \(family.command)",
      row("", "estimate", "Yosys", "ratio", "device", "used"),
    ]
    for entry in rows {
      lines.append(
        row(
          entry.resource, Self.number(entry.estimate), Self.number(entry.measured),
          entry.ratio.map { Figures.fixed($0, 2) } ?? "-", Self.number(entry.available),
          "\(Figures.fixed(100 * entry.measured / entry.available, 1)) %"))
    }
    for remark in remarks { lines.append("  " + remark) }
    if !modules.isEmpty {
      lines.append(
        row(
          "module", "instances", device.multiplier.name, device.blockRAM.name, "LUT", "flip-flop"))
      for module in modules {
        lines.append(
          row(
            module.name, "\(module.instances)", "\(module.usage.multipliers)",
            Self.number(module.usage.blockRAMs), "\(module.usage.luts)",
            "\(module.usage.flipFlops)"))
      }
    }
    if let placement { lines += placementLines(placement) }
    return lines.joined(separator: "\n")
  }

  private func placementLines(_ placement: Placement) -> [String] {
    let report = placement.report
    let (logic, routing) = report.delays
    let framesPerSecond = Int(saturating: report.megahertz * 1e6 / Double(cyclesPerFrame))
    return [
      "placed and routed: \(Figures.fixed(report.megahertz, 1)) MHz "
        + "(\(placement.tool) \(placement.version), \(placement.target), seed \(placement.seed), "
        + "aiming at \(Figures.fixed(placement.wantedMegahertz, 1)) MHz)",
      "  \(framesPerSecond) frames/s at that clock, \(cyclesPerFrame) cycles each",
      "  slowest path \(Figures.fixed(logic + routing, 1)) ns (\(Figures.fixed(logic, 1)) in cells, "
        + "\(Figures.fixed(routing, 1)) along wires): " + placement.units.joined(separator: " -> "),
      "  in use: "
        + report.utilisation.map { "\($0.part) \($0.used) of \($0.available)" }
        .joined(separator: ", "),
      "  behind a serializer of ten pins (\(serializer.luts) LUT, \(serializer.flipFlops) flip-flops, "
        + "not in the table): \(placement.bitstream)",
    ]
  }

  private func row(_ cells: String...) -> String {
    let widths = [26, 10, 10, 10, 10, 10]
    var line = ""
    for (k, (cell, width)) in zip(cells, widths).enumerated() {
      let space = String(repeating: " ", count: max(1, width - cell.count))
      line += k == 0 ? "  " + cell + space : space + cell
    }
    return line
  }

  static func number(_ value: Double) -> String {
    value == value.rounded() ? value.compactText : Figures.fixed(value, 1)
  }
}
