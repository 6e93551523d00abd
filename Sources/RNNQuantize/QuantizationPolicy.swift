package import RNNFixedPoint
package import RNNGraph
internal import RNNSupport

/// The bit widths and rules by which a network becomes fixed-point.
///
/// A format's width comes from here, its fraction bits from the observed ranges.
package struct QuantizationPolicy: Hashable, Sendable {
  /// Bits of matrices and of vectors that multiply (peepholes).
  package var weightWidth: Int
  /// Bits of the vectors that a matrix multiplies, of the network's input and output, and of activation outputs.
  package var activationWidth: Int
  /// Bits of states that no matrix multiplies, such as the LSTM's cell state.
  package var stateWidth: Int
  /// Bits of states that sum up over steps, such as a leaky unit's rate or SBO-RNN's h; see `CellGraph.integrators`.
  ///
  /// A matrix still multiplies `activationWidth` bits of them.
  package var integratorWidth: Int
  /// Bits of states that only normalize, such as Adam's mean of squares, and of what only they read.
  ///
  /// A mean of squares has the squared dynamic range of what it averages: to tell apart what a 12-bit value tells
  /// apart it needs 23 bits, and with a decay of 0.999 a change of a thousandth must not round to nothing.
  package var momentWidth: Int
  /// Bits of pre-activations and of factors of element-wise products.
  package var internalWidth: Int
  /// The most bits of a bias, which otherwise lies on the grid of the sum that it is added to.
  package var biasWidth: Int
  /// How values are rounded at run time; parameters are rounded half to even.
  package var rounding: RoundingRule
  /// What observed ranges are multiplied by before integer bits are counted.
  package var margin: Double
  /// Segments of the tables of the sigmoid and tanh, a power of two; nil for as many as each needs.
  package var tableSegments: Int?

  package init(
    weightWidth: Int = 12, activationWidth: Int = 12, stateWidth: Int = 12,
    integratorWidth: Int = 16, momentWidth: Int = 24, internalWidth: Int = 16, biasWidth: Int = 32,
    rounding: RoundingRule = .halfUp,
    margin: Double = 1, tableSegments: Int? = 128
  ) {
    self.weightWidth = weightWidth
    self.activationWidth = activationWidth
    self.stateWidth = stateWidth
    self.integratorWidth = integratorWidth
    self.momentWidth = momentWidth
    self.internalWidth = internalWidth
    self.biasWidth = biasWidth
    self.rounding = rounding
    self.margin = margin
    self.tableSegments = tableSegments
  }

  /// The widths for a network that is not trained any further.
  ///
  /// What is never stored follows from what is: an argument of a table is so fine that rounding it moves the result by at
  /// most a quarter of its ulp (three integer bits and one fraction bit more than a value has), and no table is off by
  /// more than one ulp.
  ///
  /// - Parameters:
  ///   - weightBits: of matrices and peepholes.
  ///   - valueBits: of everything that is stored and multiplied at run time.
  ///   - stateBits: of states that no matrix multiplies, such as the LSTM's c.
  package static func withoutTraining(weightBits: Int, valueBits: Int, stateBits: Int)
    -> QuantizationPolicy
  {
    QuantizationPolicy(
      weightWidth: weightBits, activationWidth: valueBits, stateWidth: stateBits,
      integratorWidth: max(16, valueBits), internalWidth: min(valueBits + 4, 20),
      margin: valueBits >= 10 ? 1.25 : 1, tableSegments: nil)
  }

  /// What a network that was quantized by this policy has besides formats.
  package var integerRules: IntegerRules {
    IntegerRules(inputRounding: rounding, tableSegments: tableSegments)
  }

  /// Refuses widths that no design has.
  ///
  /// - Throws: `DiagnosticsEmitted` with each of them.
  package func check() throws {
    var sink = DiagnosticSink(stage: "quantize")
    check(&sink)
    try sink.throwIfErrors()
  }

  /// Reports settings that no design can have.
  func check(_ sink: inout DiagnosticSink) {
    let widths = [
      ("weightWidth", weightWidth, 2...18), ("activationWidth", activationWidth, 2...18),
      ("stateWidth", stateWidth, 2...18), ("integratorWidth", integratorWidth, 2...18),
      ("momentWidth", momentWidth, 4...26),
      ("internalWidth", internalWidth, 2...20),
      ("biasWidth", biasWidth, 2...40),
    ]
    for (name, width, allowed) in widths where !allowed.contains(width) {
      sink.error(
        "quantization.\(name)", "\(width) bits are not supported",
        fix: "choose \(allowed.lowerBound) to \(allowed.upperBound) bits")
    }
    if !(margin.isFinite && margin > 0) {
      sink.error(
        "quantization.margin", "\(margin) is not a positive number",
        fix: "choose 1 for the observed ranges as they are")
    }
    if let tableSegments,
      tableSegments < 2 || tableSegments > ActivationTable.mostSegments
        || tableSegments.nonzeroBitCount != 1
    {
      sink.error(
        "quantization.tableSegments",
        "\(tableSegments) is not a power of two from 2 to \(ActivationTable.mostSegments)",
        fix: "choose 128")
    }
  }
}
