`default_nettype none

/// Lines of `rnnc_sequential`: from an element to slope, intercept and offset of its segment.
///
/// The element is at `value_i` in the cycle of `lookup_i`; `offset_o`, `slope_o` and, a cycle on,
/// `intercept_o` follow 2 cycles after it, while `is_table_i` and the settings hold still.
///
///     d = min(max(value - lower, 0), span_limit)      i = d >> segment_bits
///     offset = d mod 2^segment_bits                   word = tables[table_base + i]
module rnnc_seq_table #(
  parameter TablesFile = "",
  parameter int SlopeWidth = 12,
  parameter int InterceptWidth = 20,
  parameter int TableWords = 64,
  parameter int TableInputWidth = 16,
  parameter int SpanWidth = 12,
  parameter int OffsetWidth = 9,
  parameter int ShiftWidth = 5,
  localparam int TableBits = TableWords > 1 ? $clog2(TableWords) : 1
) (
  input wire logic clk_i,
  input wire logic is_table_i,
  input wire logic lookup_i,
  input wire logic [TableInputWidth-1:0] value_i,
  input wire logic [TableInputWidth-1:0] lower_i,
  input wire logic [SpanWidth-1:0] span_limit_i,
  input wire logic [ShiftWidth-1:0] segment_bits_i,
  input wire logic [TableBits-1:0] table_base_i,
  output logic [OffsetWidth-1:0] offset_o,
  output logic signed [SlopeWidth-1:0] slope_o,
  output logic signed [InterceptWidth-1:0] intercept_o
);
  if (TablesFile == "" || SpanWidth < 1 || SpanWidth > TableInputWidth || OffsetWidth < 1
      || OffsetWidth > SpanWidth || TableBits > SpanWidth) begin : gen_param_check
    rnnc_seq_table_bad_params u_bad ();
  end

  logic signed [TableInputWidth-1:0] value;
  logic signed [TableInputWidth-1:0] lower;
  logic signed [TableInputWidth:0] from_lower;
  logic is_above;
  logic [SpanWidth-1:0] span_q;
  logic [SpanWidth-1:0] segment;
  logic [SpanWidth-1:0] offset;
  logic [SpanWidth-1:0] all_ones;
  logic [TableBits-1:0] address;
  logic [SlopeWidth+InterceptWidth-1:0] line;

  assign value = $signed(value_i);
  assign lower = $signed(lower_i);
  assign from_lower = (TableInputWidth + 1)'(value) - (TableInputWidth + 1)'(lower);
  assign is_above = $unsigned(from_lower[TableInputWidth-1:0]) > TableInputWidth'(span_limit_i);
  assign all_ones = '1;
  assign segment = span_q >> segment_bits_i;
  assign offset = span_q & ~(all_ones << segment_bits_i);
  assign address = table_base_i + segment[TableBits-1:0];
  assign slope_o = $signed(line[SlopeWidth+InterceptWidth-1:InterceptWidth]);

  always_ff @(posedge clk_i) begin
    if (lookup_i) begin
      span_q <= from_lower[TableInputWidth] ? '0 : is_above ? span_limit_i :
          from_lower[SpanWidth-1:0];
    end
    offset_o <= offset[OffsetWidth-1:0];
    intercept_o <= $signed(line[InterceptWidth-1:0]);
  end

  rnnc_rom #(
    .InitFile(TablesFile),
    .Width(SlopeWidth + InterceptWidth),
    .Depth(TableWords)
  ) u_tables (
    .clk_i(clk_i),
    .en_i(is_table_i),
    .addr_i(address),
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
endmodule

`default_nettype wire
