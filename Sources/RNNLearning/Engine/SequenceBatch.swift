/// Sequences of unequal length that a network runs side by side.
///
/// Values lie time-major, `[steps][count][features]` row-major in float32. Positions at or beyond a
/// sequence's length are masked: a network neither reads them nor writes anything but zero to them.
package struct SequenceBatch: Hashable, Sendable {
  /// The number of steps of every sequence, in the order of the batch.
  package let lengths: [Int]
  package let features: Int
  /// The greatest length, T.
  package let steps: Int
  /// T * B * features values, zero where masked.
  package var values: [Float]

  /// The number of sequences, B.
  package var count: Int { lengths.count }
  /// The number of unmasked steps over all sequences.
  package var frames: Int { lengths.reduce(0, +) }

  /// A batch of zeros.
  package init(lengths: [Int], features: Int) {
    precondition(features > 0, "a batch needs at least one feature, not \(features)")
    precondition(lengths.allSatisfy { $0 >= 0 }, "lengths must not be negative: \(lengths)")
    self.lengths = lengths
    self.features = features
    steps = lengths.max() ?? 0
    values = [Float](repeating: 0, count: steps * lengths.count * features)
  }

  /// A batch of sequences, each row-major `[T_i][features]`.
  package init(sequences: [[Float]], features: Int) {
    self.init(
      lengths: sequences.map { sequence in
        precondition(
          sequence.count % features == 0,
          "\(sequence.count) values are not a whole number of frames of \(features)")
        return sequence.count / features
      }, features: features)
    for (b, sequence) in sequences.enumerated() { setSequence(b, to: sequence) }
  }

  /// The position in `values` of the first feature of sequence `b` at step `t`.
  package func offset(step t: Int, sequence b: Int) -> Int { (t * lengths.count + b) * features }

  /// The values of one sequence, row-major `[T_b][features]`.
  package func sequence(_ b: Int) -> [Float] {
    var out: [Float] = []
    out.reserveCapacity(lengths[b] * features)
    for t in 0..<lengths[b] {
      let start = offset(step: t, sequence: b)
      out.append(contentsOf: values[start..<start + features])
    }
    return out
  }

  /// Replaces the values of one sequence, row-major `[T_b][features]`.
  package mutating func setSequence(_ b: Int, to sequence: [Float]) {
    precondition(
      sequence.count == lengths[b] * features,
      "sequence \(b) has \(lengths[b]) x \(features) values, not \(sequence.count)")
    for t in 0..<lengths[b] {
      let start = offset(step: t, sequence: b)
      values.replaceSubrange(
        start..<start + features, with: sequence[t * features..<(t + 1) * features])
    }
  }

  /// One frame: the features of sequence `b` at step `t`.
  package func frame(step t: Int, sequence b: Int) -> ArraySlice<Float> {
    let start = offset(step: t, sequence: b)
    return values[start..<start + features]
  }

  package subscript(step t: Int, sequence b: Int, feature f: Int) -> Float {
    get { values[offset(step: t, sequence: b) + f] }
    set { values[offset(step: t, sequence: b) + f] = newValue }
  }
}
