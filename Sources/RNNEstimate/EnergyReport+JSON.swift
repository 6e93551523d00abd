package import RNNSupport

extension Band {
  /// `{low, value, high}`.
  package var json: JSONValue {
    .object(["low": .double(low), "value": .double(value), "high": .double(high)])
  }
}

extension EnergyReport {
  /// The whole report as JSON: every event count, every coefficient with its source, every result.
  package var json: JSONValue {
    .object([
      "formatVersion": 1,
      "label": "estimate, chip only",
      "design": .string(design),
      "streams": .int(counts.streams),
      "cyclesPerFrame": .int(counts.cyclesPerFrame),
      "sustainedCyclesPerFrame":
        .double(counts.sustainedCyclesPerFrame ?? Double(counts.cyclesPerFrame)),
      "latencyCycles": .int(counts.latencyCycles),
      "usefulMultiplicationsPerFrame": .int(counts.usefulMultiplicationsPerFrame),
      "multiplierOccupancy": .double(multiplierOccupancy),
      "denseEquivalentOperationsPerFrame": .int(counts.denseEquivalentOperationsPerFrame),
      "requiredFramesPerSecond": .double(requiredFramesPerSecond),
      "activity": activity.map {
        .object([
          "stimulus": .string($0.stimulus), "windowFrames": .int($0.windowFrames),
          "windowCycles": .int($0.windowCycles), "matchedShare": .double($0.matchedShare),
        ])
      } ?? .null,
      "cautions": .array(cautions.map { .string($0) }),
      "assumptions": .array(
        EnergyAssumptions.all.map { Self.figure(key: $0.key, unit: $0.unit, $0.figure) }),
      "devices": .array(estimates.map { Self.device($0) }),
    ])
  }

  private static func figure(key: String, unit: String, _ figure: BandedValue) -> JSONValue {
    .object([
      "name": .string(key), "unit": .string(unit), "value": .double(figure.value),
      "low": .double(figure.low), "high": .double(figure.high),
      "kind": .string(figure.kind.rawValue), "source": .string(figure.source),
    ])
  }

  private static func device(_ estimate: EnergyEstimate) -> JSONValue {
    .object([
      "device": .string(estimate.device.name),
      "fits": .bool(estimate.fits),
      "resources": .array(
        estimate.fit.map {
          .object([
            "resource": .string($0.resource), "used": .double($0.used),
            "available": .double($0.available),
          ])
        }),
      "clockMegahertz": .double(estimate.clockMegahertz),
      "clockSource": .string(estimate.device.clockSource),
      "peak": point(estimate.peak),
      "required": .array(estimate.required.map { point($0) }),
      "units": .array(estimate.units.map { unit($0) }),
      "coefficients": .array(
        estimate.device.energy.all.map { figure(key: $0.key, unit: $0.unit, $0.coefficient) }),
    ])
  }

  private static func point(_ point: OperatingPoint) -> JSONValue {
    .object([
      "clocking": .string(point.clocking.rawValue),
      "framesPerSecond": .double(point.framesPerSecond),
      "activeMicrojoulesPerFrame": point.activeMicrojoules.json,
      "idleMicrojoulesPerFrame": point.idleMicrojoules.json,
      "staticMicrojoulesPerFrame": point.staticMicrojoules.json,
      "totalMicrojoulesPerFrame": point.totalMicrojoules.json,
      "watts": point.watts.json,
    ])
  }

  private static func unit(_ unit: UnitEnergy) -> JSONValue {
    .object([
      "name": .string(unit.name),
      "activity": .string(unit.activity.rawValue),
      "multipliers": .int(unit.usage.multipliers),
      "blockRAMs": .double(unit.usage.blockRAMs),
      "luts": .int(unit.usage.luts),
      "flipFlops": .int(unit.usage.flipFlops),
      "picojoulesPerFrame": unit.picojoulesPerFrame.json,
      "idlePicojoulesPerCycle": unit.idlePicojoulesPerCycle.json,
      "savedByEnablesPicojoulesPerFrame": unit.savedByEnables.json,
      "events": .array(
        unit.items.map {
          .object([
            "part": .string($0.part.rawValue), "event": .string($0.event),
            "coefficient": .string($0.coefficient), "eventsPerFrame": .double($0.eventsPerFrame),
            "picojoulesEach": $0.picojoulesEach.json,
          ])
        }),
    ])
  }
}
