// Placeholder until the first type of RNNCosim lands.
