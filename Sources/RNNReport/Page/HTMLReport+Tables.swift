internal import RNNSupport

extension HTMLReport {
  var formats: Markup? {
    guard model.networks.contains(where: { !$0.formats.isEmpty }) else { return nil }
    return section(
      "Fixed-point formats",
      [
        paragraph(
          "Signed two's complement. A format of w bits with f fraction bits spans -2^(w-1-f) to 2^(w-1-f) - 2^-f. "
            + "Used: the larger end of the range over the end of the format."),
        pair { network in
          [
            self.table(
              ["tensor", "role", "bits", "fraction", "range seen", "used", "rounding"],
              network.formats.map { format in
                let end = powerOfTwo(format.width - 1 - format.fractionBits)
                let used = max(abs(format.minimum), abs(format.maximum)) / end
                return [
                  format.name, format.role, "\(format.width)", "\(format.fractionBits)",
                  "\(Figures.text(format.minimum)) to \(Figures.text(format.maximum))",
                  Figures.percent(used, decimals: 0), format.rounding,
                ]
              }, words: [0, 1, 6])
          ]
        },
      ])
  }

  var activations: Markup? {
    guard model.networks.contains(where: { !$0.activations.isEmpty }) else { return nil }
    return section(
      "Activation tables",
      [
        paragraph(
          "The largest error of each piecewise-linear table over all of its input codes, not over samples."
        ),
        pair { network in
          [
            self.table(
              [
                "table", "segments", "input", "output", "codes", "largest error", "in last places",
              ],
              network.activations.map {
                [
                  $0.name, "\($0.segments)", $0.inputFormat, $0.outputFormat,
                  Figures.text($0.codes), Figures.text($0.maximalError),
                  Figures.text($0.maximalErrorInLastPlaces),
                ]
              }, words: [0, 2, 3])
          ]
        },
      ])
  }

  var cosim: Markup? {
    guard model.networks.contains(where: { $0.cosim != nil }) else { return nil }
    return section(
      "RTL against the integer reference",
      [
        pair { network in
          guard let cosim = network.cosim else { return [self.paragraph("Not simulated.")] }
          var rows = [
            ["sequences", Figures.text(cosim.sequences)], ["frames", Figures.text(cosim.frames)],
            ["values compared", Figures.text(cosim.valuesCompared)],
            ["value mismatches", Figures.text(cosim.valueMismatches)],
            ["cycles compared", Figures.text(cosim.cyclesCompared)],
            ["cycle mismatches", Figures.text(cosim.cycleMismatches)],
          ]
          if let same = cosim.sameClass {
            rows.append([
              "same class as the reference",
              "\(Figures.text(same)) of \(Figures.text(cosim.sequences))",
            ])
          }
          rows.append(["back-pressure", cosim.patterns.joined(separator: ", ")])
          rows.append([
            "seeds of the initial registers",
            cosim.seeds.map { "\($0)" }.joined(separator: ", "),
          ])
          if !cosim.firstMismatch.isEmpty { rows.append(["first mismatch", cosim.firstMismatch]) }
          return [self.table(["compared", "count"], rows)]
        }
      ])
  }

  var provenance: Markup? {
    guard !model.provenance.isEmpty else { return nil }
    return section(
      "Provenance",
      [
        table(
          ["group", "what", "value"], model.provenance.map { [$0.group, $0.key, $0.value] },
          words: [0, 1, 2])
      ])
  }
}

/// 2 to the power of a small integer.
private func powerOfTwo(_ exponent: Int) -> Double {
  Double(sign: .plus, exponent: exponent, significand: 1)
}
