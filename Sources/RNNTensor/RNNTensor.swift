// Placeholder until the first type of RNNTensor lands.
