/// Decodes JSON strictly and collects every fault with its place, such as `model.json:/layers/0/units`.
///
/// Accessors return nil after they have recorded a fault; a decoder goes on with what it has and throws at its
/// end, so that a user sees all faults at once.
package final class StrictJSON {
  package let file: String
  /// The page that describes the format, for remedies.
  package let manual: String
  package var sink: DiagnosticSink
  package init(file: String, stage: String, manual: String) {
    self.file = file
    self.manual = manual
    sink = DiagnosticSink(stage: stage)
  }

  /// Notes a fault at a place of the file; the root has the path `/`.
  package func error(_ path: String, _ message: String, fix: String) {
    sink.error("\(file):\(path.isEmpty ? "/" : path)", message, fix: fix)
  }
}

/// A JSON value and its place (a JSON pointer, RFC 6901).
package struct JSONNode {
  package let value: JSONValue
  package let path: String
  package let json: StrictJSON

  package init(value: JSONValue, path: String, json: StrictJSON) {
    self.value = value
    self.path = path
    self.json = json
  }

  fileprivate func wrong(_ wanted: String) {
    let found: String
    switch value {
    case .null: found = "null"
    case .bool(let b): found = "\(b)"
    case .int(let n): found = "\(n)"
    case .double(let x): found = "\(x)"
    case .string(let s): found = "the text \"\(s)\""
    case .array: found = "a list"
    case .object: found = "an object"
    }
    json.error(path, "expected \(wanted), found \(found)", fix: "\(json.manual) describes the key")
  }

  /// An object with exactly these keys; unknown and missing ones are faults.
  package func object(_ keys: [String], optional: [String] = []) -> JSONObject? {
    guard case .object(let members) = value else {
      wrong("an object")
      return nil
    }
    let known = keys + optional
    for member in members where !known.contains(member.key) {
      json.error(
        "\(path)/\(member.key)", "unknown key \"\(member.key)\"",
        fix: "remove it; the keys here are \(known.joined(separator: ", "))")
    }
    for key in keys where value[key] == nil {
      json.error(path, "the key \"\(key)\" is missing", fix: "add it; \(json.manual) describes it")
    }
    return JSONObject(node: self, members: members)
  }
  /// An object whose keys are the user's.
  package func members() -> [(key: String, node: JSONNode)]? {
    guard case .object(let members) = value else {
      wrong("an object")
      return nil
    }
    return members.map {
      ($0.key, JSONNode(value: $0.value, path: "\(path)/\($0.key)", json: json))
    }
  }
  /// A whole number of a range; another value is a fault and gives nil.
  package func int(_ range: ClosedRange<Int> = 0...Int.max) -> Int? {
    guard case .int(let n) = value else {
      wrong("a whole number")
      return nil
    }
    if !range.contains(n) {
      let bounds =
        range.upperBound == Int.max
        ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
      json.error(path, "\(n) is not supported", fix: "use \(bounds)")
      return nil
    }
    return n
  }
  /// A number of things: 0 to 2^53, which every program that reads JSON holds exactly.
  package func count(_ range: ClosedRange<Int> = 0...1 << 53) -> Int? { int(range) }
  /// A share of a whole.
  package func share() -> Double? {
    number(where: { (0...1).contains($0) }, fix: "use 0 to 1")
  }
  /// A number; another value is a fault and gives nil.
  package func number() -> Double? {
    switch value {
    case .int(let n): return Double(n)
    case .double(let x): return x
    default:
      wrong("a number")
      return nil
    }
  }
  /// A number that satisfies a condition, which `fix` states.
  package func number(where condition: (Double) -> Bool, fix: String) -> Double? {
    guard let x = number() else { return nil }
    if !condition(x) {
      json.error(path, "\(x) is not supported", fix: fix)
      return nil
    }
    return x
  }
  /// True or false; another value is a fault and gives nil.
  package func bool() -> Bool? {
    guard case .bool(let b) = value else {
      wrong("true or false")
      return nil
    }
    return b
  }
  /// A text; another value is a fault and gives nil.
  package func string() -> String? {
    guard case .string(let s) = value else {
      wrong("a text")
      return nil
    }
    return s
  }
  /// One of a list of words.
  package func word(_ words: [String]) -> String? {
    guard let s = string() else { return nil }
    if !words.contains(s) {
      json.error(path, "\"\(s)\" is not supported", fix: "use \(words.joined(separator: ", "))")
      return nil
    }
    return s
  }
  /// A name that starts with a letter and goes on with letters, digits, `_` and, if allowed, `-`.
  package func identifier(hyphens: Bool = false) -> String? {
    guard let s = string() else { return nil }
    if !isIdentifier(s, hyphens: hyphens) {
      json.error(
        path, "\"\(s)\" is no name",
        fix: "use a letter, then at most 63 letters, digits\(hyphens ? ", _ and -" : " and _")")
      return nil
    }
    return s
  }
  /// The elements of a list with their paths; another value is a fault and gives nil.
  package func array() -> [JSONNode]? {
    guard case .array(let values) = value else {
      wrong("a list")
      return nil
    }
    return values.enumerated().map {
      JSONNode(value: $0.element, path: "\(path)/\($0.offset)", json: json)
    }
  }
  package var isNull: Bool { value == .null }

  /// Every element of a list; nil after at least one recorded fault.
  package func list<Element>(_ read: (JSONNode) -> Element?) -> [Element]? {
    guard let nodes = array() else { return nil }
    let elements = nodes.map(read)
    let known = elements.compactMap { $0 }
    return known.count == elements.count ? known : nil
  }
}

/// Whether a text is a name as `JSONNode.identifier` wants it.
package func isIdentifier(_ s: String, hyphens: Bool) -> Bool {
  guard let first = s.utf8.first, s.utf8.count <= 64 else { return false }
  func isLetter(_ c: UInt8) -> Bool { (0x61...0x7A).contains(c | 0x20) }
  return isLetter(first)
    && s.utf8.allSatisfy {
      isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
        || (hyphens && $0 == UInt8(ascii: "-"))
    }
}

/// An object whose keys were checked; the accessors of a missing key return nil and record nothing more.
package struct JSONObject {
  package let node: JSONNode
  package let members: [JSONValue.Member]

  package subscript(key: String) -> JSONNode? {
    guard let member = members.first(where: { $0.key == key }) else { return nil }
    return JSONNode(value: member.value, path: "\(node.path)/\(key)", json: node.json)
  }
  /// The member, or nil if it is missing or null.
  package func nullable(_ key: String) -> JSONNode? {
    guard let node = self[key], !node.isNull else { return nil }
    return node
  }
}

/// Parses a file's text and decodes its root.
///
/// - Throws: `DiagnosticsEmitted` with the syntax fault, or with every fault that `decode` recorded.
package func decodeStrictly<T>(
  _ text: String, stage: String, manual: String, parsing parse: () throws -> JSONValue,
  _ decode: (JSONNode) throws -> T?
) throws -> T {
  let json = StrictJSON(file: text, stage: stage, manual: manual)
  let value: JSONValue
  do {
    value = try parse()
  } catch {
    throw DiagnosticsEmitted(
      Diagnostic(
        stage: stage, path: text, message: "not valid JSON: \(error)",
        fix: "correct the text there"))
  }
  let result = try decode(JSONNode(value: value, path: "", json: json))
  try json.sink.throwIfErrors()
  guard let result else {
    throw DiagnosticsEmitted(
      Diagnostic(
        stage: stage, path: text, message: "the file cannot be decoded",
        fix: "\(manual) describes the format"))
  }
  return result
}
