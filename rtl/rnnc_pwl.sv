`default_nettype none

/// Piecewise-linear function on codes: equal segments over a clamped input range.
///
/// Latency 3 cycles, or with `Deep` 6, throughput 1. `en_i` says that `x_i` counts in this cycle;
/// the result of that cycle is at `y_o` so much later and stays until the next one. Deep registers
/// stand behind the clamp, the memory and the sum.
///
///     s = clamp(x_i, Lower, Lower + Segments * 2^SegmentBits - 1) - Lower
///     i = s >> SegmentBits        d = s mod 2^SegmentBits
///     y_o = saturate(floor((slope[i] * d + intercept[i]) / 2^Shift + 1/2))
///
/// Word i of `InitFile` is {slope, intercept}. The same function as `ActivationTable.code(for:)`,
/// with Shift the fraction bits of the intercept less those of the output.
module rnnc_pwl #(
  parameter InitFile = "",
  parameter int InWidth = 16,
  parameter int OutWidth = 12,
  parameter int Lower = -32768,
  parameter int SegmentBits = 9,
  parameter int Segments = 128,
  parameter int SlopeWidth = 12,
  parameter int InterceptWidth = 20,
  parameter int Shift = 8,
  parameter int Deep = 0
) (
  input wire logic clk_i,
  input wire logic en_i,
  input wire logic signed [InWidth-1:0] x_i,
  output logic signed [OutWidth-1:0] y_o
);
  localparam int IndexBits = $clog2(Segments);
  localparam int Limit = 1 << 30;

  if (InWidth < 1 || InWidth > 31 || OutWidth < 1 || Segments < 1 || Segments != (1 << IndexBits)
      || SegmentBits < 0 || IndexBits + SegmentBits > 29 || SlopeWidth < 1 || InterceptWidth < 1
      || Shift < 0 || Lower < -Limit || Lower >= Limit || Deep < 0 || Deep > 1)
  begin : gen_param_check
    rnnc_pwl_bad_params u_bad ();
  end

  // One unused bit stands for an index or an offset of no bits.
  localparam int IndexWidth = IndexBits > 0 ? IndexBits : 1;
  localparam int OffsetWidth = SegmentBits > 0 ? SegmentBits : 1;
  localparam int SpanBits = IndexBits + SegmentBits;
  localparam int SpanWidth = SpanBits > 0 ? SpanBits : 1;
  localparam int Upper = Lower + (1 << SpanBits) - 1;
  localparam int MinCode = -(1 << (InWidth - 1));
  localparam int MaxCode = (1 << (InWidth - 1)) - 1;
  localparam int ProductWidth = SlopeWidth + OffsetWidth + 1;
  localparam int SumWidth = (ProductWidth > InterceptWidth ? ProductWidth : InterceptWidth) + 1;
  localparam int WordWidth = SlopeWidth + InterceptWidth;

  // Clamp, then split into segment and offset.
  logic signed [31:0] x;
  logic signed [31:0] from_lower;
  logic below;
  logic above;
  logic [SpanWidth-1:0] span;
  logic [IndexWidth-1:0] index;
  logic [OffsetWidth-1:0] offset;

  assign x = 32'(x_i);
  assign from_lower = x - Lower;

  // A bound outside of the input's range is never passed.
  if (Lower > MinCode) begin : gen_below
    assign below = x < Lower;
  end else begin : gen_never_below
    assign below = 1'b0;
  end
  if (Upper < MaxCode) begin : gen_above
    assign above = x > Upper;
  end else begin : gen_never_above
    assign above = 1'b0;
  end

  assign span = below ? '0 : above ? '1 : from_lower[SpanWidth-1:0];

  logic unused_high;
  assign unused_high = &{1'b0, from_lower[31:SpanWidth]};

  if (IndexBits > 0) begin : gen_index
    assign index = span[SpanBits-1-:IndexWidth];
  end else begin : gen_one_segment
    assign index = 1'b0;
  end
  if (SegmentBits > 0) begin : gen_offset
    assign offset = span[OffsetWidth-1:0];
  end else begin : gen_constant_segments
    assign offset = 1'b0;
  end
  if (SpanBits == 0) begin : gen_unused_span
    logic unused_span;
    assign unused_span = &{1'b0, span};
  end

  // The segment goes to the memory; the offset waits for its word.
  localparam int MemoryLatency = Deep == 0 ? 1 : 2;

  logic lookup_en;
  logic [IndexWidth-1:0] lookup_index;
  logic [OffsetWidth-1:0] lookup_offset;
  logic [WordWidth-1:0] word;
  logic word_en;
  logic [OffsetWidth-1:0] word_offset;

  if (Deep == 0) begin : gen_lookup
    assign lookup_en = en_i;
    assign lookup_index = index;
    assign lookup_offset = offset;
  end else begin : gen_lookup_register
    always_ff @(posedge clk_i) begin
      lookup_en <= en_i;
      if (en_i) begin
        lookup_index  <= index;
        lookup_offset <= offset;
      end
    end
  end

  rnnc_rom #(
    .InitFile(InitFile),
    .Width(WordWidth),
    .Depth(Segments),
    .Latency(MemoryLatency)
  ) u_segments (
    .clk_i(clk_i),
    .en_i(lookup_en),
    .addr_i(lookup_index),
    .data_o(word)
  );

  rnnc_delay #(
    .Width(1 + OffsetWidth),
    .Depth(MemoryLatency)
  ) u_offset (
    .clk_i(clk_i),
    .data_i({lookup_en, lookup_offset}),
    .data_o({word_en, word_offset})
  );

  // Multiply; add; round and saturate.
  logic product_en;
  logic sum_en;
  logic signed [OffsetWidth:0] offset_s;
  logic signed [SlopeWidth-1:0] slope_s;
  logic signed [ProductWidth-1:0] product_q;
  logic signed [InterceptWidth-1:0] intercept_q;
  logic signed [SumWidth-1:0] added;
  logic signed [SumWidth-1:0] sum;
  logic signed [OutWidth-1:0] rounded;

  assign offset_s = $signed({1'b0, word_offset});
  assign slope_s = $signed(word[WordWidth-1:InterceptWidth]);
  assign added = SumWidth'(product_q) + SumWidth'(intercept_q);

  if (Deep == 0) begin : gen_sum
    assign sum_en = product_en;
    assign sum = added;
  end else begin : gen_sum_register
    always_ff @(posedge clk_i) begin
      sum_en <= product_en;
      if (product_en) sum <= added;
    end
  end

  rnnc_round_sat #(
    .InWidth(SumWidth),
    .Shift(Shift),
    .OutWidth(OutWidth),
    .Rounding(1)
  ) u_round_sat (
    .in_i(sum),
    .out_o(rounded)
  );

  always_ff @(posedge clk_i) begin
    product_en <= word_en;
    if (word_en) begin
      product_q   <= slope_s * offset_s;
      intercept_q <= $signed(word[InterceptWidth-1:0]);
    end
    if (sum_en) y_o <= rounded;
  end
endmodule

`default_nettype wire
