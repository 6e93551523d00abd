import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// Every numeric option of every verb at the edges of its range and far outside: the program does it or says what is
/// wrong, and neither crashes, hangs nor eats the machine.
///
/// The options come from the program itself, so a new one is in here without a change.
@Suite struct OptionValueTests {
  static let values = [
    "0", "1", "-1", "2147483648", "-2147483648", "9223372036854775808", "-9223372036854775808",
    "9223372036854775807", "1e300", "1e-300", "nan", "inf",
  ]

  /// An option of a verb, as the program describes it.
  struct Option: CustomStringConvertible, Sendable {
    var verb: String
    var name: String
    var description: String { "\(verb) --\(name)" }
  }

  static func options() throws -> [Option] {
    let text = try Program.run(["--experimental-dump-help"]).standardOutput
    let json = try JSONValue(parsing: Data(text.utf8))
    var options: [Option] = []
    for command in json["command"]?["subcommands"]?.array ?? [] {
      guard let verb = command["commandName"]?.string, verb != "help" else { continue }
      for argument in command["arguments"]?.array ?? []
      where argument["kind"]?.string == "option" {
        guard let name = argument["preferredName"]?["name"]?.string else { continue }
        options.append(Option(verb: verb, name: name))
      }
    }
    return options
  }

  /// A command of each verb that works, or ends early for want of data; nil for a verb that this list does not know.
  private static func command(_ verb: String, _ fixture: String) -> [String]? {
    let digits = ["--experiment", "gru.json", "-o", "out"]
    switch verb {
    case "train": return ["train", "gru.json", "-o", "out"]
    case "compress": return ["compress", "gru/float"] + digits
    case "quantize": return ["quantize", "gru/circulant"] + digits
    case "compile": return ["compile", "gru/quantized", "-o", "out"]
    case "cosim": return ["cosim", "gru/rtl", "--data", "recordings", "--flow", "free"]
    // Yosys is done with one multiplier in seconds.
    case "synth": return ["synth", "one/rtl", "--device", "LFE5U-85F", "--no-place"]
    case "energy": return ["energy", "gru/rtl"]
    case "report": return ["report", "gru", "-o", "out/report.html"]
    case "demo": return ["demo", "--dry-run"]
    case "study": return ["study", "--data", "recordings", "--dry-run"]
    case "reproduce": return ["reproduce", "wake-word", "--data", "missing", "-o", "out"]
    case "import":
      return ["import", fixture + "/model.onnx", "-o", "out"]
        + ["--expect-input", fixture + "/test_data_set_0/input_0.pb"]
        + ["--expect-output", fixture + "/test_data_set_0/output_0.pb"]
    case "run": return ["run", "gru/float", "--input", "missing.npy"]
    case "lyapunov":
      return ["lyapunov", "gru/float", "--random", "gaussian", "--steps", "5", "--warm-up", "2"]
    default: return nil
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func edges() throws {
    let fixtures = packageRoot.appendingPathComponent("Tests/RNNImportTests/Fixtures/onnx-backend")
    let fixture = try #require(
      FileManager.default.contentsOfDirectory(atPath: fixtures.path).filter {
        $0.contains("gru")
      }.min())
    let shared = try TinyDigits.shared.get()
    var numeric: [Option] = []
    try withTemporaryFolder { folder in
      for name in ["gru", "gru.json", "recordings"] {
        try FileManager.default.copyItem(
          at: shared.appendingPathComponent(name), to: folder.appendingPathComponent(name))
      }
      let small = try Program.run(
        ["compile", "gru/quantized", "-o", "one/rtl", "--engine", "sequential"], in: folder)
      #expect(small.status == 0, "\(small.standardError)")
      for option in try Self.options() {
        guard
          let command = Self.command(
            option.verb, fixtures.appendingPathComponent(fixture).path)
        else {
          Issue.record("\(option.verb) is new: say with which arguments it works")
          continue
        }
        // An option that takes any word takes these numbers for words, too.
        if try Measured.run(command + ["--\(option.name)=x"], in: folder).status != 64 { continue }
        numeric.append(option)
        if option.verb == "cosim", !Program.hasSimulator { continue }
        for value in Self.values {
          let command = command + ["--\(option.name)=\(value)"]
          let run = try Measured.run(command, in: folder)
          let words = command.joined(separator: " ")
          #expect([0, 2, 64].contains(run.status), "\(words): \(run.status) \(run.standardError)")
          #expect(run.status == 0 || !run.standardError.isEmpty, "\(words): no message")
          #expect(run.standardError.utf8.count < 20_000, "\(words): a message too long to read")
          #expect(!run.timedOut, "\(words): does not end")
          #expect(run.peakBytes < 1 << 30, "\(words): \(run.peakBytes) bytes")
        }
      }
    }
    // What the program had when this was written; a parser that describes nothing would pass everything else.
    for name in ["train --seed", "compile --clock", "lyapunov --steps", "quantize --bits"] {
      #expect(numeric.contains { "\($0)" == name }, "\(name) is not there")
    }
  }

  /// Ranges stand in the help, where a user looks for them.
  @Test func helpSaysTheRange() throws {
    for verb in Set(try Self.options().map(\.verb)).sorted() {
      let help = try Program.run([verb, "--help"], environment: ["COLUMNS": "400"]).standardOutput
      for line in help.split(separator: "\n") {
        for name in [
          "--seed ", "--clock ", "--lanes ", "--steps ", "--bits ", "--limit ", "--block ",
        ]
        where line.contains(name) && line.hasPrefix("  --") {
          #expect(line.contains(" to "), "\(verb): \(line)")
        }
      }
    }
  }
}
