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
  static func variants(of cell: any CellDefinition.Type) -> [Variant] {
    var lists: [[CellConfiguration.Entry]] = [[]]
    for option in cell.options {
      let values: [CellOptionValue]
      switch option.standard {
      case .choice: values = option.choices.map { .choice($0) }
      case .bool where option.name.hasPrefix("train"): values = [option.standard]
      case .bool: values = [.bool(false), .bool(true)]
      case .int:
        switch option.name {
        case "projection": values = [.int(0), .int(3)]
        case "restart": values = [.int(0), .int(3)]
        case "rank": values = [.int(3)]
        case "period": values = [.int(2)]
        default: values = [option.standard]
        }
      case .number:
        switch option.name {
        case "alpha": values = [.number(0.4)]
        case "eta": values = [.number(0.05)]
        case "initial": values = [.number(-0.7)]
        default: values = [option.standard]
        }
      }
      lists = lists.flatMap { entries -> [[CellConfiguration.Entry]] in
        if let (other, choices) = option.requires,
          !entries.contains(where: { $0.name == other && choices.contains($0.value.description) })
        {
          return [entries]
        }
        return values.map { entries + [.init(option.name, $0)] }
      }
    }
    return lists.map { Variant(cell: cell, entries: $0) }
  }

  static let all: [Variant] = CellRegistry.all.flatMap { variants(of: $0) }
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
        name: "cells", lanes: 1 + network % 3, denseMultipliers: [4, 2, 8][network % 3]),
      seed: UInt64(network), names)
  }
}
