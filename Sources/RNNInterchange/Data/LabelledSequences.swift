/// Feature sequences with one label each: what a classifier trains on and is measured with.
package struct LabelledSequences: Sendable {
  /// Features per frame.
  package var featureCount: Int
  /// Row-major `[frames][featureCount]`, one per utterance.
  package var sequences: [[Float]]
  /// Indices into `classes`.
  package var labels: [Int]
  /// The file of each utterance, for messages and reports.
  package var names: [String]
  /// The words that the labels stand for.
  package var classes: [String]
  package var count: Int { sequences.count }
  package init(
    featureCount: Int, sequences: [[Float]], labels: [Int], names: [String], classes: [String]
  ) {
    self.featureCount = featureCount
    self.sequences = sequences
    self.labels = labels
    self.names = names
    self.classes = classes
  }
}
