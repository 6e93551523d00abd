internal import RNNLearning
internal import RNNReport
internal import RNNSupport

/// What the sweep of gains came to.
struct LyapunovReport {
  typealias Band = LyapunovReproduction.Band
  let nets: [LyapunovSweep.Net]
  let courses: [LyapunovSweep.Net]
  let random: [(item: LyapunovSweep.Item, spectrum: LyapunovSpectrum)]
  let seeds: [UInt64]
  let sweep: LyapunovSweep
  let units: Int

  private func losses(_ band: Band, _ nets: [LyapunovSweep.Net]) -> [Double] {
    nets.filter { Band($0.initial.greatest) == band }.map(\.loss)
  }

  var report: ReproductionReport {
    ReproductionReport(
      title: "Lyapunov spectra and learning", introduction: introduction,
      findings: [edgeFinding, meanFinding, transitionFinding, sumFinding],
      tables: [bandTable, correlationTable, randomTable, netTable],
      pictures: [scatter, course, spectra], discussion: discussion, data: data)
  }

  private var introduction: [String] {
    [
      "\(nets.count) tanh networks of \(LyapunovSweep.units) units learn the adding problem of "
        + "\(sweep.task.steps) steps: \(LyapunovSweep.gains.count) gains g of the recurrent weights, "
        + "which start Gaussian with deviation g / sqrt(N) beside input weights uniform in [-1, 1), "
        + "times \(seeds.count) seeds. "
        + "\(sweep.updates) updates of Adam (rate \(LyapunovSweep.learningRate), batches of "
        + "\(LyapunovSweep.batchSize) fresh sequences, gradients clipped to norm 1), in single "
        + "precision; validation on \(sweep.validation.count) others, where always answering 1 costs "
        + "\(Figures.fixed(AddingTask.baseline, 3)).",
      "Spectra before and after training are those of 2 segments of \(sweep.steps) steps of the task's "
        + "sequences joined, after 100 steps of warm-up, in double precision: all \(LyapunovSweep.units) "
        + "exponents, in nats per step, QR at every step.",
    ]
  }

  // MARK: - Findings

  private func medians(_ nets: [LyapunovSweep.Net]) -> (edge: Double, dead: Double, chaotic: Double)
  {
    func median(_ band: Band) -> Double { Statistics.median(losses(band, nets)) }
    return (median(.edge), median(.dead), median(.chaotic))
  }

  private var edgeFinding: Finding {
    func text(_ nets: [LyapunovSweep.Net]) -> String {
      let m = medians(nets)
      return
        "\(Figures.fixed(m.edge, 3)) against \(Figures.fixed(m.dead, 3)) and \(Figures.fixed(m.chaotic, 3))"
    }
    let all = medians(nets)
    return Finding(
      claim: "Networks whose greatest exponent before training is just below 0 learn best.",
      band: "median validation loss in -0.25...0.01 below half of both medians outside "
        + "(below -0.45, above 0.01)",
      measured: text(nets), holds: all.edge < all.dead / 2 && all.edge < all.chaotic / 2,
      remark:
        "The band was drawn for two seeds; the \(firstTwo.count) networks of seeds 1 and 2 have "
        + "\(text(firstTwo)).")
  }

  private var meanFinding: Finding {
    let trained = correlation { $0.trained.mean ?? .nan }
    let initial = correlation { $0.initial.mean ?? .nan }
    return Finding(
      claim: "The mean exponent of the trained network goes with its loss.",
      band: "|Spearman| above 0.5",
      measured:
        "\(Figures.fixed(trained, 3)) trained, \(Figures.fixed(initial, 3)) before training",
      holds: abs(trained) > 0.5,
      remark: "The sign is opposite to that of the 110 LSTM-512 language models that the authors "
        + "released (+0.48 at epoch 15): there a more negative mean is better.")
  }

  private var transitionFinding: Finding {
    func greatest(_ gain: Double) -> Double {
      Statistics.mean(random.filter { $0.item.gain == gain }.map(\.spectrum.greatest))
    }
    let (low, high) = (greatest(0.95), greatest(1.5))
    return Finding(
      claim: "A random tanh network becomes chaotic as its gain grows past 1.",
      band: "greatest exponent below 0 at g = 0.95 and above 0 at g = 1.5",
      measured: "\(Figures.fixed(low, 3)) and \(Figures.fixed(high, 3))",
      holds: low < 0 && high > 0,
      remark: "With \(units) units the change of sign lies above 1, where the limit of many units "
        + "has it.")
  }

  private var sumFinding: Finding {
    let error =
      nets.flatMap { $0.spectra.map(\.spectrum) }.map {
        abs(($0.sum ?? .nan) - ($0.logDeterminant ?? .nan)) / abs($0.sum ?? .nan)
      }.max() ?? .nan
    return Finding(
      claim: "The exponents sum to the mean of log |det J|.",
      band: "relative difference below 1e-9 in every network",
      measured: "at most \(Figures.significant(error))",
      holds: error < 1e-9)
  }

  private func correlation(
    of nets: [LyapunovSweep.Net]? = nil, _ value: (LyapunovSweep.Net) -> Double
  ) -> Double {
    let nets = nets ?? self.nets
    return spearman(nets.map(value), nets.map(\.loss))
  }

  // MARK: - Tables

  /// The networks of the first two seeds, as in the runs that the pass bands come from.
  private var firstTwo: [LyapunovSweep.Net] { nets.filter { seeds.prefix(2).contains($0.seed) } }

  private var bandTable: ReproductionReport.Table {
    func row(_ band: Band, _ nets: [LyapunovSweep.Net]) -> [String] {
      let own = losses(band, nets)
      guard let least = own.min(), let most = own.max() else { return ["0", "-", "-"] }
      return [
        "\(own.count)", Figures.fixed(Statistics.median(own), 3),
        "\(Figures.fixed(least, 3)) to \(Figures.fixed(most, 3))",
      ]
    }
    return .init(
      title: "Loss by the greatest exponent before training",
      columns: [
        "greatest exponent", "networks", "median loss", "range", "of seeds 1 and 2", "median loss",
        "range",
      ],
      rows: Band.allCases.map { [$0.label] + row($0, nets) + row($0, firstTwo) })
  }

  private var correlationTable: ReproductionReport.Table {
    let figures: [(String, (LyapunovSweep.Net) -> Double)] = [
      ("greatest, before", { $0.initial.greatest }),
      ("distance of the greatest from 0, before", { abs($0.initial.greatest) }),
      ("mean, before", { $0.initial.mean ?? .nan }),
      ("least, before", { $0.initial.values[$0.initial.values.count - 1] }),
      ("greatest, trained", { $0.trained.greatest }),
      ("distance of the greatest from 0, trained", { abs($0.trained.greatest) }),
      ("mean, trained", { $0.trained.mean ?? .nan }),
      ("least, trained", { $0.trained.values[$0.trained.values.count - 1] }),
    ]
    return .init(
      title: "Spearman's correlation with the validation loss",
      columns: ["figure", "all \(nets.count)", "seeds 1 and 2 (\(firstTwo.count))"],
      rows: figures.map { label, value in
        [
          label, Figures.fixed(correlation(value), 3),
          Figures.fixed(correlation(of: firstTwo, value), 3),
        ]
      })
  }

  private var randomTable: ReproductionReport.Table {
    let gains = random.map(\.item.gain).reduce(into: [Double]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return .init(
      title: "Random tanh networks of \(units) units that nothing drives",
      columns: [
        "gain", "greatest exponent, mean over seeds", "seeds", "mean exponent", "dimension",
      ],
      rows: gains.map { gain in
        let own = random.filter { $0.item.gain == gain }.map(\.spectrum)
        return [
          "\(gain)", Figures.fixed(Statistics.mean(own.map(\.greatest)), 3),
          own.map { Figures.fixed($0.greatest, 3) }.joined(separator: ", "),
          Figures.fixed(Statistics.mean(own.map { $0.mean ?? .nan }), 3),
          Figures.fixed(Statistics.mean(own.map { $0.kaplanYorkeDimension ?? .nan }), 1),
        ]
      })
  }

  private var netTable: ReproductionReport.Table {
    .init(
      title: "Every network",
      columns: [
        "gain", "seed", "greatest before", "band", "mean before", "greatest trained",
        "mean trained",
        "validation loss",
      ],
      rows: nets.map { net in
        [
          "\(net.gain)", "\(net.seed)", Figures.fixed(net.initial.greatest, 3),
          "+- \(Figures.fixed(net.initial.exponents[0].band, 3))",
          Figures.fixed(net.initial.mean ?? .nan, 3),
          Figures.fixed(net.trained.greatest, 3), Figures.fixed(net.trained.mean ?? .nan, 3),
          Figures.fixed(net.loss, 3),
        ]
      })
  }

  // MARK: - Pictures

  private var scatter: ReproductionReport.Picture {
    .init(
      name: "loss",
      caption:
        "Validation loss after training over the greatest exponent before it, one dot per network.",
      chart: LineChart(
        title: "Loss after training over the greatest exponent before",
        x: "greatest Lyapunov exponent before training (nats per step)", y: "validation loss",
        series: Band.allCases.map { band in
          .init(
            band.label,
            nets.filter { Band($0.initial.greatest) == band }.map {
              ($0.initial.greatest, $0.loss)
            }, group: band.rawValue, isScatter: true)
        }))
  }

  private var course: ReproductionReport.Picture {
    let shown = [0, 3, 15]
    return .init(
      name: "training",
      caption: "Exponents 1, 4 and 16 over training, of one network for each of three gains.",
      chart: LineChart(
        title: "Exponents 1, 4 and 16 over training", x: "updates", y: "nats per step",
        series: courses.enumerated().flatMap { group, net in
          shown.map { i in
            LineChart.Series(
              "g = \(net.gain)",
              net.spectra.map { (x: Double($0.update), y: $0.spectrum.values[i]) }, group: group)
          }.reversed()
        }))
  }

  private var spectra: ReproductionReport.Picture {
    .init(
      name: "random", caption: "Spectra of random networks of \(units) units, by their gain.",
      chart: LineChart(
        title: "Spectra of random networks", x: "place in descending order", y: "nats per step",
        series: random.filter { $0.item.seed == seeds[0] }.enumerated().map { group, one in
          .init(
            "g = \(one.item.gain)",
            one.spectrum.values.enumerated().map { (Double($0.offset + 1), $0.element) },
            group: group)
        }))
  }

  private var discussion: [String] {
    [
      "The greatest exponent alone does not order the networks: losses are high on both sides of the "
        + "band, so neither its rank nor the rank of its distance from 0 says much. The mean and the "
        + "least exponent do: networks whose spectrum reaches far down learn worse here.",
      "A network that starts far below the band forgets the first number before the second comes; one "
        + "that starts above it amplifies what it should ignore, and its gradients with it. In this "
        + "small sweep the spectrum follows from the gain: what is shown is that it says where to start, "
        + "not that nothing else would.",
    ]
  }

  private var data: JSONValue {
    func net(_ net: LyapunovSweep.Net) -> JSONValue {
      .object([
        "gain": .double(net.gain), "seed": .int(Int(net.seed)),
        "validationLoss": .double(net.loss),
        "spectra": .array(
          net.spectra.map {
            .object(["update": .int($0.update), "spectrum": $0.spectrum.json])
          }),
      ])
    }
    return .object([
      "seeds": .array(seeds.map { .int(Int($0)) }), "networks": .array(nets.map(net)),
      "overTraining": .array(courses.map(net)),
      "random": .array(
        random.map {
          .object([
            "gain": .double($0.item.gain), "seed": .int(Int($0.item.seed)),
            "spectrum": $0.spectrum.json,
          ])
        }),
    ])
  }
}
