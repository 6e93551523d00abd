import RNNGraph
import RNNSupport

/// Layers of every registered cell with every choice of its options, so that a new cell is tested by being registered.
///
/// Truth values take both values, choices every word, whole numbers their standard and 2, numbers their standard.
/// Options that only change how a parameter starts or is trained make no second layer.
enum CellCases {
  static func layers(inputs: Int, units: Int) -> [Layer] {
    CellRegistry.all.flatMap { cell -> [Layer] in
      var seen: Set<[String]> = []
      return combinations(of: cell).compactMap { options in
        var sink = DiagnosticSink(stage: "test")
        guard
          let configuration = CellRegistry.configuration(
            cell: cell.name, inputSize: inputs, units: cell.keepsSize ? inputs : units,
            options: options, path: "cell",
            into: &sink)
        else { return nil }
        let graph = cell.graph(configuration)
        let text = graph.nodes.map { "\($0)" } + graph.states.map { "\($0)" }
        guard seen.insert(text).inserted else { return nil }
        return Layer(name: "layer", cell: cell.name, configuration: configuration, graph: graph)
      }
    }
  }

  /// Every choice of the options that apply together; those that a file may leave away go side by side.
  private static func combinations(
    of cell: any CellDefinition.Type
  ) -> [[CellConfiguration.Entry]] {
    var found: [[CellConfiguration.Entry]] = [[]]
    func values(_ option: CellOption) -> [CellOptionValue] {
      switch option.standard {
      case .bool: [.bool(false), .bool(true)]
      // A product of gates without bound grows too fast for finite differences.
      case .choice where option.name == "gateActivation":
        ["sigmoid", "hard-sigmoid", "tanh"].map { .choice($0) }
      case .choice: option.choices.map { .choice($0) }
      case .int: option.standard == .int(2) ? [.int(2)] : [option.standard, .int(2)]
      case .number: option.name == "clip" ? [.number(0), .number(0.7)] : [option.standard]
      }
    }
    let younger = cell.options.filter(\.mayBeAbsent)
    for option in cell.options where !option.mayBeAbsent {
      let values = values(option)
      found = found.flatMap { entries -> [[CellConfiguration.Entry]] in
        if let (other, choices) = option.requires,
          !entries.contains(where: { $0.name == other && choices.contains($0.value.description) })
        {
          return [entries]
        }
        return values.map { entries + [.init(option.name, $0)] }
      }
    }
    let turns = younger.map { values($0).count }.max() ?? 0
    return found
      + (0..<turns).map { turn in
        younger.enumerated().map { k, option in
          let values = values(option)
          return .init(option.name, values[(turn + k) % values.count])
        }
      }
  }

  static func test(_ layer: Layer, lengths: [Int]) -> EngineCase {
    let options = layer.configuration.options.map { "\($0.name)=\($0.value)" }
    return EngineCase(
      name: "\(layer.cell) \(layer.configuration.units) \(options.joined(separator: " "))",
      network: Network(layers: [layer]), lengths: lengths)
  }
}
