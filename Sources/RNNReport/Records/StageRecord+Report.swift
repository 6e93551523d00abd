internal import RNNFixedPoint
internal import RNNLearning
internal import RNNQuantize

/// What the report shows of a record.
extension StageRecord {
  /// The learning curves of a stage: `float`, `circulant` or `quantized`.
  package func curves(of stage: String) -> [LearningCurve] {
    // Without classes the metric is the loss again.
    let isClassification = figure("testAccuracy") != nil
    return [
      (curve, stage == "circulant" ? "ADMM" : stage), (fineTuningCurve, "\(stage) fine-tuning"),
    ].compactMap { epochs, name in
      if epochs.isEmpty { return nil }
      let points = epochs.map { epoch in
        LearningCurve.Point(
          epoch: epoch.epoch, trainLoss: epoch.loss, validationLoss: epoch.validationLoss,
          trainAccuracy: isClassification ? epoch.metric : nil,
          validationAccuracy: isClassification ? epoch.validationMetric : nil)
      }
      return LearningCurve(stage: name, points: points)
    }
  }

  /// The residuals of every matrix that was compressed by ADMM.
  package var matrixResiduals: [MatrixResiduals] {
    guard case .compress(_, let structure, let rounds) = content else { return [] }
    var result: [MatrixResiduals] = []
    for round in rounds {
      for residual in round.residuals {
        let one = MatrixResiduals.Round(
          round: round.round, primal: residual.primal, dual: residual.dual, rho: round.penalty)
        if let i = result.firstIndex(where: { $0.matrix == residual.path }) {
          result[i].rounds.append(one)
        } else {
          result.append(
            MatrixResiduals(matrix: residual.path, structure: structure, rounds: [one]))
        }
      }
    }
    return result
  }

  /// The formats that quantization chose for values and weights.
  package var tensorFormats: [TensorFormat] {
    let all: [FormatRecord] =
      switch content {
      case .quantize(let formats): [formats]
      case .calibrate(let formats, _, _): formats
      default: []
      }
    return all.flatMap { formats in
      formats.values.map {
        TensorFormat(
          name: "\($0.layer).\($0.node)", role: $0.role.rawValue, width: $0.width,
          fractionBits: $0.fraction, rounding: $0.rounding.rawValue, minimum: $0.low,
          maximum: $0.high)
      }
        + formats.parameters.map {
          TensorFormat(
            name: "\($0.layer).\($0.parameter)", role: "weight", width: $0.width,
            fractionBits: $0.fraction, rounding: "", minimum: $0.low, maximum: $0.high)
        }
    }
  }
}
