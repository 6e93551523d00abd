/// A tree that would print as wrong or unclean Verilog: a fault of the generator, not of the user.
package struct VerilogError: Error, Sendable, CustomStringConvertible {
  package var module: String
  package var issues: [String]
  package var description: String {
    issues.map { "\(module): \($0)" }.joined(separator: "\n")
  }
}

extension VerilogModule {
  /// The name of the file that holds the module.
  package var fileName: String { name + ".sv" }

  /// Checks the module, then prints it.
  ///
  /// - Parameter interfaces: what the module instantiates.
  /// - Throws: `VerilogError` with every issue found.
  package func text(interfaces: VerilogInterfaces = VerilogInterfaces()) throws -> String {
    var checker = VerilogChecker(interfaces: interfaces)
    checker.check(self)
    guard checker.issues.isEmpty else { throw VerilogError(module: name, issues: checker.issues) }
    var truncation = VerilogTruncation(self, checker: checker)
    let module = try truncation.run()
    var types: [String: VerilogType] = [:]
    for parameter in parameters {
      if case .int = parameter.value { types[parameter.name] = .signed(32) }
    }
    for port in ports { types[port.name] = port.type }
    for item in module.items {
      switch item {
      case .logic(let name, let type, _): types[name] = type
      case .sink(let name, _): types[name] = .bit
      case .localparam(let name, let type, _): types[name] = type
      default: break
      }
    }
    var printer = VerilogPrinter(types: types)
    printer.print(module)
    return printer.text
  }
}
