`default_nettype none

/// AXI4-Lite slave: turns the five channels into accesses of whole 32-bit words, one at a time.
///
/// Address and data of a write may come in any order; a read and a write that both wait take
/// turns. `req_o` is high for one cycle; `write_o`, `addr_o` (of a word) and `data_o` hold from
/// then until `ack_i`, which comes with `error_i` and `data_i` in the same cycle or later. The
/// answer follows in the next cycle: OKAY or, with `error_i`, SLVERR. A write of a part of a word,
/// and an address that is no multiple of 4, answer SLVERR without an access. Throughput: one
/// access in 3 cycles at best.
///
///     BRESP, RRESP = error_i || ADDR % 4 != 0 || write && WSTRB != 4'b1111 ? SLVERR : OKAY
module rnnc_axil #(
  parameter int AddressWidth = 12
) (
  input wire logic clk_i,
  input wire logic rst_i,
  input wire logic awvalid_i,
  output logic awready_o,
  input wire logic [AddressWidth-1:0] awaddr_i,
  input wire logic wvalid_i,
  output logic wready_o,
  input wire logic [31:0] wdata_i,
  input wire logic [3:0] wstrb_i,
  output logic bvalid_o,
  input wire logic bready_i,
  output logic [1:0] bresp_o,
  input wire logic arvalid_i,
  output logic arready_o,
  input wire logic [AddressWidth-1:0] araddr_i,
  output logic rvalid_o,
  input wire logic rready_i,
  output logic [31:0] rdata_o,
  output logic [1:0] rresp_o,
  output logic req_o,
  output logic write_o,
  output logic [AddressWidth-3:0] addr_o,
  output logic [31:0] data_o,
  input wire logic ack_i,
  input wire logic error_i,
  input wire logic [31:0] data_i
);
  if (AddressWidth < 3 || AddressWidth > 32) begin : gen_param_check
    rnnc_axil_bad_params u_bad ();
  end

  // What has come and is not answered yet.
  logic aw_full_q, w_full_q, ar_full_q;
  logic [AddressWidth-1:0] aw_addr_q, ar_addr_q;
  logic [31:0] w_data_q;
  logic w_whole_q;
  // The access in progress; `bad_q` stands for one that is answered without being made.
  logic busy_q, write_q, req_q, bad_q;
  logic write_waits, read_waits, starts_write, starts, is_bad, done, failed;

  assign awready_o = !rst_i && !aw_full_q;
  assign wready_o = !rst_i && !w_full_q;
  assign arready_o = !rst_i && !ar_full_q;

  // An answer that is not taken yet blocks its own kind alone.
  assign write_waits = aw_full_q && w_full_q && !bvalid_o;
  assign read_waits = ar_full_q && !rvalid_o;
  // The kind that did not go last goes first.
  assign starts_write = write_waits && !(read_waits && write_q);
  assign starts = !busy_q && (write_waits || read_waits);
  assign is_bad = starts_write ? !w_whole_q || aw_addr_q[1:0] != 2'd0 : ar_addr_q[1:0] != 2'd0;
  assign done = busy_q && (bad_q || ack_i);
  assign failed = bad_q || error_i;

  assign req_o = req_q;
  assign write_o = write_q;
  assign addr_o = write_q ? aw_addr_q[AddressWidth-1:2] : ar_addr_q[AddressWidth-1:2];
  assign data_o = w_data_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      aw_full_q <= 1'b0;
      w_full_q <= 1'b0;
      ar_full_q <= 1'b0;
      busy_q <= 1'b0;
      write_q <= 1'b0;
      req_q <= 1'b0;
      bad_q <= 1'b0;
      bvalid_o <= 1'b0;
      rvalid_o <= 1'b0;
    end else begin
      if (awvalid_i && awready_o) aw_full_q <= 1'b1;
      else if (done && write_q) aw_full_q <= 1'b0;
      if (wvalid_i && wready_o) w_full_q <= 1'b1;
      else if (done && write_q) w_full_q <= 1'b0;
      if (arvalid_i && arready_o) ar_full_q <= 1'b1;
      else if (done && !write_q) ar_full_q <= 1'b0;
      req_q <= starts && !is_bad;
      if (starts) begin
        busy_q <= 1'b1;
        write_q <= starts_write;
        bad_q <= is_bad;
      end else if (done) begin
        busy_q <= 1'b0;
      end
      if (done && write_q) bvalid_o <= 1'b1;
      else if (bready_i) bvalid_o <= 1'b0;
      if (done && !write_q) rvalid_o <= 1'b1;
      else if (rready_i) rvalid_o <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (awvalid_i && awready_o) aw_addr_q <= awaddr_i;
    if (wvalid_i && wready_o) begin
      w_data_q <= wdata_i;
      w_whole_q <= wstrb_i == 4'b1111;
    end
    if (arvalid_i && arready_o) ar_addr_q <= araddr_i;
    if (done && write_q) bresp_o <= {failed, 1'b0};
    if (done && !write_q) begin
      rresp_o <= {failed, 1'b0};
      rdata_o <= failed ? 32'd0 : data_i;
    end
  end

`ifdef RNNC_ASSERTIONS
`include "rnnc_assert.svh"
  `RNNC_ASSERT(AckWhileBusy_A, ack_i |-> busy_q)
  `RNNC_ASSERT_NEXT(ReadAnswerHolds_A, rvalid_o && !rready_i, rvalid_o)
  `RNNC_ASSERT_NEXT(WriteAnswerHolds_A, bvalid_o && !bready_i, bvalid_o)
`endif
endmodule

`default_nettype wire
