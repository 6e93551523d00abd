import Foundation
import RNNSupport
import Testing

@Suite struct JSONParserTests {
  func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Data(text.utf8)) }

  @Test func keepsOrderAndKindsOfNumbers() throws {
    let value = try parse(
      " { \"b\" : [ 1, -2, 1.0, 1e2, -0, 9223372036854775807, 9223372036854775808 ],\n\t\"a\": null } "
    )
    #expect(
      value
        == .object([
          "b": [
            1, -2, .double(1), .double(100), .double(-0.0), .int(.max), .double(0x1p63),
          ], "a": .null,
        ]))
    #expect(try parse(value.text) == value)
  }

  @Test func stringsDecodeEveryEscape() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é😀""#
    #expect(try parse(text) == .string("\"\\/\u{8}\u{c}\n\r\tAé😀é😀"))
  }

  @Test(arguments: [
    ("", "line 1, column 1: the text ends too early"),
    ("{\"a\": 1,\n \"a\": 2}", "line 2, column 2: the key \"a\" occurs twice"),
    ("[1, 2", "line 1, column 6: the text ends too early"),
    ("[1 2]", "line 1, column 4: expected \"]\""),
    ("[1,]", "line 1, column 4: expected a value"),
    ("{a: 1}", "line 1, column 2: expected a key in quotes"),
    ("1 1", "line 1, column 3: text after the end of the value"),
    ("[NaN]", "line 1, column 2: expected a value"),
    ("[1e999]", "line 1, column 2: the number 1e999 is out of range"),
    ("[01]", "line 1, column 2: a number must not start with 0"),
    ("[1.]", "line 1, column 4: expected a digit"),
    ("[-]", "line 1, column 3: expected a digit"),
    ("tru", "line 1, column 1: expected a value"),
    ("\"\\x\"", "line 1, column 3: unknown escape"),
    ("\"\\ud800\"", "half of a surrogate pair"), ("\"\\u12\"", "four hexadecimal digits"),
    ("\"\\u+123\"", "four hexadecimal digits"), ("\"a\nb\"", "must be escaped"),
  ])
  func refuses(text: String, message: String) {
    do {
      Issue.record("accepted as \(try parse(text))")
    } catch {
      #expect("\(error)".contains(message), "\(error)")
    }
  }

  @Test func refusesDeepNestingAndBrokenText() {
    #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    #expect(throws: JSONSyntaxError.self) {
      try JSONValue(parsing: Data([0x22, 0xFF, 0xFE, 0x22]))
    }
  }

  @Test func truncationsAndFlippedBytesNeverCrash() throws {
    let bytes = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",true,null,{"b":{}}],"c":"é"}"#.utf8)
    for n in 0..<bytes.count {
      #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Data(bytes[..<n])) }
    }
    var random = SplitMix64(seed: 1)
    var accepted = 0
    for _ in 0..<5000 {
      var mutant = bytes
      for _ in 0...random.below(3) { mutant[random.below(bytes.count)] = UInt8(random.below(256)) }
      if (try? JSONValue(parsing: Data(mutant))) != nil { accepted += 1 }
    }
    #expect(accepted > 0 && accepted < 5000)
  }
}
