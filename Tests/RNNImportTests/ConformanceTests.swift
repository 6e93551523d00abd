import Foundation
import RNNImport
import RNNSupport
import Testing
import _RNNTestSupport

/// The tables of docs/formats/import.md are what the tests found; `RNNC_UPDATE_GOLDEN=1` writes them again.
@Suite struct ConformanceTests {
  @Test func thePageSaysWhatTheTestsFound() throws {
    let url = packageRoot.appendingPathComponent("docs/formats/import.md")
    let page = try String(contentsOf: url, encoding: .utf8)
    let begin = "<!-- written by RNNImportTests: begin -->\n"
    let end = "<!-- written by RNNImportTests: end -->\n"
    let head = try #require(page.range(of: begin))
    let tail = try #require(page.range(of: end))
    let tables = try Self.tables()
    if ProcessInfo.processInfo.environment["RNNC_UPDATE_GOLDEN"] == "1" {
      let text = page[..<head.upperBound] + tables + page[tail.lowerBound...]
      try AtomicFile.write(String(text), to: url)
      Issue.record("updated import.md: look at the change and run again without RNNC_UPDATE_GOLDEN")
      return
    }
    let found = String(page[head.upperBound..<tail.lowerBound])
    #expect(found == tables, "import.md differs; RNNC_UPDATE_GOLDEN=1 rewrites it")
  }

  /// An error as the power of ten that it stays below, which no machine's last bit changes.
  private static func bound(_ error: Double) -> String {
    let exponent = [-6, -5, -4, -3].first { error <= pow(10, Double($0)) }
    return exponent.map { "1e\($0)" } ?? "more"
  }
  private static func table(_ head: [String], _ rows: [[String]]) -> String {
    ([head, head.map { _ in "---" }] + rows).map { row in
      "| " + row.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ")
        + " |"
    }.joined(separator: "\n") + "\n"
  }
  private static func isOperatorCase(_ one: AttributeCase) -> Bool {
    !one.name.hasPrefix("graph_") && !one.name.hasPrefix("refused_")
  }
  /// Honoured with its error's bound, or refused.
  private static func verdict(_ one: AttributeCase) throws -> String {
    one.isRefused ? "refused" : "honoured, \(bound(try one.compare().relative))"
  }

  private static func tables() throws -> String {
    let columns = ["lstm", "gru", "rnn"]
    let cases = AttributeCase.all.filter(isOperatorCase)
    var features: [String] = []
    for one in cases where !features.contains(one.feature) { features.append(one.feature) }
    let operators = try features.map { feature in
      try [feature]
        + columns.map { column in
          try cases.first { $0.feature == feature && $0.name.hasPrefix(column) }.map(verdict) ?? "-"
        }
    }
    let graphs = try AttributeCase.all.filter { $0.name.hasPrefix("graph_") }.map {
      [$0.feature, try verdict($0)]
    }
    let keras = try KerasCase.all.map { one in
      [one.feature, one.name, bound(try one.compare().relative)]
    }
    let others =
      try TorchExportTests.names.map {
        ["PyTorch export", $0, bound(try TorchExportTests.compare($0).greatest)]
      }
      + ["gru", "gru_1d", "gru_torch", "lstm", "lstm_1d", "lstm_torch"].map {
        ["RTNeural", $0, bound(try RTNeuralTests.compare($0).greatest)]
      }
      + TorchStateDictTests.names.map {
        ["state_dict", $0, bound(try TorchStateDictTests.compare($0).greatest)]
      }
      + [["TensorFlow graph", "athena", bound(try TensorFlowTests.compare().greatest)]]
      + ONNXBackendTests.cases.map {
        ["ONNX backend suite", $0, bound(try ONNXBackendTests.load($0).comparison.greatest)]
      }
    return """

      ### Attributes and inputs of recurrent nodes

      Against onnxruntime, 2 sequences of 5 steps, 3 inputs, 4 units; the number bounds the error (of values above 1,
      the relative one).

      \(table(["feature", "LSTM", "GRU", "RNN"], operators))
      ### Nodes around them

      \(table(["pattern", "verdict"], graphs))
      ### Keras

      Against Keras 3.15.1, and against NumPy for what only older versions wrote; weights and biases are random.

      \(table(["feature", "file", "error"], keras))
      ### Whole files

      \(table(["origin", "file", "error"], others))
      ### Refusals and their messages

      \(table(["what", "message", "remedy"], try refusals()))

      """
  }

  private static func refusals() throws -> [[String]] {
    var rows: [[String]] = []
    func add(_ feature: String, _ read: () throws -> Void) throws {
      do { try read() } catch let error as DiagnosticsEmitted {
        for d in error.diagnostics {
          // The place after the file's name.
          let parts = d.path.split(separator: ":", maxSplits: 1)
          let place = parts.count > 1 ? "\(parts[1]): " : ""
          rows.append([feature, "\(place)\(d.message)", d.fix])
        }
      }
    }
    for one in AttributeCase.all where one.isRefused {
      try add(one.feature) { _ = try one.load() }
    }
    try add("the export of a projection") {
      _ = try ONNXFile.read(fixtures.appendingPathComponent("torch-onnx/tx_LSTMproj_1.onnx"))
    }
    try add("weights that are inputs") {
      _ = try ONNXFile.read(
        fixtures.appendingPathComponent("onnx-backend/test_gru_defaults/model.onnx"))
    }
    for one in KerasCase.refused {
      try add("Keras: \(one.feature)") { _ = try KerasCase.loadRefused(one.name) }
    }
    for name in ["bad_lstm", "full_model"] {
      try add("RTNeural: \(name)") {
        _ = try RTNeuralFile.read(fixtures.appendingPathComponent("rtneural/\(name).json"))
      }
    }
    return rows
  }
}
