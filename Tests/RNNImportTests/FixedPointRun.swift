import Foundation
import RNNCodegen
import RNNDriver
import RNNInterchange
import RNNSupport
import _RNNTestSupport

/// A file of another program on its way from float to simulated Verilog, through the program's own stages.
///
/// Sequences that the file's origin read and gave are what formats are chosen on and what is measured.
struct FixedPointRun: Sendable {
  struct Errors: Sendable {
    var greatest: Double
    var mean: Double
  }
  /// The integers against the float network, and against the origin.
  var againstFloat: Errors
  var againstOrigin: Errors
  /// The greatest magnitude of the float network's outputs.
  var greatestOutput: Double
  /// Networks that were compiled and simulated.
  var designs = 0
  var frames = 0
  /// Output values of all designs that were compared with their cycles, over six passes.
  var values = 0
  /// Whether every value and cycle of every design is the integer reference's.
  var isExact = true

  /// - Parameters:
  ///   - input: what the origin read, `.pb` or `.npy`.
  ///   - simulates: false to stop before Verilog.
  init(
    _ file: URL, constants: [(name: String, file: URL)] = [], input: URL, output: URL, bits: Int,
    simulates: Bool
  ) throws {
    let context = StageContext(progress: Silent())
    self = try withTemporaryFolder { folder in
      let float = folder.appendingPathComponent("float")
      let fixed = folder.appendingPathComponent("fixed")
      _ = try ImportStage(
        file: file, output: float, name: "imported", constants: constants, expected: (input, output)
      ).run(context)
      let result = try QuantizeStage(
        model: float, source: .calibration([]), output: fixed,
        widths: .init(weights: bits, values: bits, states: bits)
      ).run(context)
      var run = FixedPointRun(
        againstFloat: try Self.errors(result.json, "fixed", "float"),
        againstOrigin: try Self.errors(result.json, "fixed", "origin"),
        greatestOutput: max(
          abs(result.json["accuracy"]?["leastOutput"]?.number ?? .nan),
          abs(result.json["accuracy"]?["greatestOutput"]?.number ?? .nan)))
      if simulates { try run.simulate(fixed, in: folder, context) }
      return run
    }
  }

  private init(againstFloat: Errors, againstOrigin: Errors, greatestOutput: Double) {
    self.againstFloat = againstFloat
    self.againstOrigin = againstOrigin
    self.greatestOutput = greatestOutput
  }

  private mutating func simulate(_ fixed: URL, in folder: URL, _ context: StageContext) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: fixed.path).sorted().filter {
      $0 == "model.json" || $0.hasPrefix("part") && $0.hasSuffix(".json")
    }
    for name in names {
      let build = folder.appendingPathComponent("build-\(name)")
      _ = try CompileStage(
        model: fixed.appendingPathComponent(name), output: build,
        options: CompileOptions(name: "imported")
      ).run(context)
      let result = try CosimStage(
        build: build, input: .kept, sharedRuntime: try Self.runtime.get()
      ).run(context)
      designs += 1
      frames += result.json["frames"]?.int ?? 0
      values += result.json["valuesCompared"]?.int ?? 0
      isExact =
        isExact && result.passed && result.json["accuracy"]?["verilogEqualsFixed"] == .bool(true)
    }
  }

  static func errors(_ json: JSONValue, _ form: String, _ against: String) throws -> Errors {
    for entry in json["accuracy"]?["errors"]?.array ?? []
    where entry["form"] == .string(form) && entry["against"] == .string(against) {
      guard let greatest = entry["maxError"]?.number, let mean = entry["meanError"]?.number else {
        break
      }
      return Errors(greatest: greatest, mean: mean)
    }
    throw Mismatch(description: "no errors of \(form) against \(against)")
  }

  /// Whether designs can be simulated, or have to be.
  static let hasSimulator: Bool =
    ProcessInfo.processInfo.environment["RNNC_REQUIRE_TOOLS"] == "1"
    || [Tool.verilator, .cxx].allSatisfy { ToolRunner().path(of: $0.name) != nil }

  /// Verilator's runtime, compiled once for all designs.
  private static let runtime: Result<URL, any Error> = Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-import-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit {
      if let folder = try? runtime.get() { try? FileManager.default.removeItem(at: folder) }
    }
    return folder
  }
}
