package import RNNSupport

/// The resources of a design as Yosys counts them, beside the estimate, and what placing it gave.
package struct SynthesisResult: Hashable, Sendable {
  /// A module that was synthesized once for all of its instances.
  package struct Module: Hashable, Sendable {
    package var name: String
    package var instances: Int
    /// What one instance takes, with everything below it.
    package var usage: ResourceUsage
  }
  /// What place and route came to, and with which settings.
  package struct Placement: Hashable, Sendable {
    package var tool: String
    package var version: String
    /// Package and speed grade.
    package var target: String
    package var seed: Int
    /// The rate that the placer worked toward.
    package var wantedMegahertz: Double
    package var report: NextpnrReport
    /// The units on the slowest path, in its order.
    package var units: [String]
    /// The bitstream, as a path in the build folder.
    package var bitstream: String
  }

  package var design: String
  package var device: DeviceDescription
  package var family: SynthesisFamily
  package var yosysVersion: String
  package var estimate: ResourceUsage
  package var measured: ResourceUsage
  /// Repeated modules, the one that takes most first; empty where everything was flattened.
  package var modules: [Module]
  /// Cells by type, in alphabetical order.
  package var cells: [YosysStatistics.Cell]
  /// What the serializer takes that makes the design fit its pins; zero without one.
  package var serializer: ResourceUsage
  /// Block RAM that the weights alone cannot do without.
  package var weightBlocks: Int
  package var cyclesPerFrame: Int
  package var placement: Placement?

  /// True if there is block RAM enough for the weights, so that none of their memories fell apart into logic.
  package var weightsAreInBlockRAM: Bool { measured.blockRAMs >= Double(weightBlocks) }

  /// One resource: estimate, count, what the device has.
  package struct Row: Hashable, Sendable {
    package var resource: String
    package var estimate: Double
    package var measured: Double
    package var available: Double
    /// Nil where the estimate is zero.
    package var ratio: Double? { estimate > 0 ? measured / estimate : nil }
  }
  package var rows: [Row] {
    [
      Row(
        resource: device.multiplier.name, estimate: Double(estimate.multipliers),
        measured: Double(measured.multipliers), available: Double(device.multiplier.count)),
      Row(
        resource: device.blockRAM.name, estimate: estimate.blockRAMs,
        measured: measured.blockRAMs, available: Double(device.blockRAM.count)),
      Row(
        resource: "LUT", estimate: Double(estimate.luts), measured: Double(measured.luts),
        available: Double(device.luts)),
      Row(
        resource: "flip-flop", estimate: Double(estimate.flipFlops),
        measured: Double(measured.flipFlops), available: Double(device.flipFlops)),
    ]
  }
  /// True if no resource is used up.
  package var fits: Bool { rows.allSatisfy { $0.measured <= $0.available } }

  /// Sentences on how it was counted.
  package var remarks: [String] {
    var result: [String] = []
    if family.isHierarchical {
      result.append(
        "each of the modules below was synthesized once, not flattened, and multiplied by its instances; "
          + "the rest was flattened. All weight memories have the contents of lane 0.")
    }
    if let remark = family.remark { result.append(remark + ".") }
    if !weightsAreInBlockRAM {
      result.append(
        "the weights need at least \(weightBlocks) \(device.blockRAM.name): some of their memories became logic."
      )
    }
    return result
  }
}
