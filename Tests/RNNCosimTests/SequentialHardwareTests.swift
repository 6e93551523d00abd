import Foundation
import RNNBilinear
import RNNCodegen
import RNNCosim
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// Networks on the sequential engine: 0 mismatches of values and of cycles.
///
/// `RNNC_SOAK=300` runs so many instead of 20; `RNNC_SOAK_SEED` moves the first seed.
@Suite(.serialized) struct SequentialHardwareTests {
  static let count = Int(ProcessInfo.processInfo.environment["RNNC_SOAK"] ?? "") ?? 20
  static let seeds = (0..<UInt64(count)).map { RandomNetworkTests.firstSeed + $0 }
  static let options = CompileOptions(name: "net", engine: .sequential)

  /// Simulates a network with the standard passes and compares it with the reference of the graph as it was given.
  static func expectEqual(
    _ graph: IntegerGraph, _ sequences: [[[Int64]]], seed: UInt64, _ comment: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try withTemporaryFolder { folder in
      let design = try compileSequential(graph, options: Self.options)
      let result = try simulate(design, of: graph, in: folder, sequences, seed: seed)
      #expect(result.passed, "\(comment): \(result.summary)", sourceLocation: sourceLocation)
      let frames = sequences.reduce(0) { $0 + $1.count }
      #expect(
        result.probeValuesCompared
          == result.runs.count * frames * probedElements(design, of: graph),
        sourceLocation: sourceLocation)
      let original = try ReferenceModel(graph)
      for (s, frames) in sequences.enumerated() {
        #expect(result.outputs[s] == original.run(sequence: frames), sourceLocation: sourceLocation)
      }
      #expect(
        result.frameIntervalCycles == Double(design.cyclesPerFrame), sourceLocation: sourceLocation)
    }
  }

  /// No coefficients of steps.
  static func isSupported(_ graph: IntegerGraph) -> Bool {
    graph.nodes.allSatisfy { node in
      if case .coefficient = node.op { false } else { true }
    }
  }

  @Test(arguments: seeds)
  func theEngineEqualsTheReference(_ seed: UInt64) throws {
    let network = try RandomNetwork(seed: seed)
    guard Self.isSupported(network.graph) else {
      do {
        _ = try compileSequential(network.graph, options: Self.options)
        Issue.record("seed \(seed) was accepted")
      } catch let error as DiagnosticsEmitted {
        #expect(error.description.contains("the sequential engine has no unit for"), "\(error)")
      }
      return
    }
    try Self.expectEqual(
      network.graph,
      [5, 1, 3].enumerated().map { network.sequence(steps: $1, seed: UInt64($0)) }, seed: seed,
      "seed \(seed)")
  }

  /// Every cell of the registry that the engine can compute, eight layers to a network, with odd blocks and sizes.
  static let variants = EveryCellTests.all.filter { variant in
    variant.graph(inputSize: 3, units: 4, block: 1).nodes.allSatisfy { node in
      if case .coefficient = node.op { false } else { true }
    }
  }
  static let layersPerNetwork = 8
  static let networks = Array(0..<(variants.count + layersPerNetwork - 1) / layersPerNetwork)

  @Test(arguments: networks)
  func theEngineComputesEveryCell(_ network: Int) throws {
    let first = network * Self.layersPerNetwork
    let variants = Self.variants[
      first..<min(first + Self.layersPerNetwork, Self.variants.count)]
    var graphs: [CellGraph] = []
    var width = 5
    for (k, variant) in variants.enumerated() {
      let graph = variant.graph(
        inputSize: width, units: [7, 9, 6, 11][k % 4], block: [1, 4, 8, 3][(first + k) % 4])
      width = graph.outputSize
      graphs.append(graph)
    }
    let layers = try QuantizedLayers(graphs, seed: UInt64(network))
    try Self.expectEqual(
      layers.integers,
      [4, 1].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) },
      seed: UInt64(network), variants.map(\.description).joined(separator: "; "))
  }

  @Test func aCoefficientOfTheStepIsRefused() throws {
    let refused = try #require(
      EveryCellTests.all.first { variant in
        !Self.variants.contains { $0.description == variant.description }
      })
    let layers = try QuantizedLayers([refused.graph(inputSize: 3, units: 4, block: 1)], seed: 1)
    #expect {
      _ = try compileSequential(layers.integers, options: Self.options)
    } throws: { "\($0)".contains("no unit for a coefficient that depends on the step") }
  }

  /// The greatest element and the sum are read again for every element of what may take their places.
  @Test(arguments: [1, 2, 9]) func aScalarOutlivesTheVectorMadeOfIt(_ units: Int) throws {
    let cells: [(cell: any CellDefinition.Type, inputSize: Int)] = [
      (MinimalGatedUnitCell.self, 5), (SoftmaxLayer.self, units),
    ]
    let layers = try QuantizedLayers(
      cells.map {
        EveryCellTests.Variant(cell: $0.cell, entries: []).graph(
          inputSize: $0.inputSize, units: units, block: 1)
      },
      seed: 4)
    try Self.expectEqual(
      layers.integers,
      [4, 1].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) }, seed: 4,
      "softmax of \(units)")
  }

  @Test func lanesRefuseANetworkWithoutAMatrix() throws {
    let softmax = EveryCellTests.Variant(cell: SoftmaxLayer.self, entries: [])
    let layers = try QuantizedLayers([softmax.graph(inputSize: 4, units: 4, block: 1)], seed: 4)
    #expect {
      _ = try compileHardware(
        layers.integers, options: CompileOptions(name: "net", engine: .lanes(.init())))
    } throws: { "\($0)".contains("no matrix is multiplied") }
    try Self.expectEqual(
      layers.integers, [layers.sequence(steps: 3, seed: 1)], seed: 4, "softmax alone")
  }

  static let sparse: [(cell: String, sizes: [Int], bank: Int, kept: Int)] = [
    ("gru", [5, 9], 4, 1), ("lstm", [7, 6, 5], 3, 2), ("sbo", [6, 8], 4, 2),
  ]

  @Test(arguments: sparse)
  func sparseMatricesRun(_ row: (cell: String, sizes: [Int], bank: Int, kept: Int)) throws {
    let network = try RandomNetwork(
      seed: 3,
      options: .init(
        cell: row.cell, sizes: row.sizes, structure: .bankBalanced(bank: row.bank, kept: row.kept),
        policy: QuantizationPolicy(), readout: false))
    #expect(network.graph.matrices.contains { $0.codes.count < $0.rows * $0.columns })
    try Self.expectEqual(
      network.graph, [4, 2].enumerated().map { network.sequence(steps: $1, seed: UInt64($0)) },
      seed: 3, row.cell)
    do {
      _ = try compile(network.graph, options: CompileOptions(name: "net"))
      Issue.record("lanes took a sparse matrix")
    } catch let error as DiagnosticsEmitted {
      #expect(error.description.contains("no processing element"), "\(error)")
      #expect(error.description.contains("bank-balanced-\(row.bank)-\(row.kept)"), "\(error)")
    }
  }

  @Test func aDeviceWithoutRoomForLanesIsToldOfTheEngine() throws {
    let layers = try QuantizedLayers(
      [EveryCellTests.all[0].graph(inputSize: 24, units: 64, block: 8)], seed: 2)
    do {
      _ = try compileHardware(layers.integers, options: CompileOptions(device: "iCE40UP5K"))
      Issue.record("lanes were found")
    } catch let error as DiagnosticsEmitted {
      #expect(error.description.contains("SB_MAC16"), "\(error)")
      #expect(error.description.contains("--engine sequential"), "\(error)")
    }
    let design = try compileHardware(
      layers.integers, options: CompileOptions(device: "iCE40UP5K", engine: .sequential))
    #expect(design.counts.units.reduce(0) { $0 + $1.multipliers } == 1)
  }

  @Test func whatOnlyLanesHaveIsRefused() throws {
    let network = try RandomNetwork(seed: 1)
    for option in Engine.lanes.options {
      let value = try #require(["2", "deep", "axi-lite"].lazy.compactMap(option.parse).first)
      #expect {
        _ = try CompileOptions(given: [(.engine, "sequential"), (option, value)])
      } throws: { error in
        (error as? DiagnosticsEmitted)?.diagnostics.map(\.path) == ["options.\(option.key)"]
      }
    }
    let cases: [(CompileOptions, String)] = [
      (CompileOptions(name: "9", engine: .sequential), "options.name"),
      (CompileOptions(clockMegahertz: 0, engine: .sequential), "options.clockMegahertz"),
      (CompileOptions(framesPerSecond: 1e9, engine: .sequential), "options.framesPerSecond"),
      (CompileOptions(framesPerSecond: -1, engine: .sequential), "options.framesPerSecond"),
      (CompileOptions(latencyMicroseconds: 0.1, engine: .sequential), "options.latency"),
    ]
    var turned = network.graph
    turned.transform = .fourier
    #expect {
      _ = try compileHardware(turned, options: CompileOptions(engine: .sequential))
    } throws: { error in
      "\(error)".contains("transform: is fourier")
    }
    for (options, path) in cases {
      do {
        _ = try compileHardware(network.graph, options: options)
        Issue.record("\(path) was accepted")
      } catch let error as DiagnosticsEmitted {
        #expect(error.description.contains(path), "\(error)")
      }
    }
  }
}
