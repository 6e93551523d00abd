package import RNNSupport

/// What the user decides about a design of lanes; every nil is decided by the compiler and reported.
package struct LaneOptions: Hashable, Sendable {
  /// Lanes of the product array; nil takes what `Mapping` finds for the device, or without one the fewest of at most 16
  /// that reach the least number of passes.
  package var count: Int?
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
  /// Elements in one beat of the input stream; a power of two.
  package var inputElementsPerBeat: Int
  /// Elements in one beat of the output stream, a power of two; nil takes as many as a datapath gives in a cycle.
  package var outputElementsPerBeat: Int?
  /// Independent sequences that share the hardware, each with states of its own; TID names the one of a frame.
  ///
  /// Frames of different streams fill what the recurrence of one leaves idle.
  package var streams: Int
  /// How many registers stand between operators; nil takes what the device's fabric wants, or without a device `shallow`.
  package var pipelining: Pipelining?
  /// The port for control beside the streams; a design without one has no hardware for it.
  package var control: ControlPort

  package init(
    _ count: Int? = nil, columnGroups: Int? = nil, drainChains: Int? = nil,
    denseMultipliers: Int = 8, elementsPerStep: Int? = nil, inputElementsPerBeat: Int = 1,
    outputElementsPerBeat: Int? = nil, streams: Int = 1, pipelining: Pipelining? = nil,
    control: ControlPort = .none
  ) {
    self.count = count
    self.columnGroups = columnGroups
    self.drainChains = drainChains
    self.denseMultipliers = denseMultipliers
    self.elementsPerStep = elementsPerStep
    self.inputElementsPerBeat = inputElementsPerBeat
    self.outputElementsPerBeat = outputElementsPerBeat
    self.streams = streams
    self.pipelining = pipelining
    self.control = control
  }

  /// `columnGroups`, or 1.
  var groups: Int { columnGroups ?? 1 }
  /// `elementsPerStep`, or 1.
  package var step: Int { elementsPerStep ?? 1 }
  /// `outputElementsPerBeat`, or what a datapath gives.
  var outputBeat: Int { outputElementsPerBeat ?? step }

  /// The options in the order of a manifest.
  static let all: [CompileOption] = [
    .lanes, .columnGroups, .drainChains, .denseMultipliers, .elementsPerStep, .inputBeat,
    .outputBeat, .streams, .pipelining, .control,
  ]
}

extension CompileOption {
  package static let lanes = CompileOption(
    "lanes", flag: "lanes", \.lanes.count, Limits<Int>.lanes, "Lanes of the product array",
    standard: "chosen by the compiler")
  package static let columnGroups = CompileOption(
    "columnGroups", flag: "column-groups", \.lanes.columnGroups, Limits<Int>.columnGroups,
    "Block columns that are multiplied in the same cycle",
    standard: "1, or chosen for --device")
  package static let drainChains = CompileOption(
    "drainChains", flag: "drain-chains", \.lanes.drainChains, Limits<Int>.drainChains,
    "Lanes that drain in the same cycle", standard: "the fewest for which no pass waits")
  package static let denseMultipliers = CompileOption(
    "denseMultipliers", flag: "dense-multipliers", \.lanes.denseMultipliers, Limits<Int>.parallel,
    "Multipliers of a lane for networks without circulant matrices", standard: "8")
  package static let elementsPerStep = CompileOption(
    "elementsPerStep", flag: "elements-per-step", \.lanes.elementsPerStep, Limits<Int>.parallel,
    "Elements that each element-wise datapath takes per cycle",
    standard: "1, or chosen for --device")
  package static let inputBeat = CompileOption(
    "inputElementsPerBeat", flag: "input-beat", \.lanes.inputElementsPerBeat,
    Limits<Int>.parallel, "Elements in one beat of the input stream", standard: "1")
  package static let outputBeat = CompileOption(
    "outputElementsPerBeat", flag: "output-beat", \.lanes.outputElementsPerBeat,
    Limits<Int>.parallel, "Elements in one beat of the output stream",
    standard: "what a datapath gives")
  package static let streams = CompileOption(
    "streams", flag: "streams", \.lanes.streams, Limits<Int>.streams,
    "Sequences in flight, each with states of its own: TID names the one of a frame; their frames fill what one leaves idle",
    standard: "1")
  package static let pipelining = CompileOption(
    "pipelining", flag: "pipelining", \.lanes.pipelining, Limits<Pipelining>(),
    "Registers between operators: deep, one behind every memory and addition, or shallow",
    standard: "what the device's fabric wants; without a device shallow")
  package static let control = CompileOption(
    "control", flag: "control", \.lanes.control, Limits<ControlPort>(),
    "The port beside the streams: none, or axi-lite (identification, status; clears, saves and loads the states of a stream)",
    standard: "none", isOmitted: true)
}
