/// Resources of one device that a design, or one unit of it, needs: an estimate before synthesis.
package struct ResourceUsage: Hashable, Sendable {
  package var luts = 0
  package var flipFlops = 0
  /// In whole blocks; a device whose blocks split counts halves.
  package var blockRAMs = 0.0
  package var multipliers = 0

  package init(luts: Int = 0, flipFlops: Int = 0, blockRAMs: Double = 0, multipliers: Int = 0) {
    self.luts = luts
    self.flipFlops = flipFlops
    self.blockRAMs = blockRAMs
    self.multipliers = multipliers
  }

  /// What both take together.
  package static func + (left: ResourceUsage, right: ResourceUsage) -> ResourceUsage {
    ResourceUsage(
      luts: left.luts + right.luts, flipFlops: left.flipFlops + right.flipFlops,
      blockRAMs: left.blockRAMs + right.blockRAMs,
      multipliers: left.multipliers + right.multipliers)
  }
}

/// One resource of a device: how much a design needs and how much there is.
package struct ResourceFit: Hashable, Sendable {
  /// `LUT`, `flip-flop`, or the vendor's name of the block.
  package var resource: String
  package var used: Double
  package var available: Double
  package var fits: Bool { used <= available }
}

extension DeviceDescription {
  /// Hard multipliers that one product of the given signed operands takes on this device.
  ///
  /// An operand wider than the block is cut into pieces; each piece but the top one loses a bit to the sign.
  /// 0 for an empty width.
  package func multipliers(for widths: MultiplierWidths) -> Int {
    guard widths.a > 0, widths.b > 0 else { return 0 }
    func pieces(_ width: Int, _ port: Int) -> Int {
      width <= port ? 1 : 1 + (width - port + port - 2) / (port - 1)
    }
    let straight =
      pieces(widths.a, multiplier.widthA) * pieces(widths.b, multiplier.widthB)
    let crossed =
      pieces(widths.a, multiplier.widthB) * pieces(widths.b, multiplier.widthA)
    return min(straight, crossed)
  }

  /// How a memory of one kind maps onto this device's blocks.
  ///
  /// - Returns: the blocks of all `count` memories; how many (possibly half) blocks one access enables; and the
  ///   width in bits of the access in each. Narrow deep shapes halve the width as the vendor's shapes do.
  package func blocks(for memory: MemoryCounts) -> (
    total: Double, perAccess: Double, widthPerBlock: Double
  ) {
    let partWidth = blockRAM.fullWidth / blockRAM.halves
    let partBits = blockRAM.bits / blockRAM.halves
    // Shapes of one part: full width, then half the width and twice the depth, down to one bit. The fewest
    // parts win; among equals the one with the fewest rows, as synthesis tools avoid output multiplexers.
    var parts = 0
    var active = 0
    var fewestRows = 0
    var width = partWidth
    var depth = partBits / partWidth
    while width >= 1 {
      let columns = (memory.width + width - 1) / width
      let rows = (memory.depth + depth - 1) / depth
      if parts == 0 || columns * rows < parts || (columns * rows == parts && rows < fewestRows) {
        parts = columns * rows
        active = columns
        fewestRows = rows
      }
      width /= 2
      depth *= 2
    }
    guard active > 0 else { return (0, 0, 0) }
    let halves = Double(blockRAM.halves)
    return (
      Double(parts * memory.count) / halves, Double(active) / halves,
      Double(memory.width) / Double(active) * halves
    )
  }

  /// True if this memory goes into block RAM on this device.
  package func usesBlockRAM(_ memory: MemoryCounts) -> Bool {
    memory.kind == .block || (memory.kind == .distributed && distributedRAM.bitsPerLUT == 0)
  }

  /// LUTs that one memory outside block RAM takes, for one of its `count` copies.
  package func lutsPerCopy(of memory: MemoryCounts) -> Int {
    switch memory.kind {
    case .block: return 0
    case .distributed:
      guard distributedRAM.bitsPerLUT > 0 else { return 0 }
      let step = distributedRAM.wordStep
      let bits = memory.width * ((memory.depth + step - 1) / step) * step
      return (bits + distributedRAM.bitsPerLUT - 1) / distributedRAM.bitsPerLUT
    case .rom:
      let words = 1 << lutInputs
      return memory.width * ((memory.depth + words - 1) / words)
    }
  }

  /// Resources that a unit needs on this device.
  ///
  /// Every memory is read through a register; outside block RAM that takes flip-flops.
  package func usage(of unit: UnitCounts) -> ResourceUsage {
    var usage = ResourceUsage(
      luts: Int(saturating: (Double(unit.lutEstimate) * logicScale).rounded(.up)),
      flipFlops: unit.registerBits,
      multipliers: unit.multipliers * multipliers(for: unit.multiplierWidths))
    for memory in unit.memories {
      if usesBlockRAM(memory) {
        usage.blockRAMs += blocks(for: memory).total
      } else {
        usage.luts += lutsPerCopy(of: memory) * memory.count
        usage.flipFlops += memory.width * memory.count
      }
    }
    return usage
  }

  /// Resources that a design needs on this device, summed over its units.
  package func usage(of counts: DesignCounts) -> ResourceUsage {
    counts.units.reduce(ResourceUsage()) { $0 + usage(of: $1) }
  }

  /// Compares what a design needs with what the device has, resource by resource.
  package func fit(of counts: DesignCounts) -> [ResourceFit] {
    let usage = usage(of: counts)
    return [
      ResourceFit(
        resource: multiplier.name, used: Double(usage.multipliers),
        available: Double(multiplier.count)),
      ResourceFit(
        resource: blockRAM.name, used: usage.blockRAMs, available: Double(blockRAM.count)),
      ResourceFit(resource: "LUT", used: Double(usage.luts), available: Double(luts)),
      ResourceFit(
        resource: "flip-flop", used: Double(usage.flipFlops), available: Double(flipFlops)),
    ]
  }

  /// One error for each resource that a design needs more of than the device has.
  package func shortfalls(of counts: DesignCounts, stage: String) -> [Diagnostic] {
    fit(of: counts).filter { !$0.fits }.map { fit in
      Diagnostic(
        stage: stage, path: "device \(name)",
        message: "the design needs \(number(fit.used)) \(fit.resource), the device has "
          + number(fit.available),
        fix: "choose a larger device, fewer lanes, a larger block size or narrower formats")
    }
  }

  private func number(_ value: Double) -> String {
    value.compactText
  }
}
