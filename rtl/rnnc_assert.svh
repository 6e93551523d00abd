// Assertion macro, off unless RNNC_ASSERTIONS is defined; include it under that condition only.
// Needs clk_i and rst_i in scope. Verilator checks it with --assert; Yosys and Icarus never see it.
`ifndef RNNC_ASSERT_SVH
`define RNNC_ASSERT_SVH
`define RNNC_ASSERT(Name, Property) \
  Name : assert property (@(posedge clk_i) disable iff (rst_i) Property);
`endif
