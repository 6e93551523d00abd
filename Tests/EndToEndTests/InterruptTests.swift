import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct InterruptTests {
  /// Starts the program, sends SIGINT when `ready` says so, and waits.
  private func interrupted(_ arguments: [String], in folder: URL, when ready: () -> Bool) throws
    -> (status: Int32, error: String)
  {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let log = folder.appendingPathComponent("stderr.txt")
    try Data().write(to: log)
    process.standardError = try FileHandle(forWritingTo: log)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    var waited = 0
    while !ready(), process.isRunning, waited < 6000 {
      Thread.sleep(forTimeInterval: 0.01)
      waited += 1
    }
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    return (process.terminationStatus, try String(contentsOf: log, encoding: .utf8))
  }

  @Test func anInterruptedTrainingResumesToTheSameBits() throws {
    try withTemporaryFolder { folder in
      try TinyDigits.write(to: folder, units: 24, epochs: 150)
      let checkpoint = folder.appendingPathComponent("stopped.checkpoint")
      let run = try interrupted(["train", "gru.json", "-o", "stopped"], in: folder) {
        FileManager.default.fileExists(atPath: checkpoint.path)
      }
      #expect(run.status == 130, "\(run.error)")
      #expect(run.error.contains("interrupted in epoch"))
      #expect(run.error.contains("run the same command again to resume"))
      #expect(FileManager.default.fileExists(atPath: checkpoint.path))
      #expect(
        !FileManager.default.fileExists(atPath: folder.appendingPathComponent("stopped").path))

      let resumed = try Program.run(["train", "gru.json", "-o", "stopped"], in: folder)
      #expect(resumed.status == 0, "\(resumed.standardError)")
      #expect(!resumed.standardError.contains("train 1/150"), "it started over")
      let whole = try Program.run(["train", "gru.json", "-o", "whole"], in: folder)
      #expect(whole.status == 0)
      for name in ["model.json", "model.safetensors", "record.json"] {
        let a = try Data(contentsOf: folder.appendingPathComponent("stopped/\(name)"))
        let b = try Data(contentsOf: folder.appendingPathComponent("whole/\(name)"))
        #expect(a == b, "\(name) differs")
      }
      #expect(!FileManager.default.fileExists(atPath: checkpoint.path))
      #expect(!everything(below: folder).contains { $0.contains("partial") })
    }
  }

  @Test func goingOnWithAnotherArithmeticIsNoticed() throws {
    try withTemporaryFolder { folder in
      try TinyDigits.write(to: folder, units: 24, epochs: 150)
      let checkpoint = folder.appendingPathComponent("m.checkpoint")
      _ = try interrupted(["train", "gru.json", "-o", "m"], in: folder) {
        FileManager.default.fileExists(atPath: checkpoint.path)
      }
      // Four threads and no fused multiplications: what stands for a machine of another kind.
      let other = try Program.run(["train", "gru.json", "-o", "m", "--reproducible"], in: folder)
      let levels = other.standardError.matches(of: /x86-64[^;]*? threads/).map { "\($0.0)" }
      #expect(Set(levels).count == 2, "\(other.standardError)")
      // Where the C library gives the same features, it goes on, and the history has both.
      if other.status == 0 {
        let model = try String(
          contentsOf: folder.appendingPathComponent("m/model.json"), encoding: .utf8)
        #expect(model.contains("threads; then x86-64, oneDNN sse41, 4 threads"))
      } else {
        #expect(other.status == 2 && other.standardError.contains("--reproducible"))
      }
    }
  }

  @Test func reproducibleTrainingIsAlikeOnAnyNumberOfProcessors() throws {
    try withTemporaryFolder { folder in
      try TinyDigits.write(to: folder)
      var models: [Data] = []
      let train = [Program.path, "train", "gru.json", "--reproducible", "-o"]
      for (name, prefix) in [
        ("a", ["env"]), ("b", ["taskset", "-c", "0"]), ("c", ["env", "ONEDNN_MAX_CPU_ISA=AVX2"]),
      ] {
        let words = prefix + train + [name]
        try ToolRunner().run(words[0], Array(words.dropFirst()), directory: folder)
        for file in ["model.json", "model.safetensors"] {
          models.append(try Data(contentsOf: folder.appendingPathComponent("\(name)/\(file)")))
        }
      }
      #expect(models[0] == models[2] && models[1] == models[3], "one processor differs")
      #expect(models[0] == models[4] && models[1] == models[5], "another limit differs")
      let text = String(decoding: models[0], as: UTF8.self)
      #expect(text.contains("\"arithmetic\": \"x86-64, oneDNN sse41, 4 threads\""))
    }
  }

  @Test func aCheckpointOfAnotherTrainingIsRefused() throws {
    try withTemporaryFolder { folder in
      try TinyDigits.write(to: folder, units: 24, epochs: 150)
      let checkpoint = folder.appendingPathComponent("m.checkpoint")
      _ = try interrupted(["train", "gru.json", "-o", "m"], in: folder) {
        FileManager.default.fileExists(atPath: checkpoint.path)
      }
      let before = try Data(contentsOf: checkpoint)
      let other = try Program.run(["train", "gru.json", "-o", "m", "--seed", "9"], in: folder)
      #expect(other.status == 2)
      #expect(other.standardError.contains("the checkpoint belongs to another training"))
      #expect(try Data(contentsOf: checkpoint) == before)
      // Damage is found as well.
      try before.dropLast(100).write(to: checkpoint)
      let damaged = try Program.run(["train", "gru.json", "-o", "m"], in: folder)
      #expect(damaged.status == 2)
      #expect(damaged.standardError.contains("m.checkpoint"))
    }
  }
}
