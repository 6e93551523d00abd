import Foundation
import RNNCodegen
import RNNCosim
import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// A network of given cells with random weights, quantized by ranges of random data and frozen.
struct QuantizedLayers {
  var network: Network
  var weights: Weights
  var plan: QuantizationPlan
  var integers: IntegerGraph

  /// - Parameters:
  ///   - scale: the greatest input; formats follow from it.
  init(
    _ graphs: [CellGraph], seed: UInt64, scale: Double = 2,
    steps: Int = 8, policy: QuantizationPolicy = QuantizationPolicy()
  ) throws {
    network = Network(
      layers: graphs.enumerated().map { k, graph in
        Layer(
          name: "l\(k)", cell: "custom",
          configuration: CellConfiguration(
            inputSize: graph.inputSize, units: graph.outputSize, options: []),
          graph: graph)
      })
    let random = SplitMix64(seed: seed)
    weights = Weights(
      values: network.layers.map { layer in
        layer.graph.parameters.map { parameter in
          if case .values(let values) = parameter.initializer { return values.map(Float.init) }
          var draw = random.fork("\(layer.name).\(parameter.name)")
          if parameter.rows == 1, parameter.columns == nil,
            case .constant(let value) = parameter.initializer
          {
            return [Float(value)]
          }
          let bound = parameter.columns.map { 1.5 / Double($0).squareRoot() } ?? 0.5
          return (0..<parameter.storedCount).map { _ in Float(draw.uniform(-bound, bound)) }
        }
      })
    var draw = random.fork("inputs")
    let interpreter = FloatInterpreter(network: network, weights: weights)
    let ranges = interpreter.observeRanges(
      (0..<4).map { _ in
        (0..<steps).map { _ in
          (0..<graphs[0].inputSize).map { _ in draw.uniform(-scale, scale) }
        }
      })
    plan = try planQuantization(network, weights: weights, ranges: ranges, policy: policy)
    integers = try freeze(
      plan.network, weights: weights, name: "layers", rules: policy.integerRules)
  }

  /// Codes of a sequence: random ones, zeros and the extremes.
  func sequence(steps: Int, seed: UInt64) -> [[Int64]] {
    var random = SplitMix64(seed: seed).fork("sequence")
    let format = integers.inputFormat
    return (0..<steps).map { _ in
      let kind = random.below(5)
      return (0..<integers.inputSize).map { _ in
        switch kind {
        case 0: 0
        case 1: random.below(2) == 0 ? format.minCode : format.maxCode
        default: format.minCode + Int64(random.below(1 << format.width))
        }
      }
    }
  }
}

/// Emits a design of either engine and compares it with the reference of the graph that it was made of in the standard passes.
func simulate(
  _ design: any HardwareDesign, of golden: IntegerGraph, in folder: URL, _ sequences: [[[Int64]]],
  seed: UInt64
) throws -> CosimResult {
  for file in try design.files() {
    try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
  }
  let described = try CosimDesign(design, golden: golden, folder: folder)
  let builder = SimulationBuilder(
    effort: .quick, assertions: true, runtimeFolder: try RandomNetworkTests.runtime.get())
  return try Cosimulator(described, builder: builder).run(
    sequences: sequences, runs: CosimRun.standard(for: described, seed: seed))
}

/// Emits a design of either engine, and starts it to be driven frame by frame.
///
/// - Parameter change: of the text of an emitted file, by its path.
func startSimulation(
  of design: any HardwareDesign, golden: IntegerGraph, in folder: URL, seed: Int,
  change: (String, String) -> String = { $1 }
) throws -> ControlledSimulation {
  for file in try design.files() {
    try AtomicFile.write(
      Data(change(file.path, file.text).utf8), to: folder.appendingPathComponent(file.path))
  }
  let described = try CosimDesign(design, golden: golden, folder: folder)
  let builder = SimulationBuilder(
    effort: .quick, assertions: true, runtimeFolder: try RandomNetworkTests.runtime.get())
  return try ControlledSimulation(
    described, library: SimulationLibrary(builder.build(described)), seed: seed)
}

/// The elements of a frame that probes show of values that a graph has; what passes add is looked at by nobody.
func probedElements(_ design: any HardwareDesign, of golden: IntegerGraph) -> Int {
  let names = Set(golden.nodes.map(\.name))
  return design.probes.reduce(0) { $0 + (names.contains($1.name) ? $1.size : 0) }
}

/// Compiles, emits and simulates: every value, every named value and every cycle must be as predicted.
///
/// Odd seeds pipeline deeply unless the options say how. Two seeds of initial registers and three kinds of back-pressure, as in `RandomNetworkTests`.
@discardableResult
func expectHardwareEquals(
  _ graph: IntegerGraph, sequences: [[[Int64]]], options: CompileOptions, seed: UInt64,
  _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) throws -> Design {
  var options = options
  if options.lanes.pipelining == nil { options.lanes.pipelining = seed % 2 == 0 ? .shallow : .deep }
  let design = try compile(graph, options: options)
  try withTemporaryFolder { folder in
    let result = try simulate(design, of: graph, in: folder, sequences, seed: seed)
    #expect(result.passed, "\(comment): \(result.summary)", sourceLocation: sourceLocation)
    let frames = sequences.reduce(0) { $0 + $1.count }
    #expect(result.frames == 6 * frames, sourceLocation: sourceLocation)
    #expect(
      result.probeValuesCompared == 6 * frames * probedElements(design, of: graph),
      sourceLocation: sourceLocation)
    let original = try ReferenceModel(graph)
    for (s, frames) in sequences.enumerated() {
      #expect(
        result.outputs[s] == original.run(sequence: frames), "\(comment)",
        sourceLocation: sourceLocation)
    }
  }
  return design
}
