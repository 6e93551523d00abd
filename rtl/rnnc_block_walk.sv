`default_nettype none

/// Addresses of a block-circulant matrix, entry by entry, row by row.
///
/// Block (I, J) of L x L entries is stored as its first column w, entry (r, c) is w[(r - c) mod L],
/// of the transposed matrix w[(c - r) mod L]; a dense matrix has L = 1. After `start_i` the first
/// entry's address is at `address_o`; every `next_i` moves to the next one in the cycle after, and
/// from the last column (`at_row_end_o`) to the next row.
///
///     address_o = base + I * row_step + J * block_step + (r - c) mod L
///
/// The settings hold still from `start_i` to the last entry. No reset: `start_i` sets everything.
module rnnc_block_walk #(
  parameter int AddressWidth = 12,
  parameter int CountWidth = 8
) (
  input wire logic clk_i,
  input wire logic start_i,
  input wire logic next_i,
  input wire logic [AddressWidth-1:0] base_i,
  input wire logic [AddressWidth-1:0] row_step_i,
  input wire logic [AddressWidth-1:0] block_step_i,
  input wire logic [CountWidth-1:0] last_in_block_i,
  input wire logic [CountWidth-1:0] last_column_i,
  input wire logic transposed_i,
  output logic [AddressWidth-1:0] address_o,
  output logic [CountWidth-1:0] column_o,
  output logic at_row_start_o,
  output logic at_row_end_o
);
  if (AddressWidth < 1 || CountWidth < 1 || CountWidth > AddressWidth) begin : gen_param_check
    rnnc_block_walk_bad_params u_bad ();
  end

  // Address of the block row's first block, and of the block.
  logic [AddressWidth-1:0] row_base_q;
  logic [AddressWidth-1:0] block_base_q;
  // Row and column within the block, column of the matrix, place in w of the entry and of the
  // row's first entry.
  logic [CountWidth-1:0] row_q;
  logic [CountWidth-1:0] within_q;
  logic [CountWidth-1:0] column_q;
  logic [CountWidth-1:0] place_q;
  logic [CountWidth-1:0] first_place_q;

  logic at_block_end;
  logic at_block_row_end;
  logic [CountWidth-1:0] place_up;
  logic [CountWidth-1:0] place_down;
  logic [CountWidth-1:0] first_up;
  logic [CountWidth-1:0] first_down;
  logic [AddressWidth-1:0] row_base_next;

  assign at_row_start_o = column_q == '0;
  assign at_row_end_o = column_q == last_column_i;
  assign at_block_end = within_q == last_in_block_i;
  assign at_block_row_end = row_q == last_in_block_i;
  assign place_up = place_q == last_in_block_i ? '0 : place_q + 1'b1;
  assign place_down = place_q == '0 ? last_in_block_i : place_q - 1'b1;
  assign first_up = first_place_q == last_in_block_i ? '0 : first_place_q + 1'b1;
  assign first_down = first_place_q == '0 ? last_in_block_i : first_place_q - 1'b1;
  assign row_base_next = at_block_row_end ? row_base_q + row_step_i : row_base_q;
  assign address_o = block_base_q + AddressWidth'(place_q);
  assign column_o = column_q;

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      row_base_q <= base_i;
      block_base_q <= base_i;
      row_q <= '0;
      within_q <= '0;
      column_q <= '0;
      place_q <= '0;
      first_place_q <= '0;
    end else if (next_i) begin
      if (at_row_end_o) begin
        row_base_q <= row_base_next;
        block_base_q <= row_base_next;
        row_q <= at_block_row_end ? '0 : row_q + 1'b1;
        within_q <= '0;
        column_q <= '0;
        // Rows of the matrix go up in w, rows of the transposed one down.
        first_place_q <= transposed_i ? first_down : first_up;
        place_q <= transposed_i ? first_down : first_up;
      end else begin
        if (at_block_end) block_base_q <= block_base_q + block_step_i;
        within_q <= at_block_end ? '0 : within_q + 1'b1;
        column_q <= column_q + 1'b1;
        place_q <= transposed_i ? place_up : place_down;
      end
    end
  end
endmodule

`default_nettype wire
