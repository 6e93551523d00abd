internal import Foundation
internal import RNNSupport

/// Runs the demo's plan and sums it up.
package struct DemoRunner: Sendable {
  package var request: DemoRequest
  package init(request: DemoRequest) { self.request = request }

  /// Runs the steps that are not done yet, and says what they came to.
  package func run(_ steps: [Step], _ context: StageContext) throws -> StageResult {
    // The whole folder, so that a second demo does not come in between two steps of the first.
    let claim = try OutputClaim(in: request.output, parts: [ArtefactStore.folderName])
    defer { claim.release() }
    let store = ArtefactStore(
      folder: request.output.appendingPathComponent(ArtefactStore.folderName),
      programDigest: try ArtefactStore.runningProgramDigest())
    let outcomes = try PlanRunner(store: store, context: context).run(steps)
    let passed = outcomes.allSatisfy(\.result.passed) && outcomes.count == steps.count
    var text = summary(of: outcomes, request: request)
    if let failed = outcomes.first(where: { !$0.result.passed }) {
      text += "\n\(failed.step.name) failed:\n\(failed.result.text)"
    }
    text += "\nreport: \(request.report.path)"
    return StageResult(
      json: .object([
        "report": .string(request.report.path), "passed": .bool(passed),
        "steps": .array(
          outcomes.map {
            .object([
              "step": .string($0.step.name), "command": .string($0.step.stage.commandLine),
              "upToDate": .bool($0.upToDate),
              "seconds": .double(($0.seconds * 1000).rounded() / 1000),
              "result": $0.result.json,
            ])
          }),
      ]), text: text, passed: passed)
  }
}
