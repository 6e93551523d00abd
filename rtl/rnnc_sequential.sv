`default_nettype none

/// Sequential engine: a program of vector instructions on one multiplier and one accumulator.
///
/// One frame: take `InputElements` elements into the value memory, run the program, give
/// `OutputElements` elements. All vectors lie in one value memory, an element a word. An
/// instruction works element by element; it issues one operand a cycle, and an element leaves 5
/// cycles after its last operand was issued. Instructions do not overlap: each takes 5 cycles and
/// its operands.
///
///     0 pass    y = a * 2^left                    1 operand    (the result: see below)
///     1 add     y = a + b, or a - b               2
///     2 mul     y = a * b                         2
///     3 gate    y = b > 0 ? a : 0                 2
///     4 table   y = slope[i] * d + intercept[i]   3            (i, d as in `rnnc_seq_table`)
///     5 matrix  y = b + M a, or M a               columns, and 1 for b
///     6 max     y = the greatest element of a     columns
///     7 normalize                                 2, and 12 for the instruction
///
/// Every result goes through `rnnc_requantize`, then a comparison with zero if the instruction says
/// so, then to the value memory. The program is a memory outside: in the cycle after
/// `program_read_o` the fields of instruction `program_address_o` are at the inputs behind it, and
/// they hold until the next read. How they lie in a word is the affair of who connects them.
///
/// A scalar operand is the same word for every element. "First only" writes in the first frame of
/// a sequence alone, in the same cycles as in every other. The program has a word for each
/// instruction; the last one ends the frame. `write_*_o` shows every result: instruction, address
/// and code; `busy_o` is high in a cycle that issues an entry of a matrix. The first `Constants`
/// words of the value memory are never written, whatever the registers hold before reset.
///
/// Normalize, with `Normalizes` alone, is y = f(a, b) of a unit outside, as the program is outside:
/// 12 cycles after a and b are at `unit_value_o` and `unit_square_o`, f(a, b) is at `quotient_i`.
/// See `rnnc_seq_issue` for its rows and its destination.
///
/// Parts: `rnnc_seq_control` (frame and program counter), `rnnc_seq_issue` (operands and their
/// addresses), `rnnc_seq_execute` (product, sum, rounding); here are the memories between them.
module rnnc_sequential #(
  parameter ValuesFile = "",
  parameter WeightsFile = "",
  parameter TablesFile = "",
  parameter int Instructions = 1,
  parameter int ValueWidth = 24,
  parameter int Values = 64,
  parameter int Constants = 1,
  parameter int SumWidth = 25,
  parameter int WeightWidth = 12,
  parameter int Weights = 64,
  parameter int FactorWidth = 12,
  parameter int OperandWidth = 12,
  parameter int SlopeWidth = 12,
  parameter int InterceptWidth = 20,
  parameter int TableWords = 64,
  parameter int TableInputWidth = 16,
  parameter int SpanWidth = 12,
  parameter int OffsetWidth = 9,
  parameter int CountWidth = 6,
  parameter int InputElements = 1,
  parameter int InputWidth = 12,
  parameter int InputBase = 0,
  parameter int OutputElements = 1,
  parameter int OutputWidth = 12,
  parameter int OutputBase = 0,
  parameter int Normalizes = 0,
  localparam int ValueBits = $clog2(Values),
  localparam int WeightBits = Weights > 1 ? $clog2(Weights) : 1,
  localparam int TableBits = TableWords > 1 ? $clog2(TableWords) : 1,
  localparam int ShiftWidth = $clog2(SumWidth),
  localparam int ProgramBits = Instructions > 1 ? $clog2(Instructions) : 1
) (
  input wire logic clk_i,
  input wire logic rst_i,
  input wire logic s_valid_i,
  output logic s_ready_o,
  input wire logic signed [InputWidth-1:0] s_data_i,
  input wire logic s_last_i,
  output logic m_valid_o,
  input wire logic m_ready_i,
  output logic [OutputWidth-1:0] m_data_o,
  output logic m_last_o,
  output logic frame_error_o,
  output logic program_read_o,
  output logic [ProgramBits-1:0] program_address_o,
  input wire logic [2:0] op_i,
  input wire logic subtracts_i,
  input wire logic a_is_scalar_i,
  input wire logic b_is_scalar_i,
  input wire logic has_b_i,
  input wire logic is_transposed_i,
  input wire logic first_only_i,
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
  input wire logic [ValueBits-1:0] destination_i,
  input wire logic [ValueBits-1:0] a_base_i,
  input wire logic [ValueBits-1:0] b_base_i,
  input wire logic [CountWidth-1:0] last_row_i,
  input wire logic [CountWidth-1:0] last_column_i,
  input wire logic [CountWidth-1:0] last_in_block_i,
  input wire logic [WeightBits-1:0] matrix_base_i,
  input wire logic [WeightBits-1:0] row_step_i,
  input wire logic [WeightBits-1:0] block_step_i,
  output logic signed [ValueWidth-1:0] unit_value_o,
  output logic signed [ValueWidth-1:0] unit_square_o,
  input wire logic signed [ValueWidth-1:0] quotient_i,
  output logic busy_o,
  output logic write_valid_o,
  output logic [ProgramBits-1:0] write_instruction_o,
  output logic [ValueBits-1:0] write_address_o,
  output logic signed [ValueWidth-1:0] write_data_o
);
  if (ValuesFile == "" || WeightsFile == "" || Constants < 1 || Values <= Constants
      || CountWidth > ValueBits || CountWidth > WeightBits || ValueWidth < InputWidth
      || ValueWidth < OutputWidth) begin : gen_param_check
    rnnc_sequential_bad_params u_bad ();
  end

  // ---- Frame and program.

  logic accepts;
  logic [ValueBits-1:0] beat;
  logic begins;
  logic runs;
  logic run_ends;
  logic reads_output;
  logic is_first;
  logic [ProgramBits-1:0] pc_in_effect;

  rnnc_seq_control #(
    .Instructions(Instructions),
    .AddressWidth(ValueBits),
    .InputElements(InputElements),
    .OutputElements(OutputElements)
  ) u_control (
    .clk_i(clk_i),
    .rst_i(rst_i),
    .s_valid_i(s_valid_i),
    .s_ready_o(s_ready_o),
    .s_last_i(s_last_i),
    .m_valid_o(m_valid_o),
    .m_ready_i(m_ready_i),
    .m_last_o(m_last_o),
    .frame_error_o(frame_error_o),
    .accept_o(accepts),
    .beat_o(beat),
    .fetch_o(program_read_o),
    .pc_o(program_address_o),
    .pc_in_effect_o(pc_in_effect),
    .begin_o(begins),
    .run_o(runs),
    .run_ends_i(run_ends),
    .read_o(reads_output),
    .is_first_o(is_first)
  );

  // ---- Operands.

  logic [ValueBits-1:0] value_address;
  logic [WeightBits-1:0] weight_address;
  logic use_pass;
  logic use_weight;
  logic use_hold;
  logic use_held;
  logic use_span;
  logic use_slope;
  logic use_max;
  logic use_gate;
  logic starts;
  logic ends;
  logic subtracts;
  logic is_table;
  logic is_gate;
  logic is_normalize;
  logic [ValueBits-1:0] destination;

  rnnc_seq_issue #(
    .AddressWidth(ValueBits),
    .CountWidth(CountWidth),
    .WeightBits(WeightBits),
    .Normalizes(Normalizes)
  ) u_issue (
    .clk_i(clk_i),
    .begin_i(begins),
    .run_i(runs),
    .op_i(op_i),
    .subtracts_i(subtracts_i),
    .a_is_scalar_i(a_is_scalar_i),
    .b_is_scalar_i(b_is_scalar_i),
    .has_b_i(has_b_i),
    .is_transposed_i(is_transposed_i),
    .destination_i(destination_i),
    .a_base_i(a_base_i),
    .b_base_i(b_base_i),
    .last_row_i(last_row_i),
    .last_column_i(last_column_i),
    .last_in_block_i(last_in_block_i),
    .matrix_base_i(matrix_base_i),
    .row_step_i(row_step_i),
    .block_step_i(block_step_i),
    .run_ends_o(run_ends),
    .value_address_o(value_address),
    .weight_read_o(busy_o),
    .weight_address_o(weight_address),
    .pass_o(use_pass),
    .weight_o(use_weight),
    .hold_o(use_hold),
    .held_o(use_held),
    .span_o(use_span),
    .slope_o(use_slope),
    .max_o(use_max),
    .gate_o(use_gate),
    .starts_o(starts),
    .ends_o(ends),
    .subtracts_o(subtracts),
    .is_table_o(is_table),
    .is_gate_o(is_gate),
    .is_normalize_o(is_normalize),
    .destination_o(destination)
  );

  // ---- Memories.

  logic [ValueBits-1:0] read_address;
  logic [ValueBits-1:0] write_address;
  logic [ValueWidth-1:0] value;
  logic [WeightWidth-1:0] weight;

  assign read_address = reads_output ? ValueBits'(OutputBase) + beat : value_address;
  assign write_address = accepts ? ValueBits'(InputBase) + beat : write_address_o;
  assign m_data_o = value[OutputWidth-1:0];

  rnnc_ram_sdp #(
    .InitFile(ValuesFile),
    .Width(ValueWidth),
    .Depth(Values)
  ) u_values (
    .clk_i(clk_i),
    .we_i((accepts || write_valid_o) && write_address >= ValueBits'(Constants)),
    .waddr_i(write_address),
    .wdata_i(accepts ? ValueWidth'(s_data_i) : write_data_o),
    .re_i(runs || reads_output),
    .raddr_i(read_address),
    .rdata_o(value)
  );

  rnnc_rom #(
    .InitFile(WeightsFile),
    .Width(WeightWidth),
    .Depth(Weights)
  ) u_weights (
    .clk_i(clk_i),
    .en_i(busy_o),
    .addr_i(weight_address),
    .data_o(weight)
  );

  // ---- The units that normalize: b comes a cycle before a.

  if (Normalizes == 1) begin : gen_normalize
    logic signed [ValueWidth-1:0] square_q;
    always_ff @(posedge clk_i) square_q <= $signed(value);
    assign unit_value_o  = $signed(value);
    assign unit_square_o = square_q;
  end else begin : gen_no_normalize
    assign unit_value_o  = '0;
    assign unit_square_o = '0;
  end

  // ---- Results.

  rnnc_seq_execute #(
    .TablesFile(TablesFile),
    .ValueWidth(ValueWidth),
    .AddressWidth(ValueBits),
    .SumWidth(SumWidth),
    .WeightWidth(WeightWidth),
    .FactorWidth(FactorWidth),
    .OperandWidth(OperandWidth),
    .SlopeWidth(SlopeWidth),
    .InterceptWidth(InterceptWidth),
    .TableWords(TableWords),
    .TableInputWidth(TableInputWidth),
    .SpanWidth(SpanWidth),
    .OffsetWidth(OffsetWidth)
  ) u_execute (
    .clk_i(clk_i),
    .rst_i(rst_i),
    .pass_i(use_pass),
    .weight_i(use_weight),
    .hold_i(use_hold),
    .held_i(use_held),
    .span_i(use_span),
    .slope_i(use_slope),
    .max_i(use_max),
    .gate_i(use_gate),
    .starts_i(starts),
    .ends_i(ends),
    .subtracts_i(subtracts),
    .destination_i(destination),
    .is_table_i(is_table),
    .is_gate_i(is_gate),
    .is_normalize_i(is_normalize),
    .is_writing_i(is_first || !first_only_i),
    .wraps_i(wraps_i),
    .is_relu_i(is_relu_i),
    .rounding_i(rounding_i),
    .left_i(left_i),
    .right_i(right_i),
    .keep_i(keep_i),
    .segment_bits_i(segment_bits_i),
    .span_limit_i(span_limit_i),
    .lower_i(lower_i),
    .table_base_i(table_base_i),
    .value_i(value),
    .weight_value_i(weight),
    .quotient_i(quotient_i),
    .write_valid_o(write_valid_o),
    .write_address_o(write_address_o),
    .write_data_o(write_data_o)
  );

  always_ff @(posedge clk_i) write_instruction_o <= pc_in_effect;

`ifdef RNNC_ASSERTIONS
`include "rnnc_assert.svh"
  `RNNC_ASSERT(OperationIsKnown_A, runs |-> int'(op_i) <= 6 + Normalizes)
  `RNNC_ASSERT(RowInVector_A, runs |-> destination - destination_i <= ValueBits'(last_row_i))
  `RNNC_ASSERT(ReadInMemory_A, runs || reads_output |-> int'(read_address) < Values)
  `RNNC_ASSERT(ResultInMemory_A,
      write_valid_o |-> int'(write_address_o) >= Constants && int'(write_address_o) < Values)
  `RNNC_ASSERT(WeightInMemory_A, busy_o |-> int'(weight_address) < Weights)
  `RNNC_ASSERT(OneWriter_A, !(accepts && write_valid_o))
  `RNNC_ASSERT(OutputIsBehindResults_A, reads_output |-> !write_valid_o)
`endif
endmodule

`default_nettype wire
