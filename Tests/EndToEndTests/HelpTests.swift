import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// The subcommands that the program lists.
private func subcommands() throws -> [String] {
  let help = try Program.run(["--help"]).standardOutput
  guard let list = help.split(separator: "SUBCOMMANDS:").last else { return [] }
  return list.matches(of: /(?m)^  ([a-z]+)/).map { String($0.1) }
}

@Suite struct HelpTests {
  @Test func helpScreensAreAsCommitted() throws {
    let verbs = try subcommands()
    #expect(verbs.contains("doctor"))
    try expectGolden(try Program.run(["--help"]).standardOutput, "help.txt")
    for verb in verbs {
      let output = try Program.run([verb, "--help"])
      #expect(output.status == 0)
      #expect(output.standardOutput.contains("EXAMPLES"), "the help of \(verb) shows no example")
      try expectGolden(output.standardOutput, "help-\(verb).txt")
    }
    let committed = try FileManager.default.contentsOfDirectory(
      atPath: packageRoot.appendingPathComponent("Tests/EndToEndTests/Golden").path
    ).filter { $0.hasPrefix("help") }.sorted()
    #expect(committed == (["help.txt"] + verbs.map { "help-\($0).txt" }).sorted())
  }

  @Test func wrongUsageExitsWith64() throws {
    for arguments in [["nonsense"], ["doctor", "extra"], ["doctor", "--no-such-option"]] {
      let output = try Program.run(arguments)
      #expect(output.status == 64, "\(arguments)")
      #expect(output.standardError.contains("Usage:"))
      #expect(output.standardOutput.isEmpty)
    }
  }
}

@Suite struct DoctorTests {
  @Test func aMissingToolIsAFailedCheckWithItsInstallCommand() throws {
    // A PATH with nothing in it: every tool is missing.
    let output = try Program.run(["doctor"], environment: ["PATH": "/nonexistent"])
    #expect(output.status == 1)
    #expect(output.standardOutput.contains("no  verilator"))
    #expect(output.standardOutput.contains("apt-get install verilator g++"))
    let json = try Program.run(["doctor", "--json"], environment: ["PATH": "/nonexistent"])
    #expect(json.status == 1)
    let value = try JSONValue(parsing: Data(json.standardOutput.utf8))
    #expect(value["passed"] == .bool(false))
  }

  @Test func anOldToolIsNamedWithBothVersions() throws {
    try withTemporaryFolder { folder in
      let fake = folder.appendingPathComponent("verilator")
      try AtomicFile.write("#!/bin/sh\necho Verilator 4.038 2020-07-11\n", to: fake)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      let output = try Program.run(["doctor"], environment: ["PATH": "\(folder.path):\(path)"])
      #expect(output.status == 1)
      #expect(output.standardOutput.contains("4.038, too old"))
      #expect(output.standardOutput.contains("needs 5.006"))
    }
  }
}
