internal import RNNEstimate
internal import RNNSupport

extension HTMLReport {
  var cycles: Markup? {
    guard model.networks.contains(where: { $0.design != nil }) else { return nil }
    var blocks: [Markup] = []
    for network in model.networks {
      blocks.append(.element("h3", text: network.name))
      guard let design = network.design else {
        blocks.append(paragraph("Not compiled."))
        continue
      }
      let chart = TimelineChart(design: design, styles: styles(network))
      let made =
        design.lanes == 0
        ? "One multiplier. "
        : "\(Figures.text(design.lanes)) lanes, \(Figures.text(design.multipliers)) multipliers. "
      if let state = design.steadyState, let steady = SteadyStateChart(design: design) {
        let colours =
          state.streams > 1
          ? "one colour for each of \(state.streams) streams"
          : "neighbouring frames in different colours"
        blocks.append(
          figure(
            steady.markup,
            caption: made
              + "Steady state, \(colours): a frame every \(Figures.text(state.cyclesPerFrame)) cycles, input always waiting, "
              + "output always taken. Busy: cycles of the picture with work on some frame. Of all cycles of the lanes' multipliers "
              + "\(Figures.percent(state.useful)) do useful products, \(Figures.percent(state.padding)) are padding "
              + "(empty lanes and the last, partly filled words of vectors), \(Figures.percent(state.waiting)) wait.",
            wide: true))
      }
      blocks.append(
        figure(
          chart.markup,
          caption: (design.steadyState == nil ? made : "")
            + "One frame alone. Busy: cycles with work over the \(Figures.text(design.cyclesPerFrame)) cycles from a frame to the "
            + "earliest start of the next. No back-pressure; the next frame's input arrives while this frame is worked on.",
          wide: true))
      blocks.append(
        table(
          ["part", "segments", "busy cycles", "busy share", "first cycle", "last cycle"],
          chart.rows.map { row in
            let segments = design.timeline.filter { $0.row == row }
            let busy = chart.busyCycles(row)
            return [
              row, "\(segments.count)", Figures.text(busy),
              Figures.percent(Double(busy) / Double(max(1, design.cyclesPerFrame))),
              Figures.text(segments.map(\.start).min() ?? 0),
              Figures.text((segments.map(\.end).max() ?? 1) - 1),
            ]
          }))
    }
    return section("Where the cycles go", blocks)
  }

  var energy: Markup? {
    let reports = model.networks.compactMap(\.energy)
    guard !reports.isEmpty else { return nil }
    let axisHigh = EnergyStackChart.axisHigh(for: reports)
    let range = EnergyRateChart.range(for: reports)
    let markEntries = EnergyRateChart.series.enumerated().map {
      (index: $0.offset, colour: EnergyRateChart.colour($0.offset), text: $0.element)
    }
    var blocks: [Markup] = [
      .element(
        "p", [:],
        [
          estimateLabel,
          .text(
            " Event counts times coefficients, for the chip alone: nothing here was measured, and none of it may be "
              + "set beside the power of a board. Thin lines are the band from low to high; bands add end to end."
          ),
        ]),
      .element("h3", text: "At the peak rate, frames back to back"),
      pair { network in
        guard let report = network.energy else { return [self.paragraph("No estimate.")] }
        let styles = self.styles(network)
        return [
          self.figure(
            EnergyStackChart(report: report, styles: styles, axisHigh: axisHigh).markup,
            caption:
              "Bars: dynamic energy by unit, then static power over one frame time. An arrow marks a band that "
              + "goes on beyond the axis."),
          self.keys(
            report.counts.units.map {
              ("\(styles.number($0.name))", styles.colour($0.name), $0.name)
            } + [("static", Palette.quiet, "static power")]),
          self.unitTable(report),
        ]
      },
      .element(
        "h3", text: "At the required \(Figures.text(reports[0].requiredFramesPerSecond)) frames/s"),
      marks(markEntries),
      pair { network in
        guard let report = network.energy else { return [self.paragraph("No estimate.")] }
        return [
          self.figure(
            EnergyRateChart(report: report, range: range).markup,
            caption:
              "Static power is paid all the time. Clock running: full clock rate between frames, memories disabled, "
              + "multipliers idle. Clock stopped: needs a gated clock around the design, which is not "
              + "part of what is emitted."),
          self.rateTable(report),
        ]
      },
    ]
    blocks.append(pair { network in network.energy.map { self.cautions($0) } ?? [] })
    if let report = reports.first { blocks.append(coefficients(report)) }
    return section("Where the energy goes", blocks)
  }

  private func unitTable(_ report: EnergyReport) -> Markup {
    table(
      ["nJ/frame"] + report.estimates.map { $0.device.name },
      report.counts.units.indices.map { index in
        [report.counts.units[index].name]
          + report.estimates.map {
            Figures.text($0.units[index].picojoulesPerFrame.value / 1e3)
          }
      } + [
        ["all dynamic"]
          + report.estimates.map { Figures.text($0.peak.dynamicMicrojoules.value * 1e3) },
        ["static"] + report.estimates.map { Figures.text($0.peak.staticMicrojoules.value * 1e3) },
        ["total"] + report.estimates.map { Figures.text($0.peak.totalMicrojoules.value * 1e3) },
        ["total, low"] + report.estimates.map { Figures.text($0.peak.totalMicrojoules.low * 1e3) },
        ["total, high"]
          + report.estimates.map { Figures.text($0.peak.totalMicrojoules.high * 1e3) },
        ["frames/s"] + report.estimates.map { Figures.text($0.peak.framesPerSecond.rounded()) },
        ["clock, MHz"] + report.estimates.map { Figures.count($0.clockMegahertz) },
        ["fits"] + report.estimates.map { $0.fits ? "yes" : "no" },
      ])
  }

  private func rateTable(_ report: EnergyReport) -> Markup {
    func row(_ name: String, _ value: (EnergyEstimate) -> String?) -> [String] {
      [name] + report.estimates.map { value($0) ?? "too slow" }
    }
    func point(_ estimate: EnergyEstimate, _ clocking: OperatingPoint.Clocking) -> OperatingPoint? {
      estimate.required.first { $0.clocking == clocking }
    }
    return table(
      ["µJ/frame"] + report.estimates.map { $0.device.name },
      [
        row("work of the frame") {
          point($0, .running).map { Figures.text($0.activeMicrojoules.value) }
        },
        row("idle cycles, clock running") {
          point($0, .running).map { Figures.text($0.idleMicrojoules.value) }
        },
        row("static") { point($0, .running).map { Figures.text($0.staticMicrojoules.value) } },
        row("total, clock running") {
          point($0, .running).map { Figures.text($0.totalMicrojoules.value) }
        },
        row("low") { point($0, .running).map { Figures.text($0.totalMicrojoules.low) } },
        row("high") { point($0, .running).map { Figures.text($0.totalMicrojoules.high) } },
        row("total, clock stopped") {
          point($0, .stopped).map { Figures.text($0.totalMicrojoules.value) }
        },
        row("power, clock running") {
          point($0, .running).map { Figures.watts($0.watts.value) }
        },
        row("power, clock stopped") {
          point($0, .stopped).map { Figures.watts($0.watts.value) }
        },
      ])
  }

  private func cautions(_ report: EnergyReport) -> [Markup] {
    let activity = report.activity.map {
      "Toggles counted over \(Figures.text($0.windowFrames)) frames and "
        + "\(Figures.text($0.windowCycles)) cycles of simulation (\($0.stimulus)); "
        + "\(Figures.percent($0.matchedShare)) of them lie in the scope of a unit."
    }
    return ([activity].compactMap { $0 } + report.cautions).map { paragraph($0) }
  }

  private func coefficients(_ report: EnergyReport) -> Markup {
    var rows: [[String]] = []
    for estimate in report.estimates {
      for (key, unit, figure) in estimate.device.energy.all {
        rows.append([
          estimate.device.name, key, Figures.text(figure.value), Figures.text(figure.low),
          Figures.text(figure.high), unit, figure.kind.rawValue, figure.source,
        ])
      }
    }
    for (key, unit, figure) in EnergyAssumptions.all {
      rows.append([
        "all", key, Figures.text(figure.value), Figures.text(figure.low),
        Figures.text(figure.high), unit, figure.kind.rawValue, figure.source,
      ])
    }
    return details(
      "Every coefficient and where it comes from",
      [
        table(
          ["device", "coefficient", "value", "low", "high", "unit", "kind", "source"], rows,
          words: [0, 1, 5, 6, 7])
      ])
  }

  var resources: Markup? {
    guard model.networks.contains(where: { $0.energy != nil }) else { return nil }
    return section(
      "Resources against the devices",
      [
        .element(
          "p", [:],
          [
            estimateLabel,
            .text(" Counted from the schedule before synthesis, not by a synthesis tool."),
          ]),
        pair { network in
          guard let report = network.energy else { return [self.paragraph("No estimate.")] }
          return [
            self.figure(
              ResourceChart(report: report).markup,
              caption: "Full bar: all that the device has. A share above 100 % does not fit."),
            self.table(
              ["device", "multipliers", "block RAM", "LUT", "flip-flops"],
              report.estimates.map { estimate in
                [estimate.device.name]
                  + estimate.fit.map {
                    "\(Figures.count($0.used)) of \(Figures.count($0.available))"
                  }
              }),
          ]
        },
      ])
  }
}
