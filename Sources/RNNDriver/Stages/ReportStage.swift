package import Foundation
internal import RNNReport
internal import RNNSupport

/// `rnnc report`: one HTML page about one or more networks.
package struct ReportStage: Stage {
  package static let verb = "report"
  /// Each holds `float`, `circulant`, `quantized`, `rtl`, as far as they were made.
  package var networks: [URL]
  package var output: URL
  package var title: String

  package init(networks: [URL], output: URL, title: String) {
    self.networks = networks
    self.output = output
    self.title = title
  }

  package var arguments: [String] {
    networks.map(\.relativePath) + ["-o", output.relativePath, "--title", title]
  }
  package var inputs: [URL] { networks }
  package var outputs: [URL] { [output] }

  package func run(_ context: StageContext) throws -> StageResult {
    // A page may lie in the folder that it is about, in the place of an older one.
    let claim = try OutputClaim(file: output, inputs: networks, mayLieInInput: isPage)
    defer { claim.release() }
    let collectors = networks.map { ReportCollector(folder: $0) }
    let reports = try collectors.map { try $0.network() }
    let tested = reports.compactMap { $0.accuracy.first?.total }.max()
    let summary =
      tested.map {
        "Accuracy is the share of right answers on \($0) recordings that no training saw."
      }
      ?? "No accuracy was measured."
    let model = ReportModel(
      title: title, summary: summary, networks: reports,
      provenance: try [ProvenanceEntry(group: "command", key: "report", value: commandLine)]
        + collectors.flatMap { try $0.provenance() })
    try AtomicFile.write(HTMLReport(model).html, to: claim.url)
    return StageResult(
      json: .object([
        "report": .string(output.relativePath),
        "networks": .array(reports.map { .string($0.name) }),
      ]), text: "report in \(output.relativePath)")
  }

  /// True if a page lies at the output, and not a model that the report is about.
  private var isPage: Bool {
    guard let file = try? FileHandle(forReadingFrom: output) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: HTMLReport.beginning.utf8.count))
      == Data(HTMLReport.beginning.utf8)
  }
}
