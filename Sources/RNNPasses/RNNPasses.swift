// Placeholder until the first type of RNNPasses lands.
