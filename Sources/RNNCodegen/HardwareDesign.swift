package import RNNGraph
package import RNNSupport

/// A compiled design of either engine: what a build, a cosimulation, synthesis and the estimates read.
package protocol HardwareDesign: Sendable {
  /// The name of the top module.
  var name: String { get }
  /// The graph that the hardware computes, after the compiler's passes.
  var graph: IntegerGraph { get }
  /// The options with all that the compiler decided.
  var options: CompileOptions { get }
  /// The shape of the two streams.
  var interface: StreamInterface { get }
  /// The values inside that the simulation top shows.
  var probes: [Probe] { get }
  /// What it is made of, and how often each part works in a frame.
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
  /// Lanes of multipliers; 0 for an engine that has none.
  var lanes: Int { get }
  /// What the AXI4-Lite port shows of each stream.
  var windowStates: [WindowState] { get }
  /// Bits of an address of that port; 0 without it.
  var controlAddressBits: Int { get }
  /// What the parts of the design do in one frame.
  var timeline: FrameTimeline { get }
  /// Frames one after the other; nil where each only follows the last.
  var steadyState: SteadyState? { get }
  /// What there is more than one of.
  var copies: DesignCopies { get }
  /// What instances compute, by instance name inside the core, such as `u_datapath0_0.u_n12`.
  var instanceLabels: [String: String] { get }
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

/// The signals of the streams in one cycle, before the clock edge that ends it.
package struct StreamSignals: Hashable, Sendable {
  package var inputReady: Bool
  package var outputValid: Bool
  package var outputLast: Bool
  /// The stream of the beat that is offered; meaningful while `outputValid` holds.
  package var outputStream: Int
  /// The index since reset of the frame that starts in this cycle; the probes' cycles count from here.
  package var frameStart: Int?

  package init(
    inputReady: Bool, outputValid: Bool, outputLast: Bool, outputStream: Int, frameStart: Int?
  ) {
    self.inputReady = inputReady
    self.outputValid = outputValid
    self.outputLast = outputLast
    self.outputStream = outputStream
    self.frameStart = frameStart
  }
}

/// Predicts the streams of an emitted core cycle by cycle; cycle 0 is the first with `aresetn` high.
package protocol StreamModel: Sendable {
  /// Advances by one clock cycle with the given inputs.
  ///
  /// - Parameter stream: TID of the input beat, below the number of streams and constant within a frame.
  mutating func step(
    inputValid: Bool, inputLast last: Bool, inputStream stream: Int, outputReady: Bool
  ) -> StreamSignals
}

extension CycleModel: StreamModel {}

/// Parts of a design that are equal but for their names: synthesis measures one of them.
package struct DesignCopies: Hashable, Sendable {
  /// Datapaths, and copies of each.
  package var segments = 0
  package var elementsPerStep = 1
  /// Output transforms.
  package var drainChains = 1
}

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
/// - Parameter modelDigest: the SHA-256 of the `model.json` that the graph came from, asked for where a port shows it: of a large
///   model it takes seconds.
/// - Throws: `DiagnosticsEmitted` for options that do not fit the network or the engine, a graph that the hardware
///   cannot hold, or a device that is too small (naming the resource that binds).
package func compileHardware(
  _ graph: IntegerGraph, options: CompileOptions, modelDigest: () throws -> String? = { nil }
) throws -> any HardwareDesign {
  switch options.engine {
  case .sequential: return try compileSequential(graph, options: options)
  case .lanes:
    do {
      var design = try compile(graph, options: options)
      if design.hasControl, let digest = try modelDigest() { design.modelDigest = digest }
      return design
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
        framesPerSecond: options.framesPerSecond, latencyMicroseconds: options.latencyMicroseconds,
        engine: .sequential))
  else { return }
  error.diagnostics[last].fix +=
    "; one multiplier fits, with \(design.cyclesPerFrame) cycles a frame: --engine sequential"
}
