internal import Foundation

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

  /// A power in watts, printed in the unit that suits it.
  package static func watts(_ value: Double) -> String {
    switch abs(value) {
    case 1...: text(value) + " W"
    case 1e-3..<1: text(value * 1e3) + " mW"
    case 0: "0 W"
    default: text(value * 1e6) + " µW"
    }
  }

  /// A number with so many digits after the point; a half goes away from zero, and a zero has no sign.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    let scale = power(decimals)
    let scaled = (value * Double(scale)).rounded()
    guard abs(scaled) < 1e15 else { return "\(value)" }
    let magnitude = Int(saturating: abs(scaled))
    let sign = scaled < 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(magnitude)" }
    let fraction = "\(magnitude % scale)"
    return "\(sign)\(magnitude / scale)."
      + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// A number with so many digits after the point as C prints it, so that a small negative one keeps its sign.
  package static func printed(_ value: Double, _ decimals: Int) -> String {
    value.isFinite ? String(format: "%.\(decimals)f", value) : "\(value)"
  }

  /// A number with up to so many digits after the point, none of the last being zero.
  package static func short(_ value: Double, _ decimals: Int) -> String {
    let scale = Double(power(decimals))
    return ((value * scale).rounded() / scale).compactText
  }

  /// A number with so many significant digits and an exponent, such as `3.1e-05`.
  package static func scientific(_ value: Double, digits: Int) -> String {
    String(format: "%.\(max(0, digits - 1))e", value)
  }

  /// An error with two significant digits and an exponent; `0` for none.
  package static func error(_ value: Double) -> String {
    value == 0 ? "0" : scientific(value, digits: 2)
  }

  /// A number with three significant digits, filled up with zeros; `0` for zero.
  package static func significant(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    guard value != 0 else { return "0" }
    var power = 0
    var scaled = abs(value)
    while scaled >= 1000 { (scaled, power) = (scaled / 10, power + 1) }
    while scaled < 100 { (scaled, power) = (scaled * 10, power - 1) }
    var digits = Int(saturating: scaled.rounded())
    if digits == 1000 { (digits, power) = (100, power + 1) }
    let sign = value < 0 ? "-" : ""
    let text = "\(digits)"
    if power >= 0 { return sign + text + String(repeating: "0", count: power) }
    if power >= -2 {
      let cut = text.index(text.endIndex, offsetBy: power)
      return sign + text[..<cut] + "." + text[cut...]
    }
    if power >= -6 { return sign + "0." + String(repeating: "0", count: -power - 3) + text }
    return sign + "\(text.prefix(1)).\(text.dropFirst())e\(power + 2)"
  }

  private static func power(_ decimals: Int) -> Int {
    (0..<decimals).reduce(1) { power, _ in 10 * power }
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
