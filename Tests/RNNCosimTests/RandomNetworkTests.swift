import Foundation
import RNNCodegen
import RNNCosim
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// Random networks through compiler and simulation: 0 mismatches of values and of cycles.
///
/// `RNNC_SOAK=300` runs so many instead of 30; `RNNC_SOAK_SEED` moves the first seed.
@Suite(.serialized) struct RandomNetworkTests {
  static let count = Int(ProcessInfo.processInfo.environment["RNNC_SOAK"] ?? "") ?? 30
  static let firstSeed =
    UInt64(ProcessInfo.processInfo.environment["RNNC_SOAK_SEED"] ?? "") ?? 1
  static let seeds = (0..<UInt64(count)).map { firstSeed + $0 }

  /// Compiles with drawn options; the network follows from the same seed.
  ///
  /// Elements per step and per beat are drawn and halved until the network's blocks allow them.
  static func compileDrawn(_ graph: IntegerGraph, _ seed: UInt64) throws -> Design {
    var random = SplitMix64(seed: seed).fork("hardware")
    var options = CompileOptions(
      name: "net",
      engine: .lanes(
        .init(
          [nil, 1, 2, 3, 5][random.below(5)], columnGroups: [1, 1, 2, 3, 5][random.below(5)],
          drainChains: [nil, nil, 1, 2, 3][random.below(5)],
          denseMultipliers: [1, 2, 4, 8][random.below(4)],
          elementsPerStep: [1, 1, 2, 4][random.below(4)],
          inputElementsPerBeat: [1, 2, 4][random.below(3)],
          outputElementsPerBeat: [1, 2, 4, 8][random.below(4)],
          streams: [1, 1, 2, 3][random.below(4)], pipelining: [.shallow, .deep][random.below(2)])))
    while true {
      let step = options.lanes.elementsPerStep ?? 1
      options.lanes.outputElementsPerBeat = max(options.lanes.outputElementsPerBeat ?? 1, step)
      do {
        return try compile(graph, options: options)
      } catch let error as DiagnosticsEmitted {
        guard step * options.lanes.inputElementsPerBeat > 1 else { throw error }
        options.lanes.elementsPerStep = max(1, step / 2)
        options.lanes.inputElementsPerBeat = max(1, options.lanes.inputElementsPerBeat / 2)
      }
    }
  }

  @Test(arguments: seeds)
  func theHardwareEqualsTheReference(_ seed: UInt64) throws {
    try withTemporaryFolder { folder in
      let network = try RandomNetwork(seed: seed)
      let design = try Self.compileDrawn(network.graph, seed)
      let sequences = [5, 1, 3].enumerated().map { k, steps in
        network.sequence(steps: steps, seed: UInt64(k))
      }
      let result = try simulate(design, of: network.graph, in: folder, sequences, seed: seed)
      #expect(result.passed, "seed \(seed): \(result.summary)")
      #expect(result.frames == 6 * 9)
      #expect(result.valuesCompared == 54 * network.graph.outputSize)
      #expect(
        result.probeValuesCompared == 54 * probedElements(design, of: network.graph))
      #expect(!design.probes.isEmpty || result.probeValuesCompared == 0)
      // The passes of the compiler change the graph, never what it computes.
      let original = try ReferenceModel(network.graph)
      for (s, frames) in sequences.enumerated() {
        #expect(result.outputs[s] == original.run(sequence: frames), "seed \(seed)")
      }
      #expect(result.latencyCycles != nil)
      // The design counts what the schedule says: every frame feeds every block column of every pass once.
      for run in result.runs {
        #expect(run.laneBusyCycles == run.frames * design.schedule.feeds.count)
      }
    }
  }

  /// Verilator's runtime, compiled once for all networks.
  static let runtime: Result<URL, any Error> = Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-runtime-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit {
      if let folder = try? runtime.get() { try? FileManager.default.removeItem(at: folder) }
    }
    return folder
  }
}
