import Foundation
import RNNSupport
import Testing

@Suite struct DeviceDescriptionTests {
  @Test func namesAreFoundInAnySpellingAndUnknownOnesAreRefused() throws {
    #expect(try DeviceDescription.named("lfe5u_85f").name == "LFE5U-85F")
    #expect(
      DeviceDescription.known.map(\.name) == [
        "XC7VX690T", "XCKU060", "XC7A100T", "XC7Z020", "LFE5U-85F", "LFE5U-25F", "iCE40UP5K",
      ])
    let error = #expect(throws: DiagnosticsEmitted.self) {
      try DeviceDescription.named("XC7V2000T")
    }
    #expect(error?.description.contains("XCKU060, XC7A100T") == true)
    #expect(error?.description.contains("XC7V2000T") == true)
  }

  /// The scaling rule of docs/evidence/energy-method.md, applied again from the two physical parameters.
  @Test func scaledCoefficientsFollowTheStatedRule() throws {
    let origin = try DeviceDescription.named("XCKU060")
    for device in DeviceDescription.known where device.name != origin.name {
      let volts = device.coreVolts / origin.coreVolts
      let factor = Double(device.processNanometres) / 20 * volts * volts
      let pairs = zip(device.energy.all, origin.energy.all)
      for (scaled, base) in pairs where scaled.coefficient.kind == .scaled {
        var expected = base.coefficient.value * factor
        if scaled.key.hasPrefix("blockRAM") {
          expected *= Double(device.blockRAM.fullWidth) / 72
        }
        let found = scaled.coefficient
        #expect(abs(found.value - expected) <= 0.006 * expected, "\(device.name) \(scaled.key)")
        #expect(found.high / found.low > base.coefficient.high / base.coefficient.low)
      }
    }
  }

  @Test func everyFaultOfAFileIsReportedWithItsPath() throws {
    let text = """
      {"name": "", "family": "f", "processNanometres": 28.5, "coreVolts": 1, "clockMegahertz": -1,
       "clockSource": "s", "luts": 1, "flipFlops": 1, "lutInputs": 6, "logicScale": 1,
       "logicScaleSource": "s", "resourceSource": "s", "extra": 1,
       "distributedRAM": {"bitsPerLUT": 48, "wordStep": 32, "source": "s"},
       "blockRAM": {"name": "b", "count": 1, "bits": 36864, "fullWidth": 72, "halfs": 2},
       "multiplier": {"name": "m", "count": 1, "widthA": 25, "widthB": 18, "accumulatorWidth": 48},
       "energy": {"multiplyAccumulate":
         {"value": 1, "low": 2, "high": 3, "kind": "guess", "source": "s"}}}
      """
    let error = #expect(throws: DiagnosticsEmitted.self) {
      try DeviceDescription(parsing: Data(text.utf8), path: "d.json")
    }
    let paths = Set(error?.diagnostics.map(\.path) ?? [])
    for path in [
      "d.json:/name", "d.json:/processNanometres", "d.json:/clockMegahertz", "d.json:/extra",
      "d.json:/blockRAM/halves", "d.json:/blockRAM/halfs", "d.json:/energy/multiplyAccumulate",
      "d.json:/energy/multiplyAccumulate/kind", "d.json:/energy/staticWatts",
    ] { #expect(paths.contains(path), "\(path)") }
  }

  @Test(arguments: [
    (15, 15, "XC7VX690T", 1), (25, 18, "XC7VX690T", 1), (18, 25, "XC7VX690T", 1),
    (26, 18, "XC7VX690T", 2), (27, 18, "XCKU060", 1), (19, 18, "LFE5U-85F", 2),
    (17, 17, "iCE40UP5K", 4), (0, 12, "XCKU060", 0),
  ])
  func productsTakeTheFewestBlocks(a: Int, b: Int, device: String, expected: Int) throws {
    let device = try DeviceDescription.named(device)
    #expect(device.multipliers(for: MultiplierWidths(a, b)) == expected)
  }

  @Test(arguments: [
    // A lane's weight memory of 14 products of 15 bits, 512 deep: three RAMB36 (Yosys).
    (210, 512, 1, "XC7VX690T", 3.0, 3.0), (72, 512, 2, "XC7VX690T", 2.0, 1.0),
    (12, 16, 1, "XC7VX690T", 0.5, 0.5), (18, 1024, 1, "XC7VX690T", 0.5, 0.5),
    (72, 1024, 1, "XC7VX690T", 2.0, 2.0), (36, 513, 1, "LFE5U-85F", 2.0, 2.0),
    (1, 16385, 1, "LFE5U-25F", 2.0, 1.0), (17, 256, 3, "iCE40UP5K", 6.0, 2.0),
  ])
  func memoriesTakeTheFewestBlocks(
    width: Int, depth: Int, count: Int, device: String, total: Double, perAccess: Double
  ) throws {
    let memory = MemoryCounts(
      name: "m", width: width, depth: depth, count: count, kind: .block, readsPerFrame: 0,
      writesPerFrame: 0)
    let blocks = try DeviceDescription.named(device).blocks(for: memory)
    #expect(blocks.total == total)
    #expect(blocks.perAccess == perAccess)
    #expect(abs(blocks.widthPerBlock * blocks.perAccess - Double(width)) < 1e-9)
  }

  @Test func usageAddsUpAndShortfallsNameTheResource() throws {
    let unit = UnitCounts(
      name: "u", multipliers: 5, multiplierWidths: MultiplierWidths(18, 18),
      memories: [
        MemoryCounts(
          name: "d", width: 12, depth: 33, count: 2, kind: .distributed, readsPerFrame: 0,
          writesPerFrame: 0),
        MemoryCounts(
          name: "r", width: 10, depth: 65, count: 1, kind: .rom, readsPerFrame: 0,
          writesPerFrame: 0),
      ], registerBits: 100, lutEstimate: 10)
    let counts = DesignCounts(
      units: [unit, unit], cyclesPerFrame: 1, latencyCycles: 1, usefulMultiplicationsPerFrame: 1,
      denseEquivalentOperationsPerFrame: 1)
    let virtex = try DeviceDescription.named("XC7VX690T")
    // 12 bits x 64 words / 48 = 16 LUTs a copy; 10 bits x 2 LUTs. Read registers: 2 x 12 + 10 bits a unit.
    #expect(
      virtex.usage(of: counts)
        == ResourceUsage(luts: 2 * (10 + 32 + 20), flipFlops: 268, blockRAMs: 0, multipliers: 10))
    #expect(virtex.shortfalls(of: counts, stage: "compile").isEmpty)
    let ice = try DeviceDescription.named("iCE40UP5K")
    let usage = ice.usage(of: counts)
    // 14 = ceil(1.4 x 10); ROM 10 x 5 LUTs; the small memories move to block RAM, 12 x 33 in one each.
    #expect(usage == ResourceUsage(luts: 128, flipFlops: 220, blockRAMs: 4, multipliers: 40))
    let messages = ice.shortfalls(of: counts, stage: "compile").map(\.description)
    #expect(messages.count == 1)
    #expect(messages[0].contains("needs 40 SB_MAC16, the device has 8"))
  }
}
