// Placeholder until the first type of RNNReference lands.
