internal import Foundation
internal import RNNCodegen
internal import RNNCosim
internal import RNNEstimate
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNQuantize
internal import RNNReport
internal import RNNSupport

/// Gathers what the stages of one network wrote into its part of the report.
///
/// The network's folder holds `float`, `circulant`, `quantized` (model folders) and `rtl` (a build folder), and
/// may hold `direct` (circulant weights that were trained without ADMM, for comparison). What is missing is left
/// out of the report.
struct ReportCollector {
  let folder: URL

  /// The model folders in the order of the report, with the name of their stage.
  private static let stages = [
    (folder: "float", name: "float"), (folder: "circulant", name: "circulant"),
    (folder: "direct", name: "circulant, direct"), (folder: "quantized", name: "quantized"),
  ]

  func network() throws -> NetworkReport {
    var models: [(stage: String, model: ModelFile, record: StageRecord)] = []
    for (name, stage) in Self.stages {
      let url = folder.appendingPathComponent(name)
      guard FileManager.default.fileExists(atPath: url.appendingPathComponent("model.json").path)
      else { continue }
      let model = try ModelFile.readDescription(url.appendingPathComponent("model.json"))
      models.append(
        (stage, model, try StageRecord(reading: url.appendingPathComponent(StageRecord.fileName))))
    }
    let rtl = folder.appendingPathComponent("rtl")
    let build =
      FileManager.default.fileExists(atPath: rtl.appendingPathComponent("manifest.json").path)
      ? try BuildFolder(opening: rtl) : nil
    guard let last = models.last?.model ?? build?.model else {
      throw ToolError(
        .file, "\(folder.relativePath) holds no stage of a network",
        hint: "give a folder with float, circulant, quantized or rtl in it")
    }
    var report = NetworkReport(name: last.name, description: Self.description(last.network))
    for (stage, model, record) in models {
      addAccuracy(stage, model, record, to: &report)
      report.curves += record.curves(of: stage)
      if stage == "circulant" { report.residuals = record.matrixResiduals }
      if stage == "quantized" { report.formats = record.tensorFormats }
    }
    if let build {
      report.activations = Self.activations(build.design.graph)
      report.design = DesignReport(build.design)
      report.energy = try energy(build)
      try addCosim(build, to: &report)
    }
    return report
  }

  // MARK: - Provenance

  /// Seeds and settings of every stage, the simulator, and the digests of what was made.
  func provenance() throws -> [ProvenanceEntry] {
    var entries: [ProvenanceEntry] = []
    let network = folder.lastPathComponent
    var last: ModelFile?
    for (name, _) in Self.stages {
      let url = folder.appendingPathComponent("\(name)/model.json")
      guard FileManager.default.fileExists(atPath: url.path) else { continue }
      last = try ModelFile.readDescription(url)
      for file in ["model.json", "model.safetensors"] {
        try digest("\(name)/\(file)", to: &entries)
      }
    }
    let stages = (last?.stages ?? []).map { stage in
      let settings = stage.settings.map { member in
        var text = member.value.text
        if text.last == "\n" { text.removeLast() }
        return "\(member.key) \(text.replacingOccurrences(of: "\"", with: ""))"
      }
      return ProvenanceEntry(
        group: "\(network): stages", key: stage.name,
        value: (["seed \(stage.seed)"] + settings).joined(separator: ", "))
    }
    try digest("rtl/manifest.json", to: &entries)
    let cosim = folder.appendingPathComponent("rtl/\(CosimRecord.fileName)")
    if FileManager.default.fileExists(atPath: cosim.path) {
      entries.append(
        ProvenanceEntry(
          group: "\(network): tools", key: "Verilator",
          value: try CosimRecord(reading: cosim).verilator))
    }
    return stages + entries
  }

  private func digest(_ path: String, to entries: inout [ProvenanceEntry]) throws {
    let url = folder.appendingPathComponent(path)
    guard FileManager.default.fileExists(atPath: url.path) else { return }
    entries.append(
      ProvenanceEntry(
        group: "\(folder.lastPathComponent): SHA-256", key: path,
        value: sha256(try AtomicFile.read(url))))
  }

  // MARK: - Training

  private func addAccuracy(
    _ stage: String, _ model: ModelFile, _ record: StageRecord, to report: inout NetworkReport
  ) {
    let key = stage == "quantized" ? "testAccuracyIntegers" : "testAccuracy"
    guard let share = record.figure(key), let total = record.testSequences else { return }
    var note = ""
    if case .compress(let method, _, _) = record.content, method != .admm {
      note = "\(method.rawValue) training"
    }
    if stage == "quantized" { note = "integer reference" }
    let width = model.network.layers.flatMap(\.graph.parameters).filter(\.isMatrix)
      .compactMap(\.format?.width).max()
    report.accuracy.append(
      AccuracyStage(
        stage: stage, correct: Int(saturating: (share * Double(total)).rounded()), total: total,
        weights: model.network.layers.reduce(0) {
          $0 + $1.graph.parameters.reduce(0) { $0 + $1.storedCount }
        }, bitsPerWeight: width ?? 32, note: note))
  }

  // MARK: - Fixed point

  private static func activations(_ graph: IntegerGraph) -> [ActivationError] {
    graph.nodes.compactMap { node in
      guard case .activation(let index, _) = node.op else { return nil }
      let table = graph.tables[index]
      let error = table.maximalError
      func text(_ format: QFormat) -> String { "\(format) (\(format.width) bits)" }
      return ActivationError(
        name: "\(node.name): \(table.function)", segments: table.slopes.count,
        inputFormat: text(table.input), outputFormat: text(table.output),
        codes: 1 << table.input.width, maximalError: error * table.output.ulp,
        maximalErrorInLastPlaces: error)
    }
  }

  // MARK: - Hardware

  private func energy(_ build: BuildFolder) throws -> EnergyReport {
    let url = build.url.appendingPathComponent("activity.json")
    let record =
      FileManager.default.fileExists(atPath: url.path)
      ? try ActivityRecord.decoded(from: AtomicFile.read(url), path: url.relativePath) : nil
    return EnergyReport(
      design: build.design.name, counts: build.design.sustainedCounts,
      devices: EnergyReport.standardDevices,
      activity: record, requiredFramesPerSecond: 100)
  }

  private func addCosim(_ build: BuildFolder, to report: inout NetworkReport) throws {
    let url = build.url.appendingPathComponent(CosimRecord.fileName)
    guard FileManager.default.fileExists(atPath: url.path) else { return }
    let record = try CosimRecord(reading: url)
    guard record.design == build.design.name else {
      throw ToolError(
        .file, "\(url.relativePath) belongs to the design \(record.design)",
        hint: "run cosim on this build again")
    }
    report.cosim = CosimSummary(record)
    if let right = record.rightClass, record.sequences > 0 {
      var stage = AccuracyStage(stage: "RTL", correct: right, total: record.sequences)
      stage.weights = report.accuracy.last?.weights
      stage.bitsPerWeight = report.accuracy.last?.bitsPerWeight
      if let all = report.accuracy.last?.total, all != record.sequences {
        stage.note = "\(record.sequences) of the \(all) recordings were simulated"
      }
      report.accuracy.append(stage)
    }
  }

  // MARK: - Words

  private static func description(_ network: Network) -> String {
    network.layers.map { layer in
      let structures = layer.graph.parameters.map(\.structure).filter { $0 != .dense }
      let structure = structures.first.map { ", \($0)" } ?? ""
      let bits = layer.graph.parameters.filter(\.isMatrix).compactMap(\.format?.width).max()
      return
        "\(layer.cell) \(layer.configuration.inputSize) to \(layer.graph.outputSize)\(structure)"
        + (bits.map { ", \($0) bits" } ?? "")
    }.joined(separator: "; ")
  }
}
