internal import RNNSupport

/// How large a design is: what counts first stands first.
///
/// On a device these are its multiplier blocks, block RAMs, LUTs and flip-flops. Without one they are multipliers, bits
/// of memory, LUTs and register bits of the estimate.
struct DesignSize: Hashable, Comparable {
  var multipliers: Int
  var memory: Double
  var luts: Int
  var flipFlops: Int

  init(_ counts: DesignCounts, device: DeviceDescription?) {
    if let device {
      let usage = device.usage(of: counts)
      (multipliers, memory) = (usage.multipliers, usage.blockRAMs)
      (luts, flipFlops) = (usage.luts, usage.flipFlops)
    } else {
      multipliers = counts.units.reduce(0) { $0 + $1.multipliers }
      memory = counts.units.reduce(0) { sum, unit in
        sum + unit.memories.reduce(0) { $0 + Double($1.width * $1.depth * $1.count) }
      }
      luts = counts.units.reduce(0) { $0 + $1.lutEstimate }
      flipFlops = counts.units.reduce(0) { $0 + $1.registerBits }
    }
  }

  static func < (a: Self, b: Self) -> Bool {
    (a.multipliers, a.memory, a.luts, a.flipFlops) < (b.multipliers, b.memory, b.luts, b.flipFlops)
  }
}
