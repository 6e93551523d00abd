import Foundation
import RNNReport
import RNNSupport
import Testing

/// Records as the report reads them: contradictions in them are faults, not figures.
@Suite struct RecordTests {
  private static let good = """
    {"design": "d", "verilator": "5.006", "passed": true, "sequences": 2, "frames": 10, "cycles": 100,
     "valuesCompared": 20, "probeValuesCompared": 30, "valueMismatches": 0, "cycleMismatches": 0,
     "otherMismatches": 0, "latencyCycles": 7, "frameIntervalCycles": 10.0, "sameClassAsReference": 2,
     "rightClass": null, "accuracy": null, "firstMismatch": null,
     "passes": [{"source": "always", "sink": "always", "resetSeed": 1, "frames": 10, "cycles": 100,
                 "mismatches": 0}]}
    """

  private func faults(_ find: String, _ put: String) -> String {
    do {
      _ = try CosimRecord.decoded(
        Data(Self.good.replacingOccurrences(of: find, with: put).utf8), path: "cosim.json")
      return ""
    } catch { return "\(error)" }
  }

  @Test func aRecordIsTaken() { #expect(faults("", "").isEmpty) }

  @Test func contradictionsAreFaults() {
    let cases = [
      ("\"passed\": true", "\"passed\": false", "/passed"),
      ("\"valueMismatches\": 0", "\"valueMismatches\": \"0\"", "/valueMismatches"),
      ("\"valueMismatches\": 0", "\"valueMismatches\": -1", "/valueMismatches"),
      ("\"valueMismatches\": 0", "\"valueMismatches\": 3", "sum of the passes"),
      (
        "\"frames\": 10, \"cycles\": 100,\n \"values", "\"frames\": 9, \"cycles\": 100,\n \"values",
        "/frames"
      ),
      ("\"sameClassAsReference\": 2", "\"sameClassAsReference\": 3", "0 to 2"),
      ("\"firstMismatch\": null", "\"firstMismatch\": \"x\"", "/firstMismatch"),
      ("\"passes\"", "\"extra\": 1, \"passes\"", "unknown key \"extra\""),
      ("\"latencyCycles\": 7, ", "", "\"latencyCycles\" is missing"),
      ("\"verilator\": \"5.006\"", "\"verilator\": 5", "a text"),
    ]
    for (find, put, words) in cases {
      #expect(Self.good.contains(find))
      let found = faults(find, put)
      #expect(found.contains(words), "\(put): \(found)")
    }
  }
}
