package import Foundation
package import RNNCodegen
internal import RNNGraph
internal import RNNSupport

extension CosimDesign {
  /// Describes a compiled design whose files lie in a build folder.
  ///
  /// Other Verilog in the folder is no part of it: it could do anything when it is simulated.
  ///
  /// - Parameter files: what `design.files()` gives, where the caller has it already.
  /// - Throws: what emitting the files throws.
  package init(_ design: any HardwareDesign, folder: URL, files: [EmittedFile]? = nil) throws {
    let names = try (files ?? design.files()).map(\.path)
      .filter { $0.hasPrefix("rtl/") && $0.hasSuffix(".sv") }.sorted()
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
      sources: names + ["sim/\(design.name)_sim.sv"],
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
