package import Foundation
internal import RNNCodegen
internal import RNNEstimate
internal import RNNSupport

/// `rnnc energy`: an energy estimate of a build from event counts and counted activity.
package struct EnergyStage: Stage {
  package static let verb = "energy"
  package var build: URL
  package var devices: [String]
  package var framesPerSecond: Double
  package var clockMegahertz: Double?

  /// - Parameters:
  ///   - devices: names that `DeviceDescription` knows; empty for the standard five.
  ///   - framesPerSecond: the rate that the task needs.
  ///   - clockMegahertz: one clock for all devices; nil for the one assumed for each.
  package init(
    build: URL, devices: [String] = [], framesPerSecond: Double = 100,
    clockMegahertz: Double? = nil
  ) {
    self.build = build
    self.devices = devices
    self.framesPerSecond = framesPerSecond
    self.clockMegahertz = clockMegahertz
  }

  package var arguments: [String] {
    [build.relativePath] + devices.flatMap { ["--device", $0] } + ["--rate", "\(framesPerSecond)"]
      + (clockMegahertz.map { ["--clock", "\($0)"] } ?? [])
  }
  private var activity: URL { build.appendingPathComponent("activity.json") }
  package var inputs: [URL] {
    ["manifest.json", "model"].map(build.appendingPathComponent)
      + (FileManager.default.fileExists(atPath: activity.path) ? [activity] : [])
  }
  package var outputs: [URL] { [build.appendingPathComponent("energy.json")] }

  package func run(_ context: StageContext) throws -> StageResult {
    guard framesPerSecond > 0, framesPerSecond.isFinite, clockMegahertz.map({ $0 > 0 }) ?? true
    else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "energy", path: "--rate, --clock", message: "a rate or clock is not positive",
          fix: "give positive numbers, such as --rate 100 --clock 200"))
    }
    let chosen =
      try devices.isEmpty
      ? EnergyReport.standardDevices : devices.map { try DeviceDescription.named($0) }
    let claim = try BuildFolder.claim(build)
    defer { claim.release() }
    let folder = try BuildFolder(opening: build)
    var record: ActivityRecord?
    if FileManager.default.fileExists(atPath: activity.path) {
      record = try ActivityRecord.decoded(
        from: AtomicFile.read(activity), path: activity.relativePath)
      if record?.design != folder.design.name {
        throw ToolError(
          .file, "\(activity.relativePath) belongs to the design \(record?.design ?? "")",
          hint: "run cosim on this build again")
      }
    }
    let report = EnergyReport(
      design: folder.design.name, counts: folder.design.sustainedCounts, devices: chosen,
      activity: record,
      requiredFramesPerSecond: framesPerSecond, clockMegahertz: clockMegahertz)
    let json = report.json
    try AtomicFile.write(json.text, to: claim.url.appendingPathComponent("energy.json"))
    var text = report.text(detail: devices.first)
    if text.hasSuffix("\n") { text.removeLast() }
    return StageResult(json: json, text: text)
  }
}
