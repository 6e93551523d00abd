// Placeholder until the first type of RNNCodegen lands.
