internal import Foundation

/// What is known of one FPGA device: its resources, an assumed clock, and energy per event.
///
/// The descriptions are JSON files embedded in the binary, one per device. Resource counts are those of
/// the chip; clocks are assumptions until a place-and-route tool has run.
package struct DeviceDescription: Hashable, Sendable {
  /// Memory made of LUTs: how many bits one LUT holds, 0 where the family has none.
  package struct DistributedRAM: Hashable, Sendable {
    package var bitsPerLUT: Int
    /// Words come in multiples of this.
    package var wordStep: Int
    package var source: String
  }

  /// The block memory of a device.
  package struct BlockRAM: Hashable, Sendable {
    /// The vendor's primitive, such as `RAMB36E1`.
    package var name: String
    package var count: Int
    /// Capacity of one block, parity bits included.
    package var bits: Int
    /// Widest port in bits; at that width a block is `bits / fullWidth` words deep.
    package var fullWidth: Int
    /// Number of independent parts a block may be split into, each with `fullWidth / halves` bits.
    package var halves: Int
  }

  /// The hard multiplier of a device.
  package struct Multiplier: Hashable, Sendable {
    package var name: String
    package var count: Int
    /// Widest signed operands, in bits.
    package var widthA: Int
    package var widthB: Int
    package var accumulatorWidth: Int
  }

  package var name: String
  package var family: String
  package var processNanometres: Int
  package var coreVolts: Double
  package var clockMegahertz: Double
  package var clockSource: String
  package var luts: Int
  package var flipFlops: Int
  package var lutInputs: Int
  /// LUTs of this device for each 6-input LUT of logic.
  package var logicScale: Double
  package var logicScaleSource: String
  package var distributedRAM: DistributedRAM
  package var blockRAM: BlockRAM
  package var multiplier: Multiplier
  package var resourceSource: String
  /// The registers that a design for this fabric has between its operators.
  package var pipelining: Pipelining
  package var pipeliningSource: String
  package var energy: EnergyCoefficients
}

/// Energy per event, in picojoules, and static power, in watts, of one device.
///
/// Every figure is an estimate with a band; the method is in `docs/evidence/energy-method.md`.
package struct EnergyCoefficients: Hashable, Sendable {
  /// One active multiplier block for one cycle: multiply, and accumulate inside the block.
  package var multiplyAccumulate: BandedValue
  /// One clocked multiplier block for one cycle in which its operands do not change.
  package var multiplierIdle: BandedValue
  /// One enabled access of one block RAM at its full width.
  package var blockRAMAccess: BandedValue
  /// Share of an access, 0 to 1, that does not shrink with the width read.
  package var blockRAMFixedShare: BandedValue
  /// One clocked but disabled block RAM for one cycle.
  package var blockRAMIdle: BandedValue
  /// One access of one LUT used as memory.
  package var distributedRAMAccess: BandedValue
  /// One change of a LUT's output, the LUT's own energy.
  package var lutToggle: BandedValue
  /// One change of a routed net.
  package var netToggle: BandedValue
  /// One change of a flip-flop's output, the flip-flop's own energy.
  package var flipFlopToggle: BandedValue
  /// The clock network's energy for one flip-flop and one cycle.
  package var clockPerFlipFlop: BandedValue
  /// Power of the idle, unclocked chip, in watts.
  package var staticWatts: BandedValue

  /// Every coefficient with its JSON key and its unit, in a fixed order.
  package var all: [(key: String, unit: String, coefficient: BandedValue)] {
    [
      ("multiplyAccumulate", "pJ per block and active cycle", multiplyAccumulate),
      ("multiplierIdle", "pJ per block and idle cycle", multiplierIdle),
      ("blockRAMAccess", "pJ per block and access at full width", blockRAMAccess),
      ("blockRAMFixedShare", "share of an access", blockRAMFixedShare),
      ("blockRAMIdle", "pJ per block and disabled cycle", blockRAMIdle),
      ("distributedRAMAccess", "pJ per LUT and access", distributedRAMAccess),
      ("lutToggle", "pJ per toggle", lutToggle),
      ("netToggle", "pJ per toggle", netToggle),
      ("flipFlopToggle", "pJ per toggle", flipFlopToggle),
      ("clockPerFlipFlop", "pJ per flip-flop and cycle", clockPerFlipFlop),
      ("staticWatts", "W", staticWatts),
    ]
  }
}

extension DeviceDescription {
  private static let embedded: [[UInt8]] = [
    PackageResources.xc7vx690t_json, PackageResources.xcku060_json,
    PackageResources.xc7a100t_json, PackageResources.xc7z020_json,
    PackageResources.lfe5u_85f_json, PackageResources.lfe5u_25f_json,
    PackageResources.ice40up5k_json,
  ]

  /// The devices that ship with the tool, largest first.
  package static let known: [DeviceDescription] = embedded.map { bytes in
    do {
      return try DeviceDescription(parsing: Data(bytes), path: "embedded device")
    } catch {
      preconditionFailure("an embedded device description is broken: \(error)")
    }
  }

  /// Returns the shipped device of that name; case and hyphens do not matter.
  ///
  /// - Throws: `DiagnosticsEmitted` that lists the known names.
  package static func named(_ name: String) throws -> DeviceDescription {
    func plain(_ text: String) -> String {
      text.lowercased().filter { $0.isLetter || $0.isNumber }
    }
    if let found = known.first(where: { plain($0.name) == plain(name) }) { return found }
    throw DiagnosticsEmitted(
      Diagnostic(
        stage: "device", path: "device", message: "unknown device \"\(name)\"",
        fix: "use one of " + known.map(\.name).joined(separator: ", ")))
  }
}
