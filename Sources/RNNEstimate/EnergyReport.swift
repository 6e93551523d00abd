package import RNNSupport

/// The energy estimates of one design on several devices, with all that a reader needs to judge them.
package struct EnergyReport: Hashable, Sendable {
  /// What the toggles were counted on.
  package struct Activity: Hashable, Sendable {
    package var stimulus: String
    package var windowFrames: Int
    package var windowCycles: Int
    /// Share of the counted toggles that lie in the scope of some unit.
    package var matchedShare: Double
  }
  package var design: String
  package var counts: DesignCounts
  package var requiredFramesPerSecond: Double
  /// Nil if no simulation has counted toggles; a default rate is assumed then.
  package var activity: Activity?
  package var estimates: [EnergyEstimate]

  /// - Parameters:
  ///   - devices: in the order of the report.
  ///   - record: toggles counted in simulation; without it a default rate is assumed.
  ///   - clockMegahertz: one clock for all devices; nil for the one assumed for each device.
  package init(
    design: String, counts: DesignCounts, devices: [DeviceDescription], activity: ActivityRecord?,
    requiredFramesPerSecond: Double, clockMegahertz: Double? = nil
  ) {
    self.design = design
    self.counts = counts
    self.requiredFramesPerSecond = requiredFramesPerSecond
    self.activity = activity.map {
      Activity(
        stimulus: $0.stimulus, windowFrames: $0.windowFrames, windowCycles: $0.windowCycles,
        matchedShare: ActivityByUnit(counts: counts, record: $0).matchedShare ?? 0)
    }
    estimates = devices.map {
      EnergyEstimate(
        counts: counts, device: $0, activity: activity,
        requiredFramesPerSecond: requiredFramesPerSecond, clockMegahertz: clockMegahertz)
    }
  }

  /// The devices of the spine's report: two large, one mid-size, two with an open tool flow.
  package static let standardDevices: [DeviceDescription] = {
    let names = ["XC7VX690T", "XCKU060", "XC7A100T", "LFE5U-85F", "iCE40UP5K"]
    return DeviceDescription.known.filter { names.contains($0.name) }
  }()

  /// Useful products over all multiplier cycles of the lanes from frame to frame, 0 to 1.
  ///
  /// The lanes are the unit of that name; a design without it counts all of its multipliers.
  package var multiplierOccupancy: Double {
    let lanes = counts.units.filter { $0.name == "lanes" }
    let multipliers = (lanes.isEmpty ? counts.units : lanes).reduce(0) { $0 + $1.multipliers }
    guard multipliers > 0, counts.cyclesPerFrame > 0 else { return 0 }
    return Double(counts.usefulMultiplicationsPerFrame)
      / (Double(multipliers)
        * (counts.sustainedCyclesPerFrame ?? Double(counts.cyclesPerFrame)))
  }

  /// What limits the estimate, one sentence each.
  package var cautions: [String] {
    var list = [
      "An estimate from event counts and coefficients, not a measurement; of the chip, not of a board.",
      "Bands add end to end, because the coefficients of a device err together.",
    ]
    if let activity {
      if activity.matchedShare < 0.9 {
        list.append(
          "Only \(Figures.percent(activity.matchedShare)) of the counted toggles lie in the scope of a "
            + "unit; the rest are not in the estimate.")
      }
    } else {
      list.append(
        "No simulated activity: every bit is assumed to toggle in "
          + "\(Figures.percent(EnergyAssumptions.toggleRate.value)) of the cycles. "
          + "Run cosim with activity counting for real figures.")
    }
    for estimate in estimates where !estimate.fits {
      let short = estimate.fit.filter { !$0.fits }.map {
        "\(Figures.count($0.used)) of \(Figures.count($0.available)) \($0.resource)"
      }
      list.append(
        "\(estimate.device.name): the design does not fit (\(short.joined(separator: ", "))); "
          + "its figures are hypothetical.")
    }
    for estimate in estimates where estimate.required.isEmpty {
      list.append(
        "\(estimate.device.name): \(Figures.text(estimate.peak.framesPerSecond)) frames/s at most, "
          + "below the required \(Figures.text(requiredFramesPerSecond)).")
    }
    return list
  }
}
