package import Foundation

/// The place and the reason of a fault in JSON text.
package struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1.
  package var line: Int
  /// Counted from 1 in bytes.
  package var column: Int
  /// What is wrong: lower case, no full stop.
  package var message: String
  package var description: String { "line \(line), column \(column): \(message)" }
}

extension JSONValue {
  /// Parses JSON text (RFC 8259, UTF-8), strictly.
  ///
  /// Objects keep their order. A key that occurs twice, a number outside the range of a double, nesting
  /// deeper than 128 and anything after the value are faults. A number without fraction and exponent that
  /// fits becomes `.int`, any other `.double`.
  ///
  /// - Throws: `JSONSyntaxError`, which names the line and column of the fault.
  package init(parsing data: Data) throws {
    var parser = JSONParser(Array(data))
    self = try parser.document()
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var at = 0
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func fault(_ message: String, at place: Int? = nil) -> JSONSyntaxError {
    let end = min(place ?? at, bytes.count)
    var line = 1
    var start = 0
    for i in 0..<end where bytes[i] == UInt8(ascii: "\n") {
      line += 1
      start = i + 1
    }
    return JSONSyntaxError(line: line, column: end - start + 1, message: message)
  }

  mutating func document() throws -> JSONValue {
    let result = try value(depth: 0)
    skipSpace()
    if at < bytes.count { throw fault("text after the end of the value") }
    return result
  }

  mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }
  func peek() throws -> UInt8 {
    guard at < bytes.count else { throw fault("the text ends too early") }
    return bytes[at]
  }
  mutating func expect(_ character: Character) throws {
    guard try peek() == character.asciiValue else { throw fault("expected \"\(character)\"") }
    at += 1
  }

  mutating func value(depth: Int) throws -> JSONValue {
    if depth > 128 { throw fault("nesting is deeper than 128") }
    skipSpace()
    switch try peek() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw fault("expected a value")
    }
  }
  mutating func word(_ word: String, _ value: JSONValue) throws -> JSONValue {
    guard bytes[at...].starts(with: word.utf8) else { throw fault("expected a value") }
    at += word.utf8.count
    return value
  }

  mutating func object(depth: Int) throws -> JSONValue {
    try expect("{")
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    skipSpace()
    if try peek() == UInt8(ascii: "}") {
      at += 1
      return .object([])
    }
    while true {
      skipSpace()
      let place = at
      guard try peek() == UInt8(ascii: "\"") else { throw fault("expected a key in quotes") }
      let key = try string()
      if !keys.insert(key).inserted { throw fault("the key \"\(key)\" occurs twice", at: place) }
      skipSpace()
      try expect(":")
      members.append(JSONValue.Member(key, try value(depth: depth + 1)))
      skipSpace()
      if try peek() == UInt8(ascii: ",") {
        at += 1
      } else {
        try expect("}")
        return .object(members)
      }
    }
  }

  mutating func array(depth: Int) throws -> JSONValue {
    try expect("[")
    var values: [JSONValue] = []
    skipSpace()
    if try peek() == UInt8(ascii: "]") {
      at += 1
      return .array([])
    }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if try peek() == UInt8(ascii: ",") {
        at += 1
      } else {
        try expect("]")
        return .array(values)
      }
    }
  }

  func isDigit(_ i: Int) -> Bool { i < bytes.count && (0x30...0x39).contains(bytes[i]) }
  mutating func digits() throws {
    guard isDigit(at) else { throw fault("expected a digit") }
    while isDigit(at) { at += 1 }
  }
  mutating func number() throws -> JSONValue {
    let start = at
    if bytes[at] == UInt8(ascii: "-") { at += 1 }
    if isDigit(at), bytes[at] == UInt8(ascii: "0"), isDigit(at + 1) {
      throw fault("a number must not start with 0")
    }
    try digits()
    var isInteger = true
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      try digits()
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      at += 1
      if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") {
        at += 1
      }
      try digits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isInteger, text != "-0", let value = Int(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw fault("the number \(text) is out of range", at: start)
    }
    return .double(value)
  }

  mutating func string() throws -> String {
    try expect("\"")
    var out: [UInt8] = []
    let start = at
    while true {
      let byte = try peek()
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        guard let string = String(validating: out, as: UTF8.self) else {
          throw fault("the string is not UTF-8", at: start)
        }
        return string
      case UInt8(ascii: "\\"):
        at += 1
        try escape(into: &out)
      case ..<0x20: throw fault("control characters in strings must be escaped")
      default:
        out.append(byte)
        at += 1
      }
    }
  }
  mutating func escape(into out: inout [UInt8]) throws {
    let byte = try peek()
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), bytes[at...].starts(with: "\\u".utf8) {
        at += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw fault("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("half of a surrogate pair") }
      out.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw fault("unknown escape", at: at - 1)
    }
  }
  mutating func hexadecimal() throws -> UInt32 {
    guard at + 4 <= bytes.count,
      let code = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
      bytes[at] != UInt8(ascii: "+"), bytes[at] != UInt8(ascii: "-")
    else { throw fault("expected four hexadecimal digits") }
    at += 4
    return code
  }
}
