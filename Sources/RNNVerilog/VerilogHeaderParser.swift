/// Reads the header of a library module: name, parameters and ports.
struct VerilogHeaderParser {
  private let file: String
  private var tokens: [String] = []
  private var place = 0

  init(text: String, file: String) {
    self.file = file
    tokens = Self.tokenize(text)
  }

  private static func tokenize(_ text: String) -> [String] {
    var tokens: [String] = []
    for line in text.split(separator: "\n") {
      var rest = line.prefix { _ in true }
      if let comment = rest.firstRange(of: "//") { rest = rest[..<comment.lowerBound] }
      // A comment for one tool, such as `/*verilator public_flat_rd*/`.
      rest = rest.replacing(#/\/\*.*?\*\//#, with: "")
      if rest.hasPrefix("`") { continue }
      while let first = rest.first {
        if first.isWhitespace {
          rest.removeFirst()
        } else if first == "\"" {
          let body = rest.dropFirst().prefix { $0 != "\"" }
          tokens.append("\"\(body)\"")
          rest = rest.dropFirst(body.count + 2)
        } else if first.isLetter || first.isNumber || first == "_" || first == "$" {
          let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }
          tokens.append(String(word))
          rest = rest.dropFirst(word.count)
        } else if ["<=", ">=", "=="].contains(String(rest.prefix(2))) {
          tokens.append(String(rest.prefix(2)))
          rest = rest.dropFirst(2)
        } else {
          tokens.append(String(first))
          rest = rest.dropFirst()
        }
      }
    }
    return tokens
  }

  private func fail(_ message: String) -> VerilogError {
    VerilogError(module: file, issues: [message])
  }
  private var next: String { place < tokens.count ? tokens[place] : "" }
  private mutating func take() -> String {
    defer { place += 1 }
    return next
  }
  private mutating func accept(_ token: String) -> Bool {
    guard next == token else { return false }
    place += 1
    return true
  }
  private mutating func expect(_ token: String) throws {
    guard accept(token) else { throw fail("expected \(token), found \(next)") }
  }

  mutating func parse() throws -> (String, VerilogInterfaces.Header) {
    while place < tokens.count, next != "module" { place += 1 }
    try expect("module")
    let name = take()
    var header = VerilogInterfaces.Header()
    if accept("#") {
      try expect("(")
      repeat { header.parameters.append(try parameter()) } while accept(",")
      try expect(")")
    }
    try expect("(")
    repeat { header.ports.append(try port()) } while accept(",")
    try expect(")")
    try expect(";")
    return (name, header)
  }

  private mutating func parameter() throws -> VerilogInterfaces.Header.Parameter {
    let isLocal = next == "localparam"
    guard accept("parameter") || accept("localparam") else {
      throw fail("expected a parameter, found \(next)")
    }
    let isInteger = accept("int")
    let name = take()
    try expect("=")
    if isInteger { return .init(name: name, isLocal: isLocal, value: try constant()) }
    guard take().hasPrefix("\"") else { throw fail("parameter \(name) needs a type or a string") }
    return .init(name: name, isLocal: isLocal, value: nil)
  }

  private mutating func port() throws -> VerilogInterfaces.Header.Port {
    guard let direction = VerilogPort.Direction(rawValue: take()) else {
      throw fail("expected a port, found \(tokens[place - 1])")
    }
    if direction == .input { try expect("wire") }
    try expect("logic")
    let isSigned = accept("signed")
    var high: VerilogConstant?
    if accept("[") {
      high = try constant()
      try expect(":")
      try expect("0")
      try expect("]")
    }
    return .init(name: take(), direction: direction, isSigned: isSigned, highBit: high)
  }

  private mutating func constant() throws -> VerilogConstant {
    let condition = try comparison()
    guard accept("?") else { return condition }
    let then = try constant()
    try expect(":")
    return .ternary(condition, then, try constant())
  }
  private mutating func comparison() throws -> VerilogConstant {
    let left = try sum()
    for op in ["<=", ">=", "==", "<", ">"] where accept(op) {
      return .binary(op, left, try sum())
    }
    return left
  }
  private mutating func sum() throws -> VerilogConstant {
    var left = try product()
    while next == "+" || next == "-" { left = .binary(take(), left, try product()) }
    return left
  }
  private mutating func product() throws -> VerilogConstant {
    var left = try atom()
    while next == "*" || next == "/" { left = .binary(take(), left, try atom()) }
    return left
  }
  private mutating func atom() throws -> VerilogConstant {
    let token = take()
    if let value = Int(token) { return .int(value) }
    if token == "-" { return .binary("-", .int(0), try atom()) }
    if token == "(" {
      let inner = try constant()
      try expect(")")
      return inner
    }
    if token == "$clog2" {
      try expect("(")
      let inner = try constant()
      try expect(")")
      return .clog2(inner)
    }
    guard token.first?.isLetter == true else { throw fail("unexpected \(token)") }
    return .name(token)
  }
}
