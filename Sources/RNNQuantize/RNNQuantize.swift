// Placeholder until the first type of RNNQuantize lands.
