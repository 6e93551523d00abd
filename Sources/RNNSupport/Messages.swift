/// Words of files and tools in messages: of a length that a person reads, without characters that steer a terminal.
package enum Messages {
  /// The most characters of one part of a message: a place, a fault, a remedy.
  package static let longestPart = 600
  /// The most findings that are printed of one stage.
  package static let mostFindings = 40

  /// A part of a message on one line: control characters as `\u{..}`, and the middle left out where it is too long.
  package static func part(_ text: String, limit: Int = longestPart) -> String {
    shortened(text, limit: limit, keepingLines: false)
  }

  /// Several lines, such as the last words of a tool; line ends and tabs stay.
  package static func lines(_ text: String, limit: Int = 8000) -> String {
    shortened(text, limit: limit, keepingLines: true)
  }

  private static func shortened(_ text: String, limit: Int, keepingLines: Bool) -> String {
    // Bytes are counted, because a character may consist of any number of them.
    var text = text
    if text.utf8.count > limit {
      let (head, end) = (limit * 2 / 3, limit / 3)
      text =
        String(decoding: text.utf8.prefix(head), as: UTF8.self)
        + " [... \(text.utf8.count - head - end) bytes ...] "
        + String(decoding: text.utf8.suffix(end), as: UTF8.self)
    }
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\t": out += keepingLines ? String(scalar) : " "
      case let s where s.properties.generalCategory == .control || isInvisible(s):
        out += "\\u{\(String(s.value, radix: 16))}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// Marks that change the direction of a line, so that a name can look like another.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0x2028, 0x2029: true
    default: false
    }
  }
}
