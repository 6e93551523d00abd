package import RNNGraph
package import RNNSupport

/// A compiled design of either engine: what a build, a cosimulation, synthesis and the estimates read.
package protocol HardwareDesign: Sendable {
  /// The name of the top module.
  var name: String { get }
  /// The graph that the hardware computes, after the compiler's passes.
  var graph: IntegerGraph { get }
  var options: CompileOptions { get }
  var interface: StreamInterface { get }
  var probes: [Probe] { get }
  var counts: DesignCounts { get }
  /// The same with the cycles from frame to frame that the ports and the program together sustain.
  var sustainedCounts: DesignCounts { get }
  /// Whether the core has the AXI4-Lite port.
  var hasControl: Bool { get }
  /// Cycles from one frame to the next with frames back to back, of all streams together.
  var cyclesPerFrame: Int { get }
  /// The same when all frames are of one stream.
  var cyclesPerFrameOfOneStream: Int { get }
  /// Cycles from frame to frame as the ports and the program together sustain them, a mean.
  var sustainedCyclesPerFrame: Double { get }
  /// The same when all frames are of one stream.
  var sustainedCyclesPerFrameOfOneStream: Double { get }
  /// Cycles from the acceptance of a frame's last input beat to its first output beat, nothing in the way.
  var latencyCycles: Int { get }
  /// Share of the cycles of the multipliers of matrix products that do useful products, 0 to 1.
  var occupancy: Double { get }
  /// How deeply the hardware is pipelined; nil where there is no choice.
  var pipelining: Pipelining? { get }
  /// What multiplies, in a few words, such as `4 lanes of 14 multipliers`.
  var structure: String { get }

  /// The files of a build: the same design gives the same bytes in every process.
  ///
  /// - Throws: `VerilogError` if a generated module violates the checks of the syntax tree: a bug of the compiler.
  func files() throws -> [EmittedFile]
  /// A fresh prediction of the streams.
  func makeStreamModel() -> any StreamModel
}

extension HardwareDesign {
  /// `occupancy` with frames this many cycles apart instead of `cyclesPerFrame`.
  package func occupancy(cyclesPerFrame cycles: Double) -> Double {
    occupancy * Double(cyclesPerFrame) / cycles
  }
}

/// Predicts the streams of an emitted core cycle by cycle; cycle 0 is the first with `aresetn` high.
package protocol StreamModel: Sendable {
  /// Advances by one clock cycle with the given inputs.
  ///
  /// - Parameter stream: TID of the input beat, below the number of streams and constant within a frame.
  mutating func step(
    inputValid: Bool, inputLast last: Bool, inputStream stream: Int, outputReady: Bool
  ) -> CycleModel.Signals
}

extension CycleModel: StreamModel {}

extension Design: HardwareDesign {
  package var cyclesPerFrame: Int { frameTiming.cyclesPerFrame }
  package var cyclesPerFrameOfOneStream: Int { frameTiming.cyclesPerFrameOfOneStream }
  package var sustainedCyclesPerFrameOfOneStream: Double {
    frameTiming.sustainedCyclesPerFrame(streams: 1)
  }
  package var latencyCycles: Int { frameTiming.latencyCycles }
  package var pipelining: Pipelining? { schedule.timing.pipelining }
  package var structure: String {
    "\(lanes) lanes of \(lowered.productsPerLane) multipliers, \(schedule.timing.pipelining.rawValue) pipelining"
  }
  package func files() throws -> [EmittedFile] { try emit(self) }
  package func makeStreamModel() -> any StreamModel { CycleModel(frameTiming) }
}

/// Compiles an integer graph to a design of the engine that the options name.
///
/// - Throws: `DiagnosticsEmitted` for options that do not fit the network or the engine, a graph that the hardware
///   cannot hold, or a device that is too small (naming the resource that binds).
package func compileHardware(
  _ graph: IntegerGraph, options: CompileOptions
) throws -> any HardwareDesign {
  switch options.engine {
  case .sequential: return try compileSequential(graph, options: options)
  case .lanes:
    do {
      return try compile(graph, options: options)
    } catch var error as DiagnosticsEmitted {
      addSequentialRemedy(to: &error, graph, options)
      throw error
    }
  }
}

/// Where no design of lanes fits a device and one multiplier does, the error says so.
private func addSequentialRemedy(
  to error: inout DiagnosticsEmitted, _ graph: IntegerGraph, _ options: CompileOptions
) {
  guard let last = error.diagnostics.indices.last,
    error.diagnostics.allSatisfy({ $0.path.hasPrefix("device ") }),
    let design = try? compileSequential(
      graph,
      options: CompileOptions(
        name: options.name, device: options.device, clockMegahertz: options.clockMegahertz,
        engine: .sequential, framesPerSecond: options.framesPerSecond,
        latencyMicroseconds: options.latencyMicroseconds))
  else { return }
  error.diagnostics[last].fix +=
    "; one multiplier fits, with \(design.cyclesPerFrame) cycles a frame: --engine sequential"
}
