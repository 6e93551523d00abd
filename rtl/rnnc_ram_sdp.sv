`default_nettype none

/// Simple dual-port memory: one write port and one registered read port on one clock.
///
/// Read latency `Latency` cycles, 1 or 2, throughput 1 on both ports: with 2 the word has a
/// register of its own behind the memory's. `rdata_o` holds while `re_i` is low. Reading an
/// address in the cycle that writes it, or before any write to it, gives an undefined word. With
/// `InitFile` (`$readmemh`) the words are those of the file until they are written.
///
///     rdata_o(t+Latency) = re_i(t) ? memory[raddr_i(t)] : rdata_o(t+Latency-1)
module rnnc_ram_sdp #(
  parameter InitFile = "",
  parameter int Width = 8,
  parameter int Depth = 16,
  parameter int Latency = 1,
  localparam int AddressWidth = Depth > 1 ? $clog2(Depth) : 1
) (
  input wire logic clk_i,
  input wire logic we_i,
  input wire logic [AddressWidth-1:0] waddr_i,
  input wire logic [Width-1:0] wdata_i,
  input wire logic re_i,
  input wire logic [AddressWidth-1:0] raddr_i,
  output logic [Width-1:0] rdata_o
);
  if (Width < 1 || Depth < 1 || Latency < 1 || Latency > 2) begin : gen_param_check
    rnnc_ram_sdp_bad_params u_bad ();
  end

  // The attribute keeps Yosys from adding logic that would define the undefined case.
  (* no_rw_check *)
  logic [Width-1:0] memory[0:Depth-1];

  if (InitFile != "") begin : gen_init
    initial $readmemh(InitFile, memory);
  end

  always_ff @(posedge clk_i) begin
    if (we_i) memory[waddr_i] <= wdata_i;
  end

  logic [Width-1:0] word_q;

  always_ff @(posedge clk_i) begin
    if (re_i) word_q <= memory[raddr_i];
  end

  if (Latency == 1) begin : gen_word
    assign rdata_o = word_q;
  end else begin : gen_register
    always_ff @(posedge clk_i) rdata_o <= word_q;
  end
endmodule

`default_nettype wire
