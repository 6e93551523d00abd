// Assertion macros, off unless RNNC_ASSERTIONS is defined; include them under that condition only.
// They need clk_i and rst_i in scope. Verilator checks them with --assert; Yosys and Icarus never
// see them. In the second one Next counts in the cycle after Now, and neither is in reset.
`ifndef RNNC_ASSERT_SVH
`define RNNC_ASSERT_SVH
`define RNNC_ASSERT(Name, Property) \
  Name : assert property (@(posedge clk_i) disable iff (rst_i) Property);
`define RNNC_ASSERT_NEXT(Name, Now, Next) \
  Name : assert property (@(posedge clk_i) disable iff (rst_i) (!rst_i && (Now)) |=> (Next));
`endif
