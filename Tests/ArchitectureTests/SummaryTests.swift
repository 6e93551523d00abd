import Foundation
import Testing
import _RNNTestSupport

/// Finds functions, types and requirements that other modules can use and of which nothing says what they are.
struct SummaryFinder {
  /// What was found in a text.
  struct Result {
    var seen = 0
    var found: [(line: Int, text: String)] = []
  }
  /// Functions with their labels that a protocol of the project asks for and describes: what meets the requirement is
  /// described by it.
  private var described: Set<String> = []
  /// Requirements of the standard library's protocols.
  private static let standard: Set = ["==", "<", "hash", "encode", "init"]

  /// Whether the lines above a declaration, its attributes aside, begin with a summary: not with a parameter.
  private static func isDescribed(_ i: Int, _ lines: [String]) -> Bool {
    func content(_ k: Int) -> Substring { lines[k].drop { $0 == " " } }
    var above = i - 1
    while above >= 0, content(above).hasPrefix("@") { above -= 1 }
    var first: Substring?
    while above >= 0, content(above).hasPrefix("///") {
      first = content(above)
      above -= 1
    }
    return first.map { !$0.hasPrefix("/// - ") } ?? false
  }

  /// The name of a function with the labels of its parameters, such as `round(__:)`.
  private static func signature(_ name: Substring, _ i: Int, _ lines: [String]) -> String {
    let text = lines[i..<min(i + 12, lines.count)].joined(separator: " ")
    guard let start = text.range(of: "func \(name)"),
      let opening = text[start.upperBound...].firstIndex(of: "(")
    else { return String(name) }
    var depth = 0
    var labels: [Substring] = []
    var isStart = true
    for k in text[opening...].indices {
      switch text[k] {
      case "(", "[": depth += 1
      case ")", "]": depth -= 1
      case "," where depth == 1: isStart = true
      case " ": break
      default:
        if isStart, depth == 1 {
          labels.append(text[k...].prefix { $0 != " " && $0 != ":" })
          isStart = false
        }
      }
      if depth == 0 { break }
    }
    return "\(name)(\(labels.joined(separator: ":")))"
  }

  /// The protocols of a text line by line: for each line the indentation of the protocol that it is a requirement of.
  private static func protocols(_ lines: [String]) -> [Bool] {
    var end: String?
    return lines.map { line in
      if line == end { end = nil }
      let isInside = end != nil
      if line.contains("protocol "), !line.contains("}"),
        let opening = line.firstMatch(of: /^( *)(?:package |public )?protocol \w+/)
      {
        end = opening.1 + "}"
      }
      return isInside
    }
  }

  /// Notes the described requirements of the protocols in a text.
  mutating func read(_ text: String) {
    let lines = text.components(separatedBy: "\n")
    let isRequirement = Self.protocols(lines)
    for (i, line) in lines.enumerated() where isRequirement[i] && Self.isDescribed(i, lines) {
      if let function = line.firstMatch(of: /^\s*(?:static |mutating )*func ([^\s(<]+)/) {
        described.insert(Self.signature(function.1, i, lines))
      }
    }
  }

  /// The declarations of a text that no summary stands above, with their lines.
  func undescribed(in text: String) -> Result {
    let declaration =
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:package|public)\s+(?:(?:static|final|mutating|indirect|nonisolated|class|prefix|postfix)\s+)*(func|struct|enum|class|actor|protocol)\s+([^\s(<:{]+|[^\s(]+)/
    let requirement = /^\s*(?:static |mutating )*(?:func|var|associatedtype|subscript|init)\b/
    let lines = text.components(separatedBy: "\n")
    let isRequirement = Self.protocols(lines)
    var result = Result()
    for (i, line) in lines.enumerated() {
      var isKnown = false
      // A look for a word spares the slow look for a pattern.
      if isRequirement[i] {
        guard line.contains(requirement) else { continue }
      } else {
        guard line.contains("package ") || line.contains("public "),
          let match = line.firstMatch(of: declaration)
        else { continue }
        isKnown =
          match.1 == "func"
          && (Self.standard.contains(String(match.2))
            || described.contains(Self.signature(match.2, i, lines)))
      }
      result.seen += 1
      if !isKnown, !Self.isDescribed(i, lines) {
        result.found.append((i + 1, line.trimmingCharacters(in: .whitespaces)))
      }
    }
    return result
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
    #expect(seen > 1200)
  }

  @Test func theFinderFindsWhatHasNoSummary() {
    let text = """
      /// Gives.
      package protocol Giver {
        /// What is given.
        func gift(of kind: Int, _ count: Int) -> Int
        func wrapping() -> Int
      }
      package struct Person: Giver {
        package func gift(
          of kind: Int, _ count: Int
        ) -> Int { 1 }
        package func gift(for kind: Int, _ count: Int) -> Int { 1 }
        package func wrapping() -> Int { 2 }
        /// Adds.
        @inlinable
        package static func + (a: Self, b: Self) -> Self { a }
        package static func - (a: Self, b: Self) -> Self { a }
        package static func == (a: Self, b: Self) -> Bool { true }
        /// - Parameter count: how often.
        package mutating func change(_ count: Int) {}
        func own() {}
      }
      """
    var finder = SummaryFinder()
    finder.read(text)
    let result = finder.undescribed(in: text)
    #expect(result.seen == 11)
    #expect(result.found.map(\.line) == [5, 7, 11, 12, 16, 19])
  }
}
