package import Foundation
package import RNNCodegen
internal import RNNGraph
internal import RNNSupport

extension CosimDesign {
  /// Describes a compiled design whose files lie in a build folder.
  ///
  /// - Throws: `ToolError` when the folder holds no Verilog.
  package init(_ design: any HardwareDesign, folder: URL) throws {
    let rtl = folder.appendingPathComponent("rtl")
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: rtl.path)) ?? [])
      .filter { $0.hasSuffix(".sv") }.sorted()
    guard !names.isEmpty else {
      throw ToolError(
        .file, "\(rtl.path) holds no Verilog", hint: "compile the model into this folder first")
    }
    func stream(_ port: StreamInterface.Port) -> CosimStream {
      CosimStream(
        elements: port.elements, elementsPerBeat: port.elementsPerBeat,
        elementBytes: port.elementBytes)
    }
    self.init(
      name: design.name, graph: design.graph, input: stream(design.interface.input),
      output: stream(design.interface.output), streams: design.interface.streams,
      probes: design.probes.enumerated().map { k, probe in
        CosimProbe(
          name: probe.name, port: "probe_\(k)", node: probe.node, size: probe.size,
          width: probe.width, elementsPerStep: probe.elementsPerStep, firstCycle: probe.firstCycle,
          cyclesPerStep: probe.cyclesPerStep)
      },
      frameCycles: design.cyclesPerFrame, folder: folder,
      sources: names.map { "rtl/\($0)" } + ["sim/\(design.name)_sim.sv"],
      memoryFolder: folder.appendingPathComponent("mem"),
      makeTiming: { CompiledTiming(model: design.makeStreamModel()) })
    countsBusyLanes = true
    hasControl = design.hasControl
    windowStates = ((design as? Design)?.windowStates ?? []).map {
      CosimState(name: $0.name, node: $0.value, size: $0.size, address: $0.address)
    }
  }
}

/// The compiler's cycle model as the bench calls it.
private struct CompiledTiming: CosimTiming {
  var model: any StreamModel
  mutating func step(
    inputValid: Bool, inputLast: Bool, inputStream: Int, outputReady: Bool
  ) -> CosimSignals {
    let signals = model.step(
      inputValid: inputValid, inputLast: inputLast, inputStream: inputStream,
      outputReady: outputReady)
    return CosimSignals(
      inputReady: signals.inputReady, outputValid: signals.outputValid,
      outputLast: signals.outputLast, outputStream: signals.outputStream,
      frameStart: signals.frameStart)
  }
}
