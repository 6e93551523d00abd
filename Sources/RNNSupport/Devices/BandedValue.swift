/// A figure with its uncertainty and where it comes from.
package struct BandedValue: Hashable, Sendable {
  /// How a figure was obtained.
  package enum Kind: String, CaseIterable, Sendable {
    /// Read from an instrument on the device.
    case measured
    /// Arithmetic on figures of a cited tool report.
    case derived
    /// From memory, not looked up again.
    case recalled
    /// Carried over from another device by the rule in `source`.
    case scaled
    /// A choice without a published figure behind it.
    case assumed
  }
  package var value: Double
  package var low: Double
  package var high: Double
  package var kind: Kind
  /// Where the figure comes from, or the rule that made it.
  package var source: String

  package init(_ value: Double, low: Double, high: Double, kind: Kind, source: String) {
    precondition(
      low >= 0 && low <= value && value <= high && high.isFinite,
      "a band needs 0 <= low <= value <= high, found \(low), \(value), \(high)")
    self.value = value
    self.low = low
    self.high = high
    self.kind = kind
    self.source = source
  }
}
