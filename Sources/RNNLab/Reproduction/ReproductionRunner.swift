package import Foundation
package import RNNDriver
internal import RNNReport
internal import RNNSupport

/// Runs a reproduction and writes its report.
package struct ReproductionRunner: Sendable {
  package var reproduction: any Reproduction.Type
  package var request: ReproductionRequest
  /// `NAME.json`, `NAME.md` and `NAME-<picture>.svg` go here; nil writes none.
  package var evidence: URL?
  /// What makes the report again, for its first line.
  package var command: String

  package init(
    _ reproduction: any Reproduction.Type, request: ReproductionRequest, evidence: URL?,
    command: String
  ) {
    self.reproduction = reproduction
    self.request = request
    self.evidence = evidence
    self.command = command
  }

  /// A claim that is not reproduced is a result, not a fault: the result passes.
  package func run(_ context: StageContext) throws -> StageResult {
    let work = try OutputClaim(in: URL(fileURLWithPath: request.work), parts: [FinishedRuns.name])
    defer { work.release() }
    let name = reproduction.name
    // One file stands for all of its name: other experiments may write into the same folder meanwhile.
    let claim = try evidence.map {
      try OutputClaim(file: $0.appendingPathComponent("\(name).json"))
    }
    defer { claim?.release() }
    let report = try reproduction.run(request, context)
    if let folder = claim?.url.deletingLastPathComponent() {
      let texts =
        report.pictures.map { ("\(name)-\($0.name).svg", $0.chart.svg) } + [
          ("\(name).json", report.json.text),
          ("\(name).md", report.markdown(name: name, command: command)),
        ]
      try AtomicFile.write(
        texts.map { (Data($1.utf8), folder.appendingPathComponent($0)) })
    }
    var text = report.findings.map {
      "\($0.holds ? "reproduced    " : "not reproduced") \($0.claim): \($0.measured) (\($0.band))"
    }
    if request.isShort { text.append("a short run: these verdicts mean nothing") }
    if let evidence {
      text.append("report: \(evidence.appendingPathComponent("\(name).md").relativePath)")
    }
    return StageResult(json: report.json, text: text.joined(separator: "\n"))
  }
}
