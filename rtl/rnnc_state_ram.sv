`default_nettype none

/// Memory of a vector of states, as `rnnc_ram_sdp`, with a port to read and write single elements.
///
/// A word holds `Elements` elements, element 0 lowest; an address is {bank, word}. The window port
/// is for a core that stands still: `window_index_i` and `window_bank_i` hold from 2 cycles before
/// `window_read_i` until the cycle after it. In that cycle the element is in `window_data_o`, and
/// `window_write_i` puts `window_data_i` in its place: the rest of the word stays, and what lies
/// beyond the vector's end becomes zero. `Latency`, 1 or 2, is that of `rdata_o` alone.
///
///     window_data_o(t+1) = memory[{bank, index / Elements}][index % Elements]
module rnnc_state_ram #(
  parameter int ElementWidth = 8,
  parameter int Elements = 4,
  parameter int Size = 10,
  parameter int Banks = 2,
  parameter int Latency = 1,
  localparam int Words = (Size + Elements - 1) / Elements,
  localparam int WordBits = Words > 1 ? $clog2(Words) : 1,
  localparam int BankBits = Banks > 1 ? $clog2(Banks) : 1,
  localparam int IndexBits = Size > 1 ? $clog2(Size) : 1
) (
  input wire logic clk_i,
  input wire logic we_i,
  input wire logic [BankBits+WordBits-1:0] waddr_i,
  input wire logic [Elements*ElementWidth-1:0] wdata_i,
  input wire logic re_i,
  input wire logic [BankBits+WordBits-1:0] raddr_i,
  output logic [Elements*ElementWidth-1:0] rdata_o,
  input wire logic window_read_i,
  input wire logic window_write_i,
  input wire logic [BankBits-1:0] window_bank_i,
  input wire logic [IndexBits-1:0] window_index_i,
  input wire logic [ElementWidth-1:0] window_data_i,
  output logic [ElementWidth-1:0] window_data_o
);
  localparam int LaneBits = Elements > 1 ? $clog2(Elements) : 1;
  localparam int Width = Elements * ElementWidth;
  // Elements of the last word.
  localparam int Last = Size - (Words - 1) * Elements;

  // The bound keeps the reciprocal below in 31 bits.
  if (ElementWidth < 1 || Elements < 1 || Size < 1 || Banks < 1 || IndexBits + LaneBits > 29
      || Latency < 1 || Latency > 2)
  begin : gen_param_check
    rnnc_state_ram_bad_params u_bad ();
  end

  logic [WordBits-1:0] word;
  logic [LaneBits-1:0] lane;
  logic [Width-1:0] read_word;

  if (Elements == 1) begin : gen_single
    assign word = window_index_i;
    assign lane = '0;
  end else if (Words == 1) begin : gen_one_word
    assign word = '0;
    assign lane = LaneBits'(window_index_i);
  end else if ((Elements & (Elements - 1)) == 0) begin : gen_power_of_two
    assign word = window_index_i[IndexBits-1:LaneBits];
    assign lane = window_index_i[LaneBits-1:0];
  end else begin : gen_quotient
    // floor(index / Elements) by the rounded-up reciprocal: exact, because its error times an index
    // stays below 2^Shift / Elements.
    localparam int Shift = IndexBits + LaneBits;
    localparam int ProductBits = 2 * IndexBits + 2;
    localparam logic [ProductBits-1:0] Reciprocal =
        ProductBits'(((1 << Shift) + Elements - 1) / Elements);
    localparam logic [IndexBits-1:0] Divisor = IndexBits'(Elements);
    logic [ProductBits-1:0] product;
    logic [IndexBits-1:0] skipped, rest;
    logic [WordBits-1:0] word_q;
    logic [LaneBits-1:0] lane_q;
    logic unused_bits;
    // Written as sums: a product would take a multiplier block from the lanes.
    always_comb begin
      product = '0;
      for (int i = 0; i < ProductBits; i = i + 1) begin
        if (Reciprocal[i]) product = product + (ProductBits'(window_index_i) << i);
      end
      skipped = '0;
      for (int i = 0; i < IndexBits; i = i + 1) begin
        if (Divisor[i]) skipped = skipped + (IndexBits'(word_q) << i);
      end
    end
    assign rest = window_index_i - skipped;
    assign unused_bits = &{1'b0, product, rest};
    always_ff @(posedge clk_i) begin
      word_q <= product[Shift+:WordBits];
      lane_q <= rest[LaneBits-1:0];
    end
    assign word = word_q;
    assign lane = lane_q;
  end

  // The element that is meant, and those that a write keeps; what lies beyond the end becomes zero.
  // From registers, so that a bit of the written word is a function of six signals.
  logic [Elements-1:0] hit_q, kept_q;
  logic [Width-1:0] written;

  for (genvar i = 0; i < Elements; i = i + 1) begin : gen_element
    localparam int Low = i * ElementWidth;
    logic is_kept;
    if (i < Last) begin : gen_inside
      assign is_kept = 1'b1;
    end else if (Words > 1) begin : gen_inside_but_last
      assign is_kept = word != WordBits'(Words - 1);
    end else begin : gen_beyond
      assign is_kept = 1'b0;
    end
    always_ff @(posedge clk_i) begin
      hit_q[i] <= lane == LaneBits'(i);
      kept_q[i] <= lane != LaneBits'(i) && is_kept;
    end
    assign written[Low+:ElementWidth] =
        ({ElementWidth{!window_write_i}} & wdata_i[Low+:ElementWidth]) |
        ({ElementWidth{window_write_i && hit_q[i]}} & window_data_i) |
        ({ElementWidth{window_write_i && kept_q[i]}} & read_word[Low+:ElementWidth]);
  end

  for (genvar b = 0; b < ElementWidth; b = b + 1) begin : gen_bit
    logic [Elements-1:0] column;
    for (genvar i = 0; i < Elements; i = i + 1) begin : gen_row
      assign column[i] = hit_q[i] && read_word[i*ElementWidth+b];
    end
    assign window_data_o[b] = |column;
  end

  rnnc_ram_sdp #(
    .Width(Width),
    .Depth(Banks << WordBits),
    .Latency(1)
  ) u_memory (
    .clk_i(clk_i),
    .we_i(we_i || window_write_i),
    .waddr_i(window_write_i ? {window_bank_i, word} : waddr_i),
    .wdata_i(written),
    .re_i(re_i || window_read_i),
    .raddr_i(window_read_i ? {window_bank_i, word} : raddr_i),
    .rdata_o(read_word)
  );

  if (Latency == 1) begin : gen_word
    assign rdata_o = read_word;
  end else begin : gen_register
    always_ff @(posedge clk_i) rdata_o <= read_word;
  end
endmodule

`default_nettype wire
