`default_nettype none

/// Read-only memory with a registered read port.
///
/// Latency 1 cycle, throughput 1. `data_o` holds while `en_i` is low. The contents are the words of
/// `InitFile` (`$readmemh`); a file has to be given.
///
///     data_o(t+1) = en_i(t) ? memory[addr_i(t)] : data_o(t)
module rnnc_rom #(
  parameter InitFile = "",
  parameter int Width = 8,
  parameter int Depth = 16,
  localparam int AddressWidth = Depth > 1 ? $clog2(Depth) : 1
) (
  input wire logic clk_i,
  input wire logic en_i,
  input wire logic [AddressWidth-1:0] addr_i,
  output logic [Width-1:0] data_o
);
  if (InitFile == "" || Width < 1 || Depth < 1) begin : gen_param_check
    rnnc_rom_bad_params u_bad ();
  end

  logic [Width-1:0] memory[0:Depth-1];

  if (InitFile != "") begin : gen_init
    initial $readmemh(InitFile, memory);
  end

  always_ff @(posedge clk_i) begin
    if (en_i) data_o <= memory[addr_i];
  end
endmodule

`default_nettype wire
