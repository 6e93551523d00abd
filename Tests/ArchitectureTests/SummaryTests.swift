import Foundation
import Testing
import _RNNTestSupport

/// Finds functions and types that other modules can use and that nothing says what they are.
struct SummaryFinder {
  /// Functions that a protocol of the project asks for and describes: what meets the requirement is described by it.
  private var described: Set<String> = []
  /// Requirements of the standard library's protocols.
  private static let standard: Set = ["==", "<", "hash", "encode", "init"]

  /// Notes the described requirements of the protocols in a text.
  mutating func read(_ text: String) {
    var end: String?
    var isDescribed = false
    for line in text.components(separatedBy: "\n") {
      if line == end {
        end = nil
      } else if line.contains("protocol "),
        let opening = line.firstMatch(of: /^( *)(?:package |public )?protocol \w+/)
      {
        end = opening.1 + "}"
      } else if end != nil, isDescribed, line.contains("func "),
        let function = line.firstMatch(of: /^\s*(?:static |mutating )*func (\w+)/)
      {
        described.insert(String(function.1))
      }
      isDescribed = line.drop { $0 == " " }.hasPrefix("///")
    }
  }

  /// The declarations of a text that have no line of documentation above them, with their lines.
  func undescribed(in text: String) -> (seen: Int, found: [(line: Int, text: String)]) {
    let declaration =
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:package|public)\s+(?:(?:static|final|mutating|indirect|nonisolated|class|prefix|postfix)\s+)*(func|struct|enum|class|actor|protocol)\s+([^\s(<:{]+|[^\s(]+)/
    let lines = text.components(separatedBy: "\n")
    var seen = 0
    var found: [(line: Int, text: String)] = []
    for (i, line) in lines.enumerated() {
      // A look for a word spares the slow look for a pattern.
      guard line.contains("package ") || line.contains("public "),
        let match = line.firstMatch(of: declaration)
      else { continue }
      seen += 1
      func content(_ k: Int) -> Substring { lines[k].drop { $0 == " " } }
      var above = i - 1
      while above >= 0, content(above).hasPrefix("@") { above -= 1 }
      if above >= 0, content(above).hasPrefix("///") { continue }
      let name = String(match.2)
      if match.1 == "func", described.contains(name) || Self.standard.contains(name) { continue }
      found.append((i + 1, line.trimmingCharacters(in: .whitespaces)))
    }
    return (seen, found)
  }
}

@Suite struct SummaryTests {
  @Test func whatOtherModulesUseSaysWhatItIs() throws {
    let files = try ["Sources", "hw-sim/lib", "rtl"].flatMap {
      try filesBelow(packageRoot.appendingPathComponent($0), suffix: ".swift")
    }.filter { !$0.path.contains("/Generated/") }
    let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
    var finder = SummaryFinder()
    for text in texts { finder.read(text) }
    var seen = 0
    for (file, text) in zip(files, texts) {
      let result = finder.undescribed(in: text)
      seen += result.seen
      for place in result.found {
        Issue.record("\(relative(file)):\(place.line): no summary above `\(place.text)`")
      }
    }
    #expect(seen > 1000)
  }

  @Test func theFinderFindsWhatHasNoSummary() {
    let text = """
      /// Gives.
      package protocol Giver {
        /// What is given.
        func gift() -> Int
        func wrapping() -> Int
      }
      package struct Person: Giver {
        package func gift() -> Int { 1 }
        package func wrapping() -> Int { 2 }
        /// Adds.
        @inlinable
        package static func + (a: Self, b: Self) -> Self { a }
        package static func - (a: Self, b: Self) -> Self { a }
        package static func == (a: Self, b: Self) -> Bool { true }
        package mutating func change() {}
        func own() {}
      }
      """
    var finder = SummaryFinder()
    finder.read(text)
    let result = finder.undescribed(in: text)
    #expect(result.seen == 8)
    #expect(result.found.map(\.line) == [7, 9, 13, 15])
  }
}
