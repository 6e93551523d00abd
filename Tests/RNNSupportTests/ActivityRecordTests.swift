import Foundation
import RNNSupport
import Testing

@Suite struct ActivityRecordTests {
  private static let record = ActivityRecord(
    design: "d", windowCycles: 100, windowFrames: 4, stimulus: "x",
    scopes: [
      .init(path: "a", registerBits: 2, registerToggles: 200, netBits: 3, netToggles: 7),
      .init(path: "a.b", registerBits: 0, registerToggles: 0, netBits: 1, netToggles: 0),
    ])

  private func faults(_ change: (String) -> String) -> String {
    let text = change(String(decoding: Self.record.encoded(), as: UTF8.self))
    do {
      _ = try ActivityRecord.decoded(from: Data(text.utf8), path: "activity.json")
      return ""
    } catch { return "\(error)" }
  }

  @Test func comesBackAsItWas() throws {
    let data = Self.record.encoded()
    let again = try ActivityRecord.decoded(from: data, path: "activity.json")
    #expect(again == Self.record && again.encoded() == data)
  }

  @Test func everyKindOfFaultIsNamed() {
    let cases: [(find: String, put: String, words: String)] = [
      ("\"netToggles\": 7", "\"netToggles\": -7", "activity.json:/scopes/0/netToggles"),
      ("\"netToggles\": 7", "\"netToggles\": 4611686018427387904", "0 to 300"),
      ("\"registerToggles\": 200", "\"registerToggles\": 201", "0 to 200"),
      ("\"netToggles\": 7", "\"netToggles\": 7.5", "a whole number"),
      ("\"netToggles\": 7", "\"netToggles\": \"7\"", "a whole number"),
      ("\"netToggles\": 7", "\"netToggles\": 7, \"more\": 1", "unknown key \"more\""),
      ("\"netToggles\": 7", "\"netToggles\": 7, \"netToggles\": 8", "occurs twice"),
      (", \"registerToggles\": 200", "", "\"registerToggles\" is missing"),
      ("\"windowFrames\": 4", "\"windowFrames\": 101", "windowFrames"),
      ("\"windowCycles\": 100", "\"windowCycles\": 0", "windowCycles"),
      ("\"formatVersion\": 1", "\"formatVersion\": 2", "formatVersion"),
      ("\"path\": \"a.b\"", "\"path\": \"a\"", "does not come after"),
    ]
    for test in cases {
      let found = faults { text in
        let flat = text.replacingOccurrences(
          of: ",\n      \"registerToggles\": 200", with: ", \"registerToggles\": 200")
        return flat.replacingOccurrences(of: test.find, with: test.put)
      }
      #expect(found.contains(test.words), "\(test.put): \(found)")
    }
  }
}
