`default_nettype none

/// Read-only memory with a registered read port.
///
/// Latency `Latency` cycles, 1 or 2, throughput 1: with 2 the word has a register of its own behind
/// the memory's. `data_o` holds while `en_i` is low. The contents are the words of `InitFile`
/// (`$readmemh`); a file has to be given. With `Style` "block" synthesis takes block RAM; with
/// "auto" it may take LUTs, as Yosys does for up to a hundred wide words.
///
///     data_o(t+Latency) = en_i(t) ? memory[addr_i(t)] : data_o(t+Latency-1)
module rnnc_rom #(
  parameter InitFile = "",
  parameter int Width = 8,
  parameter int Depth = 16,
  parameter int Latency = 1,
  parameter Style = "auto",
  localparam int AddressWidth = Depth > 1 ? $clog2(Depth) : 1
) (
  input wire logic clk_i,
  input wire logic en_i,
  input wire logic [AddressWidth-1:0] addr_i,
  output logic [Width-1:0] data_o
);
  if (InitFile == "" || Width < 1 || Depth < 1 || Latency < 1 || Latency > 2 || Style == "")
  begin : gen_param_check
    rnnc_rom_bad_params u_bad ();
  end

  (* rom_style = Style *)
  logic [Width-1:0] memory[0:Depth-1];

  if (InitFile != "") begin : gen_init
    initial $readmemh(InitFile, memory);
  end

  logic [Width-1:0] word_q;

  always_ff @(posedge clk_i) begin
    if (en_i) word_q <= memory[addr_i];
  end

  if (Latency == 1) begin : gen_word
    assign data_o = word_q;
  end else begin : gen_register
    always_ff @(posedge clk_i) data_o <= word_q;
  end
endmodule

`default_nettype wire
