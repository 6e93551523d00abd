import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct OutputClaimTests {
  /// A kind whose marker says `"mine": true` and that holds `a.txt` and `sub/b.txt` beside it.
  static let kind = OutputKind(name: "test folder", markers: ["marker.json"]) { _, content in
    content["mine"] == .bool(true)
      ? { ["marker.json", "a.txt", "sub/b.txt"].contains($0) } : nil
  }

  private func names(_ url: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
  }
  private func fill(_ folder: URL, _ files: [String: String]) throws {
    for (path, text) in files {
      try AtomicFile.write(text, to: folder.appendingPathComponent(path))
    }
  }
  private func refusal(_ folder: URL) -> String? {
    do {
      try OutputClaim(folder: folder, kind: Self.kind).release()
      return nil
    } catch { return "\(error)" }
  }

  @Test func aFolderIsOursByTheContentOfItsMarkerAndByEveryFile() throws {
    let ours = ["marker.json": "{\"mine\": true}", "a.txt": "a", "sub/b.txt": "b"]
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("out")
      #expect(refusal(folder) == nil)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      #expect(refusal(folder) == nil)
      try fill(folder, ours)
      #expect(refusal(folder) == nil)
      for (path, word) in [
        ("c.txt", "c.txt"), (".git/config", ".git/config"), ("sub/deep/x", "sub/deep/x"),
        ("a.txt~", "a.txt~"), (".x.partial", ".x.partial"),
      ] {
        try fill(folder, [path: "foreign"])
        #expect(refusal(folder)?.contains(word) == true, "\(path)")
        try FileManager.default.removeItem(at: folder)
        try fill(folder, ours)
      }
      let empty = folder.appendingPathComponent(".git")
      try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
      #expect(refusal(folder)?.contains(".git") == true)
      try FileManager.default.removeItem(at: empty)
      // A link with one of our names was not written by us.
      let link = folder.appendingPathComponent("a.txt")
      try FileManager.default.removeItem(at: link)
      try FileManager.default.createSymbolicLink(
        atPath: link.path, withDestinationPath: "sub/b.txt")
      #expect(refusal(folder)?.contains("a.txt") == true)
      for marker in ["{\"mine\": false}", "{", "", "[]"] {
        try FileManager.default.removeItem(at: folder)
        try fill(folder, ["marker.json": marker])
        #expect(refusal(folder)?.contains("is not that of a test folder") == true, "\(marker)")
      }
      #expect(try names(root) == ["out"])
    }
  }

  @Test func theSecondIsToldWhoWorks() throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("deep/out")
      let first = try OutputClaim(folder: folder, kind: Self.kind)
      #expect(refusal(folder)?.contains("(process \(getpid()))") == true)
      // Another output beside it is free.
      #expect(refusal(root.appendingPathComponent("deep/other")) == nil)
      first.release()
      #expect(refusal(folder) == nil)
      // Nothing stays, not even the folder that was made for it.
      #expect(try names(root) == [])
      // The lock of a killed process is only a file.
      let lock = root.appendingPathComponent(".out.rnnc-lock")
      try Data("999999999\n".utf8).write(to: lock)
      #expect(refusal(root.appendingPathComponent("out")) == nil)
      #expect(try names(root) == [])
    }
  }

  @Test func linksLeadToTheirTargetOrNowhere() throws {
    try withTemporaryFolder { root in
      func link(_ name: String, _ target: String) throws -> URL {
        let url = root.appendingPathComponent(name)
        try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
        return url
      }
      try fill(root.appendingPathComponent("real"), ["marker.json": "{\"mine\": true}"])
      let claim = try OutputClaim(folder: try link("to-real", "real"), kind: Self.kind)
      #expect(claim.url.lastPathComponent == "real")
      try AtomicFile.writeFolder(at: claim.url) {
        try AtomicFile.write("new", to: $0.appendingPathComponent("a.txt"))
      }
      claim.release()
      #expect(try names(root.appendingPathComponent("to-real")) == ["a.txt"])
      #expect(try names(root) == ["real", "to-real"])
      #expect(refusal(try link("dangling", "nothing"))?.contains("leads nowhere") == true)
      #expect(refusal(try link("circle", "circle"))?.contains("in a circle") == true)
      for name in ["dangling", "circle"] {
        #expect(throws: ToolError.self) {
          try OutputClaim(file: root.appendingPathComponent(name))
        }
      }
      // A device is no place for a file that is renamed into it.
      for path in ["/dev/null", root.path] {
        #expect(throws: ToolError.self) { try OutputClaim(file: URL(fileURLWithPath: path)) }
      }
    }
  }

  @Test func anOutputIsNoneOfItsInputs() throws {
    try withTemporaryFolder { root in
      let model = root.appendingPathComponent("m/model.json")
      try AtomicFile.write("{}", to: model)
      let other = root.appendingPathComponent("m/../m/model.json")
      #expect(throws: ToolError.self) { try OutputClaim(file: other, inputs: [model]) }
      #expect(throws: ToolError.self) {
        try OutputClaim(file: model, inputs: [root.appendingPathComponent("m")])
      }
      #expect(throws: ToolError.self) {
        try OutputClaim(
          folder: root.appendingPathComponent("m"), kind: Self.kind, inputs: [model])
      }
      try OutputClaim(file: root.appendingPathComponent("m/new.npy"), inputs: [model]).release()
    }
  }

  @Test func onlyWhatTheDeadLeftIsSwept() throws {
    try withTemporaryFolder { root in
      func put(_ name: String) throws {
        try FileManager.default.createDirectory(
          at: root.appendingPathComponent(name), withIntermediateDirectories: true)
      }
      try put(".out.rnnc-0123ABCD.partial")
      try put(".gone.rnnc-0123ABCD.replaced")
      try put("there")
      try put(".there.rnnc-0123ABCD.replaced")
      for name in [".out.partial", ".out.rnnc-xyz.partial", ".out.rnnc-0123ABCDE.partial"] {
        try put(name)
      }
      var inWork: [String] = []
      try AtomicFile.writeFolder(at: root.appendingPathComponent("new")) { staging in
        try OutputClaim(file: root.appendingPathComponent("x")).release()
        inWork = try names(root)
        #expect(inWork.contains(staging.lastPathComponent), "the work of a living process is gone")
      }
      #expect(
        try names(root) == [
          ".out.partial", ".out.rnnc-0123ABCDE.partial", ".out.rnnc-xyz.partial", "gone", "new",
          "there",
        ])
    }
  }

  @Test func aFileOfAnotherWriterIsReplacedWhole() throws {
    struct Stop: Error {}
    try withTemporaryFolder { root in
      let url = root.appendingPathComponent("wave")
      try AtomicFile.write("old", to: url)
      #expect(throws: Stop.self) {
        try AtomicFile.write(to: url) { file in
          try Data("half".utf8).write(to: file)
          throw Stop()
        }
      }
      #expect(try AtomicFile.read(url) == Data("old".utf8))
      try AtomicFile.write(to: url) { try Data("new".utf8).write(to: $0) }
      #expect(try AtomicFile.read(url) == Data("new".utf8))
      #expect(try names(root) == ["wave"])
    }
  }
}
