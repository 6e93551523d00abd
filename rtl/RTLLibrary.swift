/// The hand-written SystemVerilog library, embedded in the binary.
package enum RTLLibrary {
  /// Source files in dependency order, as (file name, bytes); `.sv` files hold one module each.
  package static let files: [(name: String, bytes: [UInt8])] = [
    ("rnnc_assert.svh", PackageResources.rnnc_assert_svh),
    ("rnnc_collect.sv", PackageResources.rnnc_collect_sv),
    ("rnnc_delay.sv", PackageResources.rnnc_delay_sv),
    ("rnnc_lane.sv", PackageResources.rnnc_lane_sv),
    ("rnnc_mul.sv", PackageResources.rnnc_mul_sv),
    ("rnnc_ram_sdp.sv", PackageResources.rnnc_ram_sdp_sv),
    ("rnnc_rom.sv", PackageResources.rnnc_rom_sv),
    ("rnnc_round_sat.sv", PackageResources.rnnc_round_sat_sv),
    ("rnnc_requantize.sv", PackageResources.rnnc_requantize_sv),
    ("rnnc_block_walk.sv", PackageResources.rnnc_block_walk_sv),
    ("rnnc_pwl.sv", PackageResources.rnnc_pwl_sv),
    ("rnnc_normalize.sv", PackageResources.rnnc_normalize_sv),
    ("rnnc_seq_control.sv", PackageResources.rnnc_seq_control_sv),
    ("rnnc_seq_issue.sv", PackageResources.rnnc_seq_issue_sv),
    ("rnnc_seq_table.sv", PackageResources.rnnc_seq_table_sv),
    ("rnnc_seq_execute.sv", PackageResources.rnnc_seq_execute_sv),
    ("rnnc_sequential.sv", PackageResources.rnnc_sequential_sv),
    ("rnnc_state_ram.sv", PackageResources.rnnc_state_ram_sv),
    ("rnnc_control.sv", PackageResources.rnnc_control_sv),
    ("rnnc_axil.sv", PackageResources.rnnc_axil_sv),
  ]

  /// The files that only a design with a control port has.
  package static let controlFiles: Set<String> = [
    "rnnc_axil.sv", "rnnc_control.sv", "rnnc_state_ram.sv",
  ]
}
