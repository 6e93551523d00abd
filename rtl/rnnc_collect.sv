`default_nettype none

/// Collects steps of `Elements` elements into memory words of `WordElements` elements.
///
/// The first step of a word goes to its least significant end. `word_valid_o` rises for one cycle,
/// 1 cycle after the step that fills the word or that comes with `last_i`; `word_o` is the word in
/// that cycle, with zeros where no step has written. Throughput: one step per cycle, without gaps
/// between words. With Elements equal to WordElements it is one register stage.
///
/// `last_i` counts only together with `valid_i`. The reset drops a started word.
module rnnc_collect #(
  parameter int ElementWidth = 8,
  parameter int Elements = 1,
  parameter int WordElements = 4
) (
  input wire logic clk_i,
  input wire logic rst_i,
  input wire logic valid_i,
  input wire logic last_i,
  input wire logic [Elements*ElementWidth-1:0] data_i,
  output logic word_valid_o,
  output logic [WordElements*ElementWidth-1:0] word_o
);
  localparam int StepWidth = Elements * ElementWidth;
  localparam int Steps = WordElements / Elements;

  if (ElementWidth < 1 || Elements < 1 || Steps < 1 || Steps * Elements != WordElements)
  begin : gen_param_check
    rnnc_collect_bad_params u_bad ();
  end

  if (Steps == 1) begin : gen_register
    logic unused_last;
    assign unused_last = &{1'b0, last_i};

    always_ff @(posedge clk_i) begin
      if (rst_i) word_valid_o <= 1'b0;
      else word_valid_o <= valid_i;
    end

    always_ff @(posedge clk_i) begin
      if (valid_i) word_o <= data_i;
    end
  end else begin : gen_collect
    localparam int CountWidth = $clog2(Steps);
    localparam logic [CountWidth-1:0] LastCount = CountWidth'(Steps - 1);

    // The place of the next step.
    logic [CountWidth-1:0] count_q;
    logic completes;

    assign completes = valid_i && (last_i || count_q == LastCount);

    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        word_valid_o <= 1'b0;
        count_q <= '0;
      end else begin
        word_valid_o <= completes;
        if (completes) count_q <= '0;
        else if (valid_i) count_q <= count_q + 1'b1;
      end
    end

    for (genvar i = 0; i < Steps; i = i + 1) begin : gen_step
      always_ff @(posedge clk_i) begin
        if (valid_i) begin
          if (count_q == CountWidth'(i)) word_o[i*StepWidth+:StepWidth] <= data_i;
          else if (count_q == '0) word_o[i*StepWidth+:StepWidth] <= '0;
        end
      end
    end

`ifdef RNNC_ASSERTIONS
`include "rnnc_assert.svh"
    `RNNC_ASSERT(CountInRange_A, count_q <= LastCount)
    `RNNC_ASSERT_NEXT(WordWhenComplete_A, completes, word_valid_o)
`endif
  end
endmodule

`default_nettype wire
