package import RNNReport
package import RNNSupport

/// A published claim beside what was measured.
package struct Finding: Sendable {
  /// The claim and its source.
  package var claim: String
  /// The pass band, as a condition on the measured figures.
  package var band: String
  package var measured: String
  /// Whether the figures lie in the band.
  package var holds: Bool
  /// Why they do not, or what qualifies them.
  package var remark: String
  package init(claim: String, band: String, measured: String, holds: Bool, remark: String = "") {
    self.claim = claim
    self.band = band
    self.measured = measured
    self.holds = holds
    self.remark = remark
  }
}

/// What a reproduction came to: text, tables, pictures and findings, written as Markdown, JSON and SVG.
package struct ReproductionReport: Sendable {
  /// A table of texts.
  package struct Table: Sendable {
    package var title: String
    package var columns: [String]
    package var rows: [[String]]
    package init(title: String, columns: [String], rows: [[String]]) {
      self.title = title
      self.columns = columns
      self.rows = rows
    }
  }
  /// A line chart; written as `NAME-<name>.svg`.
  package struct Picture: Sendable {
    package var name: String
    package var caption: String
    package var chart: LineChart
    package init(name: String, caption: String, chart: LineChart) {
      self.name = name
      self.caption = caption
      self.chart = chart
    }
  }
  package var title: String
  /// Paragraphs: what was run, on which data, with which settings.
  package var introduction: [String]
  package var findings: [Finding]
  package var tables: [Table]
  package var pictures: [Picture]
  /// What a reader should conclude and what not.
  package var discussion: [String]
  /// Every figure at full precision, for programs.
  package var data: JSONValue

  package init(
    title: String, introduction: [String], findings: [Finding], tables: [Table],
    pictures: [Picture], discussion: [String], data: JSONValue
  ) {
    self.title = title
    self.introduction = introduction
    self.findings = findings
    self.tables = tables
    self.pictures = pictures
    self.discussion = discussion
    self.data = data
  }

  private static func table(_ columns: [String], _ rows: [[String]]) -> [String] {
    ["| " + columns.joined(separator: " | ") + " |", "|" + columns.map { _ in "---|" }.joined()]
      + rows.map { "| " + $0.joined(separator: " | ") + " |" }
  }

  /// The report as Markdown, with pictures by the names under which they are written.
  ///
  /// - Parameters:
  ///   - name: the stem of all files.
  ///   - command: what makes the report again.
  package func markdown(name: String, command: String) -> String {
    var lines = ["# \(title)", "", "Written by `\(command)`; do not edit.", ""]
    for paragraph in introduction { lines += [paragraph, ""] }
    lines += ["## Claims", ""]
    lines += Self.table(
      ["claim", "pass band", "measured", "reproduced"],
      findings.map { [$0.claim, $0.band, $0.measured, $0.holds ? "yes" : "**no**"] })
    lines.append("")
    for finding in findings where !finding.remark.isEmpty {
      lines += ["- *\(finding.claim)* \(finding.remark)"]
    }
    if findings.contains(where: { !$0.remark.isEmpty }) { lines.append("") }
    for picture in pictures {
      lines += ["![\(picture.caption)](\(name)-\(picture.name).svg)", "", picture.caption, ""]
    }
    for table in tables {
      lines += ["## \(table.title)", ""] + Self.table(table.columns, table.rows) + [""]
    }
    if !discussion.isEmpty { lines += ["## What it means", ""] }
    for paragraph in discussion { lines += [paragraph, ""] }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  package var json: JSONValue {
    .object([
      "title": .string(title),
      "findings": .array(
        findings.map {
          .object([
            "claim": .string($0.claim), "band": .string($0.band),
            "measured": .string($0.measured), "reproduced": .bool($0.holds),
            "remark": .string($0.remark),
          ])
        }),
      "data": data,
    ])
  }
}
