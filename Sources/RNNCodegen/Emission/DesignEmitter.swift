internal import Foundation
internal import RNNBilinear
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNRTL
package import RNNSupport
internal import RNNVerilog

/// The files of a build: the same design gives the same bytes in every process.
///
/// - Throws: `VerilogError` if a generated module violates the checks of the syntax tree: a bug of the compiler.
package func emit(_ design: Design) throws -> [EmittedFile] {
  let modules = generatedModules(of: design)
  var interfaces = VerilogInterfaces()
  var files: [EmittedFile] = []
  for (name, bytes) in RTLLibrary.files
  where design.hasControl || !RTLLibrary.controlFiles.contains(name) {
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
  for image in design.memoryImages {
    files.append(EmittedFile(path: "mem/\(image.name)", text: image.text))
  }
  files.append(EmittedFile(path: "\(design.name).core", text: fuseSoCCore(design, files)))
  files.append(EmittedFile(path: "manifest.json", text: design.manifest(of: files).text))
  return files
}

/// The generated modules in dependency order: transforms, datapaths, core, top, simulation top.
private func generatedModules(of design: Design) -> [VerilogModule] {
  [design.transformInModule(), design.transformOutModule()]
    + design.lowered.segments.indices.map { DatapathEmitter.module($0, of: design) }
    + [
      CoreEmitter.module(design), ShellEmitter.module(design, probes: false),
      ShellEmitter.module(design, probes: true),
    ]
}

extension Design {
  /// The design sources in dependency order, as paths relative to the build folder.
  package static func sources(of files: [EmittedFile]) -> [String] {
    files.map(\.path).filter { $0.hasPrefix("rtl/") && $0.hasSuffix(".sv") }
  }

  /// `manifest.json`: what was built from which options, and the hash of every file.
  func manifest(of files: [EmittedFile]) -> JSONValue {
    func port(_ port: StreamInterface.Port) -> JSONValue {
      .object([
        "elements": .int(port.elements), "width": .int(port.format.width),
        "fraction": .int(port.format.fraction), "elementsPerBeat": .int(port.elementsPerBeat),
        "elementBytes": .int(port.elementBytes), "beats": .int(port.beats),
      ])
    }
    let timing = frameTiming
    return .object([
      "formatVersion": 1, "name": .string(name),
      "options": options.json,
      "lanes": .int(lanes), "multipliersPerLane": .int(lowered.productsPerLane),
      "input": port(interface.input), "output": port(interface.output),
      "timing": .object([
        "cyclesPerFrame": .int(timing.cyclesPerFrame),
        "cyclesPerFrameOfOneStream": .int(timing.cyclesPerFrameOfOneStream),
        "inputRelease": .int(timing.inputRelease),
        "outputCommit": .int(timing.outputCommit), "latencyCycles": .int(timing.latencyCycles),
      ]),
      "multiplierOccupancy": .double((occupancy * 1e6).rounded() / 1e6),
      "probes": .array(
        probes.enumerated().map { k, probe in
          .object([
            "port": .string("probe_\(k)"), "name": .string(probe.name), "size": .int(probe.size),
            "width": .int(probe.width), "fraction": .int(graph[probe.node].format.fraction),
            "elementsPerStep": .int(probe.elementsPerStep), "firstCycle": .int(probe.firstCycle),
          ])
        }),
      "files": .array(
        files.map {
          .object(["path": .string($0.path), "sha256": .string(sha256(Data($0.text.utf8)))])
        }),
    ]).appending(controlMembers)
  }
}

extension CompileOptions {
  /// The options as they stand in a manifest; nil is written as null.
  package var json: JSONValue {
    func optional(_ value: Int?) -> JSONValue { value.map { .int($0) } ?? .null }
    func optional(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
    let pipelining = pipelining.map { JSONValue.string($0.rawValue) } ?? .null
    return .object([
      "name": .string(name), "device": device.map { .string($0) } ?? .null,
      "clockMegahertz": .double(clockMegahertz),
      "framesPerSecond": optional(framesPerSecond),
      "latencyMicroseconds": optional(latencyMicroseconds),
      "lanes": optional(lanes), "columnGroups": optional(columnGroups),
      "drainChains": optional(drainChains), "denseMultipliers": .int(denseMultipliers),
      "elementsPerStep": optional(elementsPerStep),
      "inputElementsPerBeat": .int(inputElementsPerBeat),
      "outputElementsPerBeat": optional(outputElementsPerBeat),
      "streams": .int(streams), "transform": .string(transform.rawValue),
      "pipelining": pipelining,
    ]).appending(control == .none ? [] : [.init("control", .string(control.rawValue))])
  }

  /// Reads options from a manifest; every member must be there and no other, `control` alone may be left away.
  ///
  /// - Throws: `DiagnosticsEmitted` naming the member.
  package init(json: JSONValue, path: String) throws {
    var sink = DiagnosticSink(stage: "compile")
    let known = [
      "name", "device", "clockMegahertz", "framesPerSecond", "latencyMicroseconds", "lanes",
      "columnGroups", "drainChains", "denseMultipliers", "elementsPerStep",
      "inputElementsPerBeat", "outputElementsPerBeat", "streams", "transform",
      "pipelining",
    ]
    let optional = ["control"]
    self.init()
    guard case .object(let members) = json else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "compile", path: path, message: "is no object", fix: "compile the model again"))
    }
    for name in known where json[name] == nil {
      sink.error("\(path)/\(name)", "is missing", fix: "compile the model again")
    }
    for member in members {
      switch (member.key, member.value) {
      case ("name", .string(let value)): name = value
      case ("device", .string(let value)): device = value
      case ("device", .null): device = nil
      case ("clockMegahertz", .double(let value)): clockMegahertz = value
      case ("clockMegahertz", .int(let value)): clockMegahertz = Double(value)
      case ("lanes", .int(let value)): lanes = value
      case ("lanes", .null): lanes = nil
      case ("columnGroups", .int(let value)): columnGroups = value
      case ("columnGroups", .null): columnGroups = nil
      case ("drainChains", .int(let value)): drainChains = value
      case ("drainChains", .null): drainChains = nil
      case ("denseMultipliers", .int(let value)): denseMultipliers = value
      case ("elementsPerStep", .int(let value)): elementsPerStep = value
      case ("elementsPerStep", .null): elementsPerStep = nil
      case ("inputElementsPerBeat", .int(let value)): inputElementsPerBeat = value
      case ("outputElementsPerBeat", .int(let value)): outputElementsPerBeat = value
      case ("outputElementsPerBeat", .null): outputElementsPerBeat = nil
      case ("streams", .int(let value)): streams = value
      case ("framesPerSecond", .double(let value)): framesPerSecond = value
      case ("framesPerSecond", .int(let value)): framesPerSecond = Double(value)
      case ("framesPerSecond", .null): framesPerSecond = nil
      case ("latencyMicroseconds", .double(let value)): latencyMicroseconds = value
      case ("latencyMicroseconds", .int(let value)): latencyMicroseconds = Double(value)
      case ("latencyMicroseconds", .null): latencyMicroseconds = nil
      case ("transform", .string(let value)) where BlockTransform(rawValue: value) != nil:
        transform = BlockTransform(rawValue: value) ?? .exact
      case ("control", .string(let value)) where ControlPort(rawValue: value) != nil:
        control = ControlPort(rawValue: value) ?? .none
      case ("pipelining", .string(let value)) where Pipelining(rawValue: value) != nil:
        pipelining = Pipelining(rawValue: value)
      case ("pipelining", .null): pipelining = nil
      default:
        sink.error(
          "\(path)/\(member.key)",
          (known + optional).contains(member.key) ? "has a value of the wrong kind" : "is unknown",
          fix: "compile the model again")
      }
    }
    try sink.throwIfErrors()
  }
}

/// A FuseSoC core description (CAPI2) with synthesis and simulation file sets.
private func fuseSoCCore(_ design: Design, _ files: [EmittedFile]) -> String {
  let sources = Design.sources(of: files).map { "      - \($0)" }.joined(separator: "\n")
  let memories = files.map(\.path).filter { $0.hasPrefix("mem/") }
    .map { "      - \($0): {copyto: \($0.dropFirst(4))}" }.joined(separator: "\n")
  return """
    CAPI=2:
    name: "rnnc:generated:\(design.name):1.0.0"
    description: "Recurrent network \(design.name), \(design.lanes) lanes, \(design.schedule.cyclesPerFrame) cycles a frame"
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
