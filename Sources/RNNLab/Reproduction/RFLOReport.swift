internal import Foundation
internal import RNNLearning
internal import RNNSupport

extension RFLOReproduction {
  /// Findings, tables and pictures from what was measured.
  static func report(_ results: Results) -> ReproductionReport {
    let zero = RFLOPeriodic(period: mainPeriod, trials: 1).zeroLoss
    return ReproductionReport(
      title: "RFLO: local learning with random feedback",
      introduction: [
        "Leaky rate units (tau = 10) learn by random-feedback local online learning (J. M. Murray, \"Local "
          + "online learning in recurrent networks with random feedback\", eLife 2019;8:e43299), by the gradient "
          + "(backpropagation through time, BPTT) and by what lies between. W starts Gaussian with gain 1.5, the "
          + "feedback B Gaussian with variance 1. "
          + "[Local learning](../math/local-learning.md) has the rules.",
        "**Periodic output** (figure 2 of the article): \(RFLOPeriodic(period: 1, trials: 1).units) units without input "
          + "produce a sum of three sines of period T = \(mainPeriod) steps; \(results.trials) trials, updates at the end of each, learning rate 0.03, "
          + "\(results.rules[0].count) seeds. The loss is half the squared error, \(Figures.significant(zero)) for an output of zero. "
          + "BPTT here is the gradient, which agrees with finite differences; that of the article's notebook is not.",
        "**Loop circuit** (figure 4): \(results.loop.units) units learn four movements of \(results.loop.period) steps, each from its "
          + "own tonic input, in \(results.trials) trials (rate \(results.loop.rate); the best network over 100 trials is kept). Then they are frozen, and a loop around them (winner-take-all over Ws h, "
          + "explored with probability 0.1) learns from reward which movement follows which, over \(results.loop.chains) chains of "
          + "\(RFLOLoop.chained) movements; \(results.loops.count) seeds. The state starts anew at every movement unless stated.",
      ],
      findings: ruleFindings(results) + loopFindings(results),
      tables: [ruleTable(results), lengthTable(results), loopTable(results), carriedTable(results)]
        + [HardwareFigures.table(results.hardware.map(\.hardware)), sequenceTable(results)],
      pictures: [rulePicture(results), alignmentPicture(results), lengthPicture(results)],
      discussion: discussion(results), data: data(results))
  }

  // MARK: Figures

  static func quantile(_ values: [Double], _ share: Double) -> Double {
    let sorted = values.sorted()
    guard let last = sorted.last else { return .nan }
    let place = share * Double(sorted.count - 1)
    let low = Int(saturating: place)
    let part = place - Double(low)
    // Infinite for runs that diverged: no part of it may be taken.
    guard part > 0, low + 1 < sorted.count else { return low < sorted.count ? sorted[low] : last }
    return sorted[low + 1].isFinite
      ? sorted[low] * (1 - part) + sorted[low + 1] * part : sorted[low + 1]
  }
  static func text(_ value: Double) -> String {
    value.isFinite ? Figures.significant(value) : "diverged"
  }
  /// Median and quartiles.
  static func spread(_ values: [Double]) -> String {
    "\(text(Statistics.median(values))) [\(text(quantile(values, 0.25))), \(text(quantile(values, 0.75)))]"
  }
  private static func finals(_ runs: [RFLOPeriodic.Run]) -> Double {
    Statistics.median(runs.map(\.final))
  }
  private static func alignment(_ run: RFLOPeriodic.Run) -> Double {
    run.alignments.last ?? .nan
  }

  // MARK: Findings

  private static func ruleFindings(_ results: Results) -> [Finding] {
    let losses = results.rules.map(finals)
    let (backpropagation, rflo, symmetric, exactRandom) = (
      losses[0], losses[1], losses[2], losses[3]
    )
    let (readout, recurrent) = (losses[4], losses[5])
    let ratio = rflo / backpropagation
    let alignments = results.rules[1].map(alignment)
    let last = results.lengths[results.lengths.count - 1]
    let first = results.lengths[0]
    let (shortRatio, longRatio) = (
      finals(first.rflo) / finals(first.backpropagation),
      finals(last.rflo) / finals(last.backpropagation)
    )
    return [
      Finding(
        claim: "RFLO learns the periodic output (T = \(mainPeriod)).",
        band: "median final loss below 5e-3",
        measured: text(rflo), holds: rflo < 5e-3),
      Finding(
        claim: "RFLO comes near to BPTT but not to its loss.",
        band: "RFLO's loss 2 to 20 times BPTT's", measured: "\(Figures.significant(ratio)) times",
        holds: (2...20).contains(ratio)),
      Finding(
        claim: "The gap grows with the length of the task.",
        band: "the ratio RFLO / BPTT greater at T = \(last.steps) than at T = \(first.steps)",
        measured:
          "\(Figures.significant(shortRatio)) at T = \(first.steps), \(Figures.significant(longRatio)) at T = \(last.steps)",
        holds: longRatio > shortRatio),
      Finding(
        claim: "The readout aligns with the feedback (feedback alignment).",
        band: "median cosine of Wout and B above 0.5",
        measured: Figures.significant(Statistics.median(alignments)),
        holds: Statistics.median(alignments) > 0.5),
      Finding(
        claim: "Random feedback costs nothing beside locality.",
        band: "RFLO's loss at most twice that of local learning with symmetric feedback",
        measured: "\(Figures.significant(rflo / symmetric)) times", holds: rflo <= 2 * symmetric),
      Finding(
        claim: "Locality explains the gap.",
        band: "local learning with symmetric feedback at least twice BPTT's loss",
        measured:
          "\(Figures.significant(symmetric / backpropagation)) times; exact credit with random feedback "
          + "\(Figures.significant(exactRandom / backpropagation)) times",
        holds: symmetric >= 2 * backpropagation,
        remark: exactRandom > 1.5 * backpropagation
          ? "Random feedback with exact credit is not free either: it starts slowly and some seeds stay behind."
          : ""),
      Finding(
        claim: "Learning the readout alone is much worse.", band: "more than 5 times RFLO's loss",
        measured: "\(text(readout)), \(Figures.significant(readout / rflo)) times",
        holds: readout > 5 * rflo),
      Finding(
        claim: "Learning the recurrent weights alone fails.", band: "loss above 0.2",
        measured: text(recurrent), holds: recurrent > 0.2),
    ]
  }

  private static func loopFindings(_ results: Results) -> [Finding] {
    let loops = results.loops
    func right(_ rule: SyllableSelector.Rule) -> Int {
      loops.count { $0.isRightAtLast[rule] == true }
    }
    let chained = Statistics.median(loops.map(\.chainedLoss))
    let direct = Statistics.median(results.direct)
    let mismatches = results.hardware.reduce(0) { $0 + $1.hardware.mismatches }
    let values = results.hardware.reduce(0) { $0 + $1.hardware.valuesCompared }
    let allRight = results.hardware.allSatisfy(\.isRight)
    return [
      Finding(
        claim: "The circuit learns four movements.", band: "median loss below 1e-3",
        measured: text(Statistics.median(loops.map(\.single))),
        holds: Statistics.median(loops.map(\.single)) < 1e-3),
      Finding(
        claim: "The loop learns to chain them by reward (rule centred at R = 1/2).",
        band: "the right sequence for every seed",
        measured: "\(right(.centred)) of \(loops.count) seeds",
        holds: right(.centred) == loops.count),
      Finding(
        claim: "So does the article's rule, dWs = eta R h.",
        band: "the right sequence for every seed",
        measured: "\(right(.literal)) of \(loops.count) seeds",
        holds: right(.literal) == loops.count,
        remark: right(.literal) == loops.count
          ? ""
          : "With R in {0, 1} nothing is ever unlearnt, and a unit that wins at first may win for ever; "
            + "scaling the rows to length 1 gives the right sequence for \(right(.normalized)) of \(loops.count) seeds."
      ),
      Finding(
        claim: "The chain of \(RFLOLoop.chained) movements is as good as the single movements.",
        band: "median loss below 2e-3", measured: text(chained), holds: chained < 2e-3),
      Finding(
        claim: "RFLO alone does not learn the whole sequence.",
        band: "its loss more than 50 times that of the loop",
        measured:
          "\(text(direct)), \(Figures.significant(direct / chained)) times; zero output \(Figures.significant(results.loop.zeroLoss))",
        holds: direct > 50 * chained,
        remark:
          "The least loss in \(results.directTrials) trials of \(results.loop.period * RFLOLoop.chained) steps, at the "
          + "learning rate of the circuit."),
      Finding(
        claim: "Float circuit, 12-bit integers and Verilog make the same sequence of movements.",
        band: "equal sequences, 0 mismatches",
        measured:
          "\(results.hardware.count { $0.isRight }) of \(results.hardware.count) seeds equal and right; "
          + "\(mismatches) mismatches in \(values) values", holds: allRight && mismatches == 0),
    ]
  }
}
