import Foundation
import RNNCodegen
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing
import _RNNTestSupport

/// What six small networks cost: no change of cycles, resources or Verilog passes unseen.
///
/// The figures are in `Golden/figures.json`; `RNNC_UPDATE_GOLDEN=1` records the ones found.
@Suite struct GoldenFigureTests {
  struct Case: Sendable {
    var name: String
    var options: RandomNetwork.Options
    var compile: CompileOptions

    init(
      _ name: String, _ cell: String, _ sizes: [Int], block: Int, _ compile: CompileOptions
    ) {
      self.name = name
      // No option is drawn: one that a cell gains changes nothing here.
      let standard = (CellRegistry.named(cell)?.options ?? []).map {
        CellConfiguration.Entry($0.name, $0.standard)
      }
      options = .init(
        cell: cell, sizes: sizes, block: block, policy: QuantizationPolicy(),
        cellOptions: standard, readout: false)
      self.compile = compile
    }
  }
  static let cases = [
    Case("gru", "gru", [6, 16], block: 4, CompileOptions(name: "gru", engine: .lanes(.init(2)))),
    Case(
      "lstm-dense", "lstm", [5, 8], block: 1,
      CompileOptions(name: "lstm", engine: .lanes(.init(4, denseMultipliers: 4)))),
    Case(
      "lstm-circulant", "lstm", [8, 24], block: 8,
      CompileOptions(
        name: "lstm", engine: .lanes(.init(3, columnGroups: 2, elementsPerStep: 2, streams: 2)))),
    Case(
      "elman", "elman", [4, 12, 8], block: 2,
      CompileOptions(name: "elman", engine: .lanes(.init(2, pipelining: .deep)))),
    Case(
      "layer-norm-lstm", "layer-norm-lstm", [4, 8], block: 1, CompileOptions(name: "norm")),
    Case(
      "gru-sequential", "gru", [6, 16], block: 4, CompileOptions(name: "gru", engine: .sequential)),
  ]

  /// Cycles a frame, multipliers and block RAM of a mid-size device, and a digest of all Verilog without memory images.
  static func figures(of row: Case) throws -> [JSONValue.Member] {
    let graph = try RandomNetwork(seed: 11, options: row.options).graph
    let design = try compileHardware(graph, options: row.compile)
    let usage = try DeviceDescription.named("xc7a100t").usage(of: design.counts)
    let verilog = try design.files().filter {
      $0.path.hasSuffix(".sv") || $0.path.hasSuffix(".svh")
    }
    #expect(verilog.count > 5)
    let text = verilog.map { "\($0.path)\n\($0.text)" }.joined()
    return [
      .init("cyclesPerFrame", .int(design.cyclesPerFrame)),
      .init("latencyCycles", .int(design.latencyCycles)),
      .init("multipliers", .int(usage.multipliers)), .init("blockRAMs", .double(usage.blockRAMs)),
      .init("verilog", .string(sha256(Data(text.utf8)))),
    ]
  }

  @Test func figuresAreAsRecorded() throws {
    let url = packageRoot.appendingPathComponent("Tests/RNNCodegenTests/Golden/figures.json")
    let found = try Self.cases.map {
      JSONValue.Member($0.name, .object(try Self.figures(of: $0)))
    }
    if ProcessInfo.processInfo.environment["RNNC_UPDATE_GOLDEN"] == "1" {
      try AtomicFile.write(JSONValue.object(found).text, to: url)
      Issue.record(
        "updated figures.json: look at the change and run again without RNNC_UPDATE_GOLDEN")
      return
    }
    let recorded = try JSONValue(parsing: Data(contentsOf: url))
    for network in found {
      guard case .object(let figures) = network.value else { continue }
      for figure in figures {
        let before = recorded[network.key]?[figure.key]
        #expect(
          before?.text == figure.value.text,
          """
          \(network.key): \(figure.key) is \(figure.value.text), was \(before?.text ?? "not recorded"); \
          where that is meant, RNNC_UPDATE_GOLDEN=1 records it
          """)
      }
    }
    guard case .object(let names) = recorded else {
      Issue.record("figures.json holds no object")
      return
    }
    #expect(names.map(\.key) == Self.cases.map(\.name))
  }
}
