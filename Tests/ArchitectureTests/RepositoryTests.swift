import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct RepositoryTests {
  @Test func theRootHoldsOnlyKnownFiles() throws {
    let known: Set<String> = [
      // Kept in the repository.
      ".ci", ".gitignore", ".swift-format", "Benchmarks", "Examples", "LICENSE", "Makefile",
      "Package.swift", "README.md", "Sources", "Tests", "docs", "hw-sim", "rtl", "scripts",
      // Made by tools and ignored by git.
      ".build", ".git", ".swiftpm", "Package.resolved", "build",
    ]
    let found = try FileManager.default.contentsOfDirectory(atPath: packageRoot.path).sorted()
    #expect(found.contains("Package.swift"))
    for name in found {
      #expect(known.contains(name), "\(name) does not belong in the root folder")
    }
  }

  @Test func sourceFilesStayShort() throws {
    var seen = 0
    for folder in ["Sources", "Tests", "rtl", "hw-sim"] {
      for file in try filesBelow(packageRoot.appendingPathComponent(folder)) {
        guard ["swift", "sv", "cpp", "h"].contains(file.pathExtension) else { continue }
        // Made by the protocol buffer compiler, which knows no files by concern.
        if file.lastPathComponent.hasSuffix(".pb.swift") { continue }
        seen += 1
        let lines =
          try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false
          ).count - 1
        #expect(lines <= 600, "\(relative(file)) has \(lines) lines; split it by concern")
      }
    }
    #expect(seen >= 20)
  }

  @Test func documentLinksResolve() throws {
    let link = /\[[^\]]*\]\(([^)\s]+)\)/
    var linksSeen = 0
    for file in try filesBelow(packageRoot, suffix: ".md") {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: link) {
        let target = String(match.1)
        guard !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
        linksSeen += 1
        let path = target.split(separator: "#", omittingEmptySubsequences: false)[0]
        guard !path.isEmpty else { continue }
        let destination = file.deletingLastPathComponent().appendingPathComponent(String(path))
        #expect(
          FileManager.default.fileExists(atPath: destination.path),
          "\(relative(file)) links to \(target), which does not exist")
      }
    }
    #expect(linksSeen >= 1)
  }

  @Test func textFilesNameNoMachinePaths() throws {
    // Built from parts so that this file does not match itself.
    let forbidden = ["/" + "work/", "/" + "opt/swift", "/" + "root/"]
    var seen = 0
    for file in try filesBelow(packageRoot) {
      guard let text = try? String(contentsOf: file, encoding: .utf8), !relative(file).isEmpty
      else { continue }
      seen += 1
      for path in forbidden {
        let named = text.contains(path)
        #expect(!named, "\(relative(file)) names the machine path \(path)")
      }
    }
    #expect(seen >= 20)
  }

  @Test func sourcesFollowTheFormatter() throws {
    let output = try ToolRunner().run(
      "swift",
      [
        "format", "lint", "--strict", "--recursive", "--parallel", "Package.swift", "Sources",
        "Tests",
      ], directory: packageRoot, timeout: 600, acceptFailure: true)
    #expect(output.status == 0, "run `make format`:\n\(ToolRunner.tail(output.standardError))")
  }
}
