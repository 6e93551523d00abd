/// The colours of the report: Okabe and Ito's palette, which people with colour blindness can tell apart.
enum Palette {
  static let ink = "#1a1a1a"
  static let muted = "#5c5c5c"
  static let grid = "#dddddd"
  static let paper = "#ffffff"
  static let good = "#00664b"
  static let bad = "#a33b00"
  /// Static power, idle time, capacity not used.
  static let quiet = "#b9bdc2"

  static let series = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7a5195",
    "#8c6d46", "#4d4d4d",
  ]
  static let dashes = ["none", "6 3", "2 3", "8 3 2 3", "12 4", "1 4"]

  static func colour(_ index: Int) -> String { series[index % series.count] }
  static func dash(_ index: Int) -> String { dashes[index % dashes.count] }

  /// Black or white, whichever reads better on the colour.
  static func inkOn(_ colour: String) -> String {
    let digits = Array(colour.dropFirst())
    guard digits.count == 6 else { return ink }
    let parts = [0, 2, 4].map { Double(Int(String(digits[$0...$0 + 1]), radix: 16) ?? 0) / 255 }
    return 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2] > 0.55 ? ink : paper
  }
}

/// One colour and one number for each unit of the designs on a page, the same in every chart.
struct UnitStyles {
  private let names: [String]
  init(_ names: [String]) {
    var unique: [String] = []
    for name in names where !unique.contains(name) { unique.append(name) }
    self.names = unique
  }
  func colour(_ name: String) -> String {
    names.firstIndex(of: name).map { Palette.colour($0) } ?? Palette.quiet
  }
  /// Counted from 1; 0 for a name that is not there.
  func number(_ name: String) -> Int { (names.firstIndex(of: name) ?? -1) + 1 }
}
