package import RNNSupport

/// What the dynamic energy of a unit is spent on.
package enum EnergyPart: String, CaseIterable, Sendable {
  case multipliers
  case blockRAM = "block RAM"
  case lutMemory = "LUT memory"
  case logic
  case registers
  case wiring
  case clock
}

/// One line of the energy account: so many events per frame at so many picojoules each.
package struct EnergyItem: Hashable, Sendable {
  package var part: EnergyPart
  /// JSON key of the coefficient behind `picojoulesEach`.
  package var coefficient: String
  /// The event in words.
  package var event: String
  package var eventsPerFrame: Double
  package var picojoulesEach: Band
  package var picojoulesPerFrame: Band { picojoulesEach * eventsPerFrame }
}

/// The estimated dynamic energy of one unit of a design on one device.
package struct UnitEnergy: Hashable, Sendable {
  package var name: String
  package var activity: UnitActivity.Origin
  package var usage: ResourceUsage
  package var items: [EnergyItem]
  /// Energy of one cycle in which the clock runs and nothing else happens.
  package var idlePicojoulesPerCycle: Band

  /// What block RAM would take more in a frame if it were enabled in every cycle, not only when it is read or written.
  ///
  /// Every block would be accessed instead of idle in the other cycles, at the width at which it is used.
  package var savedByEnables: Band

  /// Dynamic energy of one frame, the idle cycles within the frame included.
  package var picojoulesPerFrame: Band { items.map(\.picojoulesPerFrame).total }

  /// Dynamic energy of one frame spent on one part.
  package func picojoules(on part: EnergyPart) -> Band {
    items.filter { $0.part == part }.map(\.picojoulesPerFrame).total
  }

  /// Counts the events of one unit in one frame of `cycles` cycles and prices them.
  package init(
    counts unit: UnitCounts, activity: UnitActivity, cycles: Int, device: DeviceDescription
  ) {
    name = unit.name
    self.activity = activity.origin
    usage = device.usage(of: unit)
    let energy = device.energy
    var items: [EnergyItem] = []
    func add(
      _ part: EnergyPart, _ coefficient: String, _ event: String, _ events: Double, _ each: Band
    ) {
      guard events > 0 else { return }
      items.append(
        EnergyItem(
          part: part, coefficient: coefficient, event: event, eventsPerFrame: events,
          picojoulesEach: each))
    }
    var saved = Band.zero
    let wire = Band(energy.netToggle)
    let share = Band(EnergyAssumptions.dataToggleShare)
    let frameCycles = Double(cycles)

    let blocksPerProduct = device.multipliers(for: unit.multiplierWidths)
    let products = Double(unit.multiplicationsPerFrame)
    let active = products * Double(blocksPerProduct)
    add(
      .multipliers, "multiplyAccumulate", "multiplier block active", active,
      Band(energy.multiplyAccumulate))
    add(
      .multipliers, "multiplierIdle", "multiplier block clocked, idle",
      max(0, Double(usage.multipliers) * frameCycles - active), Band(energy.multiplierIdle))
    // The weight side is wired from a memory and counted there; the operand side is a branch of a broadcast.
    let operandBits = Double(min(unit.multiplierWidths.a, unit.multiplierWidths.b))
    add(
      .wiring, "netToggle", "operand bits into multipliers, times the share that changes",
      products * operandBits, wire * share)

    for memory in unit.memories {
      let accesses = Double(memory.readsPerFrame + memory.writesPerFrame)
      add(
        .wiring, "netToggle", "\(memory.name): bits read, times the share that changes",
        Double(memory.readsPerFrame * memory.width), wire * share)
      if device.usesBlockRAM(memory) {
        let blocks = device.blocks(for: memory)
        let enabled = accesses * blocks.perAccess
        add(
          .blockRAM, "blockRAMAccess",
          "\(memory.name): block accessed at \(Figures.short(blocks.widthPerBlock, 1)) of "
            + "\(device.blockRAM.fullWidth) bits",
          enabled, Self.access(width: blocks.widthPerBlock, device: device))
        add(
          .blockRAM, "blockRAMIdle", "\(memory.name): block clocked, not enabled",
          max(0, blocks.total * frameCycles - enabled), Band(energy.blockRAMIdle))
        let access = Self.access(width: blocks.widthPerBlock, device: device)
        saved =
          saved + (access + Band(energy.blockRAMIdle) * -1)
          * max(0, blocks.total * frameCycles - enabled)
      } else {
        let luts = Double(device.lutsPerCopy(of: memory))
        add(
          .registers, "flipFlopToggle",
          "\(memory.name): bits of the read register, times the share that changes",
          Double(memory.readsPerFrame * memory.width), Band(energy.flipFlopToggle) * share)
        switch memory.kind {
        case .rom:
          add(
            .lutMemory, "lutToggle", "\(memory.name): table LUT read, times the share that changes",
            accesses * luts, Band(energy.lutToggle) * share)
        case .block, .distributed:
          add(
            .lutMemory, "distributedRAMAccess", "\(memory.name): LUT accessed", accesses * luts,
            Band(energy.distributedRAMAccess))
        }
      }
    }

    let flipFlops = Double(unit.registerBits)
    let logicLuts = Double(unit.lutEstimate) * device.logicScale
    let registerToggles = activity.registerTogglesPerBit
    let netToggles = activity.netTogglesPerBit * Band(EnergyAssumptions.glitchFactor)
    add(
      .registers, "flipFlopToggle", "flip-flops, times their toggles per frame", flipFlops,
      Band(energy.flipFlopToggle) * registerToggles)
    add(
      .wiring, "netToggle", "flip-flop outputs, times their toggles per frame", flipFlops,
      wire * registerToggles)
    add(
      .logic, "lutToggle", "LUTs, times their toggles per frame and the glitch factor", logicLuts,
      Band(energy.lutToggle) * netToggles)
    add(
      .wiring, "netToggle", "LUT outputs, times their toggles per frame and the glitch factor",
      logicLuts, wire * netToggles)
    add(
      .clock, "clockPerFlipFlop", "flip-flops times cycles",
      Double(usage.flipFlops) * frameCycles,
      Band(energy.clockPerFlipFlop))
    self.items = items
    savedByEnables = saved
    idlePicojoulesPerCycle =
      Band(energy.clockPerFlipFlop) * Double(usage.flipFlops)
      + Band(energy.multiplierIdle) * Double(usage.multipliers)
      + Band(energy.blockRAMIdle) * usage.blockRAMs
  }

  /// Energy of one access of one block of which `width` bits are used.
  package static func access(width: Double, device: DeviceDescription) -> Band {
    let part = min(1, width / Double(device.blockRAM.fullWidth))
    let fixed = Band(device.energy.blockRAMFixedShare)
    func factor(_ share: Double) -> Double { share + (1 - share) * part }
    return Band(device.energy.blockRAMAccess)
      * Band(low: factor(fixed.low), value: factor(fixed.value), high: factor(fixed.high))
  }
}
