/// Replaces every truncating `resized` by a select, before printing.
///
/// Yosys 0.23 sizes `4'(x)` by x when x is wider, which changes the value of an expression around it.
/// A truncated name becomes a select of its low bits, anything else is first given a name `cut_n`.
/// The dropped bits are read by a sink: dropping them is what the tree says.
struct VerilogTruncation {
  private var checker: VerilogChecker
  private var module: VerilogModule
  private var added: [VerilogItem] = []
  private var count = 0
  private var issues: [String] = []
  /// What the current `always_comb` assigns: its values change within the process.
  private var local: Set<String> = []

  /// - Parameter checker: has checked the module without an issue.
  init(_ module: VerilogModule, checker: VerilogChecker) {
    self.module = module
    self.checker = checker
  }

  /// The module without truncating casts.
  ///
  /// - Throws: `VerilogError` where a truncated value has to be named by the generator.
  mutating func run() throws -> VerilogModule {
    var items: [VerilogItem] = []
    for item in module.items {
      added = []
      local = []
      let lowered = lower(item)
      items += added
      items.append(lowered)
    }
    guard issues.isEmpty else { throw VerilogError(module: module.name, issues: issues) }
    module.items = items
    return module
  }

  private mutating func lower(_ item: VerilogItem) -> VerilogItem {
    switch item {
    case .comment, .blank, .logic, .readMemory: return item
    case .localparam(let name, let type, let value):
      let lowered = lower(value)
      if !added.isEmpty { issues.append("localparam \(name): a constant may not be truncated") }
      return .localparam(name, type, lowered)
    case .assign(let target, let value): return .assign(lower(target), lower(value))
    case .alwaysFF(let clock, let body): return .alwaysFF(clock: clock, lower(body))
    case .alwaysComb(let body):
      collectTargets(body)
      return .alwaysComb(lower(body))
    case .instance(var instance):
      for i in instance.connections.indices {
        switch instance.connections[i].end {
        case .input(let value): instance.connections[i].end = .input(lower(value))
        case .output(let target): instance.connections[i].end = .output(lower(target))
        }
      }
      return .instance(instance)
    case .sink(let name, let values): return .sink(name: name, values.map { lower($0) })
    }
  }

  private mutating func collectTargets(_ body: [VerilogStatement]) {
    for statement in body {
      switch statement {
      case .comment: break
      case .assign(let target, _): local.insert(target.name)
      case .ifElse(_, let then, let otherwise):
        collectTargets(then)
        collectTargets(otherwise)
      case .switchCase(_, let cases, let otherwise):
        for entry in cases { collectTargets(entry.body) }
        collectTargets(otherwise)
      }
    }
  }

  private mutating func lower(_ body: [VerilogStatement]) -> [VerilogStatement] {
    body.map { statement in
      switch statement {
      case .comment: statement
      case .assign(let target, let value): .assign(lower(target), lower(value))
      case .ifElse(let condition, let then, let otherwise):
        .ifElse(lower(condition), lower(then), lower(otherwise))
      case .switchCase(let subject, let cases, let otherwise):
        .switchCase(
          lower(subject), cases.map { VerilogCase($0.labels, lower($0.body)) },
          otherwise: lower(otherwise))
      }
    }
  }

  private mutating func lower(_ target: VerilogTarget) -> VerilogTarget {
    switch target {
    case .whole, .slice: target
    case .indexed(let name, let base, let width): .indexed(name, base: lower(base), width: width)
    case .element(let name, let index): .element(name, index: lower(index))
    }
  }

  private mutating func lower(_ e: VerilogExpression) -> VerilogExpression {
    switch e {
    case .name, .literal, .partSelect: return e
    case .unary(let op, let x): return .unary(op, lower(x))
    case .binary(let op, let a, let b): return .binary(op, lower(a), lower(b))
    case .ternary(let condition, let then, let otherwise):
      return .ternary(lower(condition), then: lower(then), otherwise: lower(otherwise))
    case .bitSelect(let name, let index): return .bitSelect(name, index: lower(index))
    case .indexedSelect(let name, let base, let width):
      return .indexedSelect(name, base: lower(base), width: width)
    case .element(let name, let index): return .element(name, index: lower(index))
    case .concatenation(let parts): return .concatenation(parts.map { lower($0) })
    case .replication(let count, let part): return .replication(count, lower(part))
    case .asSigned(let x): return .asSigned(lower(x))
    case .asUnsigned(let x): return .asUnsigned(lower(x))
    case .resized(let x, let width):
      guard let type = checker.type(x), type.width > width else {
        return .resized(lower(x), width: width)
      }
      let bits = truncated(x, type, to: width)
      return type.isSigned ? .asSigned(bits) : bits
    }
  }

  /// The low bits of a value, unsigned.
  private mutating func truncated(
    _ x: VerilogExpression, _ type: VerilogType, to width: Int
  ) -> VerilogExpression {
    switch x {
    case .literal(let value, _) where width <= 62:
      return .literal(value & ((1 << Int64(width)) - 1), .bits(width))
    case .name(let name): return low(name, from: 0, of: type.width, width: width)
    case .partSelect(let name, let high, let low):
      return self.low(name, from: low, of: high - low + 1, width: width)
    case .asSigned(let inner), .asUnsigned(let inner):
      return truncated(inner, type, to: width)
    default:
      let value = lower(x)
      if let name = checker.names(in: value).first(where: local.contains) {
        issues.append("always_comb: name the value with \(name) before truncating it")
      }
      var name: String
      repeat {
        name = "cut_\(count)"
        count += 1
      } while checker.isDeclared(name)
      checker.declareSignal(name, type)
      added.append(.logic(name, type, depth: nil))
      added.append(.assign(.whole(name), value))
      return low(name, from: 0, of: type.width, width: width)
    }
  }

  private mutating func low(
    _ name: String, from place: Int, of size: Int, width: Int
  ) -> VerilogExpression {
    let dropped: VerilogExpression = .slice(name, place + size - 1, place + width)
    // A value of the process itself is read there; a constant needs no reader.
    if !local.contains(name), !checker.isConstant(name) {
      var sink: String
      repeat {
        sink = "unused_\(count)"
        count += 1
      } while checker.isDeclared(sink)
      checker.declareSignal(sink, .bit)
      added.append(.sink(name: sink, [dropped]))
    }
    return .slice(name, place + width - 1, place)
  }
}
