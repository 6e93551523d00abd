extension VerilogModule {
  /// Everything that is wrong with the module, in the order of its items; empty when it may be printed.
  ///
  /// Checked: names (legal, declared once, declared before use), types of operands, assignments and
  /// connections, ranges of selects, exactly one driver for every bit, and that every name is read.
  package func issues(interfaces: VerilogInterfaces = VerilogInterfaces()) -> [String] {
    var checker = VerilogChecker(interfaces: interfaces)
    checker.check(self)
    return checker.issues
  }
}

/// What is declared under a name.
private struct Symbol {
  enum Kind { case input, output, logic, memory(depth: Int), constant, string }
  var kind: Kind
  var type: VerilogType
}

struct VerilogChecker {
  let interfaces: VerilogInterfaces
  private(set) var issues: [String] = []
  private var symbols: [String: Symbol] = [:]
  /// Declared names in order, since a dictionary has none.
  private var order: [String] = []
  private var read: Set<String> = []
  private var drivers: [String: [(bits: ClosedRange<Int>, item: Int)]] = [:]
  private var item = 0
  /// Names the place in messages.
  private var place = ""

  init(interfaces: VerilogInterfaces) { self.interfaces = interfaces }

  private mutating func report(_ message: String) {
    issues.append(place.isEmpty ? message : "\(place): \(message)")
  }

  private func show(_ e: VerilogExpression) -> String {
    let text = VerilogPrinter().expression(e)
    return text.count > 120 ? text.prefix(117) + "..." : text
  }

  // MARK: Module

  private mutating func declare(_ name: String, _ kind: Symbol.Kind, _ type: VerilogType) {
    if !VerilogNames.isLegal(name) { report("\(name) is not a legal name") }
    if symbols[name] != nil {
      report("\(name) is declared twice")
      return
    }
    symbols[name] = Symbol(kind: kind, type: type)
    order.append(name)
  }

  mutating func check(_ module: VerilogModule) {
    if !VerilogNames.isLegal(module.name) { report("\(module.name) is not a legal name") }
    for parameter in module.parameters {
      switch parameter.value {
      case .int(let value):
        declare(parameter.name, .constant, .signed(32))
        if Int(Int32(truncatingIfNeeded: value)) != value {
          report("parameter \(parameter.name) = \(value) does not fit 32 bits")
        }
      case .string(let text):
        declare(parameter.name, .string, .bit)
        check(string: text)
      }
    }
    for port in module.ports {
      declare(port.name, port.direction == .input ? .input : .output, port.type)
    }
    if module.ports.isEmpty { report("the module has no ports") }
    for (i, entry) in module.items.enumerated() {
      item = i
      check(entry)
    }
    check(module.assertions)
    place = ""
    checkUse()
  }

  /// What is read by an assertion alone is unused elsewhere: reading it there does not count.
  private mutating func check(_ assertions: [VerilogAssertion]) {
    let readBySynthesis = read
    var names: Set<String> = []
    for assertion in assertions {
      place = "assertion \(assertion.name)"
      if !VerilogNames.isLegal(assertion.name) { report("the name is not legal") }
      if symbols[assertion.name] != nil || !names.insert(assertion.name).inserted {
        report("the name is declared twice")
      }
      for expression in assertion.expressions { expectBit(expression) }
      for name in ["clk_i", "rst_i"] where type(.name(name)) != .bit {
        report("\(name) is not one unsigned bit")
      }
    }
    read = readBySynthesis
  }

  private mutating func check(string: String) {
    let isPlain = string.unicodeScalars.allSatisfy {
      $0.isASCII && $0.value >= 0x20 && $0 != "\"" && $0 != "\\"
    }
    if !isPlain { report("a string may hold printable ASCII without quotes, found \(string)") }
  }

  private mutating func check(_ entry: VerilogItem) {
    place = "item \(item)"
    switch entry {
    case .comment, .blank: return
    case .localparam(let name, let type, let value):
      place = "localparam \(name)"
      checkAssignment(name, type, value)
      declare(name, .constant, type)
    case .logic(let name, let type, let depth):
      place = "logic \(name)"
      if let depth {
        if depth < 1 { report("a memory has at least one word, not \(depth)") }
        declare(name, .memory(depth: max(depth, 1)), type)
      } else {
        declare(name, .logic, type)
      }
    case .assign(let target, let value):
      place = "assign \(target.name)"
      if case .element = target { report("a memory is written by a clocked process only") }
      if let type = check(target, clocked: false) { checkAssignment(target.name, type, value) }
    case .alwaysFF(let clock, let body):
      place = "always_ff (item \(item))"
      if type(.name(clock)) != .bit { report("clock \(clock) is not one unsigned bit") }
      check(body, clocked: true)
    case .alwaysComb(let body):
      place = "always_comb (item \(item))"
      check(body, clocked: false)
    case .instance(let instance):
      place = "instance \(instance.name)"
      check(instance)
    case .readMemory(let file, let memory):
      place = "memory \(memory)"
      check(file)
      guard let symbol = symbols[memory], case .memory = symbol.kind else {
        report("\(memory) is not a memory")
        return
      }
      drivers[memory, default: []].append((0...symbol.type.width - 1, item))
    case .sink(let name, let values):
      place = "sink \(name)"
      if !name.hasPrefix("unused_") { report("the name of a sink starts with unused_") }
      for value in values { _ = type(value) }
      declare(name, .logic, .bit)
      drivers[name] = [(0...0, item)]
    }
  }

  private mutating func check(_ value: VerilogInstance.ParameterValue) {
    switch value {
    case .int: break
    case .string(let text): check(string: text)
    case .name(let name):
      guard let symbol = symbols[name] else {
        report("\(name) is not declared")
        return
      }
      switch symbol.kind {
      case .constant, .string: read.insert(name)
      default: report("\(name) is no constant")
      }
    }
  }

  private mutating func check(_ instance: VerilogInstance) {
    if !VerilogNames.isLegal(instance.name) { report("\(instance.name) is not a legal name") }
    if symbols[instance.name] != nil {
      report("\(instance.name) is declared twice")
    } else {
      symbols[instance.name] = Symbol(kind: .string, type: .bit)
    }
    for parameter in instance.parameters { check(parameter.value) }
    let ports: [VerilogPort]
    do {
      guard let found = try interfaces.ports(of: instance) else {
        report("module \(instance.module) is not known")
        return
      }
      ports = found
    } catch let error as VerilogError {
      for issue in error.issues { report("\(error.module): \(issue)") }
      return
    } catch {
      report("\(error)")
      return
    }
    var open = ports.map(\.name)
    for connection in instance.connections {
      guard let port = ports.first(where: { $0.name == connection.port }) else {
        report("\(instance.module) has no port \(connection.port)")
        continue
      }
      guard let index = open.firstIndex(of: port.name) else {
        report("port \(port.name) is connected twice")
        continue
      }
      open.remove(at: index)
      let found: VerilogType?
      switch connection.end {
      case .input(let value):
        if port.direction != .input { report("port \(port.name) is an output") }
        found = type(value)
      case .output(let target):
        if port.direction != .output { report("port \(port.name) is an input") }
        found = check(target, clocked: false)
      }
      if let found, found.width != port.type.width {
        report("port \(port.name) has \(port.type.width) bits, its connection \(found.width)")
      }
    }
    if !open.isEmpty { report("not connected: \(open.joined(separator: ", "))") }
  }

  private mutating func checkUse() {
    for name in order {
      guard let symbol = symbols[name] else { continue }
      let ranges = (drivers[name] ?? []).sorted { $0.bits.lowerBound < $1.bits.lowerBound }
      switch symbol.kind {
      case .input, .constant, .string: break
      case .memory: if ranges.isEmpty { report("memory \(name) has no contents") }
      case .output, .logic:
        // The item that reaches furthest so far owns the bits up to `end`.
        var end = -1
        var owner = -1
        for entry in ranges {
          if entry.bits.lowerBound > end + 1 { break }
          if entry.bits.lowerBound <= end, entry.item != owner {
            report("\(name)[\(entry.bits.lowerBound)] has two drivers")
          }
          if entry.bits.upperBound > end {
            end = entry.bits.upperBound
            owner = entry.item
          }
        }
        if end < symbol.type.width - 1 { report("\(name)[\(end + 1)] has no driver") }
      }
      if case .output = symbol.kind { continue }
      if !read.contains(name), !name.hasPrefix("unused_") { report("\(name) is never read") }
    }
  }

  // MARK: Questions of later steps

  func isDeclared(_ name: String) -> Bool { symbols[name] != nil }
  func isConstant(_ name: String) -> Bool {
    if case .constant? = symbols[name]?.kind { return true }
    return false
  }
  mutating func declareSignal(_ name: String, _ type: VerilogType) {
    symbols[name] = Symbol(kind: .logic, type: type)
  }
  /// The names that an expression reads.
  func names(in e: VerilogExpression) -> [String] {
    switch e {
    case .name(let name), .partSelect(let name, _, _): [name]
    case .literal: []
    case .unary(_, let x), .asSigned(let x), .asUnsigned(let x), .resized(let x, _),
      .replication(_, let x):
      names(in: x)
    case .binary(_, let a, let b): names(in: a) + names(in: b)
    case .ternary(let a, let b, let c): names(in: a) + names(in: b) + names(in: c)
    case .bitSelect(let name, let x), .indexedSelect(let name, let x, _),
      .element(let name, let x):
      [name] + names(in: x)
    case .concatenation(let parts): parts.flatMap { names(in: $0) }
    }
  }

  // MARK: Statements

  private mutating func check(_ body: [VerilogStatement], clocked: Bool) {
    for statement in body {
      switch statement {
      case .comment: break
      case .assign(let target, let value):
        if let type = check(target, clocked: clocked) {
          checkAssignment(target.name, type, value)
        }
      case .ifElse(let condition, let then, let otherwise):
        expectBit(condition)
        check(then, clocked: clocked)
        check(otherwise, clocked: clocked)
      case .switchCase(let subject, let cases, let otherwise):
        let subjectType = type(subject)
        var seen: Set<VerilogExpression> = []
        for entry in cases {
          if entry.labels.isEmpty { report("a case has no label") }
          for label in entry.labels {
            switch label {
            case .literal: break
            case .name(let name):
              guard case .constant? = symbols[name]?.kind else { fallthrough }
            default: report("label \(show(label)) is no constant")
            }
            if !seen.insert(label).inserted { report("label \(show(label)) occurs twice") }
            if let found = type(label), let subjectType, found != subjectType {
              report("label \(show(label)) is \(found), \(show(subject)) is \(subjectType)")
            }
          }
          check(entry.body, clocked: clocked)
        }
        check(otherwise, clocked: clocked)
      }
    }
  }

  private mutating func expectBit(_ condition: VerilogExpression) {
    if let found = type(condition), found.width != 1 {
      report("condition \(show(condition)) has \(found.width) bits")
    }
  }

  private mutating func checkAssignment(
    _ name: String, _ target: VerilogType, _ value: VerilogExpression
  ) {
    // At equal width the bits are copied, so that signs may differ here.
    guard let found = type(value), found.width != target.width else { return }
    report("\(name) takes \(target.width) bits, \(show(value)) has \(found.width)")
  }

  /// The type of a target; records what it drives.
  private mutating func check(_ target: VerilogTarget, clocked: Bool) -> VerilogType? {
    guard let symbol = symbols[target.name] else {
      report("\(target.name) is not declared")
      return nil
    }
    let width = symbol.type.width
    switch (symbol.kind, target) {
    case (.memory(let depth), .element(let name, let index)):
      if !clocked { report("memory \(name) is written outside a clocked process") }
      checkIndex(name, index, count: depth)
      drivers[name, default: []].append((0...width - 1, item))
      return symbol.type
    case (.memory, _):
      report("memory \(target.name) is assigned as a whole")
      return nil
    case (.input, _), (.constant, _), (.string, _):
      report("\(target.name) cannot be assigned")
      return nil
    case (_, .element(let name, _)):
      report("\(name) is no memory")
      return nil
    case (_, .whole(let name)):
      drivers[name, default: []].append((0...width - 1, item))
      return symbol.type
    case (_, .slice(let name, let high, let low)):
      guard low >= 0, high >= low, high < width else {
        report("\(name)[\(high):\(low)] is outside of \(width) bits")
        return nil
      }
      drivers[name, default: []].append((low...high, item))
      return .bits(high - low + 1)
    case (_, .indexed(let name, let base, let part)):
      checkBase(name, base, part: part, width: width)
      drivers[name, default: []].append((0...width - 1, item))
      return .bits(max(part, 1))
    }
  }

  // MARK: Expressions

  private mutating func checkIndex(_ name: String, _ index: VerilogExpression, count: Int) {
    if case .literal(let value, _) = index {
      if value < 0 || value >= count { report("\(name)[\(value)] is outside of \(count)") }
      return
    }
    guard let found = type(index) else { return }
    if found != .bits(indexWidth(count)) {
      report(
        "\(name)[\(show(index))] has an index of \(found), it takes unsigned \(indexWidth(count)) bit"
      )
    }
  }

  private mutating func checkBase(
    _ name: String, _ base: VerilogExpression, part: Int, width: Int
  ) {
    if part < 1 || part > width { report("\(name)[+: \(part)] is outside of \(width) bits") }
    if case .literal(let value, _) = base, value + Int64(part) > width {
      report("\(name)[\(value) +: \(part)] is outside of \(width) bits")
    }
    checkIndex(name, base, count: width)
    if width == 1 { report("\(name) has one bit, nothing to select") }
  }

  /// The type of an expression, or nil after a report.
  mutating func type(_ e: VerilogExpression) -> VerilogType? {
    switch e {
    case .name(let name):
      guard let symbol = symbols[name] else {
        report("\(name) is not declared")
        return nil
      }
      read.insert(name)
      switch symbol.kind {
      case .memory, .string:
        report("\(name) is no value")
        return nil
      default: return symbol.type
      }
    case .literal(let value, let type):
      guard Self.fits(value, type) else {
        report("\(value) does not fit \(type)")
        return nil
      }
      return type
    case .unary(let op, let x): return type(op, x)
    case .binary(let op, let a, let b): return type(op, a, b)
    case .ternary(let condition, let then, let otherwise):
      expectBit(condition)
      guard let a = type(then), let b = type(otherwise) else { return nil }
      if a != b { report("\(show(then)) is \(a), \(show(otherwise)) is \(b)") }
      return a == b ? a : nil
    case .bitSelect(let name, let index):
      guard let symbol = vector(name) else { return nil }
      if symbol.width == 1 { report("\(name) has one bit, nothing to select") }
      checkIndex(name, index, count: symbol.width)
      return .bit
    case .partSelect(let name, let high, let low):
      guard let symbol = vector(name) else { return nil }
      guard low >= 0, high >= low, high < symbol.width else {
        report("\(name)[\(high):\(low)] is outside of \(symbol.width) bits")
        return nil
      }
      return .bits(high - low + 1)
    case .indexedSelect(let name, let base, let part):
      guard let symbol = vector(name) else { return nil }
      checkBase(name, base, part: part, width: symbol.width)
      return part >= 1 ? .bits(part) : nil
    case .element(let name, let index):
      guard let symbol = symbols[name], case .memory(let depth) = symbol.kind else {
        report("\(name) is no memory")
        return nil
      }
      read.insert(name)
      checkIndex(name, index, count: depth)
      return symbol.type
    case .concatenation(let parts):
      if parts.isEmpty { report("a concatenation has no part") }
      var width = 0
      for part in parts {
        guard let found = type(part) else { return nil }
        width += found.width
      }
      return width > 0 ? .bits(width) : nil
    case .replication(let count, let part):
      guard let found = type(part) else { return nil }
      guard count >= 1 else {
        report("a replication has at least one copy, not \(count)")
        return nil
      }
      return .bits(count * found.width)
    case .asSigned(let x): return type(x).map { .signed($0.width) }
    case .asUnsigned(let x): return type(x).map { .bits($0.width) }
    case .resized(let x, let width):
      guard width >= 1 else {
        report("a value has at least one bit, not \(width)")
        return nil
      }
      return type(x).map { VerilogType(width: width, isSigned: $0.isSigned) }
    }
  }

  /// The type of a name that can be selected from.
  private mutating func vector(_ name: String) -> VerilogType? {
    guard let symbol = symbols[name] else {
      report("\(name) is not declared")
      return nil
    }
    read.insert(name)
    switch symbol.kind {
    case .memory, .string:
      report("\(name) is no vector")
      return nil
    default: return symbol.type
    }
  }

  private static func fits(_ value: Int64, _ type: VerilogType) -> Bool {
    if type.isSigned {
      return type.width >= 64 || (value >> Int64(type.width - 1)) == (value < 0 ? -1 : 0)
    }
    return value >= 0 && (type.width >= 63 || value >> Int64(type.width) == 0)
  }

  private mutating func type(
    _ op: VerilogUnaryOperator, _ x: VerilogExpression
  ) -> VerilogType? {
    guard let found = type(x) else { return nil }
    switch op {
    case .bitwiseNot: return found
    case .negate:
      if !found.isSigned { report("-\(show(x)) negates an unsigned value") }
      return found
    case .logicalNot:
      if found.width != 1 { report("!\(show(x)) takes one bit, not \(found.width)") }
      return .bit
    case .reduceAnd, .reduceOr, .reduceXor: return .bit
    }
  }

  private mutating func type(
    _ op: VerilogBinaryOperator, _ a: VerilogExpression, _ b: VerilogExpression
  ) -> VerilogType? {
    guard let left = type(a), let right = type(b) else { return nil }
    // Made on demand: printing every operand would be quadratic in the depth of a tree.
    func text() -> String {
      "\(op.rawValue): \(show(a)) is \(left), \(show(b)) is \(right)"
    }
    switch op {
    case .shiftLeft, .shiftRight, .arithmeticShiftRight:
      if right.isSigned { report("\(text()), the amount must be unsigned") }
      if op == .shiftRight, left.isSigned { report("\(text()), use >>>") }
      if op == .arithmeticShiftRight, !left.isSigned { report("\(text()), use >>") }
      return left
    case .logicalAnd, .logicalOr:
      if left.width != 1 || right.width != 1 { report("\(text()), both must be one bit") }
      return .bit
    case .add, .subtract, .multiply, .and, .or, .xor:
      if left != right { report("\(text()), they must agree") }
      return left
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
      if left != right { report("\(text()), they must agree") }
      return .bit
    }
  }
}
