// Placeholder until the first type of RNNEstimate lands.
