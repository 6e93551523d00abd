import Foundation
import RNNSupport
import Testing

@Suite struct AtomicFileTests {
  func inTemporaryFolder(_ body: (URL) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-atomic-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url)
  }
  func names(_ url: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
  }

  @Test func writesAndReplacesAFile() throws {
    try inTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a/b.txt")
      try AtomicFile.write("one", to: url)
      try AtomicFile.write("two", to: url)
      #expect(try AtomicFile.read(url) == Data("two".utf8))
      #expect(try names(folder.appendingPathComponent("a")) == ["b.txt"])
    }
  }

  @Test func aFolderAppearsWholeOrNotAtAll() throws {
    struct Stop: Error {}
    try inTemporaryFolder { folder in
      let url = folder.appendingPathComponent("build")
      #expect(throws: Stop.self) {
        try AtomicFile.writeFolder(at: url) { staging in
          try AtomicFile.write("half", to: staging.appendingPathComponent("x"))
          throw Stop()
        }
      }
      #expect(try names(folder) == [])
      try AtomicFile.writeFolder(at: url) {
        try AtomicFile.write("1", to: $0.appendingPathComponent("deep/x"))
      }
      #expect(throws: Stop.self) { try AtomicFile.writeFolder(at: url) { _ in throw Stop() } }
      #expect(try names(url) == ["deep"])
      try AtomicFile.writeFolder(at: url) {
        try AtomicFile.write("2", to: $0.appendingPathComponent("y"))
      }
      #expect(try names(url) == ["y"])
      #expect(try names(folder) == ["build"])
    }
  }

  @Test func namesThePathAndTheReason() throws {
    try inTemporaryFolder { folder in
      try AtomicFile.write("file", to: folder.appendingPathComponent("f"))
      for (path, message) in [("f/inside", "f"), (".", "it is a folder")] {
        do {
          try AtomicFile.write("x", to: folder.appendingPathComponent(path))
          Issue.record("wrote \(path)")
        } catch {
          #expect(error is ToolError)
          #expect("\(error)".contains(message), "\(error)")
        }
      }
      do {
        _ = try AtomicFile.read(folder.appendingPathComponent("none"))
        Issue.record("read a missing file")
      } catch {
        #expect("\(error)".contains("no such file"), "\(error)")
      }
      #expect(throws: ToolError.self) {
        try AtomicFile.writeFolder(at: folder.appendingPathComponent("f")) { _ in }
      }
      #expect(try names(folder) == ["f"])
    }
  }
}
