// Placeholder until the first type of RNNLearning lands.
