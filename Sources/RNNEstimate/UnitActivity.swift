package import RNNSupport

/// How often the signals of one unit change in one frame.
package struct UnitActivity: Hashable, Sendable {
  /// Where the figures come from.
  package enum Origin: String, Sendable {
    /// Counted in simulation, in the scopes of this unit.
    case simulated
    /// The mean over the design: the simulation has no scope of this unit.
    case designMean = "design mean"
    /// `EnergyAssumptions.toggleRate`: there is no simulation.
    case assumed
  }
  package var origin: Origin
  /// Changes of one register bit in one frame.
  package var registerTogglesPerBit: Band
  /// Changes of one combinational bit in one frame, glitches not counted.
  package var netTogglesPerBit: Band
}

/// The activity of each unit of a design, and how much of the simulated activity found its unit.
package struct ActivityByUnit: Hashable, Sendable {
  /// In the order of `DesignCounts.units`.
  package var units: [UnitActivity]
  /// Share of the toggles in the record, 0 to 1, that lie in the scope of some unit; nil without a record.
  package var matchedShare: Double?

  /// Assigns each scope of the record to the unit that names the innermost of its instances.
  ///
  /// Toggles are divided by the frames of the window, so idle cycles between frames do not thin them out.
  package init(counts: DesignCounts, record: ActivityRecord?) {
    guard let record else {
      let rate = Band(EnergyAssumptions.toggleRate) * Double(counts.cyclesPerFrame)
      units = counts.units.map { _ in
        UnitActivity(origin: .assumed, registerTogglesPerBit: rate, netTogglesPerBit: rate)
      }
      matchedShare = nil
      return
    }
    var sums = counts.units.map { _ in Sum() }
    var matched = Sum()
    var everything = Sum()
    for scope in record.scopes {
      everything.add(scope)
      guard let owner = Self.owner(of: scope.path, among: counts.units) else { continue }
      sums[owner].add(scope)
      matched.add(scope)
    }
    let frames = Double(record.windowFrames)
    let mean = matched.isEmpty ? everything : matched
    units = sums.map { sum in
      let used = sum.isEmpty ? mean : sum
      return UnitActivity(
        origin: sum.isEmpty ? .designMean : .simulated,
        registerTogglesPerBit: Self.rate(
          used.registerToggles, used.registerBits, mean.registerToggles, mean.registerBits, frames),
        netTogglesPerBit: Self.rate(
          used.netToggles, used.netBits, mean.netToggles, mean.netBits, frames))
    }
    let toggles = everything.registerToggles + everything.netToggles
    matchedShare =
      toggles == 0 ? 0 : Double(matched.registerToggles + matched.netToggles) / Double(toggles)
  }

  /// Toggles per bit and frame; a unit without such bits takes the mean.
  private static func rate(
    _ toggles: Int, _ bits: Int, _ meanToggles: Int, _ meanBits: Int, _ frames: Double
  ) -> Band {
    let (toggles, bits) = bits > 0 ? (toggles, bits) : (meanToggles, meanBits)
    let value = bits > 0 ? Double(toggles) / (Double(bits) * frames) : 0
    return Band(low: value, value: value, high: value)
  }

  /// The index of the unit that a scope belongs to.
  private static func owner(of path: String, among units: [UnitCounts]) -> Int? {
    for instance in path.split(separator: ".").reversed() {
      var owner: Int?
      var longest = 0
      for (index, unit) in units.enumerated() {
        for beginning in unit.scope
        where beginning.count > longest && instance.hasPrefix(beginning) {
          owner = index
          longest = beginning.count
        }
      }
      if owner != nil { return owner }
    }
    return nil
  }

  private struct Sum {
    var registerBits = 0
    var registerToggles = 0
    var netBits = 0
    var netToggles = 0
    var isEmpty: Bool { registerBits == 0 && netBits == 0 }
    mutating func add(_ scope: ActivityRecord.Scope) {
      registerBits += scope.registerBits
      registerToggles += scope.registerToggles
      netBits += scope.netBits
      netToggles += scope.netToggles
    }
  }
}
