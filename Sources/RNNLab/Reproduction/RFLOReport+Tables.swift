internal import Foundation
internal import RNNLearning
internal import RNNReport
internal import RNNSupport

extension RFLOReproduction {
  static func ruleTable(_ results: Results) -> ReproductionReport.Table {
    let rows = zip(RFLOPeriodic.Variant.all, results.rules).map { variant, runs -> [String] in
      let alignments = runs.compactMap(\.alignments.last)
      return [
        variant.label, variant.rule.credit.rawValue, variant.rule.feedback.rawValue,
        spread(runs.map(\.final)), text(loss(runs, near: 100, results)),
        text(loss(runs, near: 1000, results)),
        Figures.significant(Statistics.median(alignments)),
      ]
    }
    return .init(
      title: "Rules on the periodic output, T = \(mainPeriod)",
      columns: [
        "rule", "credit", "feedback", "final loss: median [quartiles]", "near trial 100",
        "near trial 1000", "alignment of Wout and B",
      ], rows: rows)
  }

  static func lengthTable(_ results: Results) -> ReproductionReport.Table {
    .init(
      title: "Length of the task",
      columns: ["T", "zero output", "rate", "RFLO", "rate", "BPTT", "ratio of the medians"],
      rows: zip(periods, results.lengths).map { setting, length in
        let (a, b) = (length.rflo.map(\.final), length.backpropagation.map(\.final))
        return [
          "\(length.steps)",
          Figures.significant(RFLOPeriodic(period: length.steps, trials: 1).zeroLoss),
          "\(setting.rflo)",
          spread(a), "\(setting.backpropagation)", spread(b),
          Figures.significant(Statistics.median(a) / Statistics.median(b)),
        ]
      })
  }

  private static func first(_ run: RFLOLoop.Run, _ rule: SyllableSelector.Rule) -> String {
    run.firstRight[rule].map { "\($0)" } ?? "never"
  }

  static func loopTable(_ results: Results) -> ReproductionReport.Table {
    .init(
      title: "Loop circuit",
      columns: [
        "seed", "single movements", "first right chain: R - 1/2", "R, rows normalized",
        "R (the article)", "chain of \(RFLOLoop.chained): loss", "whole sequence by RFLO: loss",
      ],
      rows: zip(results.loops, results.direct).map { run, direct in
        [
          "\(run.seed)", text(run.single), first(run, .centred), first(run, .normalized),
          first(run, .literal), text(run.chainedLoss), text(direct),
        ]
      })
  }

  static func carriedTable(_ results: Results) -> ReproductionReport.Table {
    .init(
      title: "Loop circuit whose state is carried from movement to movement",
      columns: [
        "seed", "single movements (\(results.carriedTrials) trials)",
        "first right chain: R - 1/2", "movements of the chain",
        "chain of \(RFLOLoop.chained): loss",
      ],
      rows: results.carried.map { run in
        [
          "\(run.seed)", text(run.single), first(run, .centred), letters(run.sequence),
          text(run.chainedLoss),
        ]
      })
  }

  static func sequenceTable(_ results: Results) -> ReproductionReport.Table {
    .init(
      title: "Movements of the circuit in each arithmetic",
      columns: [
        "seed", "float", "12-bit integers", "Verilog", "greatest output error", "RMS output error",
      ],
      rows: results.hardware.map {
        [
          "\($0.seed)", letters($0.float), letters($0.integers), letters($0.verilog),
          Figures.significant($0.greatestError), Figures.significant($0.rmsError),
        ]
      })
  }

  /// Right, up, left, down as letters.
  static func letters(_ sequence: [Int]) -> String {
    let names: [Character] = ["R", "U", "L", "D"]
    return String(sequence.map { names[$0] })
  }

  // MARK: Pictures

  /// Medians over the seeds at every place.
  private static func median(_ runs: [RFLOPeriodic.Run], trials: Int) -> [(x: Double, y: Double)] {
    RFLOPeriodic.places(trials).enumerated().map { k, place in
      (Double(place), Statistics.median(runs.map { $0.losses[k] }))
    }
  }
  /// The median over the seeds at the last place up to a trial.
  private static func loss(_ runs: [RFLOPeriodic.Run], near trial: Int, _ results: Results)
    -> Double
  {
    let k = RFLOPeriodic.places(results.trials).lastIndex { $0 <= trial } ?? 0
    return Statistics.median(runs.map { $0.losses[k] })
  }

  static func rulePicture(_ results: Results) -> ReproductionReport.Picture {
    let series = zip(RFLOPeriodic.Variant.all, results.rules).enumerated().map { i, pair in
      LineChart.Series(pair.0.label, median(pair.1, trials: results.trials), group: i)
    }
    return .init(
      name: "rules",
      caption: "Loss over the trials for every rule, T = \(mainPeriod); medians over the seeds.",
      chart: LineChart(
        title: "Periodic output, T = \(mainPeriod)", x: "trial", y: "loss", isLogarithmicX: true,
        isLogarithmicY: true, series: series))
  }

  static func alignmentPicture(_ results: Results) -> ReproductionReport.Picture {
    let chosen = [1, 3, 4, 0]
    let series = chosen.map { i -> LineChart.Series in
      let runs = results.rules[i]
      let points = RFLOPeriodic.places(results.trials).enumerated().map { k, place in
        (x: Double(place), y: Statistics.median(runs.map { $0.alignments[k] }))
      }
      return LineChart.Series(RFLOPeriodic.Variant.all[i].label, points, group: i)
    }
    return .init(
      name: "alignment",
      caption:
        "The cosine of Wout and the random feedback B over the trials; medians over the seeds.",
      chart: LineChart(
        title: "Alignment of the readout with the feedback", x: "trial", y: "cosine",
        isLogarithmicX: true, series: series))
  }

  static func lengthPicture(_ results: Results) -> ReproductionReport.Picture {
    var series: [LineChart.Series] = []
    for (i, length) in results.lengths.enumerated() {
      series.append(
        .init("RFLO, T = \(length.steps)", median(length.rflo, trials: results.trials), group: i))
      series.append(
        .init(
          "BPTT, T = \(length.steps)", median(length.backpropagation, trials: results.trials),
          group: i + results.lengths.count))
    }
    return .init(
      name: "lengths",
      caption:
        "Loss over the trials of RFLO and BPTT for outputs of three periods; medians over the seeds.",
      chart: LineChart(
        title: "Length of the task", x: "trial", y: "loss", isLogarithmicX: true,
        isLogarithmicY: true, series: series))
  }

  // MARK: Text and data

  static func discussion(_ results: Results) -> [String] {
    let carried = results.carried.count { $0.sequence == RFLOLoop.wanted }
    return [
      "The figures of a rule depend on the seed by factors; medians of \(results.rules[0].count) seeds say which rule is better, not "
        + "by how much. One learning rate serves all rules, so a rule that would like another is not at its best.",
      "Without resets the circuit must tell the onset of a movement from its input alone. It learns the movements in twice the "
        + "trials, never the same twice in a row, and \(carried) of \(results.carried.count) seeds make the right chain. Its losses are "
        + "in a table of their own: the state that a movement leaves behind disturbs the next one.",
      "The article does not give the velocities, the loop's learning rate, nor whether z is taken before or after the competition: here "
        + "the velocity is sin^2(pi t / T), the rate 0.1, and the row of the unit that won learns.",
    ]
  }

  private static func number(_ value: Double) -> JSONValue {
    value.isFinite ? .double(value) : .null
  }

  static func data(_ results: Results) -> JSONValue {
    func runs(_ runs: [RFLOPeriodic.Run]) -> JSONValue {
      .array(
        runs.map {
          .object([
            "seed": .int(Int($0.seed)), "final": number($0.final),
            "alignment": number($0.alignments.last ?? .nan),
          ])
        })
    }
    func loops(_ loops: [RFLOLoop.Run]) -> JSONValue {
      .array(
        loops.map { run in
          .object([
            "seed": .int(Int(run.seed)), "single": number(run.single),
            "chained": number(run.chainedLoss), "sequence": .string(letters(run.sequence)),
            "firstRight": .object(
              SyllableSelector.Rule.allCases.map {
                .init($0.rawValue, run.firstRight[$0].map { .int($0) } ?? .null)
              }),
            "rightAtLast": .object(
              SyllableSelector.Rule.allCases.map {
                .init($0.rawValue, .bool(run.isRightAtLast[$0] ?? false))
              }),
          ])
        })
    }
    return .object([
      "short": .bool(results.isShort), "trials": .int(results.trials),
      "rules": .array(
        zip(RFLOPeriodic.Variant.all, results.rules).map {
          .object(["label": .string($0.label), "rule": $0.rule.json, "runs": runs($1)])
        }),
      "lengths": .array(
        results.lengths.map {
          .object([
            "period": .int($0.steps), "rflo": runs($0.rflo),
            "backpropagation": runs($0.backpropagation),
          ])
        }),
      "loops": loops(results.loops), "carried": loops(results.carried),
      "carriedTrials": .int(results.carriedTrials),
      "direct": .array(results.direct.map(number)), "directTrials": .int(results.directTrials),
      "hardware": .array(
        results.hardware.map {
          .object([
            "seed": .int(Int($0.seed)), "float": .string(letters($0.float)),
            "integers": .string(letters($0.integers)), "verilog": .string(letters($0.verilog)),
            "greatestError": number($0.greatestError), "rmsError": number($0.rmsError),
            "figures": $0.hardware.json,
          ])
        }),
    ])
  }
}
