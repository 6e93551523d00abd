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

  /// The folder, in the build folder, that the artefacts go to.
  package static let folder = YosysScript.folder
  /// The names of the files in it for a design, whatever the device.
  package static func fileNames(of design: String) -> [String] {
    [YosysScript.scriptName, YosysScript.statisticsName, PlaceAndRoute.reportName]
      + ["\(PinWrapper.name(of: design)).sv"]
      + ["json", "config", "bit", "asc", "bin"].map { "\(design).\($0)" }
  }

  /// Synthesizes into the build's folder `synth`, which is replaced when all is done.
  ///
  /// - Parameter progress: told what is done, in words.
  /// - Throws: `ToolError` when a tool is missing or fails.
  package func run(progress: (String) -> Void = { _ in }) throws -> SynthesisResult {
    let yosys = try tools.require(.yosys)
    var placerVersion: ToolVersion?
    if let placer { placerVersion = try tools.require(placer.tool) }
    let script = YosysScript(design: design, family: family)
    let target = design.folder.appendingPathComponent(YosysScript.folder)
    return try AtomicFile.writeFolder(at: target) { folder in
      try AtomicFile.write(script.text, to: folder.appendingPathComponent(YosysScript.scriptName))
      if !family.isHierarchical {
        try AtomicFile.write(
          design.wrapper.text(), to: folder.appendingPathComponent("\(script.top).sv"))
      }
      progress("synthesizing with Yosys \(yosys)")
      try tools.run(
        Tool.yosys.name, ["-q", "-s", "../\(YosysScript.folder)/\(YosysScript.scriptName)"],
        directory: try Self.makeView(of: design.folder, in: folder), timeout: 4 * 3600,
        installHint: .yosys)
      try FileManager.default.removeItem(at: folder.appendingPathComponent(Self.viewName))
      let statistics = try YosysStatistics(
        parsing: Self.read(YosysScript.statisticsName, of: Tool.yosys.name, in: folder))
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
    }
  }

  /// What a tool that ended well should have written.
  static func read(_ name: String, of tool: String, in folder: URL) throws -> String {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent(name)), !data.isEmpty
    else {
      throw ToolError(
        .toolFailed, "\(tool) ended without a fault and wrote no \(name)",
        hint: "reinstall it, or look at what stands for it in PATH")
    }
    return String(decoding: data, as: UTF8.self)
  }

  private static let viewName = "view"

  /// A view of the build in which `synth` is the folder in work: the script's paths are those of the finished build.
  ///
  /// - Returns: the view's folder `mem`, which the script is to be run in.
  private static func makeView(of build: URL, in folder: URL) throws -> URL {
    let manager = FileManager.default
    let memory = folder.appendingPathComponent(viewName).appendingPathComponent("mem")
    func link(_ path: String, to target: String) throws {
      try manager.createSymbolicLink(
        atPath: folder.appendingPathComponent("\(viewName)/\(path)").path,
        withDestinationPath: target)
    }
    do {
      try manager.createDirectory(at: memory, withIntermediateDirectories: true)
      try link("rtl", to: "../../rtl")
      try link(YosysScript.folder, to: "..")
      let images = try manager.contentsOfDirectory(
        atPath: build.appendingPathComponent("mem").path)
      for name in images { try link("mem/\(name)", to: "../../../mem/\(name)") }
    } catch {
      throw ToolError(
        .file, "cannot write into \(folder.path): \(error.localizedDescription)",
        hint: "check the path, its permissions and the free space")
    }
    return memory
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
