import Foundation
import RNNCodegen
import RNNCosim
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// A network and how it becomes a design with a control port.
struct ControlledNetwork: Sendable, CustomStringConvertible {
  var description: String
  var network: RandomNetwork.Options
  var options: CompileOptions

  init(
    _ description: String, _ cell: String, sizes: [Int], block: Int,
    cellOptions: [CellConfiguration.Entry] = [], readout: Bool = false, lanes: Int,
    groups: Int? = nil, step: Int? = nil, beat: Int = 1, streams: Int = 1
  ) {
    self.description = description
    network = .init(
      cell: cell, sizes: sizes, block: block, policy: .init(), cellOptions: cellOptions,
      readout: readout)
    options = CompileOptions(
      name: "net",
      engine: .lanes(
        .init(
          lanes, columnGroups: groups, denseMultipliers: 4, elementsPerStep: step,
          inputElementsPerBeat: beat, streams: streams)))
    options.lanes.control = .axiLite
  }

  /// Sizes fill no block; words of 1, 4, 6 and 12 elements, the last two no powers of two; 1 and 3 streams.
  static let all = [
    ControlledNetwork(
      "GRU, two layers", "gru", sizes: [3, 7, 5], block: 4, readout: true, lanes: 2),
    ControlledNetwork(
      "LSTM with projection, three streams", "lstm", sizes: [5, 11], block: 4,
      cellOptions: [.init("peepholes", .bool(true)), .init("projection", .int(6))],
      lanes: 3, groups: 3, step: 2, beat: 2, streams: 3),
    ControlledNetwork(
      "dense GRU, three streams", "gru", sizes: [4, 13], block: 1, lanes: 2, groups: 6,
      streams: 3),
    ControlledNetwork("LSTM of one unit", "lstm", sizes: [2, 1], block: 1, lanes: 1),
  ]
}

/// A compiled design in simulation with a reference for each stream, and a host that uses its control port.
///
/// Addresses are written out here: no map that the emitter writes is read, but for the place of each state.
final class ControlBench {
  static let status = 0x40
  static let control = 0x44
  static let command = 0x48
  static let stream = 0x4c
  static let frames = 0x50
  static let window = 0x1000
  static let digest = "8badf00dcafe0123456789abfedcba98" + String(repeating: "5", count: 32)

  typealias Frame = ControlledSimulation.Frame

  let network: RandomNetwork
  let design: Design
  let hardware: ControlledSimulation
  let references: [ReferenceModel]

  init(_ row: ControlledNetwork, seed: Int, folder: URL) throws {
    network = try RandomNetwork(seed: 31, options: row.network)
    var design = try compile(network.graph, options: row.options)
    design.modelDigest = Self.digest
    self.design = design
    for file in try emit(design) {
      try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
    }
    let described = try CosimDesign(design, golden: network.graph, folder: folder)
    let builder = SimulationBuilder(
      effort: .quick, assertions: true, runtimeFolder: try RandomNetworkTests.runtime.get())
    let library = try SimulationLibrary(builder.build(described))
    hardware = try ControlledSimulation(described, library: library, seed: seed)
    let graph = design.graph
    references = try (0..<row.options.lanes.streams).map { _ in try ReferenceModel(graph) }
  }

  // MARK: - Accesses

  /// Reads a word as a signed number.
  func read(_ address: Int) throws -> Int {
    let answer = try hardware.read(address)
    #expect(answer.isOkay, "read of \(address)")
    return Int(Int32(bitPattern: answer.data))
  }
  func write(_ address: Int, _ value: Int) throws {
    let word = UInt32(bitPattern: Int32(truncatingIfNeeded: value))
    #expect(try hardware.write(address, word).isOkay, "write of \(value) to \(address)")
  }
  func refusesRead(_ address: Int) throws -> Bool {
    let answer = try hardware.read(address)
    return !answer.isOkay && answer.data == 0
  }
  func refusesWrite(_ address: Int, _ value: Int, strobe: Int = 15) throws -> Bool {
    let word = UInt32(bitPattern: Int32(truncatingIfNeeded: value))
    return try !hardware.write(address, word, strobe: strobe).isOkay
  }

  /// Holds the core and waits for it.
  func hold() throws {
    try write(Self.control, 1)
    for _ in 0..<1000 where try read(Self.status) & 1 == 0 { hardware.advance(cycles: 10) }
    #expect(try read(Self.status) & 3 == 1)
  }
  func release() throws { try write(Self.control, 0) }

  /// The whole window of a stream.
  func save(_ stream: Int) throws -> [[Int64]] {
    try write(Self.stream, stream)
    return try design.windowStates.map { state in
      try (0..<state.size).map { Int64(try read(state.address + 4 * $0)) }
    }
  }
  /// From the last element to the first: no order is asked for.
  func load(_ values: [[Int64]], into stream: Int) throws {
    try write(Self.stream, stream)
    for (state, codes) in zip(design.windowStates, values).reversed() {
      for (i, code) in codes.enumerated().reversed() {
        try write(state.address + 4 * i, Int(code))
      }
    }
  }

  // MARK: - The reference's side

  private var stateIDs: [StateID] {
    design.windowStates.map { state in
      StateID(design.graph.states.firstIndex { $0.name == state.name } ?? 0)
    }
  }
  func states(of stream: Int) -> [[Int64]] {
    stateIDs.map { references[stream].value(of: $0) }
  }
  func setStates(_ values: [[Int64]], of stream: Int) {
    for (id, codes) in zip(stateIDs, values) { references[stream].setValue(codes, of: id) }
  }

  /// Frames of several streams that take turns, drawn by a seed.
  func draw(_ steps: Int, streams: [Int], seed: UInt64, ends: Bool = false) -> [Frame] {
    let sequences = streams.map { network.sequence(steps: steps, seed: 100 * seed + UInt64($0)) }
    return (0..<steps).flatMap { step in
      zip(streams, sequences).map {
        Frame($1[step], stream: $0, isLast: ends && step == steps - 1)
      }
    }
  }
  /// What the references make of frames; their states move on.
  func expected(_ input: [Frame]) -> [Frame] {
    input.map { frame in
      let codes = references[frame.stream].step(frame.codes)
      if frame.isLast { references[frame.stream].reset() }
      return Frame(codes, stream: frame.stream, isLast: frame.isLast)
    }
  }
  /// Runs frames and compares every code, TID and TLAST.
  @discardableResult
  func expectEqual(
    _ input: [Frame], _ comment: String, sourceLocation: SourceLocation = #_sourceLocation
  ) -> [Frame] {
    let wanted = expected(input)
    let found = hardware.run(input)
    #expect(found == wanted, "\(comment)", sourceLocation: sourceLocation)
    return found
  }
}
