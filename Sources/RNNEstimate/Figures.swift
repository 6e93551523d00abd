internal import Foundation
internal import RNNSupport

/// Prints numbers for people: the same text on every machine and in every locale.
package enum Figures {
  /// A number to so many significant digits, with commas between thousands; `0` for zero.
  ///
  /// Whole digits are never rounded away: 12,345 stays 12,345 whatever `digits` says.
  package static func text(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite else { return "-" }
    guard value != 0 else { return "0" }
    let magnitude = Int(saturating: log10(abs(value)).rounded(.down))
    let decimals = max(0, digits - 1 - magnitude)
    guard decimals <= 9, magnitude < 15 else {
      return String(format: "%.\(max(0, digits - 1))e", value)
    }
    return grouped(String(format: "%.\(decimals)f", value))
  }

  /// A whole number with commas between thousands.
  package static func text(_ value: Int) -> String { grouped("\(value)") }

  /// A number of things that may come in halves: whole, or with one decimal.
  package static func count(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "-" }
    return value == value.rounded()
      ? text(Int(saturating: value)) : grouped(String(format: "%.1f", value))
  }

  /// A share between 0 and 1 as a percentage.
  package static func percent(_ share: Double, decimals: Int = 1) -> String {
    guard share.isFinite else { return "-" }
    return String(format: "%.\(decimals)f %%", share * 100)
  }

  /// A band as `value (low to high)`.
  package static func text(_ band: Band, digits: Int = 3) -> String {
    "\(text(band.value, digits: digits)) (\(text(band.low, digits: digits)) to "
      + "\(text(band.high, digits: digits)))"
  }

  /// A power in watts, printed in the unit that suits it.
  package static func watts(_ value: Double) -> String {
    switch abs(value) {
    case 1...: text(value) + " W"
    case 1e-3..<1: text(value * 1e3) + " mW"
    case 0: "0 W"
    default: text(value * 1e6) + " µW"
    }
  }

  private static func grouped(_ digits: String) -> String {
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    let negative = digits.hasPrefix("-")
    let whole = Array(negative ? parts[0].dropFirst() : parts[0])
    guard whole.count > 4 else { return digits }
    var out = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { out.append(",") }
      out.append(digit)
    }
    return (negative ? "-" : "") + out + (parts.count > 1 ? "." + parts[1] : "")
  }
}
