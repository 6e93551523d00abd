`default_nettype none

/// Signed multiplier with full-width product.
///
/// Latency 2 cycles (a product register and an output register), throughput 1.
///
///     p_o(t+2) = a_i(t) * b_i(t)
module rnnc_mul #(
  parameter int AWidth = 16,
  parameter int BWidth = 16
) (
  input wire logic clk_i,
  input wire logic signed [AWidth-1:0] a_i,
  input wire logic signed [BWidth-1:0] b_i,
  output logic signed [AWidth+BWidth-1:0] p_o
);
  if (AWidth < 1 || BWidth < 1) begin : gen_param_check
    rnnc_mul_bad_params u_bad ();
  end

  logic signed [AWidth+BWidth-1:0] product_q;

  always_ff @(posedge clk_i) begin
    product_q <= a_i * b_i;
    p_o <= product_q;
  end
endmodule

`default_nettype wire
