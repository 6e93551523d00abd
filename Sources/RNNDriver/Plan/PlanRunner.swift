internal import RNNSupport

/// Executes a plan step by step, skipping what is up to date.
package struct PlanRunner: Sendable {
  package var store: ArtefactStore
  package var context: StageContext

  package init(store: ArtefactStore, context: StageContext) {
    self.store = store
    self.context = context
  }

  /// What became of one step.
  package struct Outcome: Sendable {
    package var step: Step
    package var result: StageResult
    /// True when the recorded result was taken.
    package var upToDate: Bool
    /// The time that the step took, 0 if it was up to date.
    package var seconds: Double
  }

  /// Runs all steps in order and gives one outcome a step.
  ///
  /// Tools are checked before the first step starts, so that a missing simulator does not show after minutes of
  /// training. A step whose check failed ends the plan.
  package func run(_ plan: [Step]) throws -> [Outcome] {
    validate(plan)
    var checked: Set<String> = []
    for tool in plan.flatMap(\.stage.tools) where checked.insert(tool.name).inserted {
      try context.tools.require(tool)
    }
    var outcomes: [Outcome] = []
    let clock = ContinuousClock()
    for step in plan {
      context.progress.begin(step.name)
      let key = try store.key(of: step, tools: context.tools)
      if let result = store.result(of: step, key: key) {
        context.progress.end("up to date")
        outcomes.append(Outcome(step: step, result: result, upToDate: true, seconds: 0))
        continue
      }
      let start = clock.now
      let result = try step.stage.run(context)
      let duration = (clock.now - start).components
      let seconds = Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
      try store.record(result, of: step, key: key)
      context.progress.end("\(Figures.fixed(seconds, 1)) s")
      outcomes.append(Outcome(step: step, result: result, upToDate: false, seconds: seconds))
      if !result.passed { break }
    }
    return outcomes
  }
}
