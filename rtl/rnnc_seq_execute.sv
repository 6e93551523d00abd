`default_nettype none

/// Execution of `rnnc_sequential`: one product and one sum a cycle, then rounding.
///
/// The uses are those of `rnnc_seq_issue`; an operand is at `value_i` 1 cycle after its use.
/// Stages, by the cycle after it: 1 the operand is there, 2 product, 3 sum, 4 rounded, 5 the result
/// is at `write_*_o`. Throughput: an operand a cycle; a result with each `ends_i`. While
/// `is_normalize_i` is high, what is passed is `quotient_i` instead of the operand.
module rnnc_seq_execute #(
  parameter TablesFile = "",
  parameter int ValueWidth = 24,
  parameter int AddressWidth = 6,
  parameter int SumWidth = 25,
  parameter int WeightWidth = 12,
  parameter int FactorWidth = 12,
  parameter int OperandWidth = 12,
  parameter int SlopeWidth = 12,
  parameter int InterceptWidth = 20,
  parameter int TableWords = 64,
  parameter int TableInputWidth = 16,
  parameter int SpanWidth = 12,
  parameter int OffsetWidth = 9,
  localparam int ShiftWidth = $clog2(SumWidth),
  localparam int TableBits = TableWords > 1 ? $clog2(TableWords) : 1
) (
  input wire logic clk_i,
  input wire logic rst_i,
  input wire logic pass_i,
  input wire logic weight_i,
  input wire logic hold_i,
  input wire logic held_i,
  input wire logic span_i,
  input wire logic slope_i,
  input wire logic max_i,
  input wire logic gate_i,
  input wire logic starts_i,
  input wire logic ends_i,
  input wire logic subtracts_i,
  input wire logic [AddressWidth-1:0] destination_i,
  input wire logic is_table_i,
  input wire logic is_gate_i,
  input wire logic is_normalize_i,
  input wire logic is_writing_i,
  input wire logic wraps_i,
  input wire logic is_relu_i,
  input wire logic [1:0] rounding_i,
  input wire logic [ShiftWidth-1:0] left_i,
  input wire logic [ShiftWidth-1:0] right_i,
  input wire logic [ShiftWidth-1:0] keep_i,
  input wire logic [ShiftWidth-1:0] segment_bits_i,
  input wire logic [SpanWidth-1:0] span_limit_i,
  input wire logic [TableInputWidth-1:0] lower_i,
  input wire logic [TableBits-1:0] table_base_i,
  input wire logic [ValueWidth-1:0] value_i,
  input wire logic [WeightWidth-1:0] weight_value_i,
  input wire logic signed [ValueWidth-1:0] quotient_i,
  output logic write_valid_o,
  output logic [AddressWidth-1:0] write_address_o,
  output logic signed [ValueWidth-1:0] write_data_o
);
  localparam int ProductWidth = FactorWidth + OperandWidth;

  if (SumWidth <= ValueWidth || SumWidth < ProductWidth || SumWidth <= InterceptWidth
      || FactorWidth < WeightWidth || FactorWidth < SlopeWidth || ValueWidth < FactorWidth
      || ValueWidth < OperandWidth || ValueWidth < TableInputWidth || OperandWidth <= OffsetWidth)
  begin : gen_param_check
    rnnc_seq_execute_bad_params u_bad ();
  end

  // ---- Stage 1: the operand is there.

  logic pass_q;
  logic weight_q;
  logic hold_q;
  logic held_q;
  logic span_q;
  logic slope_q;
  logic max_q;
  logic gate_q;
  logic starts_q;
  logic ends_q;
  logic subtracts_q;
  logic [AddressWidth-1:0] address_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      pass_q <= 1'b0;
      weight_q <= 1'b0;
      held_q <= 1'b0;
      slope_q <= 1'b0;
      max_q <= 1'b0;
      ends_q <= 1'b0;
    end else begin
      pass_q <= pass_i;
      weight_q <= weight_i;
      held_q <= held_i;
      slope_q <= slope_i;
      max_q <= max_i;
      ends_q <= ends_i;
    end
  end

  always_ff @(posedge clk_i) begin
    hold_q <= hold_i;
    span_q <= span_i;
    gate_q <= gate_i;
    starts_q <= starts_i;
    subtracts_q <= subtracts_i;
    address_q <= destination_i;
  end

  logic [OffsetWidth-1:0] offset;
  logic signed [SlopeWidth-1:0] slope;
  logic signed [InterceptWidth-1:0] intercept;

  rnnc_seq_table #(
    .TablesFile(TablesFile),
    .SlopeWidth(SlopeWidth),
    .InterceptWidth(InterceptWidth),
    .TableWords(TableWords),
    .TableInputWidth(TableInputWidth),
    .SpanWidth(SpanWidth),
    .OffsetWidth(OffsetWidth),
    .ShiftWidth(ShiftWidth)
  ) u_table (
    .clk_i(clk_i),
    .is_table_i(is_table_i),
    .lookup_i(span_q),
    .value_i(value_i[TableInputWidth-1:0]),
    .lower_i(lower_i),
    .span_limit_i(span_limit_i),
    .segment_bits_i(segment_bits_i),
    .table_base_i(table_base_i),
    .offset_o(offset),
    .slope_o(slope),
    .intercept_o(intercept)
  );

  // ---- Stage 2: product, or the operand itself.

  logic signed [ValueWidth-1:0] value;
  logic signed [ValueWidth-1:0] passed;
  logic signed [WeightWidth-1:0] weight;
  logic signed [FactorWidth-1:0] factor_q;
  logic signed [FactorWidth-1:0] factor;
  logic signed [OperandWidth-1:0] operand;
  logic signed [OperandWidth-1:0] offset_s;
  logic signed [ProductWidth-1:0] product_q;
  logic signed [SumWidth-1:0] passed_q;
  logic pass_q2;
  logic product_q2;
  logic slope_q2;
  logic max_q2;
  logic starts_q2;
  logic ends_q2;
  logic subtracts_q2;
  logic is_open_q;
  logic [AddressWidth-1:0] address_q2;

  assign value = $signed(value_i);
  assign passed = is_normalize_i ? quotient_i : value;
  assign weight = $signed(weight_value_i);
  assign offset_s = $signed({{(OperandWidth - OffsetWidth) {1'b0}}, offset});
  assign factor = held_q ? factor_q : slope_q ? FactorWidth'(slope) : FactorWidth'(weight);
  assign operand = slope_q ? offset_s : $signed(value_i[OperandWidth-1:0]);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      pass_q2 <= 1'b0;
      product_q2 <= 1'b0;
      slope_q2 <= 1'b0;
      max_q2 <= 1'b0;
      ends_q2 <= 1'b0;
    end else begin
      pass_q2 <= pass_q;
      product_q2 <= weight_q || held_q || slope_q;
      slope_q2 <= slope_q;
      max_q2 <= max_q;
      ends_q2 <= ends_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (hold_q) factor_q <= $signed(value_i[FactorWidth-1:0]);
    if (gate_q) is_open_q <= value > 0;
    product_q <= factor * operand;
    passed_q <= SumWidth'(passed) <<< left_i;
    starts_q2 <= starts_q;
    subtracts_q2 <= subtracts_q;
    address_q2 <= address_q;
  end

  // ---- Stage 3: sum.

  logic signed [SumWidth-1:0] addend;
  logic signed [SumWidth-1:0] sum_base;
  logic signed [SumWidth-1:0] sum_q;
  logic ends_q3;
  logic is_open_q3;
  logic [AddressWidth-1:0] address_q3;

  assign addend = product_q2 ? SumWidth'(product_q) : passed_q;
  assign sum_base = slope_q2 ? SumWidth'(intercept) : starts_q2 ? '0 : sum_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) ends_q3 <= 1'b0;
    else ends_q3 <= ends_q2;
  end

  always_ff @(posedge clk_i) begin
    if (product_q2 || pass_q2) begin
      sum_q <= subtracts_q2 ? sum_base - addend : sum_base + addend;
    end else if (max_q2 && (starts_q2 || passed_q > sum_q)) begin
      sum_q <= passed_q;
    end
    is_open_q3 <= !is_gate_i || is_open_q;
    address_q3 <= address_q2;
  end

  // ---- Stages 4 and 5: round, fit, write.

  logic signed [SumWidth-1:0] fitted;
  logic is_zero;
  logic ends_q4;
  logic is_open_q4;
  logic [AddressWidth-1:0] address_q4;

  rnnc_requantize #(
    .Width(SumWidth)
  ) u_requantize (
    .clk_i(clk_i),
    .in_i(sum_q),
    .shift_i(right_i),
    .keep_i(keep_i),
    .rounding_i(rounding_i),
    .wrap_i(wraps_i),
    .out_o(fitted)
  );

  assign is_zero = (is_relu_i && fitted[SumWidth-1]) || !is_open_q4;

  logic unused_fitted;
  assign unused_fitted = &{1'b0, fitted[SumWidth-1:ValueWidth]};

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      ends_q4 <= 1'b0;
      write_valid_o <= 1'b0;
    end else begin
      ends_q4 <= ends_q3;
      write_valid_o <= ends_q4 && is_writing_i;
    end
  end

  always_ff @(posedge clk_i) begin
    is_open_q4 <= is_open_q3;
    address_q4 <= address_q3;
    write_address_o <= address_q4;
    write_data_o <= is_zero ? '0 : $signed(fitted[ValueWidth-1:0]);
  end

`ifdef RNNC_ASSERTIONS
`include "rnnc_assert.svh"
  // Whether the sum register holds a sum that was started and not ended.
  logic is_summing;
  always_ff @(posedge clk_i) begin
    if (rst_i) is_summing <= 1'b0;
    else if (ends_q2) is_summing <= 1'b0;
    else if (pass_q2 || product_q2 || max_q2) is_summing <= 1'b1;
  end
  `RNNC_ASSERT(OneUse_A,
      $onehot0({pass_i, weight_i, hold_i, held_i, span_i, slope_i, max_i, gate_i}))
  `RNNC_ASSERT(SumWasStarted_A,
      (pass_q2 || product_q2 || max_q2) && !starts_q2 && !slope_q2 |-> is_summing)
  `RNNC_ASSERT(SumWasEnded_A,
      (pass_q2 || product_q2 || max_q2) && starts_q2 |-> !is_summing)
`endif
endmodule

`default_nettype wire
