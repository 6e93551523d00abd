`default_nettype none

/// Issue of `rnnc_sequential`: names one operand a cycle, and what the execution does with it.
///
/// While `run_i` is high, element by element of the instruction; `begin_i` comes a cycle before.
/// Addresses are of this cycle. Of the uses at most one is high:
///
///     pass_o    the operand itself is added          span_o    it is looked up in a table
///     weight_o  its product with the weight is       slope_o   ... offset times slope is added
///     hold_o    it is kept as a factor               max_o     the greater one stays
///     held_o    its product with that factor is      gate_o    it opens the gate or not
///
/// `starts_o` begins a sum with the operand, `ends_o` ends it: the result goes to `destination_o`.
/// `run_ends_o` is high with the last operand of the instruction.
///
/// With `Normalizes`, operation 7 issues b, then a, of row r, and with a passes the quotient of
/// row r - 6, which is there then. So it takes 6 rows more than it has results: `last_row_i` counts
/// them, and `destination_i` lies 6 words before the result.
module rnnc_seq_issue #(
  parameter int AddressWidth = 6,
  parameter int CountWidth = 5,
  parameter int WeightBits = 6,
  parameter int Normalizes = 0
) (
  input wire logic clk_i,
  input wire logic begin_i,
  input wire logic run_i,
  input wire logic [2:0] op_i,
  input wire logic subtracts_i,
  input wire logic a_is_scalar_i,
  input wire logic b_is_scalar_i,
  input wire logic has_b_i,
  input wire logic is_transposed_i,
  input wire logic [AddressWidth-1:0] destination_i,
  input wire logic [AddressWidth-1:0] a_base_i,
  input wire logic [AddressWidth-1:0] b_base_i,
  input wire logic [CountWidth-1:0] last_row_i,
  input wire logic [CountWidth-1:0] last_column_i,
  input wire logic [CountWidth-1:0] last_in_block_i,
  input wire logic [WeightBits-1:0] matrix_base_i,
  input wire logic [WeightBits-1:0] row_step_i,
  input wire logic [WeightBits-1:0] block_step_i,
  output logic run_ends_o,
  output logic [AddressWidth-1:0] value_address_o,
  output logic weight_read_o,
  output logic [WeightBits-1:0] weight_address_o,
  output logic pass_o,
  output logic weight_o,
  output logic hold_o,
  output logic held_o,
  output logic span_o,
  output logic slope_o,
  output logic max_o,
  output logic gate_o,
  output logic starts_o,
  output logic ends_o,
  output logic subtracts_o,
  output logic is_table_o,
  output logic is_gate_o,
  output logic is_normalize_o,
  output logic [AddressWidth-1:0] destination_o
);
  localparam logic [2:0] Pass = 3'd0;
  localparam logic [2:0] Add = 3'd1;
  localparam logic [2:0] Multiply = 3'd2;
  localparam logic [2:0] Gate = 3'd3;
  localparam logic [2:0] Table = 3'd4;
  localparam logic [2:0] Matrix = 3'd5;
  localparam logic [2:0] Maximum = 3'd6;
  localparam logic [2:0] Normalize = 3'd7;
  // The latency of the units that normalize, in rows of two operands.
  localparam int QuotientRows = 6;

  if (AddressWidth < CountWidth || WeightBits < CountWidth || Normalizes < 0 || Normalizes > 1
      || (Normalizes == 1 && 1 << CountWidth <= QuotientRows)) begin : gen_param_check
    rnnc_seq_issue_bad_params u_bad ();
  end

  // Row, or element, and which of its operands.
  logic [CountWidth-1:0] row_q;
  logic [1:0] operand_q;
  logic is_first_operand;
  logic is_walk;
  logic walks;
  logic row_ends;
  logic reads_b;
  logic [1:0] first_operand;
  logic [CountWidth-1:0] column;
  logic at_row_start;
  logic at_row_end;

  assign is_first_operand = operand_q == 2'd0;
  assign is_walk = op_i == Matrix || op_i == Maximum;
  assign walks = run_i && is_walk && !is_first_operand;
  assign weight_read_o = walks && op_i == Matrix;
  assign is_table_o = op_i == Table;
  assign is_gate_o = op_i == Gate;

  logic is_quotient_away;

  if (Normalizes == 1) begin : gen_normalize
    assign is_normalize_o   = op_i == Normalize;
    assign is_quotient_away = is_normalize_o && row_q < CountWidth'(QuotientRows);
  end else begin : gen_no_normalize
    assign is_normalize_o   = 1'b0;
    assign is_quotient_away = 1'b0;
  end

  rnnc_block_walk #(
    .AddressWidth(WeightBits),
    .CountWidth(CountWidth)
  ) u_walk (
    .clk_i(clk_i),
    .start_i(begin_i),
    .next_i(walks),
    .base_i(matrix_base_i),
    .row_step_i(row_step_i),
    .block_step_i(block_step_i),
    .last_in_block_i(last_in_block_i),
    .last_column_i(last_column_i),
    .transposed_i(is_transposed_i),
    .address_o(weight_address_o),
    .column_o(column),
    .at_row_start_o(at_row_start),
    .at_row_end_o(at_row_end)
  );

  always_comb begin
    pass_o = 1'b0;
    weight_o = 1'b0;
    hold_o = 1'b0;
    held_o = 1'b0;
    span_o = 1'b0;
    slope_o = 1'b0;
    max_o = 1'b0;
    gate_o = 1'b0;
    reads_b = 1'b0;
    starts_o = 1'b1;
    row_ends = 1'b0;
    if (run_i) begin
      if (op_i == Pass) begin
        pass_o = 1'b1;
        row_ends = 1'b1;
      end else if (op_i == Add) begin
        pass_o = 1'b1;
        reads_b = !is_first_operand;
        starts_o = is_first_operand;
        row_ends = !is_first_operand;
      end else if (op_i == Multiply) begin
        hold_o = is_first_operand;
        held_o = !is_first_operand;
        reads_b = !is_first_operand;
        row_ends = !is_first_operand;
      end else if (op_i == Gate) begin
        gate_o = is_first_operand;
        pass_o = !is_first_operand;
        reads_b = is_first_operand;
        row_ends = !is_first_operand;
      end else if (op_i == Table) begin
        span_o = is_first_operand;
        slope_o = operand_q == 2'd2;
        row_ends = operand_q == 2'd2;
      end else if (is_normalize_o) begin
        pass_o = !is_first_operand && !is_quotient_away;
        reads_b = is_first_operand;
        row_ends = !is_first_operand;
      end else begin
        max_o = op_i == Maximum;
        pass_o = op_i != Maximum && is_first_operand;
        weight_o = op_i != Maximum && !is_first_operand;
        reads_b = is_first_operand;
        starts_o = is_first_operand || (!has_b_i && at_row_start);
        row_ends = !is_first_operand && at_row_end;
      end
    end
  end

  // Only what is added to a matrix product is an operand before the walk.
  assign first_operand = is_walk && !has_b_i ? 2'd1 : 2'd0;
  assign ends_o = row_ends && !is_quotient_away;
  assign run_ends_o = row_ends && row_q == last_row_i;
  assign subtracts_o = subtracts_i && op_i == Add && !is_first_operand;
  assign destination_o = destination_i + AddressWidth'(row_q);

  logic is_scalar;
  logic [CountWidth-1:0] index;

  assign is_scalar = reads_b ? b_is_scalar_i : a_is_scalar_i;
  assign index = is_scalar ? '0 : walks ? column : row_q;
  assign value_address_o = (reads_b ? b_base_i : a_base_i) + AddressWidth'(index);

  always_ff @(posedge clk_i) begin
    if (begin_i) begin
      row_q <= '0;
      operand_q <= first_operand;
    end else if (run_i) begin
      if (row_ends) begin
        row_q <= row_q + 1'b1;
        operand_q <= first_operand;
      end else if (!walks) begin
        operand_q <= operand_q + 1'b1;
      end
    end
  end
endmodule

`default_nettype wire
