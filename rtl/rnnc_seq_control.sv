`default_nettype none

/// Control of `rnnc_sequential`: takes a frame, steps through the program, gives the frame out.
///
/// Load takes an element a cycle. Each instruction is a cycle of fetch (`fetch_o`: the word of
/// `pc_o` is there in the next cycle), a cycle of `begin_o`, `run_o` until `run_ends_i`, and 3
/// cycles (the last one 5) in which its results reach the memory. Then each element of the output
/// is read (`read_o`) and offered. `beat_o` is the element that is taken, read or offered.
module rnnc_seq_control #(
  parameter int Instructions = 1,
  parameter int AddressWidth = 6,
  parameter int InputElements = 1,
  parameter int OutputElements = 1,
  localparam int ProgramBits = Instructions > 1 ? $clog2(Instructions) : 1
) (
  input wire logic clk_i,
  input wire logic rst_i,
  input wire logic s_valid_i,
  output logic s_ready_o,
  input wire logic s_last_i,
  output logic m_valid_o,
  input wire logic m_ready_i,
  output logic m_last_o,
  output logic frame_error_o,
  output logic accept_o,
  output logic [AddressWidth-1:0] beat_o,
  output logic fetch_o,
  output logic [ProgramBits-1:0] pc_o,
  output logic [ProgramBits-1:0] pc_in_effect_o,
  output logic begin_o,
  output logic run_o,
  input wire logic run_ends_i,
  output logic read_o,
  output logic is_first_o
);
  if (Instructions < 1 || AddressWidth < 1 || InputElements < 1 || OutputElements < 1)
  begin : gen_param_check
    rnnc_seq_control_bad_params u_bad ();
  end

  localparam logic [2:0] Load = 3'd0;
  localparam logic [2:0] Fetch = 3'd1;
  localparam logic [2:0] Begin = 3'd2;
  localparam logic [2:0] Run = 3'd3;
  localparam logic [2:0] Drain = 3'd4;
  localparam logic [2:0] Read = 3'd5;
  localparam logic [2:0] Send = 3'd6;

  logic [2:0] state_q;
  logic [ProgramBits-1:0] pc_q;
  logic [AddressWidth-1:0] beat_q;
  logic [2:0] drain_q;
  logic is_first_q;
  logic is_last_q;
  logic frame_error_q;
  logic at_program_end;
  logic at_input_end;
  logic at_output_end;

  assign at_program_end = pc_q == ProgramBits'(Instructions - 1);
  assign at_input_end = beat_q == AddressWidth'(InputElements - 1);
  assign at_output_end = beat_q == AddressWidth'(OutputElements - 1);
  assign s_ready_o = state_q == Load && !rst_i;
  assign accept_o = s_valid_i && s_ready_o;
  assign m_valid_o = state_q == Send;
  assign m_last_o = is_last_q && at_output_end;
  assign frame_error_o = frame_error_q;
  assign beat_o = beat_q;
  assign pc_o = pc_q;
  assign fetch_o = state_q == Fetch;
  assign begin_o = state_q == Begin;
  assign run_o = state_q == Run;
  assign read_o = state_q == Read;
  assign is_first_o = is_first_q;

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
      if (accept_o && s_last_i && !at_input_end) frame_error_q <= 1'b1;
      if (state_q == Load) begin
        if (accept_o) begin
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
        if (run_ends_i) state_q <= Drain;
      end else if (state_q == Drain) begin
        if (drain_q == 3'd0) begin
          pc_q <= at_program_end ? '0 : pc_q + 1'b1;
          state_q <= at_program_end ? Read : Fetch;
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
    if (state_q == Fetch) pc_in_effect_o <= pc_q;
    if (state_q == Begin) drain_q <= at_program_end ? 3'd4 : 3'd2;
    else if (state_q == Drain) drain_q <= drain_q - 1'b1;
  end

`ifdef RNNC_ASSERTIONS
`include "rnnc_assert.svh"
  `RNNC_ASSERT(StateIsKnown_A, state_q <= Send)
  `RNNC_ASSERT(CounterInProgram_A, int'(pc_q) < Instructions)
  `RNNC_ASSERT(BeatInInput_A, state_q == Load |-> int'(beat_q) < InputElements)
  `RNNC_ASSERT(BeatInOutput_A, state_q == Read || m_valid_o |-> int'(beat_q) < OutputElements)
  `RNNC_ASSERT(DrainIsShort_A, state_q == Drain |-> drain_q <= 3'd4)
  `RNNC_ASSERT_NEXT(OfferHolds_A, m_valid_o && !m_ready_i, m_valid_o)
`endif
endmodule

`default_nettype wire
