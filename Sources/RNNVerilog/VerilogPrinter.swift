/// Prints a checked module; the same tree gives the same bytes in every process.
///
/// Lines break at a space at or before column 100; a token without a space stays whole.
struct VerilogPrinter {
  static let lineLength = 100
  private(set) var text = ""
  /// Declared types, of a memory the type of its words: they decide what a select of all bits and
  /// the operand of a cast look like.
  private let types: [String: VerilogType]

  init(types: [String: VerilogType] = [:]) { self.types = types }

  // MARK: Lines

  private mutating func line(_ depth: Int, _ body: String) {
    let pad = String(repeating: "  ", count: depth)
    var rest = Substring(body)
    var prefix = pad
    while prefix.count + rest.utf8.count > Self.lineLength,
      let cut = Self.breakPlace(rest, room: Self.lineLength - prefix.count)
    {
      text += prefix + rest[..<cut] + "\n"
      rest = rest[rest.index(after: cut)...]
      prefix = pad + "    "
    }
    text += prefix + rest + "\n"
  }

  /// The last space outside a string at or before `room`, or else the first one after it.
  private static func breakPlace(_ text: Substring, room: Int) -> Substring.Index? {
    var best: Substring.Index?
    var inString = false
    var column = 0
    for index in text.indices {
      let character = text[index]
      if character == "\"" { inString.toggle() }
      if character == " ", !inString, column > 0 {
        if column > room { return best ?? index }
        best = index
      }
      column += 1
    }
    return best
  }

  private mutating func comment(_ depth: Int, marker: String, _ body: String) {
    let pad = String(repeating: "  ", count: depth) + marker
    for paragraph in body.split(separator: "\n", omittingEmptySubsequences: false) {
      var current = pad
      var isFirst = true
      for word in paragraph.split(separator: " ") {
        if !isFirst, current.count + 1 + word.count > Self.lineLength {
          text += current + "\n"
          current = pad
        }
        current += " " + word
        isFirst = false
      }
      text += current + "\n"
    }
  }

  // MARK: Module

  mutating func print(_ module: VerilogModule) {
    line(0, "`default_nettype none")
    text += "\n"
    comment(0, marker: "///", module.doc)
    if module.parameters.isEmpty {
      line(0, "module \(module.name) (")
    } else {
      line(0, "module \(module.name) #(")
      for (i, parameter) in module.parameters.enumerated() {
        let comma = i + 1 < module.parameters.count ? "," : ""
        switch parameter.value {
        case .int(let value): line(1, "parameter int \(parameter.name) = \(value)\(comma)")
        case .string(let value):
          line(1, "parameter \(parameter.name) = \"\(value)\"\(comma)")
        }
      }
      line(0, ") (")
    }
    for (i, port) in module.ports.enumerated() {
      let comma = i + 1 < module.ports.count ? "," : ""
      // A net kind is required under `default_nettype none`; an output is a variable.
      let kind = port.direction == .input ? "input wire logic" : "output logic"
      line(1, "\(kind)\(Self.range(port.type)) \(port.name)\(comma)")
    }
    line(0, ");")
    for item in module.items { print(item) }
    print(module.assertions)
    line(0, "endmodule")
    text += "\n"
    line(0, "`default_nettype wire")
  }

  private mutating func print(_ assertions: [VerilogAssertion]) {
    guard !assertions.isEmpty else { return }
    text += "\n"
    line(0, "`ifdef RNNC_ASSERTIONS")
    line(0, "`include \"rnnc_assert.svh\"")
    for assertion in assertions {
      let holds = expression(assertion.holds)
      switch assertion.when {
      case nil: line(1, "`RNNC_ASSERT(\(assertion.name), \(holds))")
      case let when? where assertion.isNext:
        line(1, "`RNNC_ASSERT_NEXT(\(assertion.name), \(expression(when)), \(holds))")
      case let when?:
        line(1, "`RNNC_ASSERT(\(assertion.name), (\(expression(when))) |-> (\(holds)))")
      }
    }
    line(0, "`endif")
  }

  private static func range(_ type: VerilogType) -> String {
    (type.isSigned ? " signed" : "") + (type.width == 1 ? "" : " [\(type.width - 1):0]")
  }

  private mutating func print(_ item: VerilogItem) {
    switch item {
    case .comment(let body): comment(1, marker: "//", body)
    case .blank: text += "\n"
    case .localparam(let name, let type, let value):
      line(1, "localparam logic\(Self.range(type)) \(name) = \(expression(value));")
    case .logic(let name, let type, let depth):
      let words = depth.map { " [0:\($0 - 1)]" } ?? ""
      line(1, "logic\(Self.range(type)) \(name)\(words);")
    case .assign(let target, let value):
      line(1, "assign \(self.target(target)) = \(expression(value));")
    case .alwaysFF(let clock, let body):
      line(1, "always_ff @(posedge \(clock)) begin")
      print(body, depth: 2, assignment: "<=")
      line(1, "end")
    case .alwaysComb(let body):
      line(1, "always_comb begin")
      print(body, depth: 2, assignment: "=")
      line(1, "end")
    case .instance(let instance): print(instance)
    case .readMemory(let file, let memory):
      line(1, "initial $readmemh(\(parameterValue(file)), \(memory));")
    case .sink(let name, let values):
      line(1, "logic \(name);")
      let parts = (["1'b0"] + values.map(expression)).joined(separator: ", ")
      line(1, "assign \(name) = &{\(parts)};")
    }
  }

  private mutating func print(_ instance: VerilogInstance) {
    if instance.parameters.isEmpty {
      line(1, "\(instance.module) \(instance.name) (")
    } else {
      line(1, "\(instance.module) #(")
      for (i, parameter) in instance.parameters.enumerated() {
        let comma = i + 1 < instance.parameters.count ? "," : ""
        line(2, ".\(parameter.name)(\(parameterValue(parameter.value)))\(comma)")
      }
      line(1, ") \(instance.name) (")
    }
    for (i, connection) in instance.connections.enumerated() {
      let comma = i + 1 < instance.connections.count ? "," : ""
      let inner: String
      switch connection.end {
      case .input(let value): inner = expression(value)
      case .output(let target): inner = self.target(target)
      }
      line(2, ".\(connection.port)(\(inner))\(comma)")
    }
    line(1, ");")
  }

  private func parameterValue(_ value: VerilogInstance.ParameterValue) -> String {
    switch value {
    case .int(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .name(let name): name
    }
  }

  // MARK: Statements

  private mutating func print(_ body: [VerilogStatement], depth: Int, assignment: String) {
    for statement in body {
      switch statement {
      case .comment(let body): comment(depth, marker: "//", body)
      case .assign(let target, let value):
        var right = expression(value)
        if case .binary(.lessOrEqual, _, _) = value { right = "(\(right))" }
        line(depth, "\(self.target(target)) \(assignment) \(right);")
      case .ifElse(let condition, let then, let otherwise):
        print(
          condition: condition, then, otherwise, depth: depth, assignment: assignment,
          leader: "if")
      case .switchCase(let subject, let cases, let otherwise):
        line(depth, "case (\(expression(subject)))")
        for entry in cases {
          let labels = entry.labels.map(expression).joined(separator: ", ")
          line(depth + 1, "\(labels): begin")
          print(entry.body, depth: depth + 2, assignment: assignment)
          line(depth + 1, "end")
        }
        line(depth + 1, "default: begin")
        print(otherwise, depth: depth + 2, assignment: assignment)
        line(depth + 1, "end")
        line(depth, "endcase")
      }
    }
  }

  private mutating func print(
    condition: VerilogExpression, _ then: [VerilogStatement], _ otherwise: [VerilogStatement],
    depth: Int, assignment: String, leader: String
  ) {
    line(depth, "\(leader) (\(expression(condition))) begin")
    print(then, depth: depth + 1, assignment: assignment)
    if otherwise.count == 1, case .ifElse(let next, let a, let b) = otherwise[0] {
      print(condition: next, a, b, depth: depth, assignment: assignment, leader: "end else if")
      return
    }
    if !otherwise.isEmpty {
      line(depth, "end else begin")
      print(otherwise, depth: depth + 1, assignment: assignment)
    }
    line(depth, "end")
  }

  // MARK: Expressions

  private func target(_ target: VerilogTarget) -> String {
    switch target {
    case .whole(let name): name
    case .slice(let name, let high, let low):
      coversAll(name, high, low) ? name : name + Self.bits(high, low)
    case .indexed(let name, let base, let width): "\(name)[\(index(base)) +: \(width)]"
    case .element(let name, let index): "\(name)[\(self.index(index))]"
    }
  }

  private func coversAll(_ name: String, _ high: Int, _ low: Int) -> Bool {
    low == 0 && types[name]?.width == high + 1
  }

  private static func bits(_ high: Int, _ low: Int) -> String {
    high == low ? "[\(high)]" : "[\(high):\(low)]"
  }

  private func index(_ value: VerilogExpression) -> String {
    if case .literal(let constant, _) = value { return "\(constant)" }
    return expression(value)
  }

  static func literal(_ value: Int64, _ type: VerilogType) -> String {
    let sign = type.isSigned ? "s" : ""
    guard value < 0 else {
      return type.width == 1 && !type.isSigned ? "1'b\(value)" : "\(type.width)'\(sign)d\(value)"
    }
    // The least value has no positive counterpart of its width.
    if type.width <= 64, value == Int64.min >> Int64(64 - type.width) {
      let bits = UInt64(1) << UInt64(type.width - 1)
      return "\(type.width)'sh\(String(bits, radix: 16))"
    }
    return "-\(type.width)'sd\(value.magnitude)"
  }

  func expression(_ e: VerilogExpression) -> String {
    switch e {
    case .name(let name): return name
    case .literal(let value, let type): return Self.literal(value, type)
    case .unary(let op, let x):
      switch x {
      // Yosys reads `~8'(x)` as `(~8)'(x)`, and Icarus rejects `~~x`.
      case .resized, .unary: return "\(op.rawValue)(\(expression(x)))"
      default: return op.rawValue + operand(x)
      }
    case .binary(let op, let a, let b):
      // Chains of one associative operator need no parentheses on the left. Either text is made, never both: a chain of
      // n operators would take 2^n steps.
      let left: String
      if case .binary(let inner, _, _) = a, inner == op, op.isAssociative {
        left = expression(a)
      } else {
        left = operand(a)
      }
      return "\(left) \(op.rawValue) \(operand(b))"
    case .ternary(let condition, let then, let otherwise):
      let last: String
      if case .ternary = otherwise {
        last = expression(otherwise)
      } else {
        last = operand(otherwise)
      }
      return "\(operand(condition)) ? \(operand(then)) : \(last)"
    case .bitSelect(let name, let index): return "\(name)[\(self.index(index))]"
    case .partSelect(let name, let high, let low):
      guard coversAll(name, high, low) else { return name + Self.bits(high, low) }
      return types[name]?.isSigned == true ? "$unsigned(\(name))" : name
    case .indexedSelect(let name, let base, let width):
      return "\(name)[\(index(base)) +: \(width)]"
    case .element(let name, let index): return "\(name)[\(self.index(index))]"
    case .concatenation(let parts):
      return "{\(parts.map(expression).joined(separator: ", "))}"
    case .replication(let count, let part): return "{\(count) {\(expression(part))}}"
    case .asSigned(let x): return "$signed(\(expression(x)))"
    case .asUnsigned(let x): return "$unsigned(\(expression(x)))"
    case .resized(let x, let width): return "\(width)'(\(castOperand(x)))"
    }
  }

  /// Keeps the width of a cast from reaching into its operand.
  ///
  /// IEEE 1800 says that the operand is self-determined, but Verilator 5.006 computes `19'(~x)` with
  /// 19 bits. A concatenation is self-determined in every tool.
  private func castOperand(_ x: VerilogExpression) -> String {
    switch x {
    case .name, .literal, .bitSelect, .partSelect, .indexedSelect, .element, .concatenation,
      .replication:
      return expression(x)
    default: return isSigned(x) ? "$signed({\(expression(x))})" : "{\(expression(x))}"
    }
  }

  private func isSigned(_ e: VerilogExpression) -> Bool {
    switch e {
    case .name(let name), .element(let name, _): types[name]?.isSigned ?? false
    case .literal(_, let type): type.isSigned
    case .unary(let op, let x): (op == .negate || op == .bitwiseNot) && isSigned(x)
    case .binary(let op, let a, _): !op.isComparison && isSigned(a)
    case .ternary(_, let then, _): isSigned(then)
    case .asSigned: true
    case .resized(let x, _): isSigned(x)
    case .bitSelect, .partSelect, .indexedSelect, .concatenation, .replication, .asUnsigned:
      false
    }
  }

  private func operand(_ e: VerilogExpression) -> String {
    switch e {
    case .binary, .ternary: return "(\(expression(e)))"
    case .unary(let op, _):
      let isPlain = op == .bitwiseNot || op == .logicalNot
      return isPlain ? expression(e) : "(\(expression(e)))"
    case .literal(let value, _) where value < 0: return "(\(expression(e)))"
    default: return expression(e)
    }
  }
}

extension VerilogBinaryOperator {
  var isAssociative: Bool {
    switch self {
    case .add, .multiply, .and, .or, .xor, .logicalAnd, .logicalOr: true
    default: false
    }
  }
  /// Whether the result is one unsigned bit.
  var isComparison: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .logicalAnd,
      .logicalOr:
      true
    default: false
    }
  }
}
