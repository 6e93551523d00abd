`default_nettype none

/// Read-only memory with a registered read port.
///
/// Latency `Latency` cycles, 1 or 2, throughput 1: with 2 the word has a register of its own behind
/// the memory's. `data_o` holds while `en_i` is low. The contents are the lines of `InitFile`
/// (`$readmemh`); a file has to be given. A line has `Interleave` words, a power of two, the first
/// one lowest; more than one needs Latency 2. So a deep memory is one row of blocks, and the choice
/// of a word comes behind the register. With `Style` "block" synthesis takes block RAM; with
/// "auto" it may take LUTs, as Yosys does for up to a hundred wide words.
///
///     data_o(t+Latency) = en_i(t) ? memory[addr_i(t)] : data_o(t+Latency-1)
module rnnc_rom #(
  parameter InitFile = "",
  parameter int Width = 8,
  parameter int Depth = 16,
  parameter int Latency = 1,
  parameter int Interleave = 1,
  parameter Style = "auto",
  localparam int AddressWidth = Depth > 1 ? $clog2(Depth) : 1
) (
  input wire logic clk_i,
  input wire logic en_i,
  input wire logic [AddressWidth-1:0] addr_i,
  output logic [Width-1:0] data_o
);
  localparam int SelectWidth = $clog2(Interleave);
  localparam int LineWidth = Width * Interleave;
  localparam int Lines = (Depth + Interleave - 1) / Interleave;

  if (InitFile == "" || Width < 1 || Depth < 1 || Latency < 1 || Latency > 2 || Style == ""
      || Interleave < 1 || Interleave != 1 << SelectWidth
      || (Interleave > 1 && (Latency < 2 || Depth <= Interleave))) begin : gen_param_check
    rnnc_rom_bad_params u_bad ();
  end

  (* rom_style = Style *)
  logic [LineWidth-1:0] memory[0:Lines-1];

  if (InitFile != "") begin : gen_init
    initial $readmemh(InitFile, memory);
  end

  logic [LineWidth-1:0] line_q;

  always_ff @(posedge clk_i) begin
    if (en_i) line_q <= memory[addr_i[AddressWidth-1:SelectWidth]];
  end

  if (Latency == 1) begin : gen_line
    assign data_o = line_q[Width-1:0];
  end else if (Interleave == 1) begin : gen_register
    always_ff @(posedge clk_i) data_o <= line_q;
  end else begin : gen_select
    logic [SelectWidth-1:0] select_q;
    logic [SelectWidth-1:0] select_q2;
    logic [LineWidth-1:0] line_q2;

    always_ff @(posedge clk_i) begin
      if (en_i) select_q <= addr_i[SelectWidth-1:0];
      select_q2 <= select_q;
      line_q2   <= line_q;
    end
    // Halves of halves: a part select of words becomes a shifter in Yosys.
    for (genvar k = 0; k <= SelectWidth; k = k + 1) begin : gen_part
      logic [(LineWidth>>k)-1:0] part;
      if (k == 0) begin : gen_line
        assign part = line_q2;
      end else begin : gen_half
        assign part = select_q2[SelectWidth-k] ? gen_part[k-1].part[(LineWidth>>k)+:(LineWidth>>k)]
            : gen_part[k-1].part[0+:(LineWidth>>k)];
      end
    end
    assign data_o = gen_part[SelectWidth].part;
  end
endmodule

`default_nettype wire
