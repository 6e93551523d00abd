`default_nettype none

/// Drops `shift_i` bits with rounding, then fits the rest into `keep_i` + 1 bits.
///
/// Latency 1 cycle to `out_o`, throughput 1; the settings hold still while a code is inside.
///
///     out_o(t+1) = fit(round(in_i(t) / 2^shift_i))
///
/// The function of `rnnc_round_sat` with shift, width and rounding as signals: for a unit that
/// serves many formats. `rounding_i` 0: toward minus infinity. 1: to nearest, ties toward plus
/// infinity. 2: to nearest, ties to even. `wrap_i` keeps the low bits instead of the nearest code.
/// `in_i` needs a spare bit: |in_i| + 2^(shift_i - 1) fits into Width bits; shift_i < Width and
/// keep_i < Width.
module rnnc_requantize #(
  parameter int Width = 24,
  localparam int ShiftWidth = $clog2(Width)
) (
  input wire logic clk_i,
  input wire logic signed [Width-1:0] in_i,
  input wire logic [ShiftWidth-1:0] shift_i,
  input wire logic [ShiftWidth-1:0] keep_i,
  input wire logic [1:0] rounding_i,
  input wire logic wrap_i,
  output logic signed [Width-1:0] out_o
);
  if (Width < 2) begin : gen_param_check
    rnnc_requantize_bad_params u_bad ();
  end

  logic [Width-1:0] ones;
  logic [Width-1:0] below_shift;
  logic signed [Width-1:0] half;
  logic signed [Width-1:0] sum_q;
  logic signed [Width-1:0] shifted;
  logic signed [Width-1:0] rounded;
  logic is_tie;

  assign ones = '1;
  assign below_shift = ~(ones << shift_i);
  // The highest of the dropped bits alone.
  assign half = rounding_i == 2'd0 ? '0 : $signed(below_shift ^ (below_shift >> 1));
  assign shifted = sum_q >>> shift_i;
  // A tie has become a whole number: nothing is left below the shift.
  assign is_tie = rounding_i == 2'd2 && shift_i != '0 && ($unsigned(sum_q) & below_shift) == '0;
  assign rounded = {shifted[Width-1:1], shifted[0] && !is_tie};

  always_ff @(posedge clk_i) sum_q <= in_i + half;

  // Bits that all equal the sign in a code that fits.
  logic [Width-1:0] above;
  logic is_negative;
  logic fits;
  logic sign_kept;
  logic [Width-1:0] wrapped;
  logic [Width-1:0] limit;

  assign above = ones << keep_i;
  assign is_negative = rounded[Width-1];
  assign fits = is_negative ? ($unsigned(rounded) | ~above) == ones :
      ($unsigned(rounded) & above) == '0;
  assign sign_kept = rounded[keep_i];
  assign wrapped = ($unsigned(rounded) & ~above) | (sign_kept ? above : '0);
  assign limit = is_negative ? above : ~above;
  assign out_o = fits ? rounded : $signed(wrap_i ? wrapped : limit);
endmodule

`default_nettype wire
