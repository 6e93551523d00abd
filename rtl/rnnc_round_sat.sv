`default_nettype none

/// Drops `Shift` bits with rounding, then saturates to `OutWidth` bits. Combinational.
///
///     out_o = saturate(round(in_i / 2^Shift))
///
/// Rounding 0: toward minus infinity. 1: to nearest, ties toward plus infinity. 2: to nearest, ties
/// to even. The same function as `requantized` in RNNFixedPoint, for every combination of widths:
/// Shift may reach or exceed InWidth, and OutWidth may exceed what is left.
module rnnc_round_sat #(
  parameter int InWidth = 16,
  parameter int Shift = 4,
  parameter int OutWidth = 8,
  parameter int Rounding = 1
) (
  input wire logic signed [InWidth-1:0] in_i,
  output logic signed [OutWidth-1:0] out_o
);
  if (InWidth < 1 || Shift < 0 || OutWidth < 1 || Rounding < 0 || Rounding > 2)
  begin : gen_param_check
    rnnc_round_sat_bad_params u_bad ();
  end

  // At least one bit above the dropped ones.
  localparam int ExtWidth = InWidth > Shift ? InWidth : Shift + 1;
  localparam int FloorWidth = ExtWidth - Shift;
  // Rounding up carries into one more bit.
  localparam int MidWidth = FloorWidth + 1;

  logic signed [ExtWidth-1:0] ext;
  logic signed [FloorWidth-1:0] floor;
  logic signed [MidWidth-1:0] mid;
  logic round_up;

  assign ext   = ExtWidth'(in_i);
  assign floor = $signed(ext[ExtWidth-1:Shift]);

  if (Shift == 0) begin : gen_exact
    assign round_up = 1'b0;
  end else if (Rounding == 0) begin : gen_down
    logic unused_bits;
    assign unused_bits = &{1'b0, ext[Shift-1:0]};
    assign round_up = 1'b0;
  end else if (Rounding == 1) begin : gen_half_up
    if (Shift > 1) begin : gen_unused
      logic unused_bits;
      assign unused_bits = &{1'b0, ext[Shift-2:0]};
    end
    assign round_up = ext[Shift-1];
  end else if (Shift == 1) begin : gen_even_of_one
    assign round_up = ext[0] && floor[0];
  end else begin : gen_even
    assign round_up = ext[Shift-1] && ((|ext[Shift-2:0]) || floor[0]);
  end

  assign mid = MidWidth'(floor) + $signed({{(MidWidth - 1) {1'b0}}, round_up});

  if (OutWidth >= MidWidth) begin : gen_extend
    assign out_o = OutWidth'(mid);
  end else if (OutWidth == 1) begin : gen_sign
    // The two codes of one bit are -1 and 0, which the sign alone decides.
    logic unused_bits;
    assign unused_bits = &{1'b0, mid[MidWidth-2:0]};
    assign out_o = mid[MidWidth-1];
  end else begin : gen_saturate
    logic fits;
    assign fits = mid[MidWidth-1:OutWidth-1] == {(MidWidth - OutWidth + 1) {mid[MidWidth-1]}};
    assign out_o = fits ? $signed(mid[OutWidth-1:0]) :
        $signed({mid[MidWidth-1], {(OutWidth - 1) {!mid[MidWidth-1]}}});
  end
endmodule

`default_nettype wire
