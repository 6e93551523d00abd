import Foundation
import RNNSupport
import Testing

@Suite struct ToolRunnerTests {
  let runner = ToolRunner()

  @Test func collectsBothStreamsWithoutBlocking() throws {
    // 200 kB on each stream is more than a pipe holds.
    let script =
      "i=0; while [ $i -lt 20000 ]; do echo 123456789; echo abcdefghi >&2; i=$((i+1)); done"
    let output = try runner.run("sh", ["-c", script], timeout: 60)
    #expect(output.standardOutput.utf8.count == 200_000)
    #expect(output.standardError.utf8.count == 200_000)
    #expect(output.status == 0)
  }

  @Test func failureCarriesTheCommandAndTheLastTwentyLines() throws {
    let script = "for i in $(seq 1 30); do echo line$i >&2; done; exit 3"
    let error = #expect(throws: ToolError.self) {
      try runner.run("sh", ["-c", script])
    }
    #expect(error?.code == .toolFailed)
    #expect(error?.message == "sh failed with status 3")
    let details = try #require(error?.details)
    #expect(details.hasPrefix("$ sh -c 'for i in"))
    #expect(!details.contains("line10\n"))
    #expect(details.contains("line11\n"))
    #expect(details.hasSuffix("line30"))
    #expect(try runner.run("sh", ["-c", "exit 3"], acceptFailure: true).status == 3)
  }

  @Test func theTimeLimitEndsTheWholeProcessTree() throws {
    let marker = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rnnc-timeout-\(UUID().uuidString)")
    let error = #expect(throws: ToolError.self) {
      try runner.run(
        "sh", ["-c", "sh -c 'sleep 3; touch \"$0\"' '\(marker.path)'; true"], timeout: 0.3)
    }
    #expect(error?.message.contains("ran longer than 0.3 seconds") == true)
    Thread.sleep(forTimeInterval: 4)
    #expect(!FileManager.default.fileExists(atPath: marker.path), "a grandchild outlived its tree")
  }

  @Test func workingDirectoryAndEnvironmentReachTheTool() throws {
    let output = try runner.run(
      "sh", ["-c", "pwd; echo $RNNC_PROBE"], directory: URL(fileURLWithPath: "/"),
      extraEnvironment: ["RNNC_PROBE": "a b"])
    #expect(output.standardOutput == "/\na b\n")
  }

  @Test func aMissingToolNamesItsPackage() throws {
    let bare = ToolRunner(environment: ["PATH": "/nonexistent"])
    let error = #expect(throws: ToolError.self) { try bare.require(.verilator) }
    #expect(error?.code == .toolMissing)
    #expect(
      error?.description
        == "error: verilator is not installed, it is needed to simulate the emitted Verilog; install it: apt-get install verilator"
    )
  }

  @Test func anOldToolNamesBothVersions() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rnnc-old-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let fake = folder.appendingPathComponent("verilator")
    try Data("#!/bin/sh\necho Verilator 4.038 2020-07-11 rev v4.036\n".utf8).write(to: fake)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
    let old = ToolRunner(environment: ["PATH": folder.path + ":/usr/bin:/bin"])
    let error = #expect(throws: ToolError.self) { try old.require(.verilator) }
    #expect(error?.code == .toolTooOld)
    #expect(
      error?.message
        == "verilator 4.038 is too old, 5.006 or newer is needed to simulate the emitted Verilog")
  }

  @Test func anExecutableThatCannotStartIsAToolError() throws {
    let error = #expect(throws: ToolError.self) {
      try runner.run("true", [], directory: URL(fileURLWithPath: "/nonexistent/folder"))
    }
    #expect(error?.code == .toolFailed)
  }

  @Test(arguments: [
    ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", "5.006"),
    ("g++ (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0"),
    ("GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu", "4.3"),
    ("Yosys 0.23 (git sha1 7ce5011c24b)", "0.23"),
    ("Icarus Verilog version 11.0 (stable) ()", "11.0"),
  ])
  func findsTheVersionInWhatToolsPrint(text: String, version: String) {
    #expect(ToolVersion(in: text)?.description == version)
  }

  @Test func versionsCompareByNumber() throws {
    let v: (String) throws -> ToolVersion = { try #require(ToolVersion($0)) }
    #expect(try v("5.006") < v("5.010"))
    #expect(try v("4.3") < v("4.10"))
    #expect(try v("12") == v("12.0.0"))
    #expect(try v("12").hashValue == v("12.0").hashValue)
    #expect(ToolVersion("4.x") == nil)
    #expect(ToolVersion(in: "no version here") == nil)
  }

  @Test func quotingSurvivesAShell() throws {
    for argument in ["plain", "", "a b", "it's", "$HOME", "x;y", "*"] {
      let output = try runner.run("sh", ["-c", "printf %s " + ToolRunner.quoted(argument)])
      #expect(output.standardOutput == argument)
    }
  }
}
