package import RNNSupport

/// How the open tools treat one family of devices: the Yosys command and what its cells take.
package enum SynthesisFamily: String, Hashable, Sendable, CaseIterable {
  case sevenSeries
  case ultraScale
  case ecp5
  case iCE40UltraPlus

  /// - Throws: `DiagnosticsEmitted` for a family that no open tool synthesizes for.
  package init(of device: DeviceDescription) throws {
    switch device.family {
    case "Artix-7", "Virtex-7", "Zynq-7000": self = .sevenSeries
    case "Kintex UltraScale": self = .ultraScale
    case "ECP5": self = .ecp5
    case "iCE40 UltraPlus": self = .iCE40UltraPlus
    default:
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "synth", path: "device \(device.name)",
          message: "no open synthesis flow is known for the family \(device.family)",
          fix: "use one of "
            + DeviceDescription.known.filter { (try? SynthesisFamily(of: $0)) != nil }
            .map(\.name).joined(separator: ", ")))
    }
  }

  /// The Yosys command with the options that choose the family.
  package var command: String {
    switch self {
    case .sevenSeries: "synth_xilinx -family xc7"
    case .ultraScale: "synth_xilinx -family xcu"
    case .ecp5: "synth_ecp5"
    case .iCE40UltraPlus: "synth_ice40 -device u -dsp"
    }
  }

  /// True where lanes and other repeated modules are synthesized once and multiplied.
  ///
  /// Devices with an open place and route are small, and nextpnr wants one netlist.
  package var isHierarchical: Bool {
    switch self {
    case .sevenSeries, .ultraScale: true
    case .ecp5, .iCE40UltraPlus: false
    }
  }

  /// What differs between the cells of Yosys and the hardware, for the table; nil for nothing.
  package var remark: String? {
    switch self {
    case .sevenSeries, .iCE40UltraPlus: nil
    case .ultraScale:
      "products are packed into DSP48E1, whose registers, multiplier (25 x 18 of 27 x 18) and adder DSP48E2 "
        + "has too: Yosys packs no DSP48E2"
    case .ecp5:
      "Yosys packs neither registers nor adders into MULT18X18D: those of the lanes are fabric"
    }
  }

  /// What one cell of a type takes; nil for a type that nobody has classified.
  package func usage(ofCell type: String) -> ResourceUsage? {
    switch self {
    case .sevenSeries, .ultraScale: Self.xilinx(type)
    case .ecp5: Self.lattice(type)
    case .iCE40UltraPlus: Self.ice(type)
    }
  }

  private static func xilinx(_ type: String) -> ResourceUsage? {
    switch type {
    case "LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "INV": ResourceUsage(luts: 1)
    case "SRL16E", "SRLC16E", "SRLC32E", "RAM32X1S", "RAM64X1S": ResourceUsage(luts: 1)
    case "RAM32X1D", "RAM64X1D", "RAM128X1S": ResourceUsage(luts: 2)
    case "RAM128X1D", "RAM256X1S", "RAM32M", "RAM64M": ResourceUsage(luts: 4)
    case "RAM256X1D", "RAM512X1S", "RAM32M16", "RAM64M8": ResourceUsage(luts: 8)
    case "FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1":
      ResourceUsage(flipFlops: 1)
    case "RAMB36E1", "RAMB36E2": ResourceUsage(blockRAMs: 1)
    case "RAMB18E1", "RAMB18E2": ResourceUsage(blockRAMs: 0.5)
    case "DSP48E1", "DSP48E2": ResourceUsage(multipliers: 1)
    case "CARRY4", "CARRY8", "MUXF7", "MUXF8", "MUXF9", "BUFG", "IBUF", "OBUF", "VCC", "GND":
      ResourceUsage()
    default: nil
    }
  }

  private static func lattice(_ type: String) -> ResourceUsage? {
    switch type {
    case "LUT4": ResourceUsage(luts: 1)
    case "CCU2C": ResourceUsage(luts: 2)
    // Two slices of memory and one whose LUTs drive their write port.
    case "TRELLIS_DPR16X4": ResourceUsage(luts: 6)
    case "TRELLIS_FF": ResourceUsage(flipFlops: 1)
    case "DP16KD", "PDPW16KD": ResourceUsage(blockRAMs: 1)
    case "MULT18X18D": ResourceUsage(multipliers: 1)
    case "PFUMX", "L6MUX21", "TRELLIS_IO", "DCCA", "VHI", "VLO": ResourceUsage()
    default: nil
    }
  }

  private static func ice(_ type: String) -> ResourceUsage? {
    switch type {
    case "SB_LUT4": ResourceUsage(luts: 1)
    case "SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFR", "SB_DFFSS", "SB_DFFS", "SB_DFFESR",
      "SB_DFFER", "SB_DFFESS", "SB_DFFES":
      ResourceUsage(flipFlops: 1)
    case "SB_RAM40_4K", "SB_RAM40_4KNR", "SB_RAM40_4KNW", "SB_RAM40_4KNRNW":
      ResourceUsage(blockRAMs: 1)
    case "SB_MAC16": ResourceUsage(multipliers: 1)
    // A carry lies in the cell of the LUT that adds; single-port memory is no block RAM.
    case "SB_CARRY", "SB_SPRAM256KA", "SB_GB", "SB_IO": ResourceUsage()
    default: nil
    }
  }
}
