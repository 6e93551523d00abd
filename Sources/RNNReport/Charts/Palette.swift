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

/// One colour and one number for each unit of a design, the same in every chart of it.
///
/// Units that differ in the name of their layer only, such as `element-wise gru0` and `element-wise lstm0`, share
/// a colour, so that the designs of a page can be compared.
struct UnitStyles {
  private let names: [String]
  private let kinds: [String]

  /// - Parameters:
  ///   - names: the units of this design, in the order of their numbers.
  ///   - all: the units of all designs of the page, in the order of their colours.
  init(_ names: [String], among all: [String]) {
    self.names = UnitStyles.unique(names)
    kinds = UnitStyles.unique(all.map(UnitStyles.kind))
  }

  func colour(_ name: String) -> String {
    kinds.firstIndex(of: UnitStyles.kind(name)).map { Palette.colour($0) } ?? Palette.quiet
  }
  /// Counted from 1; 0 for a name that is not there.
  func number(_ name: String) -> Int { (names.firstIndex(of: name) ?? -1) + 1 }

  private static func unique(_ names: [String]) -> [String] {
    var unique: [String] = []
    for name in names where !unique.contains(name) { unique.append(name) }
    return unique
  }

  /// The name without a last word that holds a digit.
  private static func kind(_ name: String) -> String {
    let words = name.split(separator: " ")
    guard words.count > 1, let last = words.last, last.contains(where: \.isNumber) else {
      return name
    }
    return words.dropLast().joined(separator: " ")
  }
}
