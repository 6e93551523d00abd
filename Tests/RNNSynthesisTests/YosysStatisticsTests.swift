import RNNSupport
import RNNSynthesis
import Testing

@Suite struct YosysStatisticsTests {
  /// As Yosys 0.23 prints it, with the tree of instances in the middle: three lanes of two multipliers, and a memory, below a top that has LUTs of its own.
  static let text = #"""
    {
       "creator": "Yosys 0.23",
       "modules": {
          "$paramod$12ab\\rnnc_lane": {
             "num_cells": 9,
             "num_cells_by_type": { "DSP48E1": 2, "FDRE": 4, "LUT5": 3 }
          },
          "$paramod\\rnnc_rom\\Width=s32'101": {
             "num_cells": 2,
             "num_cells_by_type": { "RAMB18E1": 1, "RAMB36E1": 1 }
          },
          "\\core": {
             "num_cells": 5,
             "num_cells_by_type": {
                "$paramod$12ab\\rnnc_lane": 3, "$paramod\\rnnc_rom\\Width=s32'101": 2, "LUT6": 7
             }
          },
          "\\top": { "num_cells": 2, "num_cells_by_type": { "\\core": 1, "RAM64M": 1 } }
       },
           core      1
             $paramod$12ab\rnnc_lane      3
       "design": { "num_cells": 45 }
    }
    """#

  @Test func modulesAreMultipliedByTheirInstances() throws {
    let statistics = try YosysStatistics(parsing: Self.text)
    let usage = try statistics.usage(of: "top", family: .sevenSeries)
    #expect(
      usage
        == ResourceUsage(luts: 3 * 3 + 7 + 4, flipFlops: 3 * 4, blockRAMs: 2 * 1.5, multipliers: 6))
    let lane = try statistics.usage(of: #"$paramod$12ab\rnnc_lane"#, family: .sevenSeries)
    #expect(lane == ResourceUsage(luts: 3, flipFlops: 4, multipliers: 2))
    let instances = statistics.instances(below: "top")
    #expect(instances[#"$paramod$12ab\rnnc_lane"#] == 3)
    #expect(instances["core"] == 1)
    #expect(statistics.primitives(below: "top")["DSP48E1"] == 6)
    #expect(statistics.primitives(below: "top")["RAMB18E1"] == 2)
  }

  @Test func parametrisedModulesKeepTheirSourceName() {
    #expect(YosysStatistics.sourceName(#"$paramod$12ab\rnnc_lane"#) == "rnnc_lane")
    #expect(YosysStatistics.sourceName(#"$paramod\rnnc_rom\Width=s32'101"#) == "rnnc_rom")
    #expect(YosysStatistics.sourceName("core") == "core")
  }

  @Test func anUnknownCellIsNotCountedAsNothing() throws {
    let statistics = try YosysStatistics(
      parsing: #"{"modules": {"\\top": {"num_cells_by_type": {"DSP58": 1}}}}"#)
    let error = #expect(throws: ToolError.self) {
      try statistics.usage(of: "top", family: .sevenSeries)
    }
    #expect(error?.message == "Yosys made a cell DSP58 in top that rnnc cannot count")
  }

  @Test(arguments: [
    "", "{}", #"{"modules": {"\\a": {}}}"#,
    #"{"modules": {"a": {"num_cells_by_type": {"x": "y"}}}}"#,
  ])
  func whatIsNoReportIsRefused(text: String) {
    #expect(throws: ToolError.self) { try YosysStatistics(parsing: text) }
  }

  @Test func everyDeviceHasAFamily() throws {
    for device in DeviceDescription.known {
      let family = try SynthesisFamily(of: device)
      // The blocks that the device names are what its family's cells are called.
      #expect(family.usage(ofCell: device.multiplier.name)?.multipliers == 1, "\(device.name)")
      #expect(family.usage(ofCell: device.blockRAM.name)?.blockRAMs == 1, "\(device.name)")
    }
  }
}
