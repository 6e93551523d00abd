`default_nettype none

/// Multiply-accumulators of one lane, with a drain register that lets passes follow each other.
///
/// Throughput: one weight and one operand per product and cycle. An operand presented in cycle t is
/// in its input register at t+1, in the product register at t+2 and in the sum at t+3. Registers
/// hold while nothing valid passes them. `first_i` starts a new sum with this product.
///
///     sum(t+3) = sum(t+2)                                                       if !valid_i(t)
///                weights_i(t) * operands_i(t) + (first_i(t) ? 0 : sum(t+2))     otherwise
///
/// `drain_load_i` copies all sums, also in the very cycle whose edge starts the next pass;
/// `drain_shift_i` takes `drain_i`, the drain register of the neighbour. Load wins over shift.
/// Sums are modulo 2^SumWidth: whoever sets the width shows that nothing is lost.
/// Nothing here is reset: `valid_i` must be low until the first operands.
module rnnc_lane #(
  parameter int Products = 2,
  parameter int WeightWidth = 12,
  parameter int OperandWidth = 12,
  parameter int SumWidth = 32
) (
  input wire logic clk_i,
  input wire logic valid_i,
  input wire logic first_i,
  input wire logic [Products*WeightWidth-1:0] weights_i  /*verilator public_flat_rd*/,
  input wire logic [Products*OperandWidth-1:0] operands_i  /*verilator public_flat_rd*/,
  input wire logic drain_load_i,
  input wire logic drain_shift_i,
  input wire logic [Products*SumWidth-1:0] drain_i  /*verilator public_flat_rd*/,
  output logic [Products*SumWidth-1:0] drain_o
);
  // One compiled copy for all lanes: a design holds hundreds of them. Public inputs are variables
  // of the lane; otherwise the code of every lane would name the signals that feed it.
  /*verilator no_inline_module*/

  localparam int ProductWidth = WeightWidth + OperandWidth;

  if (Products < 1 || WeightWidth < 1 || OperandWidth < 1 || SumWidth < 1) begin : gen_param_check
    rnnc_lane_bad_params u_bad ();
  end

  logic valid_q;
  logic valid_q2;
  logic first_q;
  logic first_q2;

  always_ff @(posedge clk_i) begin
    valid_q  <= valid_i;
    valid_q2 <= valid_q;
    first_q  <= first_i;
    first_q2 <= first_q;
  end

  for (genvar i = 0; i < Products; i = i + 1) begin : gen_product
    logic signed [WeightWidth-1:0] weight_q;
    logic signed [OperandWidth-1:0] operand_q;
    logic signed [ProductWidth-1:0] product_q;
    logic signed [SumWidth-1:0] sum_q;

    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        weight_q  <= $signed(weights_i[i*WeightWidth+:WeightWidth]);
        operand_q <= $signed(operands_i[i*OperandWidth+:OperandWidth]);
      end
      if (valid_q) product_q <= weight_q * operand_q;
      // In this form Yosys puts the sum and the choice of its start into the DSP block.
      if (valid_q2) sum_q <= SumWidth'(product_q) + (first_q2 ? SumWidth'(0) : sum_q);
      // The port is the register: a simulator would put its 4,000 bits together in every cycle.
      if (drain_load_i) drain_o[i*SumWidth+:SumWidth] <= sum_q;
      else if (drain_shift_i) drain_o[i*SumWidth+:SumWidth] <= drain_i[i*SumWidth+:SumWidth];
    end

    if (ProductWidth > SumWidth) begin : gen_unused
      // A sum modulo 2^SumWidth needs no higher bits of a product.
      logic unused_high;
      assign unused_high = &{1'b0, product_q[ProductWidth-1:SumWidth]};
    end
  end
endmodule

`default_nettype wire
