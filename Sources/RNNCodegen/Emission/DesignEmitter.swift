internal import Foundation
internal import RNNBilinear
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNRTL
internal import RNNSupport
internal import RNNVerilog

/// The files of a build: the same design gives the same bytes in every process.
///
/// - Throws: `VerilogError` if a generated module violates the checks of the syntax tree: a bug of the compiler.
package func emit(_ design: Design) throws -> [EmittedFile] {
  // Transforms, datapaths, core, top, simulation top.
  let modules =
    [design.transformInModule(), design.transformOutModule()]
    + design.lowered.segments.indices.map { DatapathEmitter.module($0, of: design) }
    + [
      CoreEmitter.module(design),
      ShellEmitter.module(design, probes: false, control: ControlShell(design)),
      ShellEmitter.module(design, probes: true, control: ControlShell(design)),
    ]
  let timing = design.frameTiming
  return try BuildFiles(
    design: design,
    description:
      "Recurrent network \(design.name), \(design.lanes) lanes, \(design.schedule.cyclesPerFrame) cycles a frame",
    library: Set([
      "rnnc_assert.svh", "rnnc_collect.sv", "rnnc_delay.sv", "rnnc_lane.sv", "rnnc_mul.sv",
      "rnnc_ram_sdp.sv", "rnnc_rom.sv", "rnnc_round_sat.sv", "rnnc_pwl.sv", "rnnc_normalize.sv",
    ]).union(design.hasControl ? RTLLibrary.controlFiles : []), modules: modules,
    images: design.memoryImages
  ).files(
    facts: [
      .init("lanes", .int(design.lanes)),
      .init("multipliersPerLane", .int(design.lowered.productsPerLane)),
      .init(
        "timing",
        .object([
          "cyclesPerFrame": .int(timing.cyclesPerFrame),
          "cyclesPerFrameOfOneStream": .int(timing.cyclesPerFrameOfOneStream),
          "inputRelease": .int(timing.inputRelease),
          "outputCommit": .int(timing.outputCommit), "latencyCycles": .int(timing.latencyCycles),
          "inputBuffers": .int(timing.buffers.input),
          "outputBuffers": .int(timing.buffers.output),
        ])),
    ] + design.controlMembers)
}

/// The design sources in dependency order, as paths relative to the build folder.
package func designSources(of files: [EmittedFile]) -> [String] {
  files.map(\.path).filter { $0.hasPrefix("rtl/") && $0.hasSuffix(".sv") }
}

/// What a build folder of either engine is made of.
struct BuildFiles {
  var design: any HardwareDesign
  /// For the FuseSoC core.
  var description: String
  /// The files of the module library that the design instantiates.
  var library: Set<String>
  /// The generated modules in dependency order; `<name>_sim` is for simulation only.
  var modules: [VerilogModule]
  var images: [MemoryImage]

  /// - Parameter facts: members of the manifest that only this engine has.
  func files(facts: [JSONValue.Member]) throws -> [EmittedFile] {
    var interfaces = VerilogInterfaces()
    var files: [EmittedFile] = []
    for (name, bytes) in RTLLibrary.files where library.contains(name) {
      let text = String(decoding: bytes, as: UTF8.self)
      if name.hasSuffix(".sv") { try interfaces.add(parsing: text, file: name) }
      files.append(EmittedFile(path: "rtl/\(name)", text: text))
    }
    for module in modules { interfaces.add(module) }
    for module in modules {
      let folder = module.name == "\(design.name)_sim" ? "sim" : "rtl"
      files.append(
        EmittedFile(
          path: "\(folder)/\(module.fileName)", text: try module.text(interfaces: interfaces)))
    }
    for image in images {
      files.append(EmittedFile(path: "mem/\(image.name)", text: image.text))
    }
    files.append(EmittedFile(path: "\(design.name).core", text: fuseSoCCore(files)))
    files.append(EmittedFile(path: "manifest.json", text: manifest(of: files, facts).text))
    return files
  }

  /// `manifest.json`: what was built from which options, and the hash of every file.
  private func manifest(of files: [EmittedFile], _ facts: [JSONValue.Member]) -> JSONValue {
    func port(_ port: StreamInterface.Port) -> JSONValue {
      .object([
        "elements": .int(port.elements), "width": .int(port.format.width),
        "fraction": .int(port.format.fraction), "elementsPerBeat": .int(port.elementsPerBeat),
        "elementBytes": .int(port.elementBytes), "beats": .int(port.beats),
      ])
    }
    let shared: [JSONValue.Member] = [
      .init("formatVersion", 1), .init("name", .string(design.name)),
      .init("options", design.options.json),
    ]
    return .object(
      shared + facts + [
        .init("input", port(design.interface.input)),
        .init("output", port(design.interface.output)),
        .init("multiplierOccupancy", .double((design.occupancy * 1e6).rounded() / 1e6)),
        .init(
          "probes",
          .array(
            design.probes.enumerated().map { k, probe in
              .object([
                "port": .string("probe_\(k)"), "name": .string(probe.name),
                "size": .int(probe.size), "width": .int(probe.width),
                "fraction": .int(design.graph[probe.node].format.fraction),
                "elementsPerStep": .int(probe.elementsPerStep),
                "firstCycle": .int(probe.firstCycle), "cyclesPerStep": .int(probe.cyclesPerStep),
              ])
            })),
        .init(
          "files",
          .array(
            files.map {
              .object(["path": .string($0.path), "sha256": .string(sha256(Data($0.text.utf8)))])
            })),
      ])
  }

  /// A FuseSoC core description (CAPI2) with synthesis and simulation file sets.
  private func fuseSoCCore(_ files: [EmittedFile]) -> String {
    let sources = designSources(of: files).map { "      - \($0)" }.joined(separator: "\n")
    let memories = files.map(\.path).filter { $0.hasPrefix("mem/") }
      .map { "      - \($0): {copyto: \($0.dropFirst(4))}" }.joined(separator: "\n")
    return """
      CAPI=2:
      name: "rnnc:generated:\(design.name):1.0.0"
      description: "\(description)"
      filesets:
        rtl:
          files:
      \(sources)
          file_type: systemVerilogSource
        mem:
          files:
      \(memories)
          file_type: user
        sim:
          files:
            - sim/\(design.name)_sim.sv
          file_type: systemVerilogSource
      targets:
        default: &default
          filesets: [rtl, mem]
          toplevel: \(design.name)
        lint:
          <<: *default
          default_tool: verilator
          tools:
            verilator:
              mode: lint-only
              verilator_options: [-Wall]

      """
  }
}
