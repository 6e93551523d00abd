/// What one compiled design holds and does in one frame: the input of resource and energy estimates.
///
/// The compiler fills it from its schedule; nothing in it depends on a device or on data. "Per frame" means
/// one frame from its first input beat to its last output beat, in steady state.
package struct DesignCounts: Hashable, Sendable {
  package var units: [UnitCounts]
  /// Cycles from one frame to the next with frames back to back, all streams in turn.
  package var cyclesPerFrame: Int
  /// The same as the ports with their frame buffers sustain it; nil where it is not known to be longer.
  package var sustainedCyclesPerFrame: Double?
  /// Sequences that take turns.
  package var streams: Int
  /// Cycles from the first input beat of a frame to its last output beat, no back-pressure.
  package var latencyCycles: Int
  /// Products whose result is used, padding excluded: the numerator of multiplier occupancy.
  package var usefulMultiplicationsPerFrame: Int
  /// Additions plus multiplications of the same network with dense matrices.
  ///
  /// Never a measure of work done: print it apart from real operations, and under this name.
  package var denseEquivalentOperationsPerFrame: Int

  package init(
    units: [UnitCounts], cyclesPerFrame: Int, latencyCycles: Int,
    usefulMultiplicationsPerFrame: Int, denseEquivalentOperationsPerFrame: Int, streams: Int = 1,
    sustainedCyclesPerFrame: Double? = nil
  ) {
    self.units = units
    self.cyclesPerFrame = cyclesPerFrame
    self.sustainedCyclesPerFrame = sustainedCyclesPerFrame
    self.streams = streams
    self.latencyCycles = latencyCycles
    self.usefulMultiplicationsPerFrame = usefulMultiplicationsPerFrame
    self.denseEquivalentOperationsPerFrame = denseEquivalentOperationsPerFrame
  }
}

/// The contents and the work of one unit of a design.
package struct UnitCounts: Hashable, Sendable {
  /// Such as `lanes`, `weight memory`, `operand memory`, `transform in`, `transform out`,
  /// `element-wise gru0`, `activation tables`, `stream`, `control`.
  package var name: String
  /// Multipliers in this unit, each with operands of `multiplierWidths` bits (signed).
  package var multipliers: Int
  package var multiplierWidths: MultiplierWidths
  /// Products formed per frame, those of padding included: each costs energy.
  package var multiplicationsPerFrame: Int
  package var memories: [MemoryCounts]
  /// Flip-flops outside hard multipliers and memories; a memory's read register is the memory's.
  package var registerBits: Int
  /// Total width of the adders and subtractors built from LUTs, in bits.
  package var adderBits: Int
  /// 6-input LUTs of the unit, adders included, memories of kind `.distributed` and `.rom` excluded.
  package var lutEstimate: Int
  /// Beginnings of instance names in the RTL, such as `u_lane_`: what lies in such an instance is this unit's.
  ///
  /// The innermost instance that some unit names decides; among several beginnings of its name, the longest.
  package var scope: [String]

  package init(
    name: String, multipliers: Int = 0, multiplierWidths: MultiplierWidths = MultiplierWidths(),
    multiplicationsPerFrame: Int = 0, memories: [MemoryCounts] = [], registerBits: Int = 0,
    adderBits: Int = 0, lutEstimate: Int = 0, scope: [String] = []
  ) {
    self.name = name
    self.multipliers = multipliers
    self.multiplierWidths = multiplierWidths
    self.multiplicationsPerFrame = multiplicationsPerFrame
    self.memories = memories
    self.registerBits = registerBits
    self.adderBits = adderBits
    self.lutEstimate = lutEstimate
    self.scope = scope
  }
}

/// Signed operand widths of a multiplier, in bits; 0 where a unit has none.
package struct MultiplierWidths: Hashable, Sendable {
  package var a: Int
  package var b: Int
  package init(_ a: Int = 0, _ b: Int = 0) {
    self.a = a
    self.b = b
  }
}

/// One kind of memory of a unit.
package struct MemoryCounts: Hashable, Sendable {
  /// What the memory is made of.
  package enum Kind: String, CaseIterable, Sendable {
    /// Block RAM, read through a register.
    case block
    /// LUTs as writable memory.
    case distributed
    /// LUTs as constant table.
    case rom
  }
  package var name: String
  /// Width of one word in bits.
  package var width: Int
  /// Words.
  package var depth: Int
  /// How many such memories the unit holds.
  package var count: Int
  package var kind: Kind
  /// Enabled reads per frame, summed over all `count` memories.
  package var readsPerFrame: Int
  /// Writes per frame, summed over all `count` memories.
  package var writesPerFrame: Int

  package init(
    name: String, width: Int, depth: Int, count: Int, kind: Kind, readsPerFrame: Int,
    writesPerFrame: Int
  ) {
    self.name = name
    self.width = width
    self.depth = depth
    self.count = count
    self.kind = kind
    self.readsPerFrame = readsPerFrame
    self.writesPerFrame = writesPerFrame
  }
}
