import RNNCodegen
import RNNQuantize
import RNNSupport
import Testing

/// Read-only memories with several words a line, which deep pipelining makes of more than 512 words.
@Suite struct LongProgramTests {
  @Test(arguments: [(4, 1024), (8, 512)])
  func theHardwareEqualsTheReference(_ row: (denseMultipliers: Int, words: Int)) throws {
    let network = try RandomNetwork(
      seed: 12, options: .init(cell: "gru", sizes: [9, 40], block: 1, readout: false))
    let design = try expectHardwareEquals(
      network.graph,
      sequences: [3, 1].enumerated().map { network.sequence(steps: $1, seed: UInt64($0)) },
      options: CompileOptions(
        name: "net",
        engine: .lanes(.init(1, denseMultipliers: row.denseMultipliers, pipelining: .deep))),
      seed: 1)
    #expect(design.schedule.feeds.count > row.words)
    #expect(design.schedule.feeds.count <= 2 * row.words)
  }
}
