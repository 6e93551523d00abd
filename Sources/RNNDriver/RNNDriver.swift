// Placeholder until the first type of RNNDriver lands.
