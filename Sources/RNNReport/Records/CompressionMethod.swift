/// How matrices come to have their structure.
package enum CompressionMethod: String, Sendable, CaseIterable {
  /// ADMM on the trained dense weights, projection, fine-tuning.
  case admm
  /// Projection of the trained dense weights, then training inside the set for as many epochs.
  case projection
  /// Training inside the structure from fresh values for as many epochs, C-LSTM's way.
  case direct
}
