internal import Foundation
internal import RNNGraph
internal import RNNImport
internal import RNNInterchange
internal import RNNReport
internal import RNNSupport

/// What an import read, as a table and as JSON.
struct ImportSummary {
  private struct Row {
    var layer: Layer
    var direction: String
    var weights: Int
    /// The options that differ from the cell's standard.
    var options: String {
      let standard = CellRegistry.named(layer.cell)?.options ?? []
      return layer.configuration.options.filter { entry in
        !standard.contains { $0.name == entry.name && $0.standard == entry.value }
      }.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }
  }
  private let imported: ImportedModel
  private let errors: AccuracyTable.Errors?
  private let rows: [Row]

  init(_ imported: ImportedModel, errors: AccuracyTable.Errors?) {
    self.imported = imported
    self.errors = errors
    rows = imported.model.steps.flatMap { step -> [Row] in
      let directions: [String] =
        switch step {
        case .forward: ["forward"]
        case .reverse: ["reverse"]
        case .bidirectional: ["forward", "reverse"]
        case .attention: ["score"]
        case .select, .oneHot, .flip, .read, .softmax: []
        }
      return zip(step.parts, directions).flatMap { part, direction in
        zip(part.network.layers, part.weights.values).map { layer, values in
          Row(layer: layer, direction: direction, weights: values.reduce(0) { $0 + $1.count })
        }
      }
    }
  }

  /// What the model gives.
  var result: String {
    if let streaming = imported.model.streaming {
      return streaming.selectsLast
        ? "the last step counts: rnnc run --last" : "a value for every step"
    }
    let model = imported.model.joined
    let isStepwise = model.steps.allSatisfy { step in
      switch step {
      case .forward, .oneHot, .read, .softmax: true
      case .reverse, .bidirectional, .select, .flip, .attention: false
      }
    }
    return (model.givesOneStep ? "one value for a sequence" : "a value for every step")
      + (isStepwise
        ? "; rnnc run computes what is between its parts, which compile one by one"
        : "; it needs the whole sequence, so its parts compile one by one")
  }

  var members: [JSONValue.Member] {
    [
      .init("origin", .string(imported.origin)), .init("parameters", .int(imported.parameterCount)),
      .init("result", .string(result)),
      .init(
        "layers",
        .array(
          rows.map { row in
            .object([
              "name": .string(row.layer.name), "cell": .string(row.layer.cell),
              "inputs": .int(row.layer.configuration.inputSize),
              "units": .int(row.layer.configuration.units), "direction": .string(row.direction),
              "options": .string(row.options), "weights": .int(row.weights),
            ])
          })),
      .init(
        "honoured",
        .array(
          imported.notes.map {
            .object([
              "place": .string($0.place), "option": .string($0.option), "value": .string($0.value),
              "meaning": .string($0.meaning),
            ])
          })),
      .init("warnings", .array(imported.warnings.map { .string($0.description) })),
    ]
      + (errors.map {
        [
          .init("comparedValues", .int($0.count)), .init("maxError", .double($0.greatest)),
          .init("meanError", .double($0.mean)),
        ]
      } ?? [])
  }

  func text(title: String) -> String {
    var lines = ["\(title) (\(imported.origin)): \(imported.parameterCount) weights", ""]
    lines += textTable(
      ["layer", "cell", "inputs", "units", "direction", "weights", "options"],
      rows.map {
        [
          $0.layer.name, $0.layer.cell, "\($0.layer.configuration.inputSize)",
          "\($0.layer.configuration.units)", $0.direction, "\($0.weights)", $0.options,
        ]
      })
    if !imported.notes.isEmpty {
      lines.append("")
      lines += textTable(
        ["read from the file", "option", "value", "became"],
        imported.notes.map { [$0.place, $0.option, $0.value, $0.meaning] })
    }
    lines += [""] + imported.warnings.map(\.description)
    lines.append("result: \(result)")
    if let errors {
      lines.append(
        "float against the original: \(errors.count) values, maximal error \(Float(errors.greatest)), "
          + "mean \(Float(errors.mean))")
    }
    return lines.joined(separator: "\n")
  }
}
