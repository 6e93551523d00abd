// Real numbers to integers: Swift's own conversions end the program where a number does not fit. These do not, so
// they are what every number that came from a file, an option or a computation on them goes through.

extension FixedWidthInteger {
  /// The whole part of a real number, or the nearest end of the type's range; 0 for no number at all.
  ///
  /// For texts and for bounds that are checked afterwards; `init(checked:in:_:)` refuses instead.
  package init(saturating value: Double) {
    if value.isNaN {
      self = 0
    } else if let whole = Self(exactly: value.rounded(.towardZero)) {
      self = whole
    } else {
      self = value < 0 ? .min : .max
    }
  }

  /// The integer nearest to a real number that came from outside.
  ///
  /// - Parameter fault: what to throw for a number that is none or lies outside of the range.
  /// - Throws: `DiagnosticsEmitted` with that diagnostic.
  package init(
    checked value: Double, in range: ClosedRange<Self>, _ fault: @autoclosure () -> Diagnostic
  ) throws {
    guard let whole = Self(exactly: value.rounded()), range.contains(whole) else {
      throw DiagnosticsEmitted(fault())
    }
    self = whole
  }
}

extension Double {
  /// The number as short as it is: `12` rather than `12.0`, in words of Swift where it is huge, small or none.
  package var compactText: String {
    guard abs(self) < 0x1p53, self == rounded() else { return "\(self)" }
    return "\(Int(saturating: self))"
  }
}
