`default_nettype none

/// Delay line of `Depth` registers without reset; a wire when `Depth` is 0.
///
/// Latency Depth cycles, throughput 1.
///
///     data_o(t+Depth) = data_i(t)
module rnnc_delay #(
  parameter int Width = 8,
  parameter int Depth = 1
) (
  input wire logic clk_i,
  input wire logic [Width-1:0] data_i,
  output logic [Width-1:0] data_o
);
  if (Width < 1 || Depth < 0) begin : gen_param_check
    rnnc_delay_bad_params u_bad ();
  end

  if (Depth == 0) begin : gen_wire
    logic unused_clk;
    assign unused_clk = &{1'b0, clk_i};
    assign data_o = data_i;
  end else if (Depth == 1) begin : gen_register
    always_ff @(posedge clk_i) data_o <= data_i;
  end else begin : gen_line
    // The oldest word is at the top.
    logic [Depth*Width-1:0] line_q;
    always_ff @(posedge clk_i) line_q <= {line_q[(Depth-1)*Width-1:0], data_i};
    assign data_o = line_q[Depth*Width-1-:Width];
  end
endmodule

`default_nettype wire
