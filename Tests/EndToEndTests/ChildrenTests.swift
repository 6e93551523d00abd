import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// What rnnc starts ends with it, and what it answers is not believed blindly.
@Suite struct ChildrenTests {
  /// A Verilator in shell that answers `--version`, and then does what a test wants.
  private func standIn(_ folder: URL, root: String, _ work: String) throws -> [String: String] {
    let script = """
      #!/bin/sh
      case "$1" in
      --version) echo 'Verilator 5.006 2023-01-22'; exit 0 ;;
      --getenv) \(root); exit 0 ;;
      esac
      \(work)
      """
    let tools = folder.appendingPathComponent("tools")
    let file = tools.appendingPathComponent("verilator")
    try AtomicFile.write(script, to: file)
    chmod(file.path, 0o755)
    return [
      "PATH": "\(tools.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")",
      "XDG_STATE_HOME": folder.appendingPathComponent("state").path,
    ]
  }
  private static let cosim = ["cosim", "rtl", "--input", "data/test-inputs.npy", "--limit", "1"]

  private func withBuild(_ body: (URL) throws -> Void) throws {
    let shared = try TinyArrays.shared.get()
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("w")
      try FileManager.default.copyItem(at: shared, to: folder)
      try body(folder)
    }
  }

  /// True as soon as something is so; false if it is not within half a minute.
  private func soon(_ isSo: () -> Bool) -> Bool {
    for _ in 0..<3000 {
      if isSo() { return true }
      usleep(10_000)
    }
    return false
  }

  @Test(arguments: [SIGKILL, SIGHUP, SIGTERM, SIGINT])
  func grandchildrenEndWithTheProgram(signal: Int32) throws {
    try withBuild { folder in
      let pids = folder.appendingPathComponent("pids")
      // A child that waits for a grandchild, as g++ waits for cc1plus; both ignore what a terminal sends.
      let environment = try standIn(
        folder, root: "echo '\(realRoot)'",
        """
        trap '' HUP INT TERM
        sh -c 'trap "" HUP INT TERM; echo $$ >> "\(pids.path)"; sleep 600; true' &
        echo $$ >> '\(pids.path)'
        wait
        """)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Program.path)
      process.arguments = Self.cosim
      process.currentDirectoryURL = folder
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      func started() -> [Int32] {
        ((try? String(contentsOf: pids, encoding: .utf8)) ?? "").split(separator: "\n")
          .compactMap { Int32($0) }
      }
      #expect(soon { started().count == 2 })
      kill(process.processIdentifier, signal)
      process.waitUntilExit()
      #expect(process.terminationStatus == (signal == SIGKILL ? SIGKILL : 130))
      for pid in started() {
        #expect(endsSoon(pid), "\(pid) lives on after signal \(signal)")
      }
      // What was not killed leaves nothing either.
      if signal != SIGKILL {
        #expect(!everything(below: folder).contains { $0.contains("rnnc-") })
      }
    }
  }

  /// Kills what does not end; never what is gone, whose number may be another process's by now.
  private func endsSoon(_ pid: Int32) -> Bool {
    if soon({ hasEnded(pid) }) { return true }
    kill(pid, SIGKILL)
    return false
  }

  /// Gone, or a zombie that nobody waits for.
  private func hasEnded(_ pid: Int32) -> Bool {
    if kill(pid, 0) != 0 { return true }
    let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    return status.isEmpty || status.contains(") Z")
  }

  private var realRoot: String {
    let output = try? ToolRunner().run("verilator", ["--getenv", "VERILATOR_ROOT"])
    return (output?.standardOutput ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    .enabled(if: Program.hasSimulator, "Verilator is missing"),
    arguments: [
      ("true", "true", "answered \"\""), ("echo /nonexistent", "true", "answered \"/nonexistent\""),
      ("echo '%'", "true", "generated no C++"),
    ])
  func nonsenseIsTheToolsFault(root: String, work: String, message: String) throws {
    try withBuild { folder in
      let environment = try standIn(
        folder, root: root.replacingOccurrences(of: "%", with: realRoot), work)
      let before = everything(below: folder.appendingPathComponent("rtl"))
      let result = try Program.run(Self.cosim, in: folder, environment: environment)
      #expect(result.status == 2)
      #expect(
        result.standardError.contains("verilator") && result.standardError.contains(message),
        "\(result.standardError)")
      #expect(
        everything(below: folder.appendingPathComponent("rtl")).filter { !$0.contains("runtime-") }
          == before)
    }
  }

  @Test func aSynthesizerThatWritesNothingIsNamed() throws {
    try withBuild { folder in
      _ = try standIn(folder, root: "true", "true")
      let yosys = folder.appendingPathComponent("tools/yosys")
      for answer in ["true", "echo nonsense > ../synth/cells.json", ": > ../synth/cells.json"] {
        try AtomicFile.write(
          "#!/bin/sh\n[ \"$1\" = -V ] && { echo 'Yosys 0.23'; exit 0; }\n\(answer)\n", to: yosys)
        chmod(yosys.path, 0o755)
        let result = try Program.run(
          ["synth", "rtl", "--device", "LFE5U-25F", "--no-place"], in: folder,
          environment: ["PATH": "\(yosys.deletingLastPathComponent().path):/usr/bin:/bin"])
        #expect(result.status == 2)
        #expect(result.standardError.lowercased().contains("yosys"), "\(result.standardError)")
        #expect(!everything(below: folder).contains { $0.hasPrefix("rtl/synth") })
      }
    }
  }
}
