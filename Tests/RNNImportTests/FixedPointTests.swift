import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// Imported networks in fixed point and in Verilog; what is found stands in docs/formats/import.md.
@Suite(.enabled(if: FixedPointRun.hasSimulator, "Verilator is missing"))
struct FixedPointTests {
  static let rtNeural = ["gru", "lstm", "gru_1d"]
  static let names = ONNXBackendTests.cases + rtNeural
  /// Every case at 16 bits, on as many cores as there are.
  private static let runs: [String: Result<FixedPointRun, any Error>] = {
    let found = Found()
    DispatchQueue.concurrentPerform(iterations: names.count) { i in
      found.set(names[i], Result { try run(names[i]) })
    }
    return found.all
  }()

  private final class Found: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [String: Result<FixedPointRun, any Error>] = [:]
    func set(_ name: String, _ value: Result<FixedPointRun, any Error>) {
      lock.withLock { values[name] = value }
    }
    var all: [String: Result<FixedPointRun, any Error>] { lock.withLock { values } }
  }

  private static func run(_ name: String) throws -> FixedPointRun {
    if !rtNeural.contains(name) {
      let folder = fixtures.appendingPathComponent("onnx-backend/test_\(name)")
      func tensor(_ file: String) -> URL {
        folder.appendingPathComponent("test_data_set_0/\(file).pb")
      }
      let inputs = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
      let constants = inputs.indices.dropFirst().map { (inputs[$0], tensor("input_\($0)")) }
        .filter { FileManager.default.fileExists(atPath: $0.1.path) }
      return try FixedPointRun(
        folder.appendingPathComponent("model.onnx"),
        constants: constants.map { (name: $0.0, file: $0.1) }, input: tensor("input_0"),
        output: tensor("output_0"), bits: 16, simulates: true)
    }
    return try withTemporaryFolder { folder in
      let urls = try ["x", "y"].map { kind -> URL in
        // Simulating 200 samples says as much as simulating all.
        let column = try RTNeuralTests.column("\(name)_\(kind)_python").floats.prefix(200)
        let url = folder.appendingPathComponent("\(kind).npy")
        try NPYArray(shape: [1, column.count, 1], elements: .float32(Array(column))).data.write(
          to: url)
        return url
      }
      return try FixedPointRun(
        fixtures.appendingPathComponent("rtneural/\(name).json"), input: urls[0], output: urls[1],
        bits: 16, simulates: true)
    }
  }

  @Test(arguments: names) func theVerilogIsTheReferenceAndNearTheOrigin(_ name: String) throws {
    let run = try #require(Self.runs[name]).get()
    #expect(run.isExact)
    #expect(run.designs == (name.contains("bidirectional") ? 2 : 1))
    #expect(run.values > 0)
    // Half an ulp of 16 bits is 1.5e-5 where values reach 1; errors of a step add up over the next.
    #expect(run.againstFloat.greatest < 4e-4 * max(1, run.greatestOutput))
    // The origin may have given the last step alone.
    #expect(run.againstOrigin.greatest < run.againstFloat.greatest + 1e-6)
    #expect(run.againstFloat.mean <= run.againstFloat.greatest)
  }

  /// Rounded up to one digit, which the last bits of a machine's mathematics do not change.
  private static func bound(_ error: Double) -> String {
    if error == 0 { return "0" }
    let exponent = Int(log10(error).rounded(.down))
    let digit = Int((error / pow(10, Double(exponent)) + 0.05).rounded(.up))
    return digit > 9 ? "1e\(exponent + 1)" : "\(digit)e\(exponent)"
  }

  @Test func thePageSaysWhatWasFound() throws {
    var lines = [
      "| case | greatest output | maximal error | mean error | designs | Verilog |",
      "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in Self.names {
      let run = try #require(Self.runs[name]).get()
      let title = Self.rtNeural.contains(name) ? "RTNeural \(name)" : "ONNX \(name)"
      lines.append(
        "| \(title) | \(String(format: "%.2g", run.greatestOutput)) | "
          + "\(Self.bound(run.againstFloat.greatest)) | \(Self.bound(run.againstFloat.mean)) | "
          + "\(run.designs) | \(run.isExact ? "= integers" : "differs") |")
    }
    try expectSection(
      "docs/formats/import.md", "FixedPointTests", "\n\(lines.joined(separator: "\n"))\n\n")
  }
}

/// Compares the part of a page between two marks with what a test found; `RNNC_UPDATE_GOLDEN=1` writes it.
func expectSection(_ path: String, _ name: String, _ text: String) throws {
  let url = packageRoot.appendingPathComponent(path)
  let page = try String(contentsOf: url, encoding: .utf8)
  let head = try #require(page.range(of: "<!-- written by \(name): begin -->\n"))
  let tail = try #require(page.range(of: "<!-- written by \(name): end -->\n"))
  if ProcessInfo.processInfo.environment["RNNC_UPDATE_GOLDEN"] == "1" {
    try AtomicFile.write(
      String(page[..<head.upperBound] + text + page[tail.lowerBound...]), to: url)
    Issue.record("updated \(path): look at the change and run again without RNNC_UPDATE_GOLDEN")
    return
  }
  #expect(
    String(page[head.upperBound..<tail.lowerBound]) == text,
    "\(path) differs; RNNC_UPDATE_GOLDEN=1 rewrites it")
}
