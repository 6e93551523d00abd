internal import RNNLearning
internal import RNNSupport

/// The tables, pictures and findings of the momentum experiment.
struct MomentumReport: Sendable {
  let scale: MomentumReproduction.Scale
  let permuted: MomentumReproduction.Outcome
  let raster: MomentumReproduction.Outcome
  /// RNN and GRU on rows.
  let others: MomentumReproduction.Outcome
  /// Nil without the data.
  let mnist: MomentumReproduction.Outcome?
  let gradients: [GradientCourse]
  let hardware: [HardwareFigures]

  private static let permutedThreshold = 1.5
  private static let rasterThreshold = 0.5

  var report: ReproductionReport {
    var tables = [
      permuted.comparison.table(
        permuted.runs, title: "Permuted pixels", threshold: Self.permutedThreshold),
      raster.comparison.table(
        raster.runs, title: "Pixels row by row", threshold: Self.rasterThreshold),
      others.comparison.table(
        others.runs, title: "RNN and GRU, whole rows", threshold: Self.rasterThreshold),
    ]
    var data = [permuted, raster, others].flatMap { $0.comparison.json($0.runs) }
    if let mnist {
      tables.append(
        mnist.comparison.table(
          mnist.runs, title: "Rows of MNIST", threshold: Self.rasterThreshold))
      data += mnist.comparison.json(mnist.runs)
    }
    tables.append(HardwareFigures.table(hardware))
    return ReproductionReport(
      title: "MomentumRNN: momentum on the input of recurrent cells",
      introduction: introduction,
      findings: findings + HardwareFigures.findings(hardware), tables: tables,
      pictures: [
        permuted.comparison.curves(
          permuted.runs, name: "permuted", title: "Permuted pixels",
          caption:
            "Training loss on digits whose pixels come in one random order, mean over the seeds."),
        raster.comparison.curves(
          raster.runs, name: "raster", title: "Pixels row by row",
          caption: "Training loss on digits whose pixels come row by row, mean over the seeds."),
      ] + GradientCourse.pictures(gradients),
      discussion: discussion,
      data: .object([
        "runs": .array(data),
        "gradients": .array(gradients.map(\.json)),
        "hardware": .array(hardware.map(\.json)),
      ]))
  }

  private var introduction: [String] {
    [
      "Nguyen, Baraniuk, Bertozzi, Osher, Wang, *MomentumRNN: integrating momentum into recurrent neural "
        + "networks*, NeurIPS 2020. The gates see the input through the dynamics of an optimizer: momentum "
        + "(mu, step), Adam (mu, step, beta), RMSProp (step, beta), or Nesterov momentum with a restart every "
        + "F steps (SR). The first row of each table is the LSTM itself: momentum 0, step 1, the same initial "
        + "values.",
      "Data: \(scale.training) training and \(scale.test) test images of digits, 12 x 12 pixels, of a 5 x 7 font "
        + "turned, sheared, stretched, moved and disturbed at random (seed 12345). Read pixel by pixel that is "
        + "144 steps of one number, in one random order or row by row. \(scale.units) units, "
        + "\(scale.epochs) epochs, RMSprop with rate 0.001 and decay 0.9, gradient norm at most 1, batches of 32, "
        + "\(seedText(permuted.comparison.seeds.count)). The paper reads the 784 pixels of MNIST with 128 and 256 units "
        + "for 150 epochs; here the same comparison is made in minutes.",
      "How much the images are disturbed was chosen by the LSTM alone, so that it learns about half of the permuted ones, "
        + "as in the run that the pass bands come from: of three amounts the smallest. With twice the disturbance, seen first, "
        + "the order of the cells was the same, but they learnt less in 20 epochs: LSTM 25 to 28 % of the training images, "
        + "momentum (.6, 1) 54 %, Adam 67 to 75 %, RMSProp 73 to 77 %, so that Adam missed its band.",
    ]
  }

  private var findings: [Finding] {
    typealias Runs = [CellComparison.Run]
    func epochs(_ runs: Runs, _ threshold: Double) -> Double? {
      runs.medianEpoch(below: threshold)
    }
    func faster(
      _ outcome: MomentumReproduction.Outcome, _ threshold: Double, _ share: Double, _ what: String
    ) -> Finding {
      let lstm = epochs(outcome[.lstm], threshold)
      let momentum = epochs(outcome[.momentum], threshold)
      let limit = share * (lstm ?? Double(scale.epochs))
      return Finding(
        claim: "Momentum makes training faster on \(what) (the published training curves).",
        band:
          "median epochs to training loss < \(threshold): momentum at most \(Int(100 * share)) % of the LSTM's",
        measured: "momentum \(epochText(momentum)), LSTM \(epochText(lstm))",
        holds: momentum.map { $0 <= limit } ?? false)
    }
    func percent(_ runs: Runs) -> String { Figures.fixed(100 * runs.meanAccuracy, 1) }
    let adam = permuted[.adam]
    let rmsprop = permuted[.rmsprop]
    let momentum = permuted[.momentum]
    let lstm = permuted[.lstm]
    let order = [rmsprop, adam, momentum, lstm].map(\.meanAccuracy)
    var found = [
      faster(permuted, Self.permutedThreshold, 0.6, "permuted pixels"),
      faster(raster, Self.rasterThreshold, 0.7, "pixels row by row"),
      Finding(
        claim: "Adam and RMSProp help most on permuted pixels (the published accuracies).",
        band: "at least 75 % of the test images right, both",
        measured: "Adam \(percent(adam)) %, RMSProp \(percent(rmsprop)) %",
        holds: adam.meanAccuracy >= 0.75 && rmsprop.meanAccuracy >= 0.75),
      Finding(
        claim:
          "The order on permuted pixels is RMSProp, Adam, momentum, LSTM, as published for permuted MNIST.",
        band: "test accuracies in this order",
        measured: "\(percent(rmsprop)), \(percent(adam)), \(percent(momentum)), \(percent(lstm)) %",
        holds: zip(order, order.dropFirst()).allSatisfy { $0 > $1 }),
    ]
    let momentumEpochs = epochs(momentum, Self.permutedThreshold)
    let gainEpochs = epochs(permuted[.gain], Self.permutedThreshold)
    found.append(
      Finding(
        claim:
          "The gain in speed comes from momentum, not from a larger input (what the paper's argument implies).",
        band:
          "a cell without momentum but with the same gain (step 2.5) needs at least 1.2 times the epochs",
        measured:
          "step 2.5 without momentum \(epochText(gainEpochs)), momentum \(epochText(momentumEpochs))",
        holds: momentumEpochs.map { (gainEpochs ?? .infinity) >= 1.2 * $0 } ?? false,
        remark:
          "A momentum of mu multiplies a constant input by 1 / (1 - mu). The paper does not compare with a cell whose input is multiplied alone."
      ))
    let control = gradients.first { $0.label.hasPrefix("control") }
    if let base = gradients.first, let other = gradients.first(where: { $0.label.hasPrefix("Mom") })
    {
      found.append(
        Finding(
          claim: "Momentum keeps gradients from vanishing (the argument of the paper).",
          band:
            "before training the norm of dL/dh falls less from the last step to the first than in the LSTM",
          measured:
            "first over last: momentum \(Figures.significant(other.initialRatio)), LSTM \(Figures.significant(base.initialRatio)); "
            + "after training \(Figures.significant(other.trainedRatio)) and \(Figures.significant(base.trainedRatio))",
          holds: other.initialRatio > base.initialRatio,
          remark: control.map {
            "The control without momentum but with its gain (step 2.5) has \(Figures.significant($0.initialRatio)) before training. v never "
              + "sees h, so momentum on the input changes the way from state to state only through how far it drives the gates."
          } ?? ""))
    }
    if let mnist {
      let accuracy = mnist.runs.map(\.meanAccuracy)
      found.append(
        Finding(
          claim:
            "Momentum, Adam and RMSProp are more accurate than the LSTM on MNIST (the published accuracies).",
          band: "mean test accuracy above the LSTM's, all three",
          measured: zip(mnist.comparison.variants, accuracy).map {
            "\($0.label): \(Figures.fixed(100 * $1, 1)) %"
          }.joined(separator: ", "),
          holds: accuracy[1...3].allSatisfy { $0 > accuracy[0] },
          remark:
            "Rows of 28 pixels of the first \(2 * scale.training) training images; the paper reads all 60,000 pixel by pixel."
        ))
    }
    return found
  }

  private var discussion: [String] {
    [
      "The tables hold two controls without momentum: `step 2.5` gives a constant input the gain that a momentum of .6 has, "
        + "`step .6` only shrinks it. Where the first is as fast as momentum, the effect is one of scale: a larger "
        + "input at the start of training. A comparison of momentum cells that leaves it out cannot tell the two apart.",
      "Momentum costs no weights. In hardware it costs one state and one multiplication by a constant per gate and unit; "
        + "Adam and RMSProp also cost a reciprocal square root.",
    ]
  }
}
