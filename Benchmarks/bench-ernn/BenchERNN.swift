import Foundation
import RNNCodegen
import RNNGraph
import RNNQuantize
import RNNSupport

/// E-RNN's own networks at full size, compiled for the chips of its tables: `make bench-ernn`.
///
/// Weights are random (seed 1): cycles and resources do not depend on them.
@main enum BenchERNN {
  /// A network on a device, with the bars for one stream and for interleaved ones.
  struct Row {
    var name: String
    var cell: String
    var options: [CellConfiguration.Entry]
    var block: Int
    var device: String
    /// Products over multipliers of the device: no schedule has fewer cycles a frame.
    var floor: Int
    /// Cycles a frame of the published design at 200 MHz; nil if it has none.
    var published: Int?
    var singleBar: Int
    var interleavedBar: Int
    var compile: CompileOptions
  }

  static let lstm: [CellConfiguration.Entry] = [
    .init("peepholes", .bool(true)), .init("projection", .int(512)),
  ]
  static let rows = [
    Row(
      name: "LSTM, L = 8", cell: "lstm", options: lstm, block: 8, device: "XC7VX690T", floor: 202,
      published: 864, singleBar: 300, interleavedBar: 235,
      compile: CompileOptions(lanes: 35, columnGroups: 7, drainChains: 7, elementsPerStep: 8)),
    Row(
      name: "LSTM, L = 8", cell: "lstm", options: lstm, block: 8, device: "XCKU060", floor: 264,
      published: 832, singleBar: 380, interleavedBar: 310,
      compile: CompileOptions(lanes: 38, columnGroups: 5, elementsPerStep: 8)),
    Row(
      name: "GRU, L = 8", cell: "gru", options: [.init("reset", .choice("before"))], block: 8,
      device: "XC7VX690T", floor: 224, published: 703, singleBar: 350, interleavedBar: 265,
      compile: CompileOptions(lanes: 35, columnGroups: 7, elementsPerStep: 8)),
    Row(
      name: "LSTM, dense", cell: "lstm", options: lstm, block: 1, device: "XC7VX690T", floor: 905,
      published: nil, singleBar: 1100, interleavedBar: 1000,
      compile: CompileOptions(
        lanes: 32, columnGroups: 13, denseMultipliers: 8, elementsPerStep: 8)),
  ]

  static func main() throws {
    print("cycles a frame, one stream; multipliers of lanes and datapaths against the device's")
    for row in rows {
      let network = try RandomNetwork(
        seed: 1,
        options: .init(
          cell: row.cell, sizes: [153, 1024], block: row.block, policy: QuantizationPolicy(),
          cellOptions: row.options, readout: false))
      var options = row.compile
      options.name = "ernn"
      options.clockMegahertz = 200
      options.inputElementsPerBeat = min(8, row.block)
      options.outputElementsPerBeat = 8
      let clock = ContinuousClock()
      var design: Design?
      let seconds = try clock.measure { design = try compile(network.graph, options: options) }
      guard let design else { continue }
      let device = try DeviceDescription.named(row.device)
      let multipliers = design.counts.units.reduce(0) { $0 + $1.multipliers }
      let short = device.shortfalls(of: design.counts, stage: "bench").map(\.message)
      print(
        "\(row.name) on \(row.device): \(design.frameTiming.cyclesPerFrame) cycles (bar \(row.singleBar), floor \(row.floor)), "
          + "\(multipliers) multipliers, occupancy \(Int((100 * design.occupancy).rounded())) %, "
          + "\(design.schedule.drainChains) chains, feeds \(design.schedule.feeds.count), compiled in \(seconds)"
      )
      for line in short { print("  does not fit: \(line)") }
    }
  }
}
