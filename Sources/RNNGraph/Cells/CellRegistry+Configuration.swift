package import RNNSupport

extension CellRegistry {
  /// A complete configuration from the options that a user gave; the others take their standard value.
  ///
  /// Options come out in the order in which the cell declares them. Whole numbers stand for numbers where the
  /// cell wants those; nothing else is converted. Sizes must be 1 to 2^20, whole-number options not negative.
  ///
  /// - Parameters:
  ///   - path: the place of the layer in its file, for messages.
  ///   - sink: collects one error per unknown cell, bad size, unknown option and unsupported value.
  /// - Returns: nil if anything was wrong.
  package static func configuration(
    cell name: String, inputSize: Int, units: Int, options given: [CellConfiguration.Entry],
    path: String, into sink: inout DiagnosticSink
  ) -> CellConfiguration? {
    guard let cell = named(name) else {
      sink.error(
        "\(path)/cell", "no cell is named \"\(name)\"",
        fix: "use one of \(all.map { $0.name }.joined(separator: ", "))")
      return nil
    }
    var isGood = true
    func fault(_ key: String, _ message: String, _ fix: String) {
      sink.error("\(path)/\(key)", message, fix: fix)
      isGood = false
    }
    for (key, size) in [("inputSize", inputSize), ("units", units)]
    where !(1...1 << 20).contains(size) {
      fault(key, "\(size) is not supported", "use 1 to \(1 << 20)")
    }
    if cell.keepsSize, units != inputSize {
      fault(
        "units", "a layer \(name) of \(inputSize) inputs has as many outputs, not \(units)",
        "use \(inputSize)")
    }
    let known = cell.options.map(\.name)
    for entry in given where !known.contains(entry.name) {
      fault(
        "options/\(entry.name)", "the cell \(name) has no option \"\(entry.name)\"",
        known.isEmpty
          ? "remove it; the cell has no options"
          : "remove it or use one of \(known.joined(separator: ", "))")
    }
    var entries: [CellConfiguration.Entry] = []
    for option in cell.options {
      if let (other, choices) = option.requires,
        !entries.contains(where: { $0.name == other && choices.contains($0.value.description) })
      {
        if given.contains(where: { $0.name == option.name }) {
          fault(
            "options/\(option.name)",
            "the option means nothing unless \(other) is \(choices.joined(separator: " or "))",
            "remove it or change \(other)")
        }
        continue
      }
      guard let entry = given.first(where: { $0.name == option.name }) else {
        entries.append(.init(option.name, option.standard))
        continue
      }
      var value = entry.value
      if case .number = option.standard, case .int(let n) = value { value = .number(Double(n)) }
      switch (option.standard, value) {
      case (.bool, .bool): break
      case (.int, .int(let n)):
        let least = max(0, Int(max(option.range.lowerBound, 0)))
        if !(least...1 << 20).contains(n) {
          fault("options/\(option.name)", "\(n) is not supported", "use \(least) to \(1 << 20)")
        }
      case (.number, .number(let x)):
        if !x.isFinite {
          fault("options/\(option.name)", "\(x) is no number", "use a number")
        } else if !option.range.contains(x) {
          let (low, high) = (option.range.lowerBound, option.range.upperBound)
          fault(
            "options/\(option.name)", "\(x) is not supported",
            high == Double.greatestFiniteMagnitude ? "use \(low) or more" : "use \(low) to \(high)")
        }
      case (.choice, .choice(let word)):
        if !option.choices.contains(word) {
          fault(
            "options/\(option.name)", "\"\(word)\" is not supported",
            "use one of \(option.choices.joined(separator: ", "))")
        }
      case (.bool, _):
        fault("options/\(option.name)", "\(value) is no truth value", "use true or false")
      case (.int, _):
        fault("options/\(option.name)", "\(value) is no whole number", "use 0 or more")
      case (.number, _): fault("options/\(option.name)", "\(value) is no number", "use a number")
      case (.choice, _):
        fault(
          "options/\(option.name)", "\(value) is no word",
          "use one of \(option.choices.joined(separator: ", "))")
      }
      entries.append(.init(option.name, value))
    }
    return isGood
      ? CellConfiguration(inputSize: inputSize, units: units, options: entries) : nil
  }
}

extension Layer {
  /// A float, dense layer of a registered cell; options left away take their standard values.
  ///
  /// - Throws: `DiagnosticsEmitted` for an unknown cell, a bad size, an unknown or unsupported option.
  package init(
    name: String, cell: String, inputSize: Int, units: Int,
    options: [CellConfiguration.Entry] = []
  ) throws {
    var sink = DiagnosticSink(stage: "network")
    let configuration = CellRegistry.configuration(
      cell: cell, inputSize: inputSize, units: units, options: options, path: name, into: &sink)
    try sink.throwIfErrors()
    guard let configuration, let definition = CellRegistry.named(cell) else {
      preconditionFailure("CellRegistry reports every fault")
    }
    self.init(
      name: name, cell: cell, configuration: configuration,
      graph: definition.graph(configuration))
  }
}
