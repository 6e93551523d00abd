`default_nettype none

/// A hand-written design with the interface of a compiled one: y = s = saturate(s + x), 5 elements.
///
/// Input 8 bits, two elements a beat (3 beats a frame); output 12 bits, one element a beat (5 beats).
/// Two elements per cycle: with the frame's start in cycle 0, step g is in cycle 1 + g.
/// `mem/fault.mem` holds one word that selects a fault for the tests of the bench; 0 is none.
module standin_sim (
    input  wire logic        aclk,
    input  wire logic        aresetn,
    input  wire logic        s_axis_tvalid,
    output logic             s_axis_tready,
    input  wire logic [15:0] s_axis_tdata,
    input  wire logic        s_axis_tlast,
    output logic             m_axis_tvalid,
    input  wire logic        m_axis_tready,
    output logic [15:0]      m_axis_tdata,
    output logic             m_axis_tlast,
    output logic             frame_error_o,
    output logic             probe_x_valid_o,
    output logic [1:0]       probe_x_index_o,
    output logic [15:0]      probe_x_data_o,
    output logic             probe_sum__pre_valid_o,
    output logic [1:0]       probe_sum__pre_index_o,
    output logic [25:0]      probe_sum__pre_data_o,
    output logic             probe_y_valid_o,
    output logic [1:0]       probe_y_index_o,
    output logic [23:0]      probe_y_data_o
);
  logic [7:0] fault_mem [0:0];
  initial $readmemh("mem/fault.mem", fault_mem);
  logic [7:0] fault;
  assign fault = fault_mem[0];

  logic               rst_q;
  logic               in_full_q, in_last_q, busy_q, out_full_q, out_last_q, error_q;
  logic        [1:0]  in_count_q, step_q;
  logic        [2:0]  out_count_q;
  logic        [7:0]  frame_q;
  logic        [47:0] in_q;
  logic        [71:0] state_q, out_q;
  logic               probe_y_valid_q;
  logic        [1:0]  probe_y_index_q;
  logic        [23:0] probe_y_data_q;
  logic        [3:0]  late_q;

  logic start, take, give, final_step;
  assign take = s_axis_tvalid && s_axis_tready;
  assign give = m_axis_tvalid && m_axis_tready;
  assign start = in_full_q && !busy_q && !out_full_q;
  assign final_step = busy_q && step_q == 2'd2;

  // Fault 2: the outputs of frame 6 become valid four cycles late.
  assign s_axis_tready = aresetn && !in_full_q && !rst_q;
  assign m_axis_tvalid = aresetn && !rst_q && out_full_q && late_q == 4'd0;
  assign m_axis_tlast = (out_last_q && out_count_q == 3'd4)
      || (fault == 8'd4 && frame_q == 8'd7 && out_count_q == 3'd4);
  assign frame_error_o = error_q;

  logic signed [7:0]  x0, x1;
  logic signed [11:0] s0, s1, y0, y1;
  logic signed [12:0] sum0, sum1;
  assign x0 = in_q[16*step_q+:8];
  assign x1 = in_q[16*step_q+8+:8];
  assign s0 = state_q[24*step_q+:12];
  assign s1 = state_q[24*step_q+12+:12];
  assign sum0 = 13'(s0) + 13'(x0);
  assign sum1 = 13'(s1) + 13'(x1);
  assign y0 = sum0 > 13'sd2047 ? 12'sd2047 : sum0 < -13'sd2048 ? -12'sd2048 : sum0[11:0];
  assign y1 = sum1 > 13'sd2047 ? 12'sd2047 : sum1 < -13'sd2048 ? -12'sd2048 : sum1[11:0];

  logic signed [11:0] out;
  assign out = out_q[12*out_count_q+:12];
  // Fault 7: the data of a stalled beat change.
  assign m_axis_tdata = {{4{out[11]}}, out} ^ {15'd0, fault == 8'd7 && stalled_q};
  logic stalled_q;

  assign probe_x_valid_o = busy_q;
  assign probe_x_index_o = step_q;
  assign probe_x_data_o = {x1, x0};
  assign probe_sum__pre_valid_o = busy_q;
  assign probe_sum__pre_index_o = step_q;
  // Fault 5: element 3 of the sum is wrong in frame 9, nowhere else.
  assign probe_sum__pre_data_o = {sum1, sum0}
      ^ {12'd0, fault == 8'd5 && frame_q == 8'd9 && step_q == 2'd1, 13'd0};
  // Fault 6: the probe is one cycle late in frame 3 at its first group.
  assign probe_y_valid_o = probe_y_valid_q;
  assign probe_y_index_o = probe_y_index_q;
  assign probe_y_data_o = probe_y_data_q;

  always_ff @(posedge aclk) begin
    rst_q <= !aresetn;
    stalled_q <= m_axis_tvalid && !m_axis_tready;
    probe_y_valid_q <= busy_q;
    probe_y_index_q <= step_q;
    probe_y_data_q <= {y1, y0};
    if (late_q != 4'd0) late_q <= late_q - 4'd1;
    if (take) begin
      in_q[16*in_count_q+:16] <= s_axis_tdata;
      in_last_q <= s_axis_tlast;
      in_count_q <= in_count_q == 2'd2 ? 2'd0 : in_count_q + 2'd1;
      if (in_count_q == 2'd2) in_full_q <= 1'b1;
      if (in_count_q != 2'd2 && s_axis_tlast) error_q <= 1'b1;
    end
    if (start) begin
      busy_q <= 1'b1;
      step_q <= 2'd0;
    end
    if (busy_q) begin
      step_q <= step_q + 2'd1;
      // Fault 1: output element 2 of frame 7 is one too high; the state is right.
      out_q[24*step_q+:24] <= {y1, y0 + 12'(fault == 8'd1 && frame_q == 8'd7 && step_q == 2'd1)};
      // Fault 8: the end of a sequence does not clear the state.
      state_q[24*step_q+:24] <= in_last_q && fault != 8'd8 ? 24'd0 : {y1, y0};
      if (final_step) begin
        busy_q <= 1'b0;
        in_full_q <= 1'b0;
        out_full_q <= 1'b1;
        out_last_q <= in_last_q;
        // Fault 3: the first beat of frame 6 is dropped.
        out_count_q <= fault == 8'd3 && frame_q == 8'd6 ? 3'd1 : 3'd0;
        if (fault == 8'd2 && frame_q == 8'd6) late_q <= 4'd4;
      end
    end
    if (give) begin
      out_count_q <= out_count_q + 3'd1;
      if (out_count_q == 3'd4) begin
        out_full_q <= 1'b0;
        frame_q <= frame_q + 8'd1;
      end
    end
    if (rst_q) begin
      in_full_q <= 1'b0;
      in_count_q <= 2'd0;
      busy_q <= 1'b0;
      out_full_q <= 1'b0;
      // Fault 9: the state is not reset, so that the result depends on the initial values.
      if (fault != 8'd9) state_q <= 72'd0;
      error_q <= 1'b0;
      frame_q <= 8'd0;
      late_q <= 4'd0;
      probe_y_valid_q <= 1'b0;
    end
    // Fault 6: a group of the probe y is missing in frame 3.
    if (fault == 8'd6 && frame_q == 8'd3 && step_q == 2'd1) probe_y_valid_q <= 1'b0;
  end
endmodule

`default_nettype wire
