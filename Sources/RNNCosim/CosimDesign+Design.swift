package import Foundation
package import RNNCodegen
package import RNNGraph
internal import RNNSupport

extension CosimDesign {
  /// Describes a compiled design whose files lie in a build folder.
  ///
  /// Other Verilog in the folder is no part of it: it could do anything when it is simulated.
  ///
  /// - Parameters:
  ///   - golden: the graph that the design has to compute, as it was before the compiler: probes and states are found in it by
  ///     name, and values that only the compiler made are not looked at.
  ///   - files: what `design.files()` gives, where the caller has it already.
  /// - Throws: what emitting the files throws.
  package init(
    _ design: any HardwareDesign, golden: IntegerGraph, folder: URL, files: [EmittedFile]? = nil
  ) throws {
    let names = try (files ?? design.files()).map(\.path)
      .filter { $0.hasPrefix("rtl/") && $0.hasSuffix(".sv") }.sorted()
    var places: [String: ValueID] = [:]
    for id in golden.nodes.indices.map(ValueID.init) { places[golden[id].name] = id }
    func stream(_ port: StreamInterface.Port) -> CosimStream {
      CosimStream(
        elements: port.elements, elementsPerBeat: port.elementsPerBeat,
        elementBytes: port.elementBytes)
    }
    self.init(
      name: design.name, graph: golden, input: stream(design.interface.input),
      output: stream(design.interface.output), streams: design.interface.streams,
      probes: design.probes.enumerated().compactMap { k, probe in
        guard let node = places[probe.name] else { return nil }
        return CosimProbe(
          name: probe.name, port: "probe_\(k)", node: node, size: probe.size,
          width: probe.width, elementsPerStep: probe.elementsPerStep, firstCycle: probe.firstCycle,
          cyclesPerStep: probe.cyclesPerStep)
      },
      frameCycles: design.cyclesPerFrame, folder: folder,
      sources: names + ["sim/\(design.name)_sim.sv"],
      memoryFolder: folder.appendingPathComponent("mem"),
      makeTiming: { design.makeStreamModel() })
    countsBusyLanes = true
    hasControl = design.hasControl
    windowStates = try design.windowStates.map { state in
      guard let golden = golden.states.first(where: { $0.name == state.name }) else {
        throw ToolError(
          .file, "\(design.name) shows a state \(state.name) that the network does not have",
          hint: "this is a fault of the compiler")
      }
      return CosimState(
        name: state.name, node: golden.next, size: state.size, address: state.address)
    }
  }
}
