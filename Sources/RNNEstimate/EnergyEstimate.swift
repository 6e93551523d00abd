package import RNNSupport

/// Energy of one frame at one rate, in microjoules: an estimate for the chip alone, not for a board.
package struct OperatingPoint: Hashable, Sendable {
  /// How the clock behaves between frames.
  package enum Clocking: String, Sendable {
    /// Frames follow each other without a pause.
    case backToBack = "back to back"
    /// The clock runs on at full rate between frames; multipliers and memories idle.
    case running = "clock running between frames"
    /// The clock of the whole design is stopped between frames, which the emitted design does not do by itself.
    case stopped = "clock stopped between frames"
  }
  package var clocking: Clocking
  package var framesPerSecond: Double
  /// Energy of the work of one frame.
  package var activeMicrojoules: Band
  /// Energy of the cycles between two frames.
  package var idleMicrojoules: Band
  /// Static power times the time from one frame to the next.
  package var staticMicrojoules: Band

  package var dynamicMicrojoules: Band { activeMicrojoules + idleMicrojoules }
  package var totalMicrojoules: Band { dynamicMicrojoules + staticMicrojoules }
  /// Mean power of the chip in watts.
  package var watts: Band { totalMicrojoules * (framesPerSecond * 1e-6) }
}

/// The energy estimate of one design on one device.
package struct EnergyEstimate: Hashable, Sendable {
  package var device: DeviceDescription
  /// Resources needed against those of the device.
  ///
  /// On a device that the design does not fit, the estimate is hypothetical.
  package var fit: [ResourceFit]
  package var clockMegahertz: Double
  package var units: [UnitEnergy]
  /// Frames back to back, all streams in turn.
  package var peak: OperatingPoint
  /// At the required rate, for each way of clocking; empty if the device is too slow for the rate.
  package var required: [OperatingPoint]

  package var fits: Bool { fit.allSatisfy(\.fits) }

  /// Dynamic energy of one frame spent on one part, in picojoules.
  package func picojoules(on part: EnergyPart) -> Band {
    units.map { $0.picojoules(on: part) }.total
  }

  /// Prices the events of a design on one device.
  ///
  /// - Parameters:
  ///   - activity: toggles counted in simulation; without it a default rate is assumed.
  ///   - requiredFramesPerSecond: the rate that the task needs, such as 100 for speech.
  ///   - clockMegahertz: nil for the clock assumed for the device.
  package init(
    counts: DesignCounts, device: DeviceDescription, activity: ActivityRecord?,
    requiredFramesPerSecond: Double, clockMegahertz: Double? = nil
  ) {
    precondition(counts.cyclesPerFrame > 0, "a frame takes at least one cycle")
    precondition(requiredFramesPerSecond > 0, "a frame rate is above zero")
    let clock = clockMegahertz ?? device.clockMegahertz
    precondition(clock > 0, "a clock is above zero")
    self.device = device
    self.clockMegahertz = clock
    fit = device.fit(of: counts)
    let byUnit = ActivityByUnit(counts: counts, record: activity)
    units = zip(counts.units, byUnit.units).map { unit, toggles in
      UnitEnergy(
        counts: unit, activity: toggles, cycles: counts.cyclesPerFrame, device: device)
    }
    let active = units.map(\.picojoulesPerFrame).total * 1e-6
    let idlePerCycle = units.map(\.idlePicojoulesPerCycle).total * 1e-6
    let watts = Band(device.energy.staticWatts)
    // Where the ports set the pace, the core waits between frames.
    let worked = Double(counts.cyclesPerFrame)
    let peakCycles = max(worked, counts.sustainedCyclesPerFrame ?? worked)
    let peakRate = clock * 1e6 / peakCycles
    peak = OperatingPoint(
      clocking: .backToBack, framesPerSecond: peakRate, activeMicrojoules: active,
      idleMicrojoules: idlePerCycle * (peakCycles - worked),
      staticMicrojoules: watts * (1e6 / peakRate))
    guard requiredFramesPerSecond <= peakRate else {
      required = []
      return
    }
    let idleCycles = clock * 1e6 / requiredFramesPerSecond - worked
    required = [OperatingPoint.Clocking.running, .stopped].map { clocking in
      OperatingPoint(
        clocking: clocking, framesPerSecond: requiredFramesPerSecond, activeMicrojoules: active,
        idleMicrojoules: clocking == .running ? idlePerCycle * idleCycles : .zero,
        staticMicrojoules: watts * (1e6 / requiredFramesPerSecond))
    }
  }
}
