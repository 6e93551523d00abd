import Foundation
import RNNCodegen
import RNNCosim
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// A reset at any time leaves nothing of what was before it.
///
/// Assertions are on; the bench itself complains about a stream that is not quiet while `aresetn` is low.
@Suite(.serialized) struct ResetTests {
  static let rows: [(engine: Engine, streams: Int, pipelining: Pipelining?)] = [
    (.lanes, 1, .shallow), (.lanes, 3, .deep), (.sequential, 1, nil),
  ]

  @Test(arguments: rows)
  func outputsAfterAResetAreThoseOfAFreshStart(
    _ row: (engine: Engine, streams: Int, pipelining: Pipelining?)
  ) throws {
    let network = try RandomNetwork(
      seed: 17,
      options: .init(cell: "gru", sizes: [3, 5], block: 1, policy: .init(), readout: false))
    let lanes = LaneOptions(
      2, elementsPerStep: 2, outputElementsPerBeat: 2, streams: row.streams,
      pipelining: row.pipelining)
    let design = try compileHardware(
      network.graph,
      options: CompileOptions(
        name: "net", engine: row.engine == .lanes ? .lanes(lanes) : row.engine.standard))
    // Two frames for every stream, the second with another state than the first.
    let frames = (0..<2 * row.streams).map { k in
      ControlledSimulation.Frame(
        network.sequence(steps: 2, seed: UInt64(k % row.streams))[k / row.streams],
        stream: k % row.streams)
    }
    let references = try (0..<row.streams).map { _ in try ReferenceModel(network.graph) }
    let expected = frames.map {
      ControlledSimulation.Frame(references[$0.stream].step($0.codes), stream: $0.stream)
    }
    try withTemporaryFolder { folder in
      let hardware = try startSimulation(of: design, golden: network.graph, in: folder, seed: 5)
      #expect(hardware.run(frames) == expected)
      // Other frames before the reset, one of which ends its sequence; phases from the first beat to the last output.
      let other = network.sequence(steps: frames.count + 3, seed: 99).enumerated().map { k, codes in
        ControlledSimulation.Frame(codes, stream: k % row.streams, isLast: k == 1)
      }
      let span = 2 * design.cyclesPerFrame + design.latencyCycles
      let stride = max(1, span / 150)
      var partly = 0
      var phases = 0
      for phase in Swift.stride(from: 1, to: span, by: stride) {
        phases += 1
        hardware.send(other)
        hardware.advance(cycles: phase)
        if hardware.isWithinAnOutput { partly += 1 }
        hardware.reset(edges: 1 + phases % 5)
        let found = hardware.run(frames)
        guard found == expected, hardware.messages.isEmpty else {
          Issue.record(
            "\(1 + phases % 5) edges after \(phase) cycles: \(found) \(hardware.messages)")
          return
        }
        // Nothing more comes.
        hardware.advance(cycles: 2 * design.cyclesPerFrame)
        #expect(hardware.takeOutputs().isEmpty)
        hardware.reset(edges: 1)
      }
      #expect(phases > 50 && partly > 0)
    }
  }
}
