package import RNNFixedPoint
package import RNNGraph

/// What quantization decided and what each decision costs.
package struct QuantizationPlan: Hashable, Sendable {
  /// Why a value has a format of its own.
  package enum Role: String, Hashable, Sendable, CaseIterable {
    case input, stored, state, preactivation, activation, factor, coefficient
    case integrator, moment, normalized
  }
  /// The format of a value of a layer, and why it has it.
  package struct Value: Hashable, Sendable {
    package var layer: String
    package var node: String
    package var role: Role
    /// The range observed in the float network.
    package var range: ClosedRange<Float>
    package var format: QFormat
    /// True when observed values saturate.
    package var saturates: Bool
  }
  /// The format of a parameter, the fraction bits that it gave up, and its rounding error.
  package struct ParameterEntry: Hashable, Sendable {
    package var layer: String
    package var parameter: String
    package var format: QFormat
    /// The fraction bits that the parameter's own range allows in its width.
    package var naturalFraction: Int
    /// Fraction bits given up because all products of one sum share a grid; 0 for vectors.
    ///
    /// The error that this adds to a sum is no greater than the error that the coarsest term has already.
    package var lostBits: Int
    /// The root of the mean squared rounding error, in the parameter's units.
    package var rmsError: Double
  }

  /// The network with `.quantize` nodes and parameter formats.
  package var network: Network
  package var policy: QuantizationPolicy
  package var values: [Value]
  package var parameters: [ParameterEntry]
}
