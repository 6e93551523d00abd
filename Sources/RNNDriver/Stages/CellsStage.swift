package import Foundation
internal import RNNGraph
internal import RNNSupport

/// Lists the cells that a layer can be, or one cell with its options, states and parameters.
package struct CellsStage: Stage {
  package static let verb = "cells"
  /// Nil for the list of all cells.
  package var name: String?
  package var arguments: [String] { name.map { [$0] } ?? [] }
  package var inputs: [URL] { [] }
  package var outputs: [URL] { [] }
  package init(name: String?) { self.name = name }

  package func run(_ context: StageContext) throws -> StageResult {
    guard let name else {
      let width = CellRegistry.all.map { $0.name.count }.max() ?? 0
      let lines = CellRegistry.all.map { cell in
        "  " + cell.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + cell.summary
      }
      return StageResult(
        json: .array(CellRegistry.all.map { Self.json($0) }),
        text: (["Cells, by the word in `cell` of a layer:", ""] + lines).joined(separator: "\n"))
    }
    guard let cell = CellRegistry.named(name) else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "cells", path: name, message: "no cell is named \"\(name)\"",
          fix: "use one of \(CellRegistry.all.map { $0.name }.joined(separator: ", "))"))
    }
    return StageResult(json: Self.json(cell), text: try Self.text(cell))
  }

  private static func text(_ cell: any CellDefinition.Type) throws -> String {
    var lines = ["\(cell.name): \(cell.summary)", "", "Options:"]
    for option in cell.options {
      var values =
        option.choices.isEmpty
        ? option.standard.description
        : option.choices.map { $0 == option.standard.description ? "[\($0)]" : $0 }
          .joined(separator: " | ")
      if let (other, choices) = option.requires {
        values += "   with \(other) \(choices.joined(separator: " or "))"
      }
      lines.append("  \(option.name) = \(values)")
      lines.append("      \(option.summary)")
    }
    if cell.options.isEmpty { lines.append("  none") }
    let units = cell.keepsSize ? 3 : 5
    let layer = try Layer(name: "layer", cell: cell.name, inputSize: 3, units: units)
    lines += ["", "With these options, 3 inputs and \(units) units:", ""]
    for state in layer.graph.states { lines.append("  state      \(state.name) [\(state.size)]") }
    for parameter in layer.graph.parameters {
      let shape = ([parameter.rows] + (parameter.columns.map { [$0] } ?? []))
        .map(String.init).joined(separator: " x ")
      lines.append(
        "  parameter  \(parameter.name) [\(shape)]"
          + (parameter.isTrainable ? "" : ", not trained")
          + (parameter.manifold == .euclidean ? "" : ", kept orthogonal"))
    }
    return lines.joined(separator: "\n")
  }

  private static func json(_ cell: any CellDefinition.Type) -> JSONValue {
    .object([
      "cell": .string(cell.name), "summary": .string(cell.summary),
      "options": .array(
        cell.options.map { option in
          .object([
            "name": .string(option.name), "summary": .string(option.summary),
            "standard": json(option.standard),
            "choices": .array(option.choices.map { .string($0) }),
            "requires": option.requires.map { requires in
              .object([
                "option": .string(requires.option),
                "choices": .array(requires.choices.map { .string($0) }),
              ])
            } ?? .null,
          ])
        }),
    ])
  }
  private static func json(_ value: CellOptionValue) -> JSONValue {
    switch value {
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .number(let value): .double(value)
    case .choice(let value): .string(value)
    }
  }
}
