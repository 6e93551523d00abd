import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// Streams that cannot take what is written: a lost result is a failure, a lost word for a person is none.
@Suite struct StreamTests {
  @Test func aResultThatIsLostIsAFault() throws {
    let shared = try TinyDigits.shared.get()
    for arguments in [
      ["cells", "--json"], ["--help"], ["compile", "--help"], ["demo", "--dry-run"],
      ["energy", "gru/rtl", "--json"], ["report", "gru", "-o", "report.html"],
      ["--experimental-dump-help"],
    ] {
      try withTemporaryFolder { folder in
        try FileManager.default.copyItem(
          at: shared.appendingPathComponent("gru"), to: folder.appendingPathComponent("gru"))
        let run = try Measured.run(arguments, in: folder, output: "/dev/full")
        #expect(run.status == 2, "\(arguments): \(run.status)")
        #expect(
          run.standardError.contains("cannot write to standard output: no space left on device"),
          "\(arguments): \(run.standardError)")
      }
    }
  }

  @Test func wordsThatAreLostStopNothing() throws {
    try withTemporaryFolder { folder in
      try TinyDigits.write(to: folder)
      let run = try Measured.run(
        ["train", "gru.json", "-o", "out"], in: folder, error: "/dev/full")
      #expect(run.status == 0, "\(run.status)")
      #expect(run.standardOutput.contains("model in out"))
      // The message itself is lost; the status is not.
      let wrong = try Measured.run(
        ["train", "none.json", "-o", "o"], in: folder, error: "/dev/full")
      #expect(wrong.status == 2, "\(wrong.status)")
      let usage = try Measured.run(["train"], in: folder, error: "/dev/full")
      #expect(usage.status == 64, "\(usage.status)")
    }
  }

  @Test func aReaderThatGoesAwayIsAFault() throws {
    try withTemporaryFolder { folder in
      let script = "{ \"$1\" cells --json; echo $? >&2; } | true"
      let run = try ToolRunner().run(
        "/bin/sh", ["-c", script, "sh", Program.path], directory: folder, acceptFailure: true)
      // Whether the reader is gone before the writer is a matter of time; a signal would be 141.
      let status = run.standardError.split(separator: "\n").last.map(String.init)
      #expect(status == "2" || status == "0", "\(run.standardError)")
    }
  }

  /// Runs a training on a terminal and gives what it showed.
  private func onTerminal(_ environment: String) throws -> String {
    try withTemporaryFolder { folder in
      try TinyDigits.write(to: folder)
      let command =
        "env -u NO_COLOR \(environment) \(ToolRunner.quoted(Program.path)) train gru.json -o out"
      return try ToolRunner().run(
        "script", ["-qec", command, "/dev/null"], directory: folder
      ).standardOutput
    }
  }

  @Test(.enabled(if: ToolRunner().path(of: "script") != nil, "no terminal to be had"))
  func escapesOnlyWhereTheyAreUnderstood() throws {
    #expect(try onTerminal("TERM=xterm").contains("\u{1B}[K"))
    for environment in ["TERM=dumb", "TERM=xterm NO_COLOR=1", "TERM="] {
      let shown = try onTerminal(environment)
      #expect(!shown.contains("\u{1B}") && shown.contains("model in out"), "\(environment)")
    }
  }

  /// Names and values of a file cannot fill a screen or steer it.
  @Test func messagesAreBoundedAndPlain() throws {
    try withTemporaryFolder { folder in
      let long = String(repeating: "x", count: 200_000)
      try TinyDigits.write(to: folder) { $0.set(["layers", "0", "cell"], .string(long)) }
      var run = try Measured.run(["train", "gru.json", "-o", "out"], in: folder)
      #expect(run.status == 2 && run.standardError.utf8.count < 4000)
      #expect(run.standardError.contains("gru.json:/layers/0/cell"))
      try TinyDigits.write(to: folder) {
        $0.set(["layers", "0", "cell"], .string("\u{1B}]0;mine\u{07}\u{202E}gru"))
      }
      run = try Measured.run(["train", "gru.json", "-o", "out"], in: folder)
      #expect(run.status == 2 && run.standardError.contains("\\u{1b}]0;mine\\u{7}\\u{202e}gru"))
      #expect(!run.standardError.contains("\u{1B}") && !run.standardError.contains("\u{202E}"))
      // Ten thousand faults are a screen of them and a number.
      try TinyDigits.write(to: folder) { json in
        for k in 0..<10_000 { json.set(["key\(k)"], .int(k)) }
      }
      run = try Measured.run(["train", "gru.json", "-o", "out"], in: folder)
      #expect(run.status == 2 && run.standardError.utf8.count < 40_000)
      #expect(run.standardError.contains("more"))
      let option = try Measured.run(["train", "gru.json", "--\(long.prefix(100_000))"], in: folder)
      #expect(option.status == 64 && option.standardError.utf8.count < 20_000)
    }
  }

  @Test func rateThatNoTrainingHasIsRefusedByName() throws {
    try withTemporaryFolder { folder in
      for (key, value) in [
        ("learningRate", 65_536.0), ("learningRate", -1), ("orthogonalLearningRate", 1e30),
      ] {
        try TinyDigits.write(to: folder) { $0.set(["training", key], .double(value)) }
        let run = try Measured.run(["train", "gru.json", "-o", "out"], in: folder)
        #expect(run.status == 2)
        #expect(run.standardError.contains("/training/\(key)"), "\(run.standardError)")
      }
      // More units than a machine can hold are refused, not tried.
      try TinyDigits.write(to: folder) { $0.set(["layers", "0", "units"], .int(1 << 20)) }
      let run = try Measured.run(["train", "gru.json", "-o", "out"], in: folder)
      #expect(run.status == 2 && run.standardError.contains("GiB"), "\(run.standardError)")
      #expect(run.peakBytes < 1 << 30)
    }
  }
}
