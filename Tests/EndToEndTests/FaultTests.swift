import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// A disk that fails at every write, fsync, rename, mkdir, unlink and rmdir of every verb that writes.
///
/// After a fault each output is whole, the old one or the new one. The same command then gives what it gives
/// without faults, and nothing else lies about. `make faults` tries every call (`RNNC_FAULTS=all`); the tests try a
/// spread of them.
@Suite struct FaultTests {
  /// A verb, and what it writes: each unit is a file or a folder that changes as a whole.
  struct Verb: CustomTestStringConvertible {
    var name: String
    /// The command whose output lies there before, then the one that meets the fault.
    var before: [String]
    var command: [String]
    var units: [String]
    /// Calls to try in the tests.
    var samples: Int
    var tool: Tool?
    var testDescription: String { name }
  }

  static let input = ["--input", "data/test-inputs.npy"]
  static let verbs: [Verb] = [
    Verb(
      name: "run", before: ["run", "circulant"] + input + ["-o", "y.npy"],
      command: ["run", "float"] + input + ["-o", "y.npy"], units: ["y.npy"], samples: 100),
    Verb(
      name: "train", before: ["train", "e.json", "-o", "float", "--seed", "7"],
      command: ["train", "e.json", "-o", "float"], units: ["float"], samples: 6),
    Verb(
      name: "compress",
      before: ["compress", "float", "--experiment", "e.json", "-o", "circulant", "--block", "4"],
      command: TinyArrays.stages[1], units: ["circulant"], samples: 4),
    Verb(
      name: "quantize",
      before: ["quantize", "float", "--experiment", "e.json", "-o", "quantized"],
      command: TinyArrays.stages[2], units: ["quantized"], samples: 4),
    Verb(
      name: "quantize without training",
      before: ["quantize", "float", "--calibration", "data/test-inputs.npy", "-o", "q"],
      command: ["quantize", "circulant", "--calibration", "data/test-inputs.npy", "-o", "q"],
      units: ["q"], samples: 6),
    Verb(
      name: "import",
      before: ["import", "old.json", "-o", "imported"],
      command: ["import", "new.json", "-o", "imported"], units: ["imported"], samples: 6),
    Verb(
      name: "compile", before: TinyArrays.stages[3] + ["--lanes", "1"],
      command: TinyArrays.stages[3], units: ["rtl"], samples: 8),
    Verb(
      name: "energy", before: ["energy", "rtl", "--rate", "50"], command: ["energy", "rtl"],
      units: ["rtl/energy.json"], samples: 4),
    Verb(
      name: "report", before: ["report", ".", "-o", "r.html", "--title", "old"],
      command: ["report", ".", "-o", "r.html"], units: ["r.html"], samples: 4),
    Verb(
      name: "lyapunov",
      before: ["lyapunov", "float", "--random", "zero", "--steps", "20", "-o", "spectrum"],
      command: ["lyapunov", "float", "--random", "gaussian", "--steps", "20", "-o", "spectrum"],
      units: ["spectrum/lyapunov.json", "spectrum/lyapunov.svg"], samples: 4),
    Verb(
      name: "cosim", before: ["cosim", "rtl"] + input + ["--activity", "--limit", "1"],
      command: ["cosim", "rtl"] + input + ["--activity", "--limit", "2"],
      units: ["rtl/cosim.json", "rtl/activity.json"]
        + ["Makefile", "bench.cpp", "bench.json", "expected.txt", "input.txt", "test_design.py"].map
      { "rtl/bench/\($0)" }, samples: 0, tool: .verilator),
    Verb(
      name: "cosim that builds", before: ["energy", "rtl"],
      command: ["cosim", "rtl"] + input + ["--limit", "1", "--flow", "free"],
      units: ["rtl/cosim.json"], samples: 0, tool: .verilator),
    Verb(
      name: "synth", before: ["synth", "rtl", "--device", "XC7A100T", "--no-place"],
      command: ["synth", "rtl", "--device", "LFE5U-25F", "--no-place"],
      units: ["rtl/synth", "rtl/synth.json"], samples: 0, tool: .yosys),
  ]
  /// `all`, or the name of a verb of which alone every call is tried; nil for a spread of the calls of all.
  static let wanted = ProcessInfo.processInfo.environment["RNNC_FAULTS"]
  static let kinds = ["kill", "enospc", "eio", "short", "kill-noexchange", "eio-noexchange"]

  /// The library that makes the faults, compiled once.
  private static let library: Result<String, any Error> = Result {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rnnc-faults-\(ProcessInfo.processInfo.processIdentifier).so")
    try ToolRunner().run(
      "gcc",
      [
        "-shared", "-fPIC", "-O1", "-o", file.path,
        packageRoot.appendingPathComponent("Tests/Faults/faults.c").path, "-ldl",
      ])
    libraryPath = file.path
    atexit { unlink(FaultTests.libraryPath) }
    return file.path
  }
  private nonisolated(unsafe) static var libraryPath = ""

  @Test(arguments: verbs)
  func everyFaultLeavesTheOldOrTheNewOutput(verb: Verb) throws {
    let samples =
      Self.wanted.map { $0 == "all" || $0 == verb.name ? Int.max : 0 } ?? verb.samples
    if samples == 0 || verb.tool.map({ ToolRunner().path(of: $0.name) == nil }) ?? false { return }
    let shared = try TinyArrays.shared.get()
    try withTemporaryFolder { root in
      let base = root.appendingPathComponent("base")
      try FileManager.default.copyItem(at: shared, to: base)
      if verb.name == "import" { try writeImports(base) }
      let state = try slowTools(root.appendingPathComponent("tools")).merging(
        ["XDG_STATE_HOME": root.appendingPathComponent("state").path]
      ) { $1 }
      try run(verb.before, base, state)
      let old = contents(base)

      // Without a fault: the new output, and the calls that can fail.
      let log = root.appendingPathComponent("calls")
      let clean = try copy(base, to: root.appendingPathComponent("clean"))
      // The state that builds are looked up in stays out, so that every trial builds anew if the first one does.
      let fresh = verb.name == "cosim that builds"
      func trialState(_ name: String) -> [String: String] {
        var environment = state
        if fresh { environment["XDG_STATE_HOME"] = root.appendingPathComponent(name).path }
        return environment
      }
      try run(
        verb.command, clean,
        trialState("s0").merging(try faults(nil, log: log.path)) { $1 })
      let new = contents(clean)
      let calls = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map {
        String($0.split(separator: " ")[1])
      }
      #expect(calls.count > 5)
      if verb.units.allSatisfy({ unit($0, old) == unit($0, new) }) {
        Issue.record("\(verb.name) writes what was there already: the trial proves nothing")
      }

      var tried = 0
      for (k, kind) in Self.kinds.enumerated() {
        if kind.hasSuffix("-noexchange"), !calls.contains("exchange") { continue }
        var numbers = Array(calls.indices)
        if kind == "short" { numbers = numbers.filter { calls[$0] == "write" } }
        if samples < numbers.count {
          // Another spread for each kind, with the first and the last calls in one of them.
          let step = Double(numbers.count - 1) / Double(max(1, samples - 1))
          let start = numbers.count
          numbers = (0..<samples).map { numbers[(Int(Double($0) * step) + k) % start] }
        }
        for number in numbers {
          tried += 1
          let trialFolder = root.appendingPathComponent("t\(k)-\(number)")
          let place = try copy(base, to: trialFolder)
          try trial(
            verb, kind: kind, number: number, call: calls[number], in: place,
            state: trialState("s\(k)-\(number)"), old: old, new: new)
          try FileManager.default.removeItem(at: trialFolder)
        }
      }
      let line = "faults: \(verb.name): \(calls.count) calls, \(tried) trials\n"
      FileHandle.standardError.write(Data(line.utf8))
    }
  }

  private func trial(
    _ verb: Verb, kind: String, number: Int, call: String, in folder: URL,
    state: [String: String], old: [String: String], new: [String: String]
  ) throws {
    let what = "\(verb.name): \(kind) at \(call) \(number)"
    let result = try Program.run(
      verb.command, in: folder,
      environment: state.merging(try faults("\(kind)@\(number)", log: nil)) { $1 })
    if kind.hasPrefix("kill") {
      #expect(result.status == 9, "\(what): status \(result.status)")
    } else {
      #expect([0, 2].contains(result.status), "\(what): status \(result.status)")
      #expect(
        result.status == 0 || result.standardError.contains("error: "),
        "\(what): \(result.standardError)")
      // A short write is none of the user's concern.
      if kind == "short" { #expect(result.status == 0, "\(what): \(result.standardError)") }
    }
    let after = contents(folder)
    for path in verb.units {
      let now = unit(path, after)
      if result.status == 0 {
        #expect(now == unit(path, new), "\(what): \(path) is not the new one after success")
      } else if kind == "kill-noexchange", now.isEmpty {
        // Without an exchange of names there is a moment with the old output beside its name.
        #expect(after.keys.contains { $0.contains(".replaced") }, "\(what): \(path) is gone")
      } else {
        #expect(
          now == unit(path, old) || now == unit(path, new),
          "\(what): \(path) is neither old nor new")
      }
    }
    let again = try Program.run(verb.command, in: folder, environment: state)
    #expect(again.status == 0, "\(what), then: \(again.standardError)")
    let final = contents(folder)
    for path in Set(new.keys).union(final.keys).sorted() where final[path] != new[path] {
      let state =
        final[path] == nil ? "missing" : new[path] == nil ? "left over" : "another"
      Issue.record("\(what): after the second run \(path) is \(state)")
    }
  }

  /// g++ and Yosys that give the same files again without working for them: what they do is not under test here, and
  /// every trial runs them twice.
  private func slowTools(_ folder: URL) throws -> [String: String] {
    func script(_ name: String, _ text: String) throws {
      guard let path = ToolRunner().path(of: name) else { return }
      let file = folder.appendingPathComponent(name)
      try AtomicFile.write(
        """
        #!/bin/sh
        real='\(path)' kept='\(folder.path)/kept'
        \(text)
        """, to: file)
      chmod(file.path, 0o755)
    }
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("kept"), withIntermediateDirectories: true)
    // The arguments are relative paths, and the sources are the same in all trials.
    try script(
      "g++",
      """
      out= last=
      for word; do [ "$last" = -o ] && out=$word; last=$word; done
      [ -n "$out" ] || exec "$real" "$@"
      key=$kept/$(printf '%s\\n' "$@" | sha256sum | cut -c1-64)
      if [ ! -e "$key" ]; then "$real" "$@" && cp "$out" "$key.$$" && mv "$key.$$" "$key" || exit 1; fi
      cp "$key" "$out"
      """)
    try script(
      "yosys",
      """
      [ "$1" = -q ] || exec "$real" "$@"
      key=$kept/$(sha256sum < ../synth/synth.ys | cut -c1-64)
      if [ ! -d "$key" ]; then
        "$real" "$@" && mkdir "$key.$$" && cp ../synth/*.json "$key.$$" && mv "$key.$$" "$key" || exit 1
      fi
      cp "$key"/* ../synth
      """)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return ["PATH": "\(folder.path):\(path)"]
  }

  /// A copy with the same name in another folder: reports have the name in them.
  private func copy(_ base: URL, to folder: URL) throws -> URL {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let copy = folder.appendingPathComponent(base.lastPathComponent)
    try FileManager.default.copyItem(at: base, to: copy)
    return copy
  }

  private func run(_ command: [String], _ folder: URL, _ environment: [String: String]) throws {
    let output = try Program.run(command, in: folder, environment: environment)
    try #require(output.status == 0, "rnnc \(command): \(output.standardError)")
  }

  private func faults(_ fault: String?, log: String?) throws -> [String: String] {
    var environment = ["LD_PRELOAD": try Self.library.get()]
    environment["RNNC_FAULT"] = fault
    environment["RNNC_FAULT_LOG"] = log
    return environment
  }

  /// Digests of all files by path, and empty texts for folders.
  private func contents(_ folder: URL) -> [String: String] {
    var result: [String: String] = [:]
    for path in everything(below: folder) {
      let data = try? Data(contentsOf: folder.appendingPathComponent(path))
      result[path] = data.map { sha256($0) } ?? ""
    }
    return result
  }
  /// What belongs to a file or a folder.
  private func unit(_ path: String, _ all: [String: String]) -> [String: String] {
    all.filter { $0.key == path || $0.key.hasPrefix(path + "/") }
  }

  /// Two networks as RTNeural writes them.
  private func writeImports(_ folder: URL) throws {
    for (name, weight) in [("old", 0.25), ("new", 0.5)] {
      try AtomicFile.write(
        """
        {"in_shape": [null, null, 2], "layers": [
          {"type": "dense", "activation": "", "shape": [null, null, 1],
           "weights": [[[\(weight)], [-0.5]], [0.125]]}]}
        """, to: folder.appendingPathComponent("\(name).json"))
    }
  }
}
