internal import RNNLearning
internal import RNNSupport

/// Turns the trainer's epochs into progress over several phases.
final class TrainingReporter {
  private let context: StageContext
  private let totalEpochs: Int
  private let isClassification: Bool
  private var doneBefore = 0
  private var phase = ""
  private var epochsOfPhase = 0

  /// - Parameter totalEpochs: of all phases together.
  init(_ context: StageContext, totalEpochs: Int, isClassification: Bool) {
    self.isClassification = isClassification
    self.context = context
    self.totalEpochs = totalEpochs
  }

  func report(_ note: EpochProgress) {
    if note.phase != phase {
      doneBefore += epochsOfPhase
      phase = note.phase
      epochsOfPhase = note.epochs
    }
    let done = doneBefore + note.record.epoch
    let loss = note.record.validationLoss ?? note.record.loss
    let metric = note.record.validationMetric ?? note.record.metric
    let kind = note.record.validationLoss == nil ? "training" : "validation"
    context.progress.update(
      Double(done) / Double(max(1, totalEpochs)),
      "\(note.phase) \(note.record.epoch)/\(note.epochs)  \(kind) loss "
        + (isClassification
          ? "\(Figures.fixed(loss, 3))  accuracy \(Figures.fixed(100 * metric, 1)) %"
          : Figures.significant(loss)),
      milestone: true)
  }
}
