internal import Foundation
internal import RNNCodegen
internal import RNNEstimate
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
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
    var models: [(stage: String, model: ModelFile, record: JSONValue)] = []
    for (name, stage) in Self.stages {
      let url = folder.appendingPathComponent(name)
      guard FileManager.default.fileExists(atPath: url.appendingPathComponent("model.json").path)
      else { continue }
      let model = try ModelFile.readDescription(url.appendingPathComponent("model.json"))
      models.append((stage, model, try Self.json(url.appendingPathComponent("record.json"))))
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
      report.curves += Self.curves(stage, record)
      if stage == "circulant" { report.residuals = Self.residuals(record) }
      if stage == "quantized" { report.formats = Self.formats(record) }
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
    let cosim = folder.appendingPathComponent("rtl/cosim.json")
    if FileManager.default.fileExists(atPath: cosim.path),
      case .string(let version)? = try Self.json(cosim)["verilator"]
    {
      entries.append(
        ProvenanceEntry(group: "\(network): tools", key: "Verilator", value: version))
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
    _ stage: String, _ model: ModelFile, _ record: JSONValue, to report: inout NetworkReport
  ) {
    let key = stage == "quantized" ? "testAccuracyIntegers" : "testAccuracy"
    guard let share = record[key]?.number, case .int(let total)? = record["testSequences"]
    else { return }
    var note = ""
    if case .string(let method)? = record["method"], method != "admm" {
      note = "\(method) training"
    }
    if stage == "quantized" { note = "integer reference" }
    let width = model.network.layers.flatMap(\.graph.parameters).filter(\.isMatrix)
      .compactMap(\.format?.width).max()
    report.accuracy.append(
      AccuracyStage(
        stage: stage, correct: Int((share * Double(total)).rounded()), total: total,
        weights: model.network.layers.reduce(0) {
          $0 + $1.graph.parameters.reduce(0) { $0 + $1.storedCount }
        }, bitsPerWeight: width ?? 32, note: note))
  }

  /// The learning curves in the record of a stage: `float`, `circulant` or `quantized`.
  static func curves(_ stage: String, _ record: JSONValue) -> [LearningCurve] {
    [
      ("curve", stage == "circulant" ? "ADMM" : stage), ("fineTuningCurve", "\(stage) fine-tuning"),
    ].compactMap { key, name in
      guard case .array(let epochs)? = record[key], !epochs.isEmpty else { return nil }
      // Without classes the metric is the loss again.
      let isClassification = record["testAccuracy"] != nil
      let points = epochs.compactMap { epoch -> LearningCurve.Point? in
        guard case .int(let number)? = epoch["epoch"], let loss = epoch["loss"]?.number else {
          return nil
        }
        return LearningCurve.Point(
          epoch: number, trainLoss: loss, validationLoss: epoch["validationLoss"]?.number,
          trainAccuracy: isClassification ? epoch["metric"]?.number : nil,
          validationAccuracy: isClassification ? epoch["validationMetric"]?.number : nil)
      }
      return LearningCurve(stage: name, points: points)
    }
  }

  private static func residuals(_ record: JSONValue) -> [MatrixResiduals] {
    guard case .array(let rounds)? = record["rounds"] else { return [] }
    var result: [MatrixResiduals] = []
    let structure = record["structure"]?.string ?? ""
    for round in rounds {
      guard case .int(let number)? = round["round"], let rho = round["penalty"]?.number,
        case .array(let residuals)? = round["residuals"]
      else { continue }
      for residual in residuals {
        guard case .string(let path)? = residual["path"],
          let primal = residual["primal"]?.number, let dual = residual["dual"]?.number
        else { continue }
        let one = MatrixResiduals.Round(round: number, primal: primal, dual: dual, rho: rho)
        if let i = result.firstIndex(where: { $0.matrix == path }) {
          result[i].rounds.append(one)
        } else {
          result.append(MatrixResiduals(matrix: path, structure: structure, rounds: [one]))
        }
      }
    }
    return result
  }

  // MARK: - Fixed point

  private static func formats(_ record: JSONValue) -> [TensorFormat] {
    guard let formats = record["formats"] else { return [] }
    var result: [TensorFormat] = []
    for (key, nameKey) in [("values", "node"), ("parameters", "parameter")] {
      guard case .array(let entries)? = formats[key] else { continue }
      for entry in entries {
        guard case .string(let layer)? = entry["layer"], case .string(let name)? = entry[nameKey],
          case .int(let width)? = entry["width"], case .int(let fraction)? = entry["fraction"],
          let low = entry["low"]?.number, let high = entry["high"]?.number
        else { continue }
        let role = if case .string(let role)? = entry["role"] { role } else { "weight" }
        let rounding = if case .string(let rule)? = entry["rounding"] { rule } else { "" }
        result.append(
          TensorFormat(
            name: "\(layer).\(name)", role: role, width: width, fractionBits: fraction,
            rounding: rounding, minimum: low, maximum: high))
      }
    }
    return result
  }

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
    let url = build.url.appendingPathComponent("cosim.json")
    guard FileManager.default.fileExists(atPath: url.path) else { return }
    let json = try Self.json(url)
    func int(_ key: String) -> Int? {
      if case .int(let value)? = json[key] { value } else { nil }
    }
    var patterns: [String] = []
    var seeds: [Int] = []
    if case .array(let passes)? = json["passes"] {
      for pass in passes {
        if case .string(let source)? = pass["source"] {
          let kind = source.split(separator: " ").first.map(String.init) ?? source
          let word = ["always": "none", "random": "random", "stalls": "long"][kind] ?? kind
          if !patterns.contains(word) { patterns.append(word) }
        }
        if case .int(let seed)? = pass["resetSeed"], !seeds.contains(seed) { seeds.append(seed) }
      }
    }
    let first = if case .string(let text)? = json["firstMismatch"] { text } else { "" }
    let values = (int("valuesCompared") ?? 0) + (int("probeValuesCompared") ?? 0)
    report.cosim = CosimSummary(
      sequences: int("sequences") ?? 0, frames: int("frames") ?? 0, valuesCompared: values,
      valueMismatches: (int("valueMismatches") ?? 0) + (int("otherMismatches") ?? 0),
      cyclesCompared: int("cycles") ?? 0, cycleMismatches: int("cycleMismatches") ?? 0,
      sameClass: int("sameClassAsReference"), patterns: patterns, seeds: seeds,
      firstMismatch: first)
    if let right = int("rightClass"), let total = int("sequences") {
      var stage = AccuracyStage(stage: "RTL", correct: right, total: total)
      stage.weights = report.accuracy.last?.weights
      stage.bitsPerWeight = report.accuracy.last?.bitsPerWeight
      if let all = report.accuracy.last?.total, all != total {
        stage.note = "\(total) of the \(all) recordings were simulated"
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

  private static func json(_ url: URL) throws -> JSONValue {
    let data = try AtomicFile.read(url)
    do {
      return try JSONValue(parsing: data)
    } catch {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "report", path: url.relativePath, message: "it is damaged: \(error)",
          fix: "run the stage that writes it again"))
    }
  }
}
