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
///     4 table   y = slope[i] * d + intercept[i]   3            (i, d as in `rnnc_pwl`)
///     5 matrix  y = b + M a, or M a               columns, and 1 for b
///     6 max     y = the greatest element of a     columns
///
/// Every result goes through `rnnc_requantize`, then a comparison with zero if the instruction says
/// so, then to the value memory. A word of the program is, from its highest bit:
///
///     op 3 | flags 8: subtract, a scalar, b scalar, has b, transposed, first only, wrap, relu |
///     rounding 2 | left | right | keep | segment bits (ShiftWidth each) | span (SpanWidth) |
///     lower (TableInputWidth) | table base | destination, a, b (ValueBits each) |
///     last row, last column, last in block (CountWidth each) | matrix base, row step, block step
///
/// A scalar operand is the same word for every element. "First only" writes in the first frame of
/// a sequence alone, in the same cycles as in every other. The program has a word for each
/// instruction; the last one ends the frame. `write_*_o` shows every result: instruction, address
/// and code; `busy_o` is high in a cycle that issues an entry of a matrix. The first `Constants`
/// words of the value memory are never written, whatever the registers hold before reset.
module rnnc_sequential #(
  parameter ProgramFile = "",
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
  parameter int CountWidth = 8,
  parameter int InputElements = 1,
  parameter int InputWidth = 12,
  parameter int InputBase = 0,
  parameter int OutputElements = 1,
  parameter int OutputWidth = 12,
  parameter int OutputBase = 0,
  localparam int ValueBits = $clog2(Values),
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
  output logic busy_o,
  output logic write_valid_o,
  output logic [ProgramBits-1:0] write_instruction_o,
  output logic [ValueBits-1:0] write_address_o,
  output logic signed [ValueWidth-1:0] write_data_o
);
  localparam int WeightBits = Weights > 1 ? $clog2(Weights) : 1;
  localparam int TableBits = TableWords > 1 ? $clog2(TableWords) : 1;
  localparam int ShiftWidth = $clog2(SumWidth);
  localparam int ProductWidth = FactorWidth + OperandWidth;

  if (ProgramFile == "" || ValuesFile == "" || WeightsFile == "" || TablesFile == ""
      || Instructions < 1 || Constants < 1 || Values <= Constants || SumWidth <= ValueWidth
      || SumWidth < ProductWidth
      || SumWidth <= InterceptWidth || FactorWidth < WeightWidth || FactorWidth < SlopeWidth
      || ValueWidth < FactorWidth || ValueWidth < OperandWidth || ValueWidth < TableInputWidth
      || SpanWidth < 1 || SpanWidth > TableInputWidth || OperandWidth <= OffsetWidth
      || OffsetWidth < 1 || OffsetWidth > SpanWidth
      || TableBits > SpanWidth || CountWidth > ValueBits || CountWidth > WeightBits
      || ValueWidth < InputWidth || ValueWidth < OutputWidth)
  begin : gen_param_check
    rnnc_sequential_bad_params u_bad ();
  end

  // ---- Control: frame, program, issue.

  localparam logic [2:0] Load = 3'd0;
  localparam logic [2:0] Fetch = 3'd1;
  localparam logic [2:0] Begin = 3'd2;
  localparam logic [2:0] Run = 3'd3;
  localparam logic [2:0] Drain = 3'd4;
  localparam logic [2:0] Read = 3'd5;
  localparam logic [2:0] Send = 3'd6;

  localparam logic [2:0] Pass = 3'd0;
  localparam logic [2:0] Add = 3'd1;
  localparam logic [2:0] Mul = 3'd2;
  localparam logic [2:0] Gate = 3'd3;
  localparam logic [2:0] Table = 3'd4;
  localparam logic [2:0] Matrix = 3'd5;
  localparam logic [2:0] Max = 3'd6;

  // What an issued operand is for.
  localparam logic [3:0] UseNone = 4'd0;
  localparam logic [3:0] UsePass = 4'd1;
  localparam logic [3:0] UseWeight = 4'd2;
  localparam logic [3:0] UseHeld = 4'd3;
  localparam logic [3:0] UseSlope = 4'd4;
  localparam logic [3:0] UseHold = 4'd5;
  localparam logic [3:0] UseGate = 4'd6;
  localparam logic [3:0] UseSpan = 4'd7;
  localparam logic [3:0] UseMax = 4'd8;

  localparam int FlagsWidth = 8;
  localparam int ProgramWidth = 3 + FlagsWidth + 2 + 4 * ShiftWidth + SpanWidth + TableInputWidth
      + TableBits + 3 * ValueBits + 3 * CountWidth + 3 * WeightBits;

  logic [2:0] state_q;
  logic [ProgramBits-1:0] pc_q;
  logic [ProgramBits-1:0] pc_in_effect_q;
  logic [ValueBits-1:0] beat_q;
  logic [2:0] drain_q;
  logic is_first_q;
  logic is_last_q;
  logic frame_error_q;

  // A short program of wide words: logic, not block RAM.
  (* rom_style = "logic" *)
  logic [ProgramWidth-1:0] words[0:Instructions-1];
  logic [ProgramWidth-1:0] word_q;

  if (ProgramFile != "") begin : gen_program
    initial $readmemh(ProgramFile, words);
  end

  always_ff @(posedge clk_i) begin
    if (state_q == Fetch) begin
      word_q <= words[pc_q];
      pc_in_effect_q <= pc_q;
    end
  end

  logic [2:0] op;
  logic subtracts;
  logic a_is_scalar;
  logic b_is_scalar;
  logic has_b;
  logic is_transposed;
  logic first_only;
  logic wraps;
  logic is_relu;
  logic [1:0] rounding;
  logic [ShiftWidth-1:0] left;
  logic [ShiftWidth-1:0] right;
  logic [ShiftWidth-1:0] keep;
  logic [ShiftWidth-1:0] segment_bits;
  logic [SpanWidth-1:0] span_limit;
  logic [TableInputWidth-1:0] lower_bits;
  logic [TableBits-1:0] table_base;
  logic [ValueBits-1:0] destination;
  logic [ValueBits-1:0] a_base;
  logic [ValueBits-1:0] b_base;
  logic [CountWidth-1:0] last_row;
  logic [CountWidth-1:0] last_column;
  logic [CountWidth-1:0] last_in_block;
  logic [WeightBits-1:0] matrix_base;
  logic [WeightBits-1:0] row_step;
  logic [WeightBits-1:0] block_step;

  assign {op, subtracts, a_is_scalar, b_is_scalar, has_b, is_transposed, first_only, wraps, is_relu,
      rounding, left, right, keep, segment_bits, span_limit, lower_bits, table_base, destination,
      a_base, b_base, last_row, last_column, last_in_block, matrix_base, row_step, block_step}
      = word_q;

  // Row, or element, and which of its operands.
  logic [CountWidth-1:0] row_q;
  logic [1:0] operand_q;
  logic is_running;
  logic walks;
  logic row_ends;
  logic run_ends;
  logic [WeightBits-1:0] weight_address;
  logic [CountWidth-1:0] column;
  logic at_row_start;
  logic at_row_end;

  assign is_running = state_q == Run;
  assign walks = is_running && (op == Matrix || op == Max) && operand_q != 2'd0;
  assign busy_o = walks && op == Matrix;

  rnnc_block_walk #(
    .AddressWidth(WeightBits),
    .CountWidth(CountWidth)
  ) u_walk (
    .clk_i(clk_i),
    .start_i(state_q == Begin),
    .next_i(walks),
    .base_i(matrix_base),
    .row_step_i(row_step),
    .block_step_i(block_step),
    .last_in_block_i(last_in_block),
    .last_column_i(last_column),
    .transposed_i(is_transposed),
    .address_o(weight_address),
    .column_o(column),
    .at_row_start_o(at_row_start),
    .at_row_end_o(at_row_end)
  );

  logic [3:0] use_now;
  logic reads_b;
  logic starts_sum;
  logic ends_sum;

  always_comb begin
    use_now = UseNone;
    reads_b = 1'b0;
    starts_sum = 1'b1;
    ends_sum = 1'b0;
    row_ends = 1'b0;
    if (is_running) begin
      if (op == Pass) begin
        use_now = UsePass;
        ends_sum = 1'b1;
        row_ends = 1'b1;
      end else if (op == Add) begin
        use_now = UsePass;
        reads_b = operand_q != 2'd0;
        starts_sum = operand_q == 2'd0;
        ends_sum = operand_q != 2'd0;
        row_ends = operand_q != 2'd0;
      end else if (op == Mul) begin
        use_now = operand_q == 2'd0 ? UseHold : UseHeld;
        reads_b = operand_q != 2'd0;
        ends_sum = operand_q != 2'd0;
        row_ends = operand_q != 2'd0;
      end else if (op == Gate) begin
        use_now = operand_q == 2'd0 ? UseGate : UsePass;
        reads_b = operand_q == 2'd0;
        ends_sum = operand_q != 2'd0;
        row_ends = operand_q != 2'd0;
      end else if (op == Table) begin
        use_now = operand_q == 2'd0 ? UseSpan : operand_q == 2'd2 ? UseSlope : UseNone;
        ends_sum = operand_q == 2'd2;
        row_ends = operand_q == 2'd2;
      end else begin
        use_now = op == Max ? UseMax : operand_q == 2'd0 ? UsePass : UseWeight;
        reads_b = operand_q == 2'd0;
        starts_sum = operand_q == 2'd0 || (!has_b && at_row_start);
        ends_sum = operand_q != 2'd0 && at_row_end;
        row_ends = operand_q != 2'd0 && at_row_end;
      end
    end
  end

  assign run_ends = row_ends && row_q == last_row;

  logic [ValueBits-1:0] read_address;
  logic [CountWidth-1:0] read_index;
  logic reads;
  logic accepts;
  logic at_input_end;
  logic at_output_end;
  logic is_scalar;

  assign is_scalar = reads_b ? b_is_scalar : a_is_scalar;
  assign read_index = is_scalar ? '0 : walks ? column : row_q;
  assign reads = is_running || state_q == Read;
  assign read_address = state_q == Read ? ValueBits'(OutputBase) + beat_q :
      (reads_b ? b_base : a_base) + ValueBits'(read_index);

  assign s_ready_o = state_q == Load && !rst_i;
  assign accepts = s_valid_i && s_ready_o;
  assign at_input_end = beat_q == ValueBits'(InputElements - 1);
  assign at_output_end = beat_q == ValueBits'(OutputElements - 1);
  assign m_valid_o = state_q == Send;
  assign m_last_o = is_last_q && at_output_end;
  assign frame_error_o = frame_error_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Load;
      beat_q <= '0;
      pc_q <= '0;
      is_first_q <= 1'b1;
      is_last_q <= 1'b0;
      frame_error_q <= 1'b0;
    end else begin
      // TLAST inside a frame is a fault of the sender: it is ignored and remembered.
      if (accepts && s_last_i && !at_input_end) frame_error_q <= 1'b1;
      if (state_q == Load) begin
        if (accepts) begin
          beat_q <= at_input_end ? '0 : beat_q + 1'b1;
          if (at_input_end) begin
            is_last_q <= s_last_i;
            state_q   <= Fetch;
          end
        end
      end else if (state_q == Fetch) begin
        state_q <= Begin;
      end else if (state_q == Begin) begin
        state_q <= Run;
      end else if (state_q == Run) begin
        if (run_ends) state_q <= Drain;
      end else if (state_q == Drain) begin
        if (drain_q == 3'd0) begin
          pc_q <= pc_q == ProgramBits'(Instructions - 1) ? '0 : pc_q + 1'b1;
          state_q <= pc_q == ProgramBits'(Instructions - 1) ? Read : Fetch;
        end
      end else if (state_q == Read) begin
        state_q <= Send;
      end else if (m_ready_i) begin
        beat_q  <= at_output_end ? '0 : beat_q + 1'b1;
        state_q <= at_output_end ? Load : Read;
        if (at_output_end) is_first_q <= is_last_q;
      end
    end
  end

  // The last results of an instruction reach the memory before the next one, or the output, reads.
  always_ff @(posedge clk_i) begin
    if (state_q == Begin) begin
      row_q <= '0;
      operand_q <= (op == Matrix || op == Max) && !has_b ? 2'd1 : 2'd0;
      drain_q <= pc_q == ProgramBits'(Instructions - 1) ? 3'd4 : 3'd2;
    end else if (is_running) begin
      if (row_ends) begin
        row_q <= row_q + 1'b1;
        operand_q <= (op == Matrix || op == Max) && !has_b ? 2'd1 : 2'd0;
      end else if (!walks) begin
        operand_q <= operand_q + 1'b1;
      end
    end else if (state_q == Drain) begin
      drain_q <= drain_q - 1'b1;
    end
  end

  // ---- Stage 1: operands come from the memories.

  logic [3:0] use_q;
  logic starts_q;
  logic ends_q;
  logic subtracts_q;
  logic [ValueBits-1:0] address_q;
  logic [ValueWidth-1:0] value_bits;
  logic signed [ValueWidth-1:0] value;
  logic [WeightWidth-1:0] weight_bits;
  logic signed [WeightWidth-1:0] weight;

  logic [ValueBits-1:0] write_address;

  assign write_address = accepts ? ValueBits'(InputBase) + beat_q : write_address_o;

  rnnc_ram_sdp #(
    .InitFile(ValuesFile),
    .Width(ValueWidth),
    .Depth(Values)
  ) u_values (
    .clk_i(clk_i),
    .we_i((accepts || write_valid_o) && write_address >= ValueBits'(Constants)),
    .waddr_i(write_address),
    .wdata_i(accepts ? ValueWidth'(s_data_i) : write_data_o),
    .re_i(reads),
    .raddr_i(read_address),
    .rdata_o(value_bits)
  );

  rnnc_rom #(
    .InitFile(WeightsFile),
    .Width(WeightWidth),
    .Depth(Weights)
  ) u_weights (
    .clk_i(clk_i),
    .en_i(walks && op == Matrix),
    .addr_i(weight_address),
    .data_o(weight_bits)
  );

  assign value = $signed(value_bits);
  assign weight = $signed(weight_bits);
  assign m_data_o = value_bits[OutputWidth-1:0];

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      use_q  <= UseNone;
      ends_q <= 1'b0;
    end else begin
      use_q  <= use_now;
      ends_q <= ends_sum;
    end
  end

  always_ff @(posedge clk_i) begin
    starts_q <= starts_sum;
    subtracts_q <= subtracts && op == Add && operand_q != 2'd0;
    address_q <= destination + ValueBits'(row_q);
  end

  // The segment of a table: clamp, then the word, then the offset times its slope.
  logic signed [TableInputWidth:0] from_lower;
  logic signed [TableInputWidth-1:0] table_input;
  logic signed [TableInputWidth-1:0] lower;
  logic is_above;
  logic [SpanWidth-1:0] span_q;
  logic [SpanWidth-1:0] segment;
  logic [SpanWidth-1:0] offset;
  logic [SpanWidth-1:0] all_ones;
  logic [OffsetWidth-1:0] offset_q;
  logic [SlopeWidth+InterceptWidth-1:0] line;
  logic signed [SlopeWidth-1:0] slope;
  logic signed [InterceptWidth-1:0] intercept_q;

  assign table_input = $signed(value_bits[TableInputWidth-1:0]);
  assign lower = $signed(lower_bits);
  assign from_lower = (TableInputWidth + 1)'(table_input) - (TableInputWidth + 1)'(lower);
  assign is_above = $unsigned(from_lower[TableInputWidth-1:0]) > TableInputWidth'(span_limit);
  assign all_ones = '1;
  assign segment = span_q >> segment_bits;
  assign offset = span_q & ~(all_ones << segment_bits);

  always_ff @(posedge clk_i) begin
    if (use_q == UseSpan) begin
      span_q <= from_lower[TableInputWidth] ? '0 : is_above ? span_limit :
          from_lower[SpanWidth-1:0];
    end
    offset_q <= offset[OffsetWidth-1:0];
    intercept_q <= $signed(line[InterceptWidth-1:0]);
  end

  rnnc_rom #(
    .InitFile(TablesFile),
    .Width(SlopeWidth + InterceptWidth),
    .Depth(TableWords)
  ) u_tables (
    .clk_i(clk_i),
    .en_i(op == Table),
    .addr_i(table_base + segment[TableBits-1:0]),
    .data_o(line)
  );

  if (SpanWidth > TableBits) begin : gen_unused_segment
    logic unused_segment;
    assign unused_segment = &{1'b0, segment[SpanWidth-1:TableBits]};
  end

  if (SpanWidth > OffsetWidth) begin : gen_unused_offset
    logic unused_offset;
    assign unused_offset = &{1'b0, offset[SpanWidth-1:OffsetWidth]};
  end

  assign slope = $signed(line[SlopeWidth+InterceptWidth-1:InterceptWidth]);

  // ---- Stage 2: product, or the operand itself.

  logic signed [FactorWidth-1:0] held_q;
  logic signed [FactorWidth-1:0] factor;
  logic signed [OperandWidth-1:0] operand;
  logic signed [OperandWidth-1:0] offset_s;
  logic signed [ProductWidth-1:0] product_q;
  logic signed [SumWidth-1:0] passed_q;
  logic [3:0] use_q2;
  logic starts_q2;
  logic ends_q2;
  logic subtracts_q2;
  logic gate_q;
  logic [ValueBits-1:0] address_q2;

  assign offset_s = $signed({{(OperandWidth - OffsetWidth) {1'b0}}, offset_q});
  assign factor = use_q == UseHeld ? held_q : use_q == UseSlope ? FactorWidth'(slope) :
      FactorWidth'(weight);
  assign operand = use_q == UseSlope ? offset_s : $signed(value_bits[OperandWidth-1:0]);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      use_q2  <= UseNone;
      ends_q2 <= 1'b0;
    end else begin
      use_q2  <= use_q;
      ends_q2 <= ends_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (use_q == UseHold) held_q <= $signed(value_bits[FactorWidth-1:0]);
    if (use_q == UseGate) gate_q <= value > 0;
    product_q <= factor * operand;
    passed_q <= SumWidth'(value) <<< left;
    starts_q2 <= starts_q;
    subtracts_q2 <= subtracts_q;
    address_q2 <= address_q;
  end

  // ---- Stage 3: sum.

  logic signed [SumWidth-1:0] addend;
  logic signed [SumWidth-1:0] sum_base;
  logic signed [SumWidth-1:0] sum_q;
  logic ends_q3;
  logic gate_q3;
  logic [ValueBits-1:0] address_q3;
  logic is_product;

  assign is_product = use_q2 == UseWeight || use_q2 == UseHeld || use_q2 == UseSlope;
  assign addend = is_product ? SumWidth'(product_q) : passed_q;
  assign sum_base = use_q2 == UseSlope ? SumWidth'(intercept_q) : starts_q2 ? '0 : sum_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) ends_q3 <= 1'b0;
    else ends_q3 <= ends_q2;
  end

  always_ff @(posedge clk_i) begin
    if (is_product || use_q2 == UsePass) begin
      sum_q <= subtracts_q2 ? sum_base - addend : sum_base + addend;
    end else if (use_q2 == UseMax && (starts_q2 || passed_q > sum_q)) begin
      sum_q <= passed_q;
    end
    gate_q3 <= op != Gate || gate_q;
    address_q3 <= address_q2;
  end

  // ---- Stages 4 and 5: round, fit, write.

  logic signed [SumWidth-1:0] fitted;
  logic is_zero;
  logic ends_q4;
  logic gate_q4;
  logic [ValueBits-1:0] address_q4;

  rnnc_requantize #(
    .Width(SumWidth)
  ) u_requantize (
    .clk_i(clk_i),
    .in_i(sum_q),
    .shift_i(right),
    .keep_i(keep),
    .rounding_i(rounding),
    .wrap_i(wraps),
    .out_o(fitted)
  );

  assign is_zero = (is_relu && fitted[SumWidth-1]) || !gate_q4;

  logic unused_fitted;
  assign unused_fitted = &{1'b0, fitted[SumWidth-1:ValueWidth]};

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      ends_q4 <= 1'b0;
      write_valid_o <= 1'b0;
    end else begin
      ends_q4 <= ends_q3;
      write_valid_o <= ends_q4 && (is_first_q || !first_only);
    end
  end

  always_ff @(posedge clk_i) begin
    gate_q4 <= gate_q3;
    address_q4 <= address_q3;
    write_instruction_o <= pc_in_effect_q;
    write_address_o <= address_q4;
    write_data_o <= is_zero ? '0 : $signed(fitted[ValueWidth-1:0]);
  end
endmodule

`default_nettype wire
