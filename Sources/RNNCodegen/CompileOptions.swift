package import RNNSupport

/// The hardware that multiplies.
package enum Engine: String, Hashable, Sendable, CaseIterable {
  /// An array of lanes, fed by a static schedule, with a pipeline for the operations between the products.
  case lanes
  /// One multiplier that runs a program of vector instructions.
  case sequential
}

/// What the user decides about the hardware; every nil is decided by the compiler and reported.
package struct CompileOptions: Hashable, Sendable {
  /// The name of the emitted top module: a SystemVerilog identifier.
  package var name: String
  /// A device that `DeviceDescription.named(_:)` knows; nil compiles without a resource limit.
  package var device: String?
  /// Clock in MHz for rates and energy: an assumption for devices without open place and route.
  package var clockMegahertz: Double
  /// Frames a second that the design must take, of all streams together; nil asks for none.
  ///
  /// With this or a latency the compiler looks for the smallest design that reaches it, see `SmallestDesign`.
  package var framesPerSecond: Double?
  /// Microseconds that a frame may take from its first input beat to its last output beat; nil allows any.
  package var latencyMicroseconds: Double?
  package var engine: Engine
  /// Lanes of the product array; nil takes what `Mapping` finds for the device, or without one the fewest of at most 16
  /// that reach the least number of passes.
  package var lanes: Int?
  /// Block columns that are multiplied in the same cycle.
  ///
  /// Each lane has so many sets of multipliers, and the sums of the sets are added when the lane drains. Nil takes 1,
  /// or what `Mapping` finds for the device.
  package var columnGroups: Int?
  /// Lanes that drain in the same cycle, each through an output transform of its own; nil takes the fewest with
  /// which a pass drains while the next is accumulating.
  package var drainChains: Int?
  /// Multipliers in a lane for networks without a circulant matrix; a power of two.
  ///
  /// With circulant matrices a lane has as many multipliers as the largest block algorithm has products.
  package var denseMultipliers: Int
  /// Elements that each element-wise datapath processes per cycle; a power of two.
  ///
  /// Nil takes 1, or what `Mapping` finds for the device.
  package var elementsPerStep: Int?
  /// How many registers stand between operators; nil takes what the device's fabric wants, or without a device `shallow`.
  package var pipelining: Pipelining?
  /// Independent sequences that share the hardware, each with states of its own; TID names the one of a frame.
  ///
  /// Frames of different streams fill what the recurrence of one leaves idle.
  package var streams: Int
  /// The port for control beside the streams; a design without one has no hardware for it.
  package var control = ControlPort.none
  /// Elements in one beat of the input stream; a power of two.
  package var inputElementsPerBeat: Int
  /// Elements in one beat of the output stream, a power of two; nil takes as many as a datapath gives in a cycle.
  package var outputElementsPerBeat: Int?

  /// `columnGroups`, or 1.
  var groups: Int { columnGroups ?? 1 }
  /// `elementsPerStep`, or 1.
  package var step: Int { elementsPerStep ?? 1 }
  /// `pipelining`, or what the device wants, or `shallow`.
  package var stages: Pipelining {
    pipelining ?? device.flatMap { try? DeviceDescription.named($0) }?.pipelining ?? .shallow
  }
  /// `outputElementsPerBeat`, or what a datapath gives.
  var outputBeat: Int { outputElementsPerBeat ?? step }

  package init(
    name: String = "rnn", device: String? = nil, clockMegahertz: Double = 100,
    engine: Engine = .lanes, lanes: Int? = nil,
    columnGroups: Int? = nil, drainChains: Int? = nil, denseMultipliers: Int = 8,
    elementsPerStep: Int? = nil, inputElementsPerBeat: Int = 1,
    outputElementsPerBeat: Int? = nil, streams: Int = 1,
    framesPerSecond: Double? = nil,
    latencyMicroseconds: Double? = nil, pipelining: Pipelining? = nil
  ) {
    self.name = name
    self.device = device
    self.clockMegahertz = clockMegahertz
    self.engine = engine
    self.lanes = lanes
    self.columnGroups = columnGroups
    self.drainChains = drainChains
    self.denseMultipliers = denseMultipliers
    self.elementsPerStep = elementsPerStep
    self.inputElementsPerBeat = inputElementsPerBeat
    self.outputElementsPerBeat = outputElementsPerBeat
    self.streams = streams
    self.framesPerSecond = framesPerSecond
    self.latencyMicroseconds = latencyMicroseconds
    self.pipelining = pipelining
  }
}
