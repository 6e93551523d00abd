package import RNNSupport

/// An estimate with its lower and upper end.
///
/// Bands are added end to end, not in quadrature: the coefficients of one device come from one report
/// and one scaling rule, so their errors go the same way.
package struct Band: Hashable, Sendable {
  package var low: Double
  package var value: Double
  package var high: Double

  package init(low: Double, value: Double, high: Double) {
    self.low = low
    self.value = value
    self.high = high
  }
  package init(_ figure: BandedValue) {
    self.init(low: figure.low, value: figure.value, high: figure.high)
  }

  package static let zero = Band(low: 0, value: 0, high: 0)

  /// Adds end to end.
  package static func + (left: Band, right: Band) -> Band {
    Band(
      low: left.low + right.low, value: left.value + right.value, high: left.high + right.high)
  }
  /// Multiplies all three by a number, which must not be negative.
  package static func * (left: Band, right: Double) -> Band {
    Band(low: left.low * right, value: left.value * right, high: left.high * right)
  }
  /// Multiplies two non-negative bands end by end.
  package static func * (left: Band, right: Band) -> Band {
    Band(
      low: left.low * right.low, value: left.value * right.value, high: left.high * right.high)
  }
}

extension Figures {
  /// A band as `value (low to high)`.
  static func text(_ band: Band) -> String {
    "\(text(band.value)) (\(text(band.low)) to \(text(band.high)))"
  }
}

extension Sequence where Element == Band {
  /// The sum, ends added linearly.
  package var total: Band { reduce(.zero, +) }
}
