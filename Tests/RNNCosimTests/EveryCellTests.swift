import Foundation
import RNNCodegen
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing

/// Every cell of the registry with every choice of its options, from quantization to simulated Verilog.
///
/// Several layers with different cells make one network, so that one simulator shows the insides of all of them. A layer
/// is dense or block-circulant in turn; with `RNNC_SOAK` every layer is tested with every structure.
@Suite(.serialized) struct EveryCellTests {
  struct Variant: CustomStringConvertible, Sendable {
    var cell: any CellDefinition.Type
    var entries: [CellConfiguration.Entry]
    var description: String {
      ([cell.name] + entries.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }
    func graph(inputSize: Int, units: Int, block: Int) -> CellGraph {
      var graph = cell.graph(
        CellConfiguration(inputSize: inputSize, units: units, options: entries))
      for p in graph.parameters.indices
      where graph.parameters[p].isMatrix && graph.parameters[p].isTrainable && block > 1 {
        graph.parameters[p].structure = .blockCirculant(block: block)
      }
      return graph
    }
  }

  /// All choices and switches of a cell that change its graph; numbers that are standard or say something.
  ///
  /// Options that a file may leave away are many (functions of gates, clamps, initial states) and independent: their
  /// choices go side by side, so that each occurs once and beside different choices of the others.
  static func variants(of cell: any CellDefinition.Type) -> [Variant] {
    func isYounger(_ option: CellOption) -> Bool {
      option.mayBeAbsent
        || cell.options.contains { $0.mayBeAbsent && $0.name == option.requires?.option }
    }
    func complete(_ list: [CellConfiguration.Entry], _ turn: Int?) -> [CellConfiguration.Entry] {
      var entries: [CellConfiguration.Entry] = []
      for (k, option) in cell.options.enumerated() {
        if let old = list.first(where: { $0.name == option.name }) {
          entries.append(old)
        } else if isYounger(option), applies(option, entries) {
          let values = Self.values(of: option)
          entries.append(
            .init(option.name, turn.map { values[($0 + k) % values.count] } ?? option.standard))
        }
      }
      return entries
    }
    let older = product(of: cell.options.filter { !isYounger($0) })
    let younger = cell.options.filter(isYounger)
    let turns = younger.map { values(of: $0).count }.max() ?? 0
    var lists = older.map { complete($0, nil) }
    for turn in 0..<turns {
      let next = complete(older[turn % older.count], turn)
      if !lists.contains(next) { lists.append(next) }
    }
    return lists.map { Variant(cell: cell, entries: $0) }
  }

  private static func applies(_ option: CellOption, _ entries: [CellConfiguration.Entry]) -> Bool {
    guard let (other, choices) = option.requires else { return true }
    return entries.contains { $0.name == other && choices.contains($0.value.description) }
  }

  private static func values(of option: CellOption) -> [CellOptionValue] {
    switch option.standard {
    // A product of gates without bound outgrows every format in a few steps.
    case .choice where option.name == "gateActivation":
      return ["sigmoid", "hard-sigmoid", "tanh"].map { .choice($0) }
    case .choice: return option.choices.map { .choice($0) }
    case .bool where option.name.hasPrefix("train"): return [option.standard]
    case .bool: return [.bool(false), .bool(true)]
    case .int:
      switch option.name {
      case "projection": return [.int(0), .int(3)]
      case "restart": return [.int(0), .int(3)]
      case "rank": return [.int(3)]
      case "period": return [.int(2)]
      default: return [option.standard]
      }
    case .number:
      switch option.name.lowercased() {
      case let name where name.hasSuffix("alpha"): return [.number(0.4)]
      case let name where name.hasSuffix("beta") && option.requires?.option != "method":
        return [.number(0.3)]
      case "clip": return [.number(0), .number(0.6)]
      case "eta": return [.number(0.05)]
      case "initial": return [.number(-0.7)]
      default: return [option.standard]
      }
    }
  }

  private static func product(of options: [CellOption]) -> [[CellConfiguration.Entry]] {
    var lists: [[CellConfiguration.Entry]] = [[]]
    for option in options {
      lists = lists.flatMap { entries -> [[CellConfiguration.Entry]] in
        applies(option, entries)
          ? values(of: option).map { entries + [.init(option.name, $0)] } : [entries]
      }
    }
    return lists
  }

  /// Layers without a matrix, which keep the size, stand apart: one normalizes what another makes flat to nothing.
  static let all: [Variant] = {
    let every = CellRegistry.all.flatMap { Self.variants(of: $0) }
    var keeping = every.filter { $0.cell.keepsSize }[...]
    let mixed = every.filter { !$0.cell.keepsSize }.enumerated().flatMap { k, variant in
      k % (layersPerNetwork - 1) == 0
        ? [variant] + [keeping.popFirst()].compactMap(\.self) : [variant]
    }
    precondition(keeping.isEmpty, "\(keeping.count) layers without a matrix have no place")
    return mixed
  }()
  static let layersPerNetwork = 4
  static let isSoak = ProcessInfo.processInfo.environment["RNNC_SOAK"] != nil
  static let networks: [Int] = Array(0..<(all.count + layersPerNetwork - 1) / layersPerNetwork)

  @Test func everyCellIsThere() {
    #expect(Set(Self.all.map { $0.cell.name }).count == CellRegistry.all.count)
    #expect(Set(Self.all.map(\.description)).count == Self.all.count)
    #expect(Self.all.count > CellRegistry.all.count)
  }

  @Test(arguments: networks, isSoak ? [0, 1, 2] : [0])
  func theHardwareOfEveryCellEqualsTheReference(_ network: Int, _ turn: Int) throws {
    let first = network * Self.layersPerNetwork
    let variants = Self.all[first..<min(first + Self.layersPerNetwork, Self.all.count)]
    var graphs: [CellGraph] = []
    var width = 5
    for (k, variant) in variants.enumerated() {
      // Sizes fill no block, and no layer has as many inputs as outputs.
      let graph = variant.graph(
        inputSize: width, units: [7, 9, 6, 11][k % 4], block: [1, 4, 8][(first + k + turn) % 3])
      width = graph.outputSize
      graphs.append(graph)
    }
    let names = variants.map(\.description).joined(separator: "; ")
    let layers = try QuantizedLayers(graphs, seed: UInt64(network))
    try expectHardwareEquals(
      layers.integers,
      sequences: [5, 1, 3].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) },
      options: CompileOptions(
        name: "cells",
        engine: .lanes(.init(1 + network % 3, denseMultipliers: [4, 2, 8][network % 3]))),
      seed: UInt64(network), names)
  }
}
