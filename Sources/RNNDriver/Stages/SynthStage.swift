package import Foundation
internal import RNNCodegen
package import RNNSupport
internal import RNNSynthesis

/// `rnnc synth`: resources counted by Yosys, and clock rate and bitstream from nextpnr.
package struct SynthStage: Stage {
  package static let verb = "synth"
  package var build: URL
  /// Nil for the device that the design was compiled for.
  package var device: String?
  /// Places and routes as well, on devices that have an open flow for it.
  package var place: Bool
  /// The rate that the placer works toward; nil for the clock that the design was compiled for.
  package var clockMegahertz: Double?
  package var seed: Int
  /// Pin constraints for the placer.
  package var pins: URL?

  package init(
    build: URL, device: String? = nil, place: Bool = true, clockMegahertz: Double? = nil,
    seed: Int = 1, pins: URL? = nil
  ) {
    self.build = build
    self.device = device
    self.place = place
    self.clockMegahertz = clockMegahertz
    self.seed = seed
    self.pins = pins
  }

  package var arguments: [String] {
    var list = [build.relativePath]
    if let device { list += ["--device", device] }
    if !place { list += ["--no-place"] }
    if let clockMegahertz { list += ["--clock", "\(clockMegahertz)"] }
    if seed != 1 { list += ["--seed", "\(seed)"] }
    if let pins { list += ["--pins", pins.relativePath] }
    return list
  }
  package var inputs: [URL] {
    ["manifest.json", "mem", "model", "rtl"].map(build.appendingPathComponent)
      + (pins.map { [$0] } ?? [])
  }
  package var outputs: [URL] {
    ["synth.json", "synth"].map(build.appendingPathComponent)
  }
  /// The placer is asked for when the device is known.
  package var tools: [Tool] { [.yosys] }

  package func run(_ context: StageContext) throws -> StageResult {
    guard clockMegahertz.map({ $0 > 0 && $0.isFinite }) ?? true, seed >= 0 else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "synth", path: "--clock, --seed", message: "a clock or seed is not positive",
          fix: "give positive numbers, such as --clock 100 --seed 1"))
    }
    let claim = try BuildFolder.claim(build)
    defer { claim.release() }
    try OutputKind.build.requireReplaceable(claim.url, part: Synthesizer.folder)
    let folder = try BuildFolder(opening: build)
    guard let name = device ?? folder.design.options.device else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "synth", path: "--device",
          message: "the design was compiled for no device",
          fix: "name one, such as --device LFE5U-85F, or compile with --device"))
    }
    let description = try DeviceDescription.named(name)
    let design = SynthesisDesign(folder.design, folder: build, files: folder.files)
    var synthesizer = try Synthesizer(design, device: description, tools: context.tools)
    if place {
      synthesizer.placer = PlaceAndRoute(
        description, family: synthesizer.family,
        megahertz: clockMegahertz ?? folder.design.options.clockMegahertz, seed: seed, pins: pins)
    }
    let result = try synthesizer.run {
      context.progress.update(0, $0, milestone: true)
    }
    let json = result.json
    try AtomicFile.write(json.text, to: build.appendingPathComponent("synth.json"))
    return StageResult(json: json, text: result.text, passed: result.fits)
  }
}
