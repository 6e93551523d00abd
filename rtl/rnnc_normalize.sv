`default_nettype none

/// v / sqrt(s) on codes: normalised square, lines for the root of its mantissa, product, shift.
///
/// Latency 9 cycles, or with `Deep` 12, throughput 1: deep registers halve the normalisation,
/// stand behind the memory and before the second multiplier.
///
///     t = max(s_i, 0) + Floor              e greatest with t 4^e < 2^TotalBits,  m = t 4^e
///     i = m >> OffsetBits, less 2^IndexBits,  d = m mod 2^OffsetBits
///     r = (intercept[i] - slope[i] * d) >> DropBits
///     y_o = saturate(floor(v_i * r * 2^e / 2^Shift + 1/2))
///
/// OffsetBits is TotalBits - 2 - IndexBits; a negative Shift multiplies. Word i of `InitFile` is
/// {slope, intercept}, both unsigned, for 3 * 2^IndexBits segments; the intercept has
/// RootBits + 1 + DropBits bits. The same function as `Normalization.code(for:by:)`, which also
/// says how near it is to the real one. A negative square counts as zero.
module rnnc_normalize #(
  parameter InitFile = "",
  parameter int ValueWidth = 12,
  parameter int SquareWidth = 24,
  parameter int OutWidth = 16,
  parameter int Floor = 1,
  parameter int TotalBits = 24,
  parameter int IndexBits = 6,
  parameter int SlopeWidth = 12,
  parameter int RootBits = 17,
  parameter int DropBits = 18,
  parameter int Shift = 17,
  parameter int Deep = 0
) (
  input wire logic clk_i,
  input wire logic signed [ValueWidth-1:0] v_i,
  input wire logic signed [SquareWidth-1:0] s_i,
  output logic signed [OutWidth-1:0] y_o
);
  localparam int OffsetBits = TotalBits - 2 - IndexBits;
  localparam int InterceptWidth = RootBits + 1 + DropBits;
  localparam int LargestShift = (TotalBits - 1) / 2;
  localparam int ShiftWidth = $clog2(LargestShift + 1);

  if (InitFile == "" || ValueWidth < 1 || SquareWidth < 1 || OutWidth < 1 || Floor < 1
      || TotalBits < 4 || TotalBits > 30 || TotalBits < SquareWidth || IndexBits < 0
      || OffsetBits < 0 || SlopeWidth < 1 || RootBits < 1 || DropBits < 1 || Deep < 0 || Deep > 1)
  begin : gen_param_check
    rnnc_normalize_bad_params u_bad ();
  end

  // One unused bit stands for an offset of no bits.
  localparam int OffsetWidth = OffsetBits > 0 ? OffsetBits : 1;
  localparam int WordWidth = SlopeWidth + InterceptWidth;
  localparam int LineWidth = SlopeWidth + OffsetWidth;
  localparam int DifferenceWidth = LineWidth > InterceptWidth ? LineWidth : InterceptWidth;
  localparam int ProductWidth = ValueWidth + RootBits + 2;
  localparam int ShiftedWidth = ProductWidth + LargestShift;
  localparam int Zeros = Shift < 0 ? -Shift : 0;
  localparam int Dropped = Shift < 0 ? 0 : Shift;

  // Stage 1: the square, never negative, and the floor under it.
  logic [TotalBits-1:0] square;
  logic [TotalBits-1:0] total_q;

  assign square = s_i[SquareWidth-1] ? '0 : TotalBits'($unsigned(s_i));

  // Stage 2: shift left by the greatest even number of bits that are all zero; a deep design takes
  // the greater half of the powers of two in a stage of its own.
  localparam int BothWidth = ShiftWidth + TotalBits;
  localparam logic [ShiftWidth-1:0] AllPowers = '1;
  localparam logic [ShiftWidth-1:0] CoarsePowers = AllPowers << (Deep == 0 ? 0 : ShiftWidth / 2);
  localparam int MemoryLatency = Deep == 0 ? 1 : 2;

  logic [BothWidth-1:0] coarse;
  logic [BothWidth-1:0] normalised;
  logic [TotalBits-1:0] mantissa_q;
  logic [ShiftWidth-1:0] shift_q;

  // Half of the shift, then what it leaves; one power of two after the other, the greatest
  // first, if `s` has it.
  function automatic [BothWidth-1:0] normalise(input [BothWidth-1:0] old, input [ShiftWidth-1:0] s);
    logic [TotalBits-1:0] rest;
    logic [ShiftWidth-1:0] half;
    {half, rest} = old;
    for (int i = ShiftWidth - 1; i >= 0; i = i - 1) begin
      if (s[i] && (rest >> (TotalBits - (2 << i))) == '0) begin
        rest = rest << (2 << i);
        half = half | (ShiftWidth'(1) << i);
      end
    end
    normalise = {half, rest};
  endfunction

  assign coarse = normalise({{ShiftWidth{1'b0}}, total_q}, CoarsePowers);
  if (Deep == 0) begin : gen_coarse
    assign normalised = coarse;
  end else begin : gen_fine
    logic [BothWidth-1:0] coarse_q;
    always_ff @(posedge clk_i) coarse_q <= coarse;
    assign normalised = normalise(coarse_q, ~CoarsePowers);
  end

  // Stage 3: the line of the mantissa's segment; its top two bits are 01, 10 or 11.
  logic [IndexBits+1:0] index;
  logic [1:0] top;
  logic [OffsetWidth-1:0] offset;
  logic [OffsetWidth-1:0] word_offset;
  logic [WordWidth-1:0] word;

  assign top = mantissa_q[TotalBits-1-:2] - 2'd1;
  if (IndexBits > 0) begin : gen_index
    assign index = {top, mantissa_q[TotalBits-3-:IndexBits]};
  end else begin : gen_three_segments
    assign index = top;
  end
  if (OffsetBits > 0) begin : gen_offset
    assign offset = mantissa_q[OffsetWidth-1:0];
  end else begin : gen_no_offset
    assign offset = 1'b0;
  end

  rnnc_rom #(
    .InitFile(InitFile),
    .Width(WordWidth),
    .Depth(3 << IndexBits),
    .Latency(MemoryLatency)
  ) u_segments (
    .clk_i(clk_i),
    .en_i(1'b1),
    .addr_i(index),
    .data_o(word)
  );

  rnnc_delay #(
    .Width(OffsetWidth),
    .Depth(MemoryLatency)
  ) u_offset (
    .clk_i(clk_i),
    .data_i(offset),
    .data_o(word_offset)
  );

  // Stage 4: multiply. Stage 5: subtract; a root is never negative.
  logic [SlopeWidth-1:0] slope;
  logic [LineWidth-1:0] line_q;
  logic [InterceptWidth-1:0] intercept_q;
  logic [DifferenceWidth-1:0] difference;
  logic signed [RootBits+1:0] root_q;

  assign slope = word[WordWidth-1:InterceptWidth];
  assign difference = DifferenceWidth'(intercept_q) - DifferenceWidth'(line_q);

  logic unused_difference;
  assign unused_difference = &{1'b0, difference[DropBits-1:0]};
  if (DifferenceWidth > InterceptWidth) begin : gen_unused
    logic unused_high;
    assign unused_high = &{1'b0, difference[DifferenceWidth-1:InterceptWidth]};
  end

  // Stages 6 and 7: the value times the root.
  logic [ValueWidth-1:0] value_bits;
  logic [ValueWidth-1:0] value_waits;
  logic signed [ValueWidth-1:0] value;
  logic signed [ProductWidth-1:0] product;
  logic [ShiftWidth-1:0] shift_waits;

  assign value_bits = $unsigned(v_i);

  rnnc_delay #(
    .Width(ValueWidth),
    .Depth(4 + Deep + MemoryLatency)
  ) u_value (
    .clk_i(clk_i),
    .data_i(value_bits),
    .data_o(value_waits)
  );

  assign value = $signed(value_waits);

  rnnc_mul #(
    .AWidth(ValueWidth),
    .BWidth(RootBits + 2),
    .Deep(Deep)
  ) u_product (
    .clk_i(clk_i),
    .a_i(value),
    .b_i(root_q),
    .p_o(product)
  );

  rnnc_delay #(
    .Width(ShiftWidth),
    .Depth(4 + Deep + MemoryLatency)
  ) u_shift (
    .clk_i(clk_i),
    .data_i(shift_q),
    .data_o(shift_waits)
  );

  // Stage 8: shift. Stage 9: round and saturate.
  logic signed [ShiftedWidth-1:0] wide;
  logic signed [ShiftedWidth-1:0] shifted_q;
  logic signed [ShiftedWidth+Zeros-1:0] scaled;
  logic signed [OutWidth-1:0] rounded;

  assign wide = ShiftedWidth'(product);
  if (Zeros > 0) begin : gen_zeros
    assign scaled = $signed({shifted_q, {Zeros{1'b0}}});
  end else begin : gen_whole
    assign scaled = shifted_q;
  end

  rnnc_round_sat #(
    .InWidth(ShiftedWidth + Zeros),
    .Shift(Dropped),
    .OutWidth(OutWidth),
    .Rounding(1)
  ) u_round_sat (
    .in_i(scaled),
    .out_o(rounded)
  );

  always_ff @(posedge clk_i) begin
    total_q     <= square + TotalBits'(Floor);
    mantissa_q  <= normalised[TotalBits-1:0];
    shift_q     <= normalised[ShiftWidth+TotalBits-1:TotalBits];
    line_q      <= LineWidth'(slope) * LineWidth'(word_offset);
    intercept_q <= word[InterceptWidth-1:0];
    root_q      <= $signed({1'b0, difference[InterceptWidth-1:DropBits]});
    shifted_q   <= wide <<< shift_waits;
    y_o         <= rounded;
  end
endmodule

`default_nettype wire
