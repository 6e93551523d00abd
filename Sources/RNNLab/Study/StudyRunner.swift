package import Foundation
package import RNNDriver
internal import RNNReport
internal import RNNSupport

/// Runs a study and writes its tables.
package struct StudyRunner: Sendable {
  package var request: StudyRequest
  /// `NAME.json` and `NAME.md` are written here; nil writes none.
  package var evidence: URL?

  package init(request: StudyRequest, evidence: URL?) {
    self.request = request
    self.evidence = evidence
  }

  /// Runs the steps that are not done yet, and writes the table and the evidence.
  package func run(_ steps: [Step], _ context: StageContext) throws -> StageResult {
    let claim = try OutputClaim(in: request.output, parts: [ArtefactStore.folderName])
    defer { claim.release() }
    let written = try evidence.map { base in
      try ["json", "md"].map { try OutputClaim(file: base.appendingPathExtension($0)) }
    }
    defer { for claim in written ?? [] { claim.release() } }
    let store = ArtefactStore(
      folder: request.output.appendingPathComponent(ArtefactStore.folderName),
      programDigest: try ArtefactStore.runningProgramDigest())
    let outcomes = try PlanRunner(store: store, context: context).run(steps)
    let passed = outcomes.count == steps.count && outcomes.allSatisfy(\.result.passed)
    let table = StudyTable(request: request, outcomes: outcomes)
    if let written, passed {
      try AtomicFile.write([
        (Data(table.json.text.utf8), written[0].url), (Data(table.markdown.utf8), written[1].url),
      ])
    }
    var text = table.markdown.trimmingCharacters(in: .newlines)
    if let failed = outcomes.first(where: { !$0.result.passed }) {
      text += "\n\(failed.step.name) failed:\n\(failed.result.text)"
    }
    return StageResult(json: table.json, text: text, passed: passed)
  }
}

/// The figures of a study: accuracies as shares of the test recordings, mismatches as counts.
struct StudyTable {
  let request: StudyRequest
  let outcomes: [PlanRunner.Outcome]

  private func number(_ cell: String, _ seed: UInt64, _ stage: String, _ key: String) -> Double? {
    let name = StudyRequest.step(cell, seed, stage)
    return outcomes.first { $0.step.name == name }?.result.json[key]?.number
  }

  /// The columns of accuracies: title, step, member of its result.
  private var columns: [(title: String, stage: String, key: String)] {
    [("float", "train", "testAccuracy")]
      + StudyRequest.methods.flatMap { method -> [(String, String, String)] in
        let name = method == .admm ? "ADMM" : method.rawValue
        return [
          (name, method.rawValue, "testAccuracy"),
          ("\(name), integers", "\(method.rawValue) quantized", "testAccuracyIntegers"),
        ]
      }
  }

  var json: JSONValue {
    func optional(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
    return .object([
      "data": .string(request.data.lastPathComponent),
      "testRecordings": optional(
        number(request.cells[0], request.seeds[0], "train", "testSequences")),
      "runs": .array(
        request.cells.flatMap { cell in
          request.seeds.map { seed -> JSONValue in
            .object([
              "cell": .string(cell), "seed": .int(Int(seed)),
              "accuracy": .object(
                columns.map { .init($0.title, optional(number(cell, seed, $0.stage, $0.key))) }),
              "storedWeightsFloat": optional(number(cell, seed, "train", "storedWeights")),
              "storedWeightsCirculant": optional(number(cell, seed, "admm", "storedWeights")),
              "weightBits": optional(number(cell, seed, "admm quantized", "weightWidth")),
              "rtl": .object(
                [
                  "sequences", "frames", "valuesCompared", "probeValuesCompared",
                  "valueMismatches", "cycleMismatches", "otherMismatches", "sameClassAsReference",
                  "rightClass",
                ].map { .init($0, optional(number(cell, seed, "cosim", $0))) }),
            ])
          }
        }),
    ])
  }

  var markdown: String {
    func percent(_ value: Double?) -> String {
      value.map { Figures.fixed(100 * $0, 2) } ?? "-"
    }
    let total = number(request.cells[0], request.seeds[0], "train", "testSequences") ?? 0
    var lines = [
      "# Spoken digits: what compression and quantization cost", "",
      "Accuracy in percent on \(total.compactText) test recordings that no training saw. Written by",
      "`make experiment-digits`; do not edit.", "",
      "`ADMM` starts from the trained float network; `projection` projects it at once and trains on;",
      "`direct` trains circulant weights from fresh values with as many epochs as the float training,",
      "ADMM and fine-tuning together. `integers` is the fixed-point reference, which the Verilog",
      "equals bit for bit.", "",
      "| cell | seed | " + columns.map(\.title).joined(separator: " | ") + " |",
      "|---|---|" + columns.map { _ in "---|" }.joined(),
    ]
    for cell in request.cells {
      for seed in request.seeds {
        let values = columns.map { percent(number(cell, seed, $0.stage, $0.key)) }
        lines.append("| \(cell) | \(seed) | " + values.joined(separator: " | ") + " |")
      }
      let means = columns.map { column -> String in
        let values = request.seeds.compactMap { number(cell, $0, column.stage, column.key) }
        return values.isEmpty ? "-" : percent(values.reduce(0, +) / Double(values.count))
      }
      lines.append("| **\(cell)** | mean | " + means.joined(separator: " | ") + " |")
    }
    lines += [
      "", "Verilog of the ADMM models against the integer reference, all test recordings:", "",
      "| cell | seed | recordings | frames | output values | internal values | value mismatches | "
        + "cycle mismatches | same class | right |",
      "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in request.cells {
      for seed in request.seeds {
        let keys = [
          "sequences", "frames", "valuesCompared", "probeValuesCompared", "valueMismatches",
          "cycleMismatches", "sameClassAsReference", "rightClass",
        ]
        let values = keys.map { key in
          number(cell, seed, "cosim", key)?.compactText ?? "-"
        }
        lines.append("| \(cell) | \(seed) | " + values.joined(separator: " | ") + " |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
