// Placeholder until the first type of RNNVerilog lands.
