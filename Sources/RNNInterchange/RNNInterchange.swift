// Placeholder until the first type of RNNInterchange lands.
