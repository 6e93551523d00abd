import Foundation
import RNNSupport
import Testing

@Suite struct JSONValueTests {
  @Test func printsCanonicalTextThatParsesBack() throws {
    let value = JSONValue.object([
      "b": 1, "a": [1, 2.5, "x\n\"", nil_], "c": .object([:]), "d": [.object(["k": true])],
    ])
    let text = value.text
    #expect(text.contains("\"b\": 1,"))
    let parsed = try JSONValue(parsing: Data(text.utf8))
    #expect(parsed["a"] == value["a"])
    #expect(parsed["d"] == value["d"])
  }
  private var nil_: JSONValue { .null }

  @Test func sha256MatchesTheStandardsVector() {
    #expect(
      sha256(Data("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
