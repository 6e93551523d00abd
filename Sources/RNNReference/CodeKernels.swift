internal import CRNNKernels
internal import RNNFixedPoint

extension RoundingRule {
  var kernel: rnn_rounding {
    switch self {
    case .down: RNN_ROUND_DOWN
    case .halfUp: RNN_ROUND_HALF_UP
    case .halfToEven: RNN_ROUND_HALF_EVEN
    }
  }
}

extension QFormat {
  func kernel(_ overflow: OverflowRule) -> rnn_format {
    rnn_format(width: Int32(width), wraps: overflow == .wrap ? 1 : 0)
  }
}

extension ActivationTable {
  /// The output codes for a vector of input codes: `code(for:)` of each.
  func apply(to x: UnsafeBufferPointer<Int64>, into y: UnsafeMutableBufferPointer<Int64>) {
    let shift = interceptFraction - output.fraction
    precondition((0...62).contains(shift), "a table drops 0 to 62 bits, not \(shift)")
    slopes.withUnsafeBufferPointer { slopes in
      intercepts.withUnsafeBufferPointer { intercepts in
        var table = rnn_table(
          slopes: slopes.baseAddress, intercepts: intercepts.baseAddress, lower: lower,
          segments: Int64(slopes.count), segment_bits: Int32(segmentBits), shift: Int32(shift),
          output: output.kernel(.saturate))
        rnn_codes_activate(x.baseAddress, Int64(x.count), &table, y.baseAddress)
      }
    }
  }
}
