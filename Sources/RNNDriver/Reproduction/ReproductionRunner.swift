package import Foundation
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
    let report = try reproduction.run(request, context)
    let name = reproduction.name
    if let evidence {
      try FileManager.default.createDirectory(at: evidence, withIntermediateDirectories: true)
      for picture in report.pictures {
        try AtomicFile.write(
          picture.chart.svg, to: evidence.appendingPathComponent("\(name)-\(picture.name).svg"))
      }
      try AtomicFile.write(
        report.json.text, to: evidence.appendingPathComponent("\(name).json"))
      try AtomicFile.write(
        report.markdown(name: name, command: command),
        to: evidence.appendingPathComponent("\(name).md"))
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
