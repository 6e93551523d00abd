import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// The built program under test.
enum Program {
  /// The executable beside the test bundle.
  static let path: String = {
    let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let folder =
      bundle.lastPathComponent.hasSuffix(".xctest") || bundle.path.contains("/.build/")
      ? bundle.deletingLastPathComponent()
      : URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return folder.appendingPathComponent("rnnc").path
  }()

  /// True if designs can be simulated, or have to be: `RNNC_REQUIRE_TOOLS=1` makes a missing tool a failure.
  static let hasSimulator: Bool =
    ProcessInfo.processInfo.environment["RNNC_REQUIRE_TOOLS"] == "1"
    || [Tool.verilator, .cxx].allSatisfy { ToolRunner().path(of: $0.name) != nil }

  /// Runs the program; the width of help screens is fixed.
  static func run(
    _ arguments: [String], in directory: URL? = nil, environment: [String: String] = [:],
    timeout: Double = 300
  ) throws -> ToolOutput {
    try ToolRunner().run(
      path, arguments, directory: directory,
      extraEnvironment: ["COLUMNS": "80"].merging(environment) { $1 }, timeout: timeout,
      acceptFailure: true)
  }
}

/// A folder of its own for one test, removed at its end.
func withTemporaryFolder<T>(_ body: (URL) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "rnnc-e2e-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// The names of everything below a folder, hidden files included.
func everything(below folder: URL) -> [String] {
  (FileManager.default.enumerator(atPath: folder.path)?.allObjects ?? [])
    .compactMap { $0 as? String }.sorted()
}

/// Compares a text with a committed one; `RNNC_UPDATE_GOLDEN=1` rewrites it and fails.
func expectGolden(_ text: String, _ name: String) throws {
  let url = packageRoot.appendingPathComponent("Tests/EndToEndTests/Golden/\(name)")
  if ProcessInfo.processInfo.environment["RNNC_UPDATE_GOLDEN"] == "1" {
    try AtomicFile.write(text, to: url)
    Issue.record("updated \(name): look at the change and run again without RNNC_UPDATE_GOLDEN")
    return
  }
  let golden = try String(contentsOf: url, encoding: .utf8)
  #expect(text == golden, "\(name) differs; RNNC_UPDATE_GOLDEN=1 rewrites it")
}
