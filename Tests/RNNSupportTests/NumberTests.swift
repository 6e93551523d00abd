import Foundation
import RNNSupport
import Testing

@Suite struct NumberTests {
  @Test func conversionsNeverTrap() {
    let edges: [(Double, Int)] = [
      (.nan, 0), (.infinity, .max), (-.infinity, .min), (1e300, .max), (-1e300, .min), (1e-300, 0),
      (0x1p63, .max), (-0x1p63, .min), (0x1p62, 1 << 62), (2.9, 2), (-2.9, -2), (-0.0, 0),
    ]
    for (value, expected) in edges { #expect(Int(saturating: value) == expected, "\(value)") }
    #expect(UInt8(saturating: -1) == 0 && UInt8(saturating: 256) == 255)
    #expect(UInt8(saturating: 255.9) == 255)
  }

  @Test func checkedConversionsRefuseWithTheDiagnosticGiven() throws {
    let fault = Diagnostic(stage: "s", path: "p", message: "m", fix: "f")
    #expect(try Int(checked: 7.4, in: 0...8, fault) == 7)
    for value in [Double.nan, .infinity, 9, -1, 1e300, 0x1p63] {
      #expect(throws: DiagnosticsEmitted.self) { try Int(checked: value, in: 0...8, fault) }
    }
    #expect(throws: DiagnosticsEmitted.self) {
      try Int(checked: 0x1p63, in: Int.min...Int.max, fault)
    }
  }

  @Test func textsOfNumbers() {
    #expect(
      [12, -3, 0, 0.5, 1e300, .infinity].map(\.compactText)
        == ["12", "-3", "0", "0.5", "1e+300", "inf"])
  }

  @Test func requestsBeyondTheMachineAreRefused() throws {
    func check(_ factors: [Int]) throws {
      try MachineMemory.check(factors, bytes: 8, stage: "s", path: "p", what: "it", fix: "f")
    }
    try check([1000, 1000])
    try check([0, .max])
    // Their product is no integer any more.
    for factors in [[Int.max], [.max, .max, .max], [1 << 20, 1 << 30]] {
      #expect(throws: DiagnosticsEmitted.self) { try check(factors) }
    }
  }

  @Test func messagesAreShortAndPlain() {
    #expect(Messages.part("a\nb\u{1B}[0m") == "a b\\u{1b}[0m")
    #expect(Messages.lines("a\nb\tc\r") == "a\nb\tc\\u{d}")
    let long = Messages.part(String(repeating: "é", count: 100_000))
    #expect(long.utf8.count < 700 && long.contains("bytes ..."))
    let many = DiagnosticsEmitted(
      [Diagnostic(.warning, stage: "s", path: "w", message: "m", fix: "f")]
        + (0..<1000).map { Diagnostic(stage: "s", path: "\($0)", message: "m", fix: "f") })
    let lines = many.description.split(separator: "\n")
    #expect(lines.count == Messages.mostFindings + 1 && lines[0] == "error: 0: m; f")
    #expect(lines.last == "and 961 more")
  }

  @Test func numbersThatAreNotFiniteAreNull() throws {
    let text = JSONValue.array([.double(.nan), .double(.infinity), .double(1.5)]).text
    #expect(text == "[null, null, 1.5]\n")
  }
}
