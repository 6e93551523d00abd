import Foundation
import RNNSupport

/// Damages files in ways that happen, and in ways that somebody thinks of; the same seed gives the same damage.
struct Mutation {
  private var random: SplitMix64
  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  /// Numbers at the edges of types and beyond.
  private static let numbers: [JSONValue] = [
    .int(0), .int(-1), .int(1), .int(1 << 31), .int(-(1 << 31)), .int(1 << 53), .int(1 << 62),
    .int(.max),
    .int(.min), .double(1e300), .double(-1e300), .double(1e-300), .double(0.5), .double(-27.6),
    .double(1e19), .int(65_536),
  ]
  private static let texts = [
    "-1", "0", "1", "4294967296", "9223372036854775808", "1e999", "-0", "NaN", "null", "true",
    "\"\"", "[]", "{}",
    "{\"a\":1,\"a\":2}", "\"\\ud800\"", "1e-999", "00",
  ]

  /// Damages bytes; text gets other words in the place of its numbers, too.
  mutating func bytes(_ data: Data) -> Data {
    var bytes = [UInt8](data)
    for _ in 0...random.below(3) {
      guard !bytes.isEmpty else { break }
      let at = random.below(bytes.count)
      let length = min(bytes.count - at, 1 + random.below(random.below(8) == 0 ? 400 : 8))
      switch random.below(8) {
      case 0: bytes[at] ^= 1 << UInt8(random.below(8))
      case 1: bytes[at] = UInt8(random.below(256))
      case 2: bytes.removeSubrange(at..<at + length)
      case 3: bytes.insert(contentsOf: bytes[at..<at + length], at: at)
      case 4: bytes.insert(contentsOf: (0..<length).map { _ in UInt8(random.below(256)) }, at: at)
      case 5: bytes.removeLast(bytes.count - at)
      case 6:
        // A size or an offset of a binary file.
        let words: [UInt64] = [0, 1, 0xffff_ffff, 0x7fff_ffff, 1 << 63, .max, 1 << 40]
        let word = words[random.below(words.count)]
        for k in 0..<min(8, bytes.count - at) {
          bytes[at + k] = UInt8(truncatingIfNeeded: word >> UInt64(8 * k))
        }
      default: replaceNumber(in: &bytes, from: at)
      }
    }
    return Data(bytes)
  }

  private mutating func replaceNumber(in bytes: inout [UInt8], from at: Int) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = bytes[at...].firstIndex(where: digits.contains) else { return }
    let last = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.count
    let text = Self.texts[random.below(Self.texts.count)]
    bytes.replaceSubrange(first..<last, with: Array(text.utf8))
  }

  /// Changes one value of a JSON text that stays one: another number, another kind, a member more or less.
  mutating func json(_ value: JSONValue) -> JSONValue {
    var places: [[Int]] = []
    Self.collect(value, [], &places)
    return changed(value, at: places[random.below(places.count)][...])
  }

  private static func children(_ value: JSONValue) -> [JSONValue] {
    switch value {
    case .object(let members): members.map(\.value)
    case .array(let values): values
    default: []
    }
  }
  private static func collect(_ value: JSONValue, _ path: [Int], _ all: inout [[Int]]) {
    all.append(path)
    for (i, child) in children(value).enumerated() { collect(child, path + [i], &all) }
  }

  private mutating func changed(_ value: JSONValue, at path: ArraySlice<Int>) -> JSONValue {
    guard let i = path.first else { return other(value) }
    switch value {
    case .object(var members):
      members[i].value = changed(members[i].value, at: path.dropFirst())
      return .object(members)
    case .array(var values):
      values[i] = changed(values[i], at: path.dropFirst())
      return .array(values)
    default: return value
    }
  }

  private mutating func other(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(var members):
      switch random.below(4) {
      case 0 where !members.isEmpty: members.remove(at: random.below(members.count))
      case 1: members.append(.init("unknown", .int(1)))
      case 2 where !members.isEmpty: members[random.below(members.count)].key += "x"
      default: return Self.numbers[random.below(Self.numbers.count)]
      }
      return .object(members)
    case .array(var values):
      switch random.below(4) {
      case 0 where !values.isEmpty: values.remove(at: random.below(values.count))
      case 1 where !values.isEmpty: values.append(values[random.below(values.count)])
      case 2 where values.count > 1: values.swapAt(0, values.count - 1)
      default: return .array([])
      }
      return .array(values)
    case .string(let text):
      let texts = [
        "", text + "x", "../../etc/passwd", "<script>alert(1)</script>", "$(id)", "\u{1B}[2J",
      ]
      return .string(texts[random.below(texts.count)])
    case .bool(let flag): return random.below(2) == 0 ? .bool(!flag) : .string("\(flag)")
    case .int, .double:
      return random.below(6) == 0
        ? .string("1")
        : random.below(6) == 0 ? .null : Self.numbers[random.below(Self.numbers.count)]
    case .null: return Self.numbers[random.below(Self.numbers.count)]
    }
  }
}
