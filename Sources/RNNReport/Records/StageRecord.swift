package import Foundation
internal import RNNGraph
internal import RNNInterchange
package import RNNLearning
package import RNNSupport

/// What a stage saw on the way: `record.json` of a model folder, for those who write it and those who read it.
package struct StageRecord: Hashable {
  /// What wrote it, with what only that stage has to tell.
  package enum Content: Hashable {
    /// - Parameter settings: those of the training.
    case train(settings: JSONValue, selectedEpoch: Int)
    /// - Parameter structure: those of the compressed matrices, as `MatrixStructure.text` and separated by `, `.
    case compress(method: CompressionMethod, structure: String, rounds: [AdmmRound])
    case quantize(formats: FormatRecord)
    /// Quantized without training; an entry for each part of the model.
    case calibrate(formats: [FormatRecord], sequences: Int, accuracy: JSONValue)
    /// Its members are for people; no program reads them.
    case `import`(members: [JSONValue.Member])
  }
  /// A measured figure, such as `testAccuracy`.
  package struct Figure: Hashable {
    package var name: String
    package var value: Double
    package init(name: String, value: Double) {
      self.name = name
      self.value = value
    }
  }
  package var content: Content
  package var curve: [EpochRecord]
  package var fineTuningCurve: [EpochRecord]
  package var figures: [Figure]
  /// Nil where nothing was tested.
  package var testSequences: Int?

  package init(
    content: Content, curve: [EpochRecord] = [], fineTuningCurve: [EpochRecord] = [],
    figures: [Figure] = [], testSequences: Int? = nil
  ) {
    self.content = content
    self.curve = curve
    self.fineTuningCurve = fineTuningCurve
    self.figures = figures
    self.testSequences = testSequences
  }

  package static let fileName = "record.json"
  private static let manual = "docs/formats/results.md"

  /// The value of a figure; nil if it was not measured.
  package func figure(_ name: String) -> Double? { figures.first { $0.name == name }?.value }

  // MARK: - Writing

  /// The record with a fixed order of members.
  package var json: JSONValue {
    func list(_ records: [EpochRecord]) -> JSONValue { .array(records.map(\.json)) }
    var members: [JSONValue.Member]
    switch content {
    case .train(let settings, let epoch):
      members = [
        .init("stage", "train"), .init("settings", settings), .init("selectedEpoch", .int(epoch)),
        .init("curve", list(curve)),
      ]
    case .compress(let method, let structure, let rounds):
      members = [
        .init("stage", "compress"), .init("method", .string(method.rawValue)),
        .init("structure", .string(structure)), .init("rounds", .array(rounds.map(\.json))),
        .init("curve", list(curve)), .init("fineTuningCurve", list(fineTuningCurve)),
      ]
    case .quantize(let formats):
      members = [
        .init("stage", "quantize"), .init("formats", formats.json),
        .init("fineTuningCurve", list(fineTuningCurve)),
      ]
    case .calibrate(let formats, let sequences, let accuracy):
      members = [
        .init("stage", "quantize"), .init("formats", .array(formats.map(\.json))),
        .init("calibrationSequences", .int(sequences)), .init("accuracy", accuracy),
      ]
    case .import(let own): members = [.init("stage", "import")] + own
    }
    members += figures.map { .init($0.name, .double($0.value)) }
    if let testSequences { members.append(.init("testSequences", .int(testSequences))) }
    return .object(members)
  }
}

// MARK: - Reading

extension StageRecord {
  /// Reads a file.
  ///
  /// - Throws: `ToolError` if it cannot be read, `DiagnosticsEmitted` with every fault in it.
  package init(reading url: URL) throws {
    self = try Self.decoded(AtomicFile.read(url), path: url.relativePath)
  }

  /// - Throws: `DiagnosticsEmitted` with every fault and its place.
  static func decoded(_ data: Data, path: String) throws -> StageRecord {
    try decodeStrictly(
      path, stage: "report", manual: manual, parsing: { try JSONValue(parsing: data) },
      StageRecord.init)
  }

  private static let figureNames = [
    "testAccuracy", "testLoss", "testAccuracyBeforeFineTuning", "testLossBeforeFineTuning",
    "testAccuracyIntegers", "testLossIntegers",
  ]

  private init?(_ node: JSONNode) {
    guard case .object(let members) = node.value, let word = node.value["stage"] else {
      _ = node.object(["stage"])
      return nil
    }
    let stage = JSONNode(value: word, path: "/stage", json: node.json).word([
      "train", "compress", "quantize", "import",
    ])
    let measured = ["testLoss", "testSequences"]
    switch stage {
    case "train":
      guard
        let o = node.object(
          ["stage", "settings", "selectedEpoch", "curve"] + measured, optional: Self.figureNames)
      else { return nil }
      let epoch = o["selectedEpoch"]?.count(0...1_000_000_000)
      guard let settings = o["settings"], Self.check(settings: settings), let epoch else {
        return nil
      }
      self.init(content: .train(settings: settings.value, selectedEpoch: epoch))
      read(o)
    case "compress":
      guard
        let o = node.object(
          ["stage", "method", "structure", "rounds", "curve", "fineTuningCurve"] + measured,
          optional: Self.figureNames)
      else { return nil }
      let method = o["method"]?.word(CompressionMethod.allCases.map(\.rawValue))
        .flatMap(CompressionMethod.init(rawValue:))
      let structure = o["structure"].flatMap(Self.structures)
      let rounds = o["rounds"]?.list { AdmmRound($0) }
      guard let method, let structure, let rounds else { return nil }
      self.init(content: .compress(method: method, structure: structure, rounds: rounds))
      read(o)
    case "quantize" where node.value["calibrationSequences"] != nil:
      guard
        let o = node.object(["stage", "formats", "calibrationSequences", "accuracy"])
      else { return nil }
      let formats = o["formats"]?.list { FormatRecord($0) }
      let sequences = o["calibrationSequences"]?.count(1...1 << 53)
      guard let accuracy = o["accuracy"], AccuracyTable.check(accuracy), let formats, let sequences
      else { return nil }
      self.init(
        content: .calibrate(formats: formats, sequences: sequences, accuracy: accuracy.value))
    case "quantize":
      // Nothing is measured before the integers are, so all figures are there or none of a kind.
      guard
        let o = node.object(
          ["stage", "formats", "fineTuningCurve"] + measured, optional: Self.figureNames),
        let formats = o["formats"].flatMap({ FormatRecord($0) })
      else { return nil }
      self.init(content: .quantize(formats: formats))
      read(o)
    case "import":
      self.init(content: .import(members: members.filter { $0.key != "stage" }))
    default: return nil
    }
  }

  /// A list of structures that exist; nil after a recorded fault.
  private static func structures(_ node: JSONNode) -> String? {
    guard let text = node.string() else { return nil }
    do {
      for part in text.split(separator: ", ", omittingEmptySubsequences: false) {
        _ = try MatrixStructure(text: String(part))
      }
      return text
    } catch {
      node.json.error(node.path, "\(error)", fix: "run the stage again")
      return nil
    }
  }

  /// Whether the settings are those of a training, which an experiment writes alike but for the seed; faults are recorded.
  private static func check(settings node: JSONNode) -> Bool {
    guard case .object(let members) = node.value,
      let seed = members.first(where: { $0.key == "seed" })?.value.string,
      UInt64(seed) != nil
    else {
      node.json.error("\(node.path)/seed", "no seed is there", fix: "run the stage again")
      return false
    }
    let own = ["seed", "learning"]
    let rest = JSONNode(
      value: .object(members.filter { !own.contains($0.key) }), path: node.path, json: node.json)
    var isGood = ExperimentFile.Training(rest, data: nil) != nil
    if let learning = node.value["learning"] {
      let place = JSONNode(value: learning, path: "\(node.path)/learning", json: node.json)
      let words = ["credit", "feedback", "updates", "traceInput"]
      let flags = ["learnsRecurrent", "learnsReadout"]
      let o = place.object(words + flags)
      isGood =
        isGood && words.allSatisfy { o?[$0]?.string() != nil }
        && flags.allSatisfy { o?[$0]?.bool() != nil }
    }
    return isGood
  }

  /// What several stages have; faults are recorded.
  private mutating func read(_ o: JSONObject) {
    func curve(_ key: String) -> [EpochRecord] { o[key]?.list { EpochRecord($0) } ?? [] }
    self.curve = curve("curve")
    fineTuningCurve = curve("fineTuningCurve")
    testSequences = o["testSequences"]?.count(1...1_000_000_000)
    for member in o.members where Self.figureNames.contains(member.key) {
      let node = o[member.key]
      let value =
        member.key.hasPrefix("testAccuracy")
        ? node?.share() : node?.number(where: { $0 >= 0 }, fix: "use 0 or more")
      if let value { figures.append(Figure(name: member.key, value: value)) }
    }
  }
}
