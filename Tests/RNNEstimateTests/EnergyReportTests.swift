import Foundation
import RNNEstimate
import RNNSupport
import Testing

@Suite struct EnergyReportTests {
  private func report(scale: Int = 1) -> EnergyReport {
    var counts = exampleCounts()
    counts.units[0].multipliers *= scale
    return EnergyReport(
      design: "example", counts: counts, devices: EnergyReport.standardDevices,
      activity: exampleActivity(), requiredFramesPerSecond: 100)
  }

  @Test func aDesignThatDoesNotFitIsMarkedEverywhere() {
    let report = report(scale: 60)
    #expect(report.estimates.map(\.fits) == [true, true, true, false, false])
    #expect(report.text().contains("LFE5U-85F: the design does not fit (180 of 156 MULT18X18D)"))
    #expect(report.json["devices"]?.text.contains("\"fits\": false") == true)
    let small = self.report()
    #expect(small.estimates.allSatisfy { $0.fits })
    #expect(!small.text().contains("does not fit"))
  }

  @Test func theTextNamesWhatItIs() {
    let text = report().text()
    for phrase in [
      "chip only, not measured", "dense-equivalent operations/frame, not work done here: 500",
      "busy with them 60.0 %", "clock running", "clock stopped", "two frames",
      "[1] scaled: XCKU060 coefficient", "glitchFactor",
    ] { #expect(text.contains(phrase), "\(phrase)") }
    #expect(
      report().text(detail: "XCKU060").contains("derived: XCKU060 post-route SAIF power report"))
    #expect(report().text(detail: "xc7a100t").contains("XC7A100T, dynamic energy by unit"))
  }

  @Test func theJSONHoldsEveryEventSoThatTheSumCanBeRedone() throws {
    let text = report().json.text
    #expect(text == report().json.text)
    let parsed = try JSONValue(parsing: Data(text.utf8))
    guard case .array(let devices)? = parsed["devices"] else {
      Issue.record("no devices")
      return
    }
    for device in devices {
      var sum = 0.0
      guard case .array(let units)? = device["units"] else { continue }
      for unit in units {
        guard case .array(let events)? = unit["events"] else { continue }
        for event in events {
          sum += number(event["eventsPerFrame"]) * number(event["picojoulesEach"]?["value"])
        }
      }
      let total = number(device["peak"]?["activeMicrojoulesPerFrame"]?["value"])
      #expect(total > 0)
      #expect(abs(sum * 1e-6 - total) < 1e-12)
    }
  }

  private func number(_ value: JSONValue?) -> Double {
    switch value {
    case .int(let whole): Double(whole)
    case .double(let real): real
    default: .nan
    }
  }
}
