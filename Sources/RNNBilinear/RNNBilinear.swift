// Placeholder until the first type of RNNBilinear lands.
