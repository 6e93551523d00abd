package import RNNGraph
package import RNNSupport

extension MatrixStructure {
  /// The kind and its numbers, such as `{"kind": "block-circulant", "block": 8}`; a pattern stands with the weights.
  package var json: JSONValue {
    let definition = definition
    let type = type(of: definition)
    return .object(
      [.init("kind", .string(type.kind))]
        + zip(type.numberNames, definition.numbers).map { .init($0, .int($1)) })
  }

  /// Reads what `json` wrote; nil after a recorded fault.
  package init?(_ node: JSONNode) {
    guard let kind = node.value["kind"] else {
      _ = node.object(["kind"])
      return nil
    }
    let word = JSONNode(value: kind, path: "\(node.path)/kind", json: node.json)
      .word(Self.kinds.map { $0.kind })
    guard let type = Self.kinds.first(where: { $0.kind == word }),
      let o = node.object(["kind"] + type.numberNames)
    else { return nil }
    let numbers = type.numberNames.compactMap { o[$0]?.int() }
    guard numbers.count == type.numberNames.count else { return nil }
    do {
      self = try type.make(numbers)
    } catch {
      let fault = error as? StructureFault
      node.json.error(
        type.numberNames.first.map { "\(node.path)/\($0)" } ?? node.path,
        fault?.message ?? "\(error)", fix: fault?.fix ?? "use \(type.usage)")
      return nil
    }
  }
}

extension Network {
  /// The network without the patterns of its sparse matrices, which stand with the weights.
  var withoutPatterns: Network {
    var result = self
    for l in layers.indices {
      for p in layers[l].graph.parameters.indices {
        result.layers[l].graph.parameters[p].structure =
          layers[l].graph.parameters[p].structure.family
      }
    }
    return result
  }
}
