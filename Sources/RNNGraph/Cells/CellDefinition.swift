/// The value of a cell option in `model.json`.
package enum CellOptionValue: Hashable, Sendable, CustomStringConvertible {
  case bool(Bool)
  case int(Int)
  case number(Double)
  case choice(String)

  package var description: String {
    switch self {
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .number(let value): "\(value)"
    case .choice(let value): value
    }
  }
}

/// An option that a cell understands; an option that no cell declares is refused by name.
package struct CellOption: Sendable {
  package var name: String
  package var summary: String
  /// The value that `rnnc` writes out when the user leaves the option away.
  package var standard: CellOptionValue
  /// The words that a `choice` may take; empty for other kinds.
  package var choices: [String]
  /// The values that a number, whole or not, may take.
  package var range: ClosedRange<Double>
  /// An option declared before, and its choices with which this one means something; nil for always.
  ///
  /// With other choices the option is refused when given and absent from the configuration.
  package var requires: (option: String, choices: [String])?
  /// Whether a model file may leave the option away and then means its standard: an option younger than such files.
  package var mayBeAbsent: Bool
  package init(
    _ name: String, summary: String, standard: CellOptionValue, choices: [String] = [],
    range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
    requires: (option: String, choices: [String])? = nil, mayBeAbsent: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.standard = standard
    self.choices = choices
    self.range = range
    self.requires = requires
    self.mayBeAbsent = mayBeAbsent
  }
}

/// The size and options of one layer, complete: every option that applies has a value of its kind.
package struct CellConfiguration: Hashable, Sendable {
  package var inputSize: Int
  /// Hidden units of a recurrent cell, outputs of a dense layer.
  package var units: Int
  /// Values in the order in which the cell declares its options.
  package var options: [Entry]

  /// An option of a cell and its value.
  package struct Entry: Hashable, Sendable {
    package var name: String
    package var value: CellOptionValue
    package init(_ name: String, _ value: CellOptionValue) {
      self.name = name
      self.value = value
    }
  }
  package init(inputSize: Int, units: Int, options: [Entry]) {
    self.inputSize = inputSize
    self.units = units
    self.options = options
  }
  private func value(_ name: String) -> CellOptionValue {
    guard let entry = options.first(where: { $0.name == name }) else {
      preconditionFailure("option \(name) was not completed by CellRegistry")
    }
    return entry.value
  }
  /// Whether an option has a value; those that may be absent then mean their standard.
  func has(_ name: String) -> Bool { options.contains { $0.name == name } }
  /// The value of an option that is true or false.
  package func bool(_ name: String) -> Bool {
    guard case .bool(let value) = value(name) else { preconditionFailure("\(name) is no bool") }
    return value
  }
  /// The value of an option that is a whole number.
  package func int(_ name: String) -> Int {
    guard case .int(let value) = value(name) else { preconditionFailure("\(name) is no int") }
    return value
  }
  /// The value of an option that is a number.
  package func number(_ name: String) -> Double {
    guard case .number(let value) = value(name) else { preconditionFailure("\(name) is no number") }
    return value
  }
  /// The value of an option that is one of several words.
  package func choice(_ name: String) -> String {
    guard case .choice(let value) = value(name) else { preconditionFailure("\(name) is no choice") }
    return value
  }
}

/// A kind of cell: its name, its options, and the graph of its equations.
package protocol CellDefinition: Sendable {
  /// The word in `model.json`, such as `gru`.
  static var name: String { get }
  /// What it is, in half a line for lists.
  static var summary: String { get }
  /// The options in the order of files and help.
  static var options: [CellOption] { get }
  /// Whether the layer has as many outputs as inputs, so that its units say nothing else.
  static var keepsSize: Bool { get }
  /// Builds the graph of one step from a complete configuration.
  static func graph(_ configuration: CellConfiguration) -> CellGraph
}

extension CellDefinition {
  package static var keepsSize: Bool { false }
}
