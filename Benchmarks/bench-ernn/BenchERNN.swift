import ArgumentParser
import Foundation
import RNNBilinear
import RNNCodegen
import RNNCosim
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport

/// E-RNN's own networks at full size, mapped to the chips of its tables.
///
/// Weights are random (seed 1): cycles and resources do not depend on them. Cycles are those of the compiled schedule; with
/// `--simulate` the emitted Verilog is simulated beside the integer reference, and cycles and values are compared.
@main struct BenchERNN: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "bench-ernn")

  @Option(help: "Frames to simulate of every row that is shown; 0 for none.")
  var simulate = 0
  @Option(help: "Only rows whose name contains this text.")
  var only: String?
  @Option(help: "Streams of the interleaved rows.")
  var streams = 3
  @Option(help: "Where to write the table as JSON.")
  var json: String?

  /// A network on a device, with the bars for one stream and for interleaved ones.
  struct Row {
    var name: String
    var cell: String
    var options: [CellConfiguration.Entry]
    var block: Int
    var device: String
    /// Products over multipliers of the device: no schedule has fewer cycles a frame.
    var floor: Int
    /// Cycles a frame of the published design at 200 MHz with streams interleaved; nil if it has none.
    var published: Int?
    /// Cycles a frame to reach with one stream, and with several.
    var wanted: Int
    var wantedInterleaved: Int
    var transform = BlockTransform.exact
  }

  private static let lstm: [CellConfiguration.Entry] = [
    .init("peepholes", .bool(true)), .init("projection", .int(512)),
  ]
  private static let gru: [CellConfiguration.Entry] = [.init("reset", .choice("before"))]
  static let rows = [
    Row(
      name: "LSTM L=8 XC7VX690T", cell: "lstm", options: lstm, block: 8, device: "XC7VX690T",
      floor: 202, published: 864, wanted: 300, wantedInterleaved: 235),
    Row(
      name: "LSTM L=8 XCKU060", cell: "lstm", options: lstm, block: 8, device: "XCKU060",
      floor: 264, published: 832, wanted: 380, wantedInterleaved: 310),
    Row(
      name: "GRU L=8 XC7VX690T", cell: "gru", options: gru, block: 8, device: "XC7VX690T",
      floor: 224, published: 703, wanted: 350, wantedInterleaved: 265),
    Row(
      name: "LSTM L=16 XC7VX690T", cell: "lstm", options: lstm, block: 16, device: "XC7VX690T",
      floor: 85, published: 523, wanted: 180, wantedInterleaved: 110, transform: .fourier),
    Row(
      name: "GRU L=16 XC7VX690T", cell: "gru", options: gru, block: 16, device: "XC7VX690T",
      floor: 94, published: 430, wanted: 200, wantedInterleaved: 125, transform: .fourier),
    Row(
      name: "LSTM dense XC7VX690T", cell: "lstm", options: lstm, block: 1, device: "XC7VX690T",
      floor: 905, published: nil, wanted: 1100, wantedInterleaved: 1000),
  ]

  func run() throws {
    let clock = ContinuousClock()
    print(
      "cycles a frame; the published ones interleave several streams; 200 MHz is an assumption"
    )
    print(
      "network               streams cycles wanted floor published ratio  busy  lanes    multipliers  block RAM           LUT  compile s"
    )
    var records: [JSONValue] = []
    for row in Self.rows where only.map(row.name.contains) ?? true {
      let network = try RandomNetwork(
        seed: 1,
        options: .init(
          cell: row.cell, sizes: [153, 1024], block: row.block, policy: QuantizationPolicy(),
          cellOptions: row.options, readout: false))
      for (streams, wanted) in [(1, row.wanted), (streams, row.wantedInterleaved)] {
        let options = CompileOptions(
          name: "ernn", device: row.device, clockMegahertz: 200,
          inputElementsPerBeat: row.block == 1 ? 1 : 8, streams: streams, transform: row.transform)
        var compiled: Design?
        let seconds = try clock.measure { compiled = try compile(network.graph, options: options) }
          .seconds
        guard let design = compiled else { continue }
        var record = try show(row, design, wanted: wanted, seconds: seconds)
        if simulate > 0 {
          record.append(.init("simulation", try simulation(of: design, network, clock)))
        }
        records.append(.object(record))
      }
    }
    if let json {
      try AtomicFile.write(
        JSONValue.array(records).text, to: URL(fileURLWithPath: json))
    }
  }

  /// Prints a line of the table; gives the same as members of a record.
  private func show(
    _ row: Row, _ design: Design, wanted: Int, seconds: Double
  ) throws -> [JSONValue.Member] {
    let device = try DeviceDescription.named(row.device)
    let cycles = design.frameTiming.cyclesPerFrame
    let use = device.usage(of: design.counts)
    func cell(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    print(
      row.name.padding(toLength: 21, withPad: " ", startingAt: 0)
        + cell("\(design.interface.streams)", 8) + cell("\(cycles)", 7)
        + cell("\(wanted)", 7) + cell("\(row.floor)", 6)
        + cell(row.published.map { "\($0)" } ?? "-", 10)
        + cell(row.published.map { decimal(Double($0) / Double(cycles)) } ?? "-", 6)
        + cell("\(Int((100 * design.occupancy).rounded())) %", 6)
        + cell("\(design.lanes)x\(design.lowered.columnGroups)", 7)
        + cell("\(use.multipliers)/\(device.multiplier.count)", 15)
        + cell("\(Int(use.blockRAMs.rounded(.up)))/\(device.blockRAM.count)", 11)
        + cell("\(use.luts)/\(device.luts)", 14) + cell(decimal(seconds), 11))
    return [
      .init("network", .string(row.name)), .init("streams", .int(design.interface.streams)),
      .init("cyclesPerFrame", .int(cycles)),
      .init("cyclesPerFrameOfOneStream", .int(design.frameTiming.cyclesPerFrameOfOneStream)),
      .init("latencyCycles", .int(design.counts.latencyCycles)),
      .init("wanted", .int(wanted)), .init("floor", .int(row.floor)),
      .init("published", row.published.map { .int($0) } ?? .null),
      .init("occupancy", .double((design.occupancy * 1e4).rounded() / 1e4)),
      .init("lanes", .int(design.lanes)),
      .init("columnGroups", .int(design.lowered.columnGroups)),
      .init("multipliers", .int(use.multipliers)),
      .init("blockRAMs", .double(use.blockRAMs)), .init("luts", .int(use.luts)),
      .init("flipFlops", .int(use.flipFlops)), .init("compileSeconds", .double(seconds)),
    ]
  }

  /// Builds the simulation model and compares it with the integer reference, frame by frame.
  private func simulation(
    of design: Design, _ network: RandomNetwork, _ clock: ContinuousClock
  ) throws -> JSONValue {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bench-ernn")
    try? FileManager.default.removeItem(at: folder)
    for file in try emit(design) {
      try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
    }
    let described = try CosimDesign(design, folder: folder)
    var cosimulator = Cosimulator(described)
    cosimulator.resetCycles = 8
    let first = (simulate + 1) / 2
    let sequences = [first, simulate - first].filter { $0 > 0 }.enumerated().map {
      network.sequence(steps: $1, seed: UInt64($0))
    }
    let result = try cosimulator.run(
      sequences: sequences, runs: [CosimRun()],
      makeReference: { try ReferenceModel(design.graph) })
    print("  \(result.summary)")
    return .object([
      "frames": .int(result.frames), "valueMismatches": .int(result.valueMismatches),
      "cycleMismatches": .int(result.cycleMismatches),
      "otherMismatches": .int(result.otherMismatches),
      "frameInterval": .int(result.runs.first?.frameIntervalCycles ?? 0),
      "modelBuildSeconds": .double(result.buildSeconds),
      "cyclesPerSecond": .double(result.runs.first?.cyclesPerSecond ?? 0),
    ])
  }

  private func decimal(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

extension Duration {
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
