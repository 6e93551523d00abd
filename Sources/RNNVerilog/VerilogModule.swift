/// One module of the emitted SystemVerilog subset, printed as one file of the same name.
///
///     var m = VerilogModule("blink", doc: "Toggles when enabled. Latency 1.")
///     m.input("clk_i"); m.input("rst_i"); m.input("en_i"); m.output("led_o")
///     m.declare("led_q")
///     m.always([.ifElse("rst_i", [.set("led_q", .zero)],
///                       [.ifElse("en_i", [.set("led_q", !"led_q")])])])
///     m.assign("led_o", "led_q")
///     let text = try m.text()      // checks, then prints
package struct VerilogModule: Hashable, Sendable {
  package var name: String
  /// What the module does; wrapped into a `///` block before the module.
  package var doc: String
  package var parameters: [VerilogParameter] = []
  package var ports: [VerilogPort] = []
  package var items: [VerilogItem] = []
  /// What simulation checks, printed behind the items.
  package var assertions: [VerilogAssertion] = []

  package init(_ name: String, doc: String) {
    self.name = name
    self.doc = doc
  }
}

/// A parameter in the module's header.
package struct VerilogParameter: Hashable, Sendable {
  /// The standard value of a parameter, which also says its type.
  package enum Value: Hashable, Sendable {
    /// `parameter int`: a signed value of 32 bits.
    case int(Int)
    /// An untyped parameter that holds a file name.
    case string(String)
  }
  package var name: String
  package var value: Value
  package init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }
}

/// A port of a module.
package struct VerilogPort: Hashable, Sendable {
  /// Which way a port leads.
  package enum Direction: String, Hashable, Sendable { case input, output }
  package var name: String
  package var direction: Direction
  package var type: VerilogType
  package init(_ name: String, _ direction: Direction, _ type: VerilogType) {
    self.name = name
    self.direction = direction
    self.type = type
  }
}

/// An item of a module's body, printed in the order given.
package enum VerilogItem: Hashable, Sendable {
  /// Wrapped `//` lines.
  case comment(String)
  case blank
  case localparam(String, VerilogType, VerilogExpression)
  /// `logic`; with a depth, a memory of that many words.
  case logic(String, VerilogType, depth: Int?)
  case assign(VerilogTarget, VerilogExpression)
  /// `always_ff @(posedge clock)`; its assignments print as `<=`.
  case alwaysFF(clock: String, [VerilogStatement])
  /// `always_comb`; its assignments print as `=`.
  case alwaysComb([VerilogStatement])
  case instance(VerilogInstance)
  /// `initial $readmemh(file, memory);`
  case readMemory(VerilogInstance.ParameterValue, memory: String)
  /// Reads signals (and bits of signals) that nothing else needs, so that no lint has to be off.
  case sink(name: String, [VerilogExpression])
}

/// A statement of a process; the process decides between `<=` and `=`.
package indirect enum VerilogStatement: Hashable, Sendable {
  case assign(VerilogTarget, VerilogExpression)
  case ifElse(VerilogExpression, [VerilogStatement], [VerilogStatement] = [])
  /// Labels are constants of the subject's type and distinct.
  case switchCase(VerilogExpression, [VerilogCase], otherwise: [VerilogStatement])
  case comment(String)

  /// An assignment to a whole signal or to the target given.
  package static func set(
    _ target: VerilogTarget, _ value: VerilogExpression
  ) -> VerilogStatement { .assign(target, value) }
}

/// The statements of a `case` for some values.
package struct VerilogCase: Hashable, Sendable {
  package var labels: [VerilogExpression]
  package var body: [VerilogStatement]
  package init(_ labels: [VerilogExpression], _ body: [VerilogStatement]) {
    self.labels = labels
    self.body = body
  }
}

/// What an assignment or an output of an instance writes.
package enum VerilogTarget: Hashable, Sendable, ExpressibleByStringLiteral {
  case whole(String)
  case slice(String, high: Int, low: Int)
  case indexed(String, base: VerilogExpression, width: Int)
  /// One word of a memory; only in `alwaysFF`.
  case element(String, index: VerilogExpression)

  package init(stringLiteral value: String) { self = .whole(value) }

  package var name: String {
    switch self {
    case .whole(let name), .slice(let name, _, _), .indexed(let name, _, _),
      .element(let name, _):
      name
    }
  }
  /// Element `index` of a flat bus of elements of `width` bits.
  package static func lane(_ name: String, _ index: Int, width: Int) -> VerilogTarget {
    .slice(name, high: index * width + width - 1, low: index * width)
  }
}

/// An instance with named parameters and named connections, every port listed.
package struct VerilogInstance: Hashable, Sendable {
  /// What an instance gives a parameter.
  package enum ParameterValue: Hashable, Sendable {
    case int(Int)
    case string(String)
    /// A parameter of the instantiating module.
    case name(String)
  }
  /// A port of an instance and what it is connected to.
  package struct Connection: Hashable, Sendable {
    /// What feeds an input, or what an output feeds.
    package enum End: Hashable, Sendable {
      case input(VerilogExpression)
      case output(VerilogTarget)
    }
    package var port: String
    package var end: End
    /// Feeds an input port.
    package static func input(_ port: String, _ value: VerilogExpression) -> Connection {
      Connection(port: port, end: .input(value))
    }
    /// Takes an output port.
    package static func output(_ port: String, _ target: VerilogTarget) -> Connection {
      Connection(port: port, end: .output(target))
    }
  }
  /// A parameter of an instance and its value.
  package struct Parameter: Hashable, Sendable {
    package var name: String
    package var value: ParameterValue
  }
  package var module: String
  package var name: String
  package var parameters: [Parameter]
  package var connections: [Connection]

  package init(
    _ module: String, _ name: String,
    parameters: KeyValuePairs<String, ParameterValue> = [:],
    connections: [Connection]
  ) {
    self.module = module
    self.name = name
    self.parameters = parameters.map { Parameter(name: $0.key, value: $0.value) }
    self.connections = connections
  }
}

// MARK: - Builders

extension VerilogModule {
  /// Adds an input port.
  package mutating func input(_ name: String, _ type: VerilogType = .bit) {
    ports.append(VerilogPort(name, .input, type))
  }
  /// Adds an output port.
  package mutating func output(_ name: String, _ type: VerilogType = .bit) {
    ports.append(VerilogPort(name, .output, type))
  }
  /// Adds a comment on lines of its own.
  package mutating func comment(_ text: String) { items.append(.comment(text)) }
  /// Adds an empty line.
  package mutating func blank() { items.append(.blank) }
  /// Declares a signal.
  package mutating func declare(_ name: String, _ type: VerilogType = .bit) {
    items.append(.logic(name, type, depth: nil))
  }
  /// Declares a memory of `depth` words.
  package mutating func memory(_ name: String, _ type: VerilogType, depth: Int) {
    items.append(.logic(name, type, depth: depth))
  }
  /// Declares a constant of the module.
  package mutating func localparam(
    _ name: String, _ type: VerilogType, _ value: VerilogExpression
  ) {
    items.append(.localparam(name, type, value))
  }
  /// Assigns continuously.
  package mutating func assign(_ target: VerilogTarget, _ value: VerilogExpression) {
    items.append(.assign(target, value))
  }
  /// Declares a signal and assigns it.
  package mutating func wire(_ name: String, _ type: VerilogType, _ value: VerilogExpression) {
    declare(name, type)
    assign(.whole(name), value)
  }
  /// Adds registers: an `always_ff` at the rising edge of a clock.
  package mutating func always(clock: String = "clk_i", _ body: [VerilogStatement]) {
    items.append(.alwaysFF(clock: clock, body))
  }
  /// Adds an `always_comb`.
  package mutating func comb(_ body: [VerilogStatement]) { items.append(.alwaysComb(body)) }
  /// Instantiates a module; every port of it is connected.
  package mutating func instance(
    _ module: String, _ name: String,
    parameters: KeyValuePairs<String, VerilogInstance.ParameterValue> = [:],
    _ connections: [VerilogInstance.Connection]
  ) {
    items.append(
      .instance(
        VerilogInstance(module, name, parameters: parameters, connections: connections)))
  }
  /// Marks values as deliberately unused; the name must start with `unused_`.
  package mutating func sink(_ name: String, _ values: [VerilogExpression]) {
    items.append(.sink(name: name, values))
  }
}
