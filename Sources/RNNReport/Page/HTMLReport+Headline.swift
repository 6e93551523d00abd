internal import RNNEstimate
internal import RNNSupport

extension HTMLReport {
  /// One card a network with the figures that matter most.
  var headline: Markup? {
    guard !model.networks.isEmpty else { return nil }
    return .element(
      "div", ["class": "pair"],
      model.networks.map { network in
        .element(
          "div", ["class": "card"],
          [
            .element("h3", text: network.name), paragraph(network.description),
            .element("div", ["class": "facts"], facts(network)),
          ])
      })
  }

  private func fact(_ name: String, _ value: String, _ notes: [Markup], style: String = "")
    -> Markup
  {
    .element(
      "div", ["class": "fact"],
      [
        .element("span", ["class": "name"], text: name),
        .element("b", ["class": style], text: value),
      ] + notes.map { .element("span", [:], [$0]) })
  }

  private func facts(_ network: NetworkReport) -> [Markup] {
    var facts: [Markup] = []
    // The last stage that saw the whole test set: a simulation may have seen a part of it.
    let most = network.accuracy.map(\.total).max()
    if let last = network.accuracy.last(where: { $0.total == most }), let share = last.share {
      var notes: [Markup] = [.text("\(last.stage): \(last.correct) of \(last.total)")]
      if let first = network.accuracy.first, first.stage != last.stage, let before = first.share {
        notes.append(.text("\(first.stage): \(Figures.percent(before))"))
      }
      if last.stage != "RTL", let cosim = network.cosim, let same = cosim.sameClass {
        notes.append(.text("RTL: same class on \(same) of \(cosim.sequences) simulated"))
      }
      facts.append(fact("accuracy", Figures.percent(share), notes))
    }
    if let cosim = network.cosim {
      let mismatches = cosim.valueMismatches + cosim.cycleMismatches
      facts.append(
        fact(
          "mismatches in RTL", Figures.text(mismatches),
          [
            .text(
              "\(Figures.text(cosim.valuesCompared)) values and "
                + "\(Figures.text(cosim.cyclesCompared)) cycles compared")
          ], style: mismatches == 0 ? "good" : "bad"))
    }
    if let design = network.design {
      let assumed =
        "\(Figures.count(design.clockMegahertz)) MHz assumed"
        + (design.device.map { " on \($0)" } ?? "")
      facts.append(
        fact(
          "latency", "\(Figures.text(Double(design.latencyCycles) / design.clockMegahertz)) µs",
          [
            .text("\(Figures.text(design.latencyCycles)) cycles, first input to last output"),
            .text(assumed),
          ]))
      let cycles = design.steadyState?.cyclesPerFrame ?? Double(max(1, design.cyclesPerFrame))
      let streams = design.steadyState?.streams ?? 1
      facts.append(
        fact(
          streams == 1 ? "rate, one stream" : "rate, \(streams) streams together",
          "\(Figures.text((design.clockMegahertz * 1e6 / cycles).rounded()))/s",
          [.text("frames back to back"), .text("\(Figures.text(cycles)) cycles a frame")]))
    }
    if let estimate = headlineEstimate(network) {
      let peak = estimate.peak.totalMicrojoules
      facts.append(
        fact(
          "energy per frame", "\(Figures.text(peak.value)) µJ",
          [
            estimateLabel,
            .text(
              "\(Figures.text(peak.low)) to \(Figures.text(peak.high)), peak rate, chip only, "
                + "\(estimate.device.name) at \(Figures.count(estimate.clockMegahertz)) MHz"),
          ]))
      if let running = estimate.required.first(where: { $0.clocking == .running }) {
        facts.append(
          fact(
            "power at \(Figures.text(running.framesPerSecond)) frames/s",
            Figures.watts(running.watts.value),
            [
              estimateLabel,
              .text(
                "\(Figures.watts(running.watts.low)) to \(Figures.watts(running.watts.high)), "
                  + "clock running, \(estimate.device.name)"),
            ]))
      }
    }
    return facts
  }

  /// Power at the required rate with the clock running; no limit where the device is too slow.
  private func power(_ estimate: EnergyEstimate) -> Double {
    estimate.required.first { $0.clocking == .running }?.watts.value ?? .infinity
  }

  /// The estimate for the device that the design was compiled for, else for the most frugal that it fits.
  func headlineEstimate(_ network: NetworkReport) -> EnergyEstimate? {
    let estimates = network.energy?.estimates ?? []
    return estimates.first { $0.device.name == network.design?.device }
      ?? estimates.filter(\.fits).min { power($0) < power($1) }
  }

  var accuracy: Markup? {
    guard model.networks.contains(where: { !$0.accuracy.isEmpty }) else { return nil }
    var rows: [[String]] = []
    for network in model.networks {
      for stage in network.accuracy {
        let interval = AccuracyChart.interval(correct: stage.correct, total: stage.total)
        let bits = zip2(stage.weights, stage.bitsPerWeight).map {
          "\(Figures.text(Double($0 * $1) / 8192)) KiB"
        }
        rows.append([
          network.name, stage.stage, stage.share.map { Figures.percent($0) } ?? "-",
          "\(stage.correct) of \(stage.total)",
          "\(Figures.percent(interval.low)) to \(Figures.percent(interval.high))",
          stage.weights.map { Figures.text($0) } ?? "-", stage.bitsPerWeight.map { "\($0)" } ?? "-",
          bits ?? "-", stage.note,
        ])
      }
    }
    return section(
      "Accuracy after each stage",
      [
        figure(
          AccuracyChart(networks: model.networks).markup,
          caption:
            "Correct answers on the test set. Lines span Wilson's 95 % interval for that many utterances. All stages "
            + "answer the same utterances, so differences between stages are better known than the "
            + "lines suggest. The axis need not start at zero."),
        table(
          [
            "network", "stage", "accuracy", "correct", "95 % interval", "weights", "bits each",
            "size", "note",
          ], rows, words: [0, 1, 8]),
      ])
  }

  private func zip2(_ a: Int?, _ b: Int?) -> (Int, Int)? {
    guard let a, let b else { return nil }
    return (a, b)
  }

  var learning: Markup? {
    guard model.networks.contains(where: { !$0.curves.isEmpty }) else { return nil }
    return section(
      "Learning curves",
      [
        pair { network in
          guard !network.curves.isEmpty else { return [self.paragraph("No training was run.")] }
          return [
            self.figure(
              LearningCurveChart(curves: network.curves).markup,
              caption: "Loss and accuracy at the end of each epoch. Vertical lines begin a stage."),
            self.table(
              [
                "stage", "epochs", "loss, first", "loss, last", "validation", "accuracy",
                "validation",
              ],
              network.curves.map { curve in
                let last = curve.points.last
                return [
                  curve.stage, "\(curve.points.count)",
                  curve.points.first.map { Figures.text($0.trainLoss) } ?? "-",
                  last.map { Figures.text($0.trainLoss) } ?? "-",
                  last?.validationLoss.map { Figures.text($0) } ?? "-",
                  last?.trainAccuracy.map { Figures.percent($0) } ?? "-",
                  last?.validationAccuracy.map { Figures.percent($0) } ?? "-",
                ]
              }),
          ]
        }
      ])
  }

  var residuals: Markup? {
    guard model.networks.contains(where: { !$0.residuals.isEmpty }) else { return nil }
    return section(
      "ADMM residuals",
      [
        pair { network in
          guard !network.residuals.isEmpty else { return [self.paragraph("ADMM was not run.")] }
          return [
            self.figure(
              ResidualChart(residuals: network.residuals).markup,
              caption:
                "W: trained weights, Z: their projection onto matrices of the structure. Both curves fall as the "
                + "penalty pulls W into the structure; the last projection then costs little."),
            self.table(
              [
                "matrix", "structure", "rounds", "primal, first", "primal, last", "dual, last",
                "rho",
              ],
              network.residuals.map { matrix in
                let last = matrix.rounds.last
                return [
                  matrix.matrix, matrix.structure, "\(matrix.rounds.count)",
                  matrix.rounds.first.map { Figures.text($0.primal) } ?? "-",
                  last.map { Figures.text($0.primal) } ?? "-",
                  last.map { Figures.text($0.dual) } ?? "-",
                  last.map { Figures.text($0.rho) } ?? "-",
                ]
              }),
          ]
        }
      ])
  }
}
