`default_nettype none

/// Signed multiplier with full-width product.
///
/// Latency 2 cycles (a product register and an output register), or with `Deep` 3, throughput 1.
/// Deep operands have registers too, which may lie beside the multiplier, far from their drivers.
///
///     p_o(t+2+Deep) = a_i(t) * b_i(t)
module rnnc_mul #(
  parameter int AWidth = 16,
  parameter int BWidth = 16,
  parameter int Deep = 0
) (
  input wire logic clk_i,
  input wire logic signed [AWidth-1:0] a_i,
  input wire logic signed [BWidth-1:0] b_i,
  output logic signed [AWidth+BWidth-1:0] p_o
);
  if (AWidth < 1 || BWidth < 1 || Deep < 0 || Deep > 1) begin : gen_param_check
    rnnc_mul_bad_params u_bad ();
  end

  logic signed [AWidth-1:0] a;
  logic signed [BWidth-1:0] b;
  logic signed [AWidth+BWidth-1:0] product_q;

  if (Deep == 0) begin : gen_operands
    assign a = a_i;
    assign b = b_i;
  end else begin : gen_operand_registers
    always_ff @(posedge clk_i) begin
      a <= a_i;
      b <= b_i;
    end
  end

  always_ff @(posedge clk_i) begin
    product_q <= a * b;
    p_o <= product_q;
  end
endmodule

`default_nettype wire
