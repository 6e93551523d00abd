internal import Foundation
package import RNNSupport

/// Runs the open tools on the files of a build: Yosys, and nextpnr where the device has it.
package struct Synthesizer: Sendable {
  package var design: SynthesisDesign
  package var device: DeviceDescription
  package var family: SynthesisFamily
  /// Nil to stop after synthesis.
  package var placer: PlaceAndRoute?
  package var tools: ToolRunner

  /// - Throws: `DiagnosticsEmitted` for a device that no open tool synthesizes for.
  package init(
    _ design: SynthesisDesign, device: DeviceDescription, tools: ToolRunner = ToolRunner()
  ) throws {
    self.design = design
    self.device = device
    self.tools = tools
    family = try SynthesisFamily(of: device)
  }

  /// Synthesizes in the build's folder `synth`, which is replaced.
  ///
  /// - Parameter progress: told what is done, in words.
  /// - Throws: `ToolError` when a tool is missing or fails.
  package func run(progress: (String) -> Void = { _ in }) throws -> SynthesisResult {
    let yosys = try tools.require(.yosys)
    var placerVersion: ToolVersion?
    if let placer { placerVersion = try tools.require(placer.tool) }
    let script = YosysScript(design: design, family: family)
    let folder = design.folder.appendingPathComponent(YosysScript.folder)
    try? FileManager.default.removeItem(at: folder)
    do {
      try AtomicFile.makeFolder(folder)
      try AtomicFile.write(script.text, to: folder.appendingPathComponent(YosysScript.scriptName))
      if !family.isHierarchical {
        try AtomicFile.write(
          design.wrapper.text(), to: folder.appendingPathComponent("\(script.top).sv"))
      }
      progress("synthesizing with Yosys \(yosys)")
      try tools.run(
        Tool.yosys.name, ["-q", "-s", "../\(YosysScript.folder)/\(YosysScript.scriptName)"],
        directory: design.folder.appendingPathComponent("mem"), timeout: 4 * 3600,
        installHint: .yosys)
      let statistics = try YosysStatistics(
        parsing: String(
          decoding: AtomicFile.read(folder.appendingPathComponent(YosysScript.statisticsName)),
          as: UTF8.self))
      var result = try self.result(statistics, top: script.top, yosys: yosys)
      if let placer, let placerVersion {
        progress("placing and routing with \(placer.tool.name) \(placerVersion)")
        let report = try placer.run(design.name, in: folder, tools: tools)
        result.placement = SynthesisResult.Placement(
          tool: placer.tool.name, version: "\(placerVersion)",
          target: placer.target.description, seed: placer.seed,
          wantedMegahertz: placer.megahertz, report: report,
          units: CriticalUnits.names(of: report.criticalPath, labels: design.labels),
          bitstream: "\(YosysScript.folder)/\(placer.outputs(of: design.name).bitstream)")
      }
      return result
    } catch {
      // A half-filled folder would look like a result.
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  private func result(
    _ statistics: YosysStatistics, top: String, yosys: ToolVersion
  ) throws -> SynthesisResult {
    let measured = try statistics.usage(of: design.name, family: family)
    let all = try statistics.usage(of: top, family: family)
    let instances = statistics.instances(below: top)
    var modules: [SynthesisResult.Module] = []
    if family.isHierarchical {
      for name in instances.keys.sorted() where name != top {
        modules.append(
          SynthesisResult.Module(
            name: YosysStatistics.sourceName(name), instances: instances[name] ?? 0,
            usage: try statistics.usage(of: name, family: family)))
      }
      func weight(_ module: SynthesisResult.Module) -> Int {
        module.instances * (module.usage.luts + module.usage.flipFlops)
          + Int(saturating: Double(module.instances) * module.usage.blockRAMs * 1000)
      }
      modules.sort { (weight($1), $0.name, $0.instances) < (weight($0), $1.name, $1.instances) }
    }
    let primitives = statistics.primitives(below: design.name)
    return SynthesisResult(
      design: design.name, device: device, family: family, yosysVersion: "\(yosys)",
      estimate: device.usage(of: design.counts), measured: measured, modules: modules,
      cells: primitives.keys.sorted().map {
        YosysStatistics.Cell(type: $0, count: primitives[$0] ?? 0)
      },
      serializer: ResourceUsage(
        luts: all.luts - measured.luts, flipFlops: all.flipFlops - measured.flipFlops),
      weightBlocks: weightBlocks, cyclesPerFrame: design.counts.cyclesPerFrame, placement: nil)
  }

  /// Blocks that the bits of the weight memories fill, were there no waste; memories of LUTs do not count.
  private var weightBlocks: Int {
    let bits = design.counts.units.filter { $0.name == "weight memory" }.flatMap(\.memories)
      .filter { device.usesBlockRAM($0) }
      .reduce(0) { $0 + $1.width * $1.depth * $1.count }
    return (bits + device.blockRAM.bits - 1) / device.blockRAM.bits
  }
}
