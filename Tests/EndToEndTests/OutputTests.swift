import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// Outputs replace what rnnc wrote and nothing else, and what cannot be written is refused before any work.
@Suite struct OutputTests {
  private static let writers: [[String]] =
    TinyArrays.stages + [
      ["quantize", "circulant", "--calibration", "data/test-inputs.npy", "-o", "calibrated"],
      ["import", "dense.json", "-o", "imported"],
    ]
  private static let dense = """
    {"in_shape": [null, null, 2], "layers": [
      {"type": "dense", "activation": "", "shape": [null, null, 1],
       "weights": [[[0.5], [-0.5]], [0.125]]}]}
    """

  private func withModels(_ body: (URL) throws -> Void) throws {
    let shared = try TinyArrays.shared.get()
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("w")
      try FileManager.default.copyItem(at: shared, to: folder)
      try AtomicFile.write(Self.dense, to: folder.appendingPathComponent("dense.json"))
      try body(folder)
    }
  }
  private func replacingOutput(_ command: [String], _ output: String) throws -> [String] {
    var command = command
    let place = try #require(command.firstIndex(of: "-o"))
    command[place + 1] = output
    return command
  }
  private func contents(_ folder: URL) -> [String: Data] {
    var result: [String: Data] = [:]
    for path in everything(below: folder) {
      result[path] = (try? Data(contentsOf: folder.appendingPathComponent(path))) ?? Data()
    }
    return result
  }
  /// The command must end with status 2 and these words, and change nothing.
  private func expectRefusal(
    _ command: [String], in folder: URL, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = contents(folder)
    let result = try Program.run(command, in: folder)
    #expect(result.status == 2, "\(command): \(result.status)", sourceLocation: sourceLocation)
    for word in words {
      #expect(
        result.standardError.contains(word),
        "\(command): no \"\(word)\" in \(result.standardError)",
        sourceLocation: sourceLocation)
    }
    #expect(contents(folder) == before, "\(command)", sourceLocation: sourceLocation)
  }

  @Test(arguments: writers)
  func aFolderOfTheUsersIsNeverReplaced(command: [String]) throws {
    try withModels { folder in
      // It has files of our markers' names, and the user's work.
      let mine = folder.appendingPathComponent("mine")
      for (path, text) in [
        "manifest.json": "{\"name\": \"my app\", \"files\": []}", "model.json": "{\"layers\": []}",
        "record.json": "{\"stage\": \"train\"}", "sequence.json": "{}",
        ".git/config": "[core]", "src/main.c": "int main(void) { return 0; }",
      ] {
        try AtomicFile.write(text, to: mine.appendingPathComponent(path))
      }
      try expectRefusal(
        try replacingOutput(command, "mine"), in: folder, "mine", "is not that of", "-o")

      // One of ours in which the user put something.
      let output = try Program.run(try replacingOutput(command, "ours"), in: folder)
      #expect(output.status == 0, "\(output.standardError)")
      let notes = folder.appendingPathComponent("ours/.git/HEAD")
      try AtomicFile.write("ref: refs/heads/main", to: notes)
      try expectRefusal(
        try replacingOutput(command, "ours"), in: folder, ".git/HEAD", "move it away")
      try FileManager.default.removeItem(at: folder.appendingPathComponent("ours/.git"))
      let again = try Program.run(try replacingOutput(command, "ours"), in: folder)
      #expect(again.status == 0, "\(again.standardError)")
    }
  }

  @Test func aCheckpointOfTheUsersIsNoCheckpoint() throws {
    try withModels { folder in
      let mine = folder.appendingPathComponent("float.checkpoint.fine-tune/thesis.tex")
      try AtomicFile.write("\\documentclass{book}", to: mine)
      #expect(try Program.run(TinyArrays.stages[0], in: folder).status == 0)
      #expect(FileManager.default.fileExists(atPath: mine.path))
    }
  }

  @Test func linksAndInputs() throws {
    try withModels { folder in
      func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
          atPath: folder.appendingPathComponent(name).path, withDestinationPath: target)
      }
      let run = ["run", "float", "--input", "data/test-inputs.npy", "-o"]
      try link("nowhere", to: "nothing/there")
      try link("circle", to: "circle")
      for name in ["nowhere", "circle"] {
        try expectRefusal(run + [name], in: folder, name, "link")
        for command in Self.writers {
          try expectRefusal(try replacingOutput(command, name), in: folder, name, "link")
        }
      }
      try expectRefusal(run + ["float/model.json"], in: folder, "would replace the input")
      try expectRefusal(run + ["data/test-inputs.npy"], in: folder, "would replace the input")
      try expectRefusal(run + ["float"], in: folder, "it is a folder")
      try expectRefusal(run + ["/dev/null"], in: folder, "no regular file")
      try expectRefusal(
        ["report", ".", "-o", "float/model.json"], in: folder, "would replace the input")
      // A page in the folder that it is about replaces an older page.
      for _ in 0..<2 {
        let page = try Program.run(["report", ".", "-o", "float/page"], in: folder)
        #expect(page.status == 0, "\(page.standardError)")
      }
      try FileManager.default.removeItem(at: folder.appendingPathComponent("float/page"))
      try expectRefusal(
        ["compress", "float", "--experiment", "e.json", "-o", "float"], in: folder,
        "would replace the input")

      // A link to a folder stays a link, and its target gets the output.
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("store/target"), withIntermediateDirectories: true)
      try link("linked", to: "store/target")
      for command in [TinyArrays.stages[0], TinyArrays.stages[0]] {
        let output = try Program.run(try replacingOutput(command, "linked"), in: folder)
        #expect(output.status == 0, "\(output.standardError)")
      }
      let names = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("store/target").path)
      #expect(names.contains("model.json"))
      #expect(
        try FileManager.default.destinationOfSymbolicLink(
          atPath: folder.appendingPathComponent("linked").path) == "store/target")
      #expect(
        try FileManager.default.contentsOfDirectory(
          atPath: folder.appendingPathComponent("store").path) == ["target"])
    }
  }

  @Test(.enabled(if: geteuid() == 0 && ToolRunner().path(of: "setpriv") != nil, "not root"))
  func whatBelongsToAnotherInAStickyFolderIsRefusedFirst() throws {
    try withModels { folder in
      let sticky = folder.appendingPathComponent("sticky")
      try FileManager.default.createDirectory(at: sticky, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: folder.appendingPathComponent("float"), to: sticky.appendingPathComponent("out"))
      try AtomicFile.write("old", to: sticky.appendingPathComponent("y.npy"))
      for path in [sticky.path, sticky.appendingPathComponent("out").path] {
        chmod(path, 0o1777)
      }
      for path in everything(below: sticky) where path.contains("/") {
        chmod(sticky.appendingPathComponent(path).path, 0o666)
      }
      chmod(folder.deletingLastPathComponent().path, 0o755)
      let before = contents(folder)
      for command in [
        try replacingOutput(TinyArrays.stages[0], "sticky/out"),
        ["run", "float", "--input", "data/test-inputs.npy", "-o", "sticky/y.npy"],
      ] {
        let result = try ToolRunner().run(
          "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", Program.path] + command,
          directory: folder, acceptFailure: true)
        #expect(result.status == 2, "\(result.standardError)")
        #expect(
          result.standardError.contains("belongs to another user"), "\(result.standardError)")
      }
      #expect(contents(folder) == before)
    }
  }

  @Test(arguments: writers + [["energy", "rtl"], ["report", ".", "-o", "r.html"]])
  func twoAtOnceAreOne(command: [String]) throws {
    try withModels { folder in
      let output = command.firstIndex(of: "-o").map { command[$0 + 1] } ?? command[1]
      let held = try OutputClaim(in: folder.appendingPathComponent(output))
      defer { held.release() }
      let before = contents(folder)
      let result = try Program.run(command, in: folder)
      #expect(result.status == 2, "\(result.standardError)")
      #expect(result.standardError.contains("(process \(getpid()))"), "\(result.standardError)")
      #expect(contents(folder) == before)
    }
  }
}
