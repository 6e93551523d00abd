`default_nettype none

/// Registers for identification, status and control of a core, and the way to its state window.
///
/// Word addresses: 0 magic "RNNC", 1 version of this map, 2 to 5 identity, 6 streams, 7 words of
/// the window, 8 capabilities, 9 byte address of the window; 16 status, 17 control, 18 command, 19
/// stream, 20 frames; the window from 1024 on. An access answers with `ack_o` 1 cycle after
/// `req_i`, one of the window with `window_done_i`. `error_o` refuses what has no meaning: other
/// addresses, writes to constants, reads of the command, bits and stream numbers that do not exist,
/// and the window, clear and continue unless the core is held and quiet.
///
///     status = {first_i, error_i, busy_i, hold_o && quiet_i}
module rnnc_control #(
  parameter int Streams = 1,
  parameter int Words = 1,
  localparam int StreamBits = Streams > 1 ? $clog2(Streams) : 1,
  localparam int IndexBits = Words > 1 ? $clog2(Words) : 1,
  localparam int AddressWidth = $clog2(4096 + 4 * Words)
) (
  input wire logic clk_i,
  input wire logic rst_i,
  input wire logic req_i,
  input wire logic write_i,
  input wire logic [AddressWidth-3:0] addr_i,
  input wire logic [31:0] data_i,
  output logic ack_o,
  output logic error_o,
  output logic [31:0] data_o,
  input wire logic [127:0] identity_i,
  output logic hold_o,
  input wire logic quiet_i,
  input wire logic busy_i,
  input wire logic error_i,
  input wire logic first_i,
  input wire logic done_i,
  output logic [StreamBits-1:0] stream_o,
  output logic clear_o,
  output logic continue_o,
  output logic clear_error_o,
  output logic window_req_o,
  output logic window_write_o,
  output logic [IndexBits-1:0] window_index_o,
  output logic [31:0] window_data_o,
  input wire logic window_done_i,
  input wire logic window_error_i,
  input wire logic [31:0] window_data_i
);
  if (Streams < 1 || Words < 0) begin : gen_param_check
    rnnc_control_bad_params u_bad ();
  end

  localparam int WordBits = AddressWidth - 2;
  localparam logic [31:0] Capabilities = Words > 0 ? 32'd15 : 32'd3;

  logic is_still, is_known, is_allowed, in_window, starts_window, acts;
  logic [31:0] value, identity0, identity1, identity2, identity3;
  logic [31:0] frames_q;
  logic window_q, ack_q, error_q;
  logic [31:0] data_q;

  assign is_still = hold_o && quiet_i;
  assign {identity0, identity1, identity2, identity3} = identity_i;

  // Registers: what a read gives, and whether the access has a meaning.
  always_comb begin
    is_known = 1'b1;
    is_allowed = !write_i;
    value = 32'd0;
    case (addr_i)
      WordBits'(0): value = 32'h524e4e43;
      WordBits'(1): value = 32'd1;
      WordBits'(2): value = identity0;
      WordBits'(3): value = identity1;
      WordBits'(4): value = identity2;
      WordBits'(5): value = identity3;
      WordBits'(6): value = 32'(Streams);
      WordBits'(7): value = 32'(Words);
      WordBits'(8): value = Capabilities;
      WordBits'(9): value = 32'd4096;
      WordBits'(16): value = {28'd0, first_i, error_i, busy_i, is_still};
      WordBits'(17): begin
        value = {31'd0, hold_o};
        is_allowed = !write_i || data_i < 32'd2;
      end
      WordBits'(18): begin
        // Clear and continue exclude each other and need a core that is held and quiet.
        is_allowed = write_i && data_i < 32'd8 && (data_i & 32'd3) != 32'd3 &&
            (is_still || (data_i & 32'd3) == 32'd0);
      end
      WordBits'(19): begin
        value = 32'(stream_o);
        is_allowed = !write_i || data_i < 32'(Streams);
      end
      WordBits'(20): value = frames_q;
      default: is_known = 1'b0;
    endcase
  end

  if (Words > 0) begin : gen_window
    logic [WordBits-1:0] offset;
    assign offset = addr_i - WordBits'(1024);
    assign in_window = addr_i >= WordBits'(1024) && offset < WordBits'(Words);
    assign window_index_o = offset[IndexBits-1:0];
    if (IndexBits < WordBits) begin : gen_unused
      logic unused_offset;
      assign unused_offset = &{1'b0, offset[WordBits-1:IndexBits]};
    end
  end else begin : gen_no_window
    assign in_window = 1'b0;
    assign window_index_o = '0;
  end

  assign starts_window = req_i && in_window && is_still;
  assign acts = req_i && write_i && is_known && is_allowed;
  assign window_req_o = starts_window;
  assign window_write_o = write_i;
  assign window_data_o = data_i;
  assign clear_o = acts && addr_i == WordBits'(18) && (data_i & 32'd1) != 32'd0;
  assign continue_o = acts && addr_i == WordBits'(18) && (data_i & 32'd2) != 32'd0;
  assign clear_error_o = acts && addr_i == WordBits'(18) && (data_i & 32'd4) != 32'd0;

  assign ack_o = ack_q || (window_q && window_done_i);
  assign error_o = window_q ? window_error_i : error_q;
  assign data_o = window_q ? window_data_i : data_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      hold_o <= 1'b0;
      stream_o <= '0;
      frames_q <= 32'd0;
      window_q <= 1'b0;
      ack_q <= 1'b0;
    end else begin
      if (acts && addr_i == WordBits'(17)) hold_o <= data_i[0];
      if (acts && addr_i == WordBits'(19)) stream_o <= data_i[StreamBits-1:0];
      if (done_i) frames_q <= frames_q + 32'd1;
      if (starts_window) window_q <= 1'b1;
      else if (window_done_i) window_q <= 1'b0;
      ack_q <= req_i && !starts_window;
    end
  end

  always_ff @(posedge clk_i) begin
    if (req_i) begin
      error_q <= !is_known || !is_allowed;
      data_q <= value;
    end
  end
endmodule

`default_nettype wire
