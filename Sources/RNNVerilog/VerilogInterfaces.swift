/// The headers of the modules that a design instantiates: generated ones and library files.
package struct VerilogInterfaces: Sendable {
  struct Header: Sendable {
    struct Parameter: Sendable {
      var name: String
      var isLocal: Bool
      /// Nil for a string parameter.
      var value: VerilogConstant?
    }
    struct Port: Sendable {
      var name: String
      var direction: VerilogPort.Direction
      var isSigned: Bool
      /// Nil for one bit.
      var highBit: VerilogConstant?
    }
    var parameters: [Parameter] = []
    var ports: [Port] = []
  }
  private(set) var headers: [String: Header] = [:]

  package init() {}

  /// Adds a generated module.
  package mutating func add(_ module: VerilogModule) {
    var header = Header()
    header.parameters = module.parameters.map {
      switch $0.value {
      case .int(let value): .init(name: $0.name, isLocal: false, value: .int(value))
      case .string: .init(name: $0.name, isLocal: false, value: nil)
      }
    }
    header.ports = module.ports.map {
      .init(
        name: $0.name, direction: $0.direction, isSigned: $0.type.isSigned,
        highBit: $0.type.width == 1 ? nil : .int($0.type.width - 1))
    }
    headers[module.name] = header
  }

  /// Adds a hand-written module by its header, which must be in the style of the library.
  ///
  /// - Throws: `VerilogError` if the header has another form.
  package mutating func add(parsing text: String, file: String) throws {
    var parser = VerilogHeaderParser(text: text, file: file)
    let (name, header) = try parser.parse()
    headers[name] = header
  }

  /// The ports of a module for the parameters of an instance.
  ///
  /// - Throws: `VerilogError` for an unknown or missing parameter or an impossible width.
  package func ports(of instance: VerilogInstance) throws -> [VerilogPort]? {
    guard let header = headers[instance.module] else { return nil }
    func fail(_ message: String) -> VerilogError {
      VerilogError(module: instance.module, issues: [message])
    }
    var given: [String: VerilogInstance.ParameterValue] = [:]
    for parameter in instance.parameters {
      guard header.parameters.contains(where: { $0.name == parameter.name && !$0.isLocal })
      else { throw fail("there is no parameter \(parameter.name)") }
      guard given.updateValue(parameter.value, forKey: parameter.name) == nil else {
        throw fail("parameter \(parameter.name) is given twice")
      }
    }
    var values: [String: Int] = [:]
    for parameter in header.parameters {
      switch (given[parameter.name], parameter.value) {
      case (.int(let value), .some): values[parameter.name] = value
      case (.some, .some):
        throw fail("parameter \(parameter.name) needs an integer that is known here")
      case (.int, .none): throw fail("parameter \(parameter.name) needs a string")
      case (.none, .some(let value)): values[parameter.name] = try value.evaluated(values)
      case (_, .none): break
      }
    }
    return try header.ports.map { port in
      let high = try port.highBit.map { try $0.evaluated(values) } ?? 0
      guard high >= 0 else { throw fail("port \(port.name) has \(high + 1) bits") }
      return VerilogPort(
        port.name, port.direction, VerilogType(width: high + 1, isSigned: port.isSigned))
    }
  }
}

/// A constant expression of a header: integers, parameters, `+ - * /`, comparisons, `?:`, `$clog2`.
indirect enum VerilogConstant: Sendable {
  case int(Int)
  case name(String)
  case binary(String, VerilogConstant, VerilogConstant)
  case ternary(VerilogConstant, VerilogConstant, VerilogConstant)
  case clog2(VerilogConstant)

  func evaluated(_ values: [String: Int]) throws -> Int {
    switch self {
    case .int(let value): return value
    case .name(let name):
      guard let value = values[name] else {
        throw VerilogError(module: "header", issues: ["\(name) has no value"])
      }
      return value
    case .ternary(let c, let a, let b):
      return try c.evaluated(values) != 0 ? a.evaluated(values) : b.evaluated(values)
    case .clog2(let x):
      let value = try x.evaluated(values)
      return value <= 1 ? 0 : Int.bitWidth - (value - 1).leadingZeroBitCount
    case .binary(let op, let x, let y):
      let a = try x.evaluated(values)
      let b = try y.evaluated(values)
      switch op {
      case "+": return a + b
      case "-": return a - b
      case "*": return a * b
      case "/":
        guard b != 0 else {
          throw VerilogError(module: "header", issues: ["division by zero"])
        }
        return a / b
      case "<": return a < b ? 1 : 0
      case "<=": return a <= b ? 1 : 0
      case ">": return a > b ? 1 : 0
      case ">=": return a >= b ? 1 : 0
      case "==": return a == b ? 1 : 0
      default: throw VerilogError(module: "header", issues: ["operator \(op) is not known"])
      }
    }
  }
}
