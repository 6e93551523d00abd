/// What the user decides about the hardware; every nil is decided by the compiler and reported.
package struct CompileOptions: Hashable, Sendable {
  /// The name of the emitted top module: a SystemVerilog identifier.
  package var name: String
  /// A device that `DeviceDescription.named(_:)` knows; nil compiles without a resource limit.
  package var device: String?
  /// Clock in MHz for rates and energy: an assumption for devices without open place and route.
  package var clockMegahertz: Double
  /// Lanes of the product array; nil takes the fewest that reach the least number of passes that fits the device.
  package var lanes: Int?
  /// Block columns that are multiplied in the same cycle: each lane has so many sets of multipliers, and the sums of the
  /// sets are added when the lane drains.
  package var columnGroups: Int
  /// Lanes that drain in the same cycle, each through an output transform of its own; nil takes the fewest with
  /// which a pass drains while the next is accumulating.
  package var drainChains: Int?
  /// Multipliers in a lane for networks without a circulant matrix; a power of two.
  ///
  /// With circulant matrices a lane has as many multipliers as the largest block algorithm has products.
  package var denseMultipliers: Int
  /// Elements that each element-wise datapath processes per cycle; a power of two.
  package var elementsPerStep: Int
  /// Elements in one beat of the input and output streams; powers of two.
  package var inputElementsPerBeat: Int
  package var outputElementsPerBeat: Int

  package init(
    name: String = "rnn", device: String? = nil, clockMegahertz: Double = 100, lanes: Int? = nil,
    columnGroups: Int = 1, drainChains: Int? = nil, denseMultipliers: Int = 8,
    elementsPerStep: Int = 1, inputElementsPerBeat: Int = 1,
    outputElementsPerBeat: Int = 1
  ) {
    self.name = name
    self.device = device
    self.clockMegahertz = clockMegahertz
    self.lanes = lanes
    self.columnGroups = columnGroups
    self.drainChains = drainChains
    self.denseMultipliers = denseMultipliers
    self.elementsPerStep = elementsPerStep
    self.inputElementsPerBeat = inputElementsPerBeat
    self.outputElementsPerBeat = outputElementsPerBeat
  }
}
