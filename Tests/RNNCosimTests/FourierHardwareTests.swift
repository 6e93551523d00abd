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

/// Products by Fourier transforms: the hardware rounds exactly as the reference does, and both are close to the exact network.
@Suite(.serialized) struct FourierHardwareTests {
  struct Case: CustomStringConvertible {
    var cell: String
    var sizes: [Int]
    var block: Int
    var options: CompileOptions
    var description: String { "\(cell) \(sizes) block \(block)" }
  }
  static let cases = [
    Case(
      cell: "gru", sizes: [5, 12], block: 8,
      options: CompileOptions(name: "net", engine: .lanes(.init(2, streams: 2)))),
    Case(
      cell: "lstm", sizes: [17, 20], block: 16,
      options: CompileOptions(
        name: "net", engine: .lanes(.init(3, columnGroups: 2, elementsPerStep: 2)))),
    Case(
      cell: "elman", sizes: [1, 33], block: 16,
      options: CompileOptions(
        name: "net", engine: .lanes(.init(1, drainChains: 1, pipelining: .deep)))),
  ]

  @Test(arguments: cases) func theHardwareRoundsAsTheReference(_ row: Case) throws {
    try withTemporaryFolder { folder in
      let network = try RandomNetwork(
        seed: 31,
        options: .init(
          cell: row.cell, sizes: row.sizes, block: row.block, policy: QuantizationPolicy(),
          readout: true))
      var graph = network.graph
      graph.transform = .fourier
      let design = try compile(graph, options: row.options)
      #expect(design.lowered.algorithms.contains { $0.matrices == nil })
      let sequences = [6, 3].enumerated().map { network.sequence(steps: $1, seed: UInt64($0)) }
      let result = try simulate(design, of: graph, in: folder, sequences, seed: 3)
      #expect(result.passed, "\(result.summary)")
      #expect(result.probeValuesCompared > 0 && result.valuesCompared > 0)
      // The exact network differs by few units in the last place, the roundings being far below it.
      let exact = try ReferenceModel(network.graph)
      for (s, frames) in sequences.enumerated() {
        for (got, wanted) in zip(result.outputs[s], exact.run(sequence: frames)) {
          for (a, b) in zip(got, wanted) { #expect(abs(a - b) <= 8, "\(a) and \(b)") }
        }
      }
    }
  }

  @Test func networksWithoutSuchBlocksAreRefused() throws {
    for (block, text) in [(4, "no circulant blocks of 8 or 16"), (32, "circulant blocks of 32")] {
      let network = try RandomNetwork(
        seed: 32, options: .init(cell: "gru", sizes: [8, 8], block: block, readout: false))
      do {
        var graph = network.graph
        graph.transform = .fourier
        _ = try compile(graph, options: CompileOptions())
        Issue.record("blocks of \(block) were accepted")
      } catch let error as DiagnosticsEmitted {
        #expect(error.description.contains(text), "\(error)")
      }
    }
  }
}
