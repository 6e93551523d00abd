import Foundation
import RNNDriver
import RNNGraph
import RNNImport
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// A model that Keras saved, with what Keras (or NumPy, for old forms) gave for it.
struct KerasCase: CustomTestStringConvertible {
  var name: String
  var json: JSONValue
  var feature: String { json["feature"]?.string ?? "" }
  var testDescription: String { name }

  static let all: [KerasCase] = members("cases").map { KerasCase(name: $0.key, json: $0.value) }
  /// Names and features of architectures that have to be refused.
  static let refused: [(name: String, feature: String)] =
    ((try? readJSON("keras/expected.json"))?["refused"]?.array ?? []).map {
      ($0["name"]?.string ?? "", $0["feature"]?.string ?? "")
    }
  private static func members(_ key: String) -> [JSONValue.Member] {
    guard case .object(let members)? = (try? readJSON("keras/expected.json"))?[key] else {
      return []
    }
    return members
  }

  static func url(_ name: String) -> URL { fixtures.appendingPathComponent("keras/\(name)") }
  func load() throws -> ImportedModel {
    try KerasFile.read(
      Self.url(json["file"]?.string ?? ""),
      architecture: json["architecture"]?.string.map(Self.url))
  }
  func compare() throws -> Comparison {
    try Comparison(
      load(), input: #require(Vector(json["input"])),
      outputs: [(name: "output", vector: #require(Vector(json["output"])))])
  }
  /// Reads an architecture that has to be refused, beside weights that a part of them fits.
  static func loadRefused(_ name: String) throws -> ImportedModel {
    try KerasFile.read(
      url("lstm_weights.weights.h5"), architecture: url("refused_\(name).json"))
  }
}

@Suite struct KerasTests {
  @Test(arguments: KerasCase.all) func theModelGivesTheSame(_ one: KerasCase) throws {
    let comparison = try one.compare()
    #expect(comparison.count >= 4)
    #expect(comparison.relative < 1e-6, "\(one.name): \(comparison.relative)")
  }

  @Test func thereAreCasesOfEveryForm() {
    let files = KerasCase.all.compactMap { $0.json["file"]?.string }
    for ending in [".keras", ".weights.h5", ".h5", ".hdf5"] {
      #expect(files.contains { $0.hasSuffix(ending) }, "\(ending)")
    }
    #expect(KerasCase.all.count >= 31)
    #expect(KerasCase.refused.count >= 17)
  }

  @Test(arguments: KerasCase.refused.map(\.name))
  func whatIsNotHonouredIsRefusedByName(_ name: String) throws {
    let words = [
      "merge_mode": "merge_mode = sum", "selu": "activation = selu",
      "leaky_relu": "recurrent_activation = leaky_relu", "conv": "Conv1D", "masking": "Masking",
      "normalization": "LayerNormalization", "mask_zero": "mask_zero",
      "return_state": "return_state", "initial_state": "initial_state", "shared": "used 2 times",
      "two_inputs": "2 inputs", "add": "Add", "no_time": "axes", "repeat": "RepeatVector",
      "one_step": "Reshape", "units": "5 units", "other": "GRU \"gru",
    ]
    let error = try #require(throws: DiagnosticsEmitted.self) { try KerasCase.loadRefused(name) }
    #expect(error.diagnostics.count == 1 && error.diagnostics.allSatisfy { !$0.fix.isEmpty })
    #expect(error.description.contains(try #require(words[name])), "\(error)")
  }

  /// The trained network, whose weights are not part of the repository, against NumPy.
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: KerasTests.trained.path),
      "its weights are not there: put github.com/minimaxir/textgenrnn's file into ../shared/models")
  )
  func textgenrnnGivesTheNextCharacter() throws {
    let model = try KerasFile.read(Self.trained, architecture: KerasCase.url("textgenrnn.json"))
    #expect(model.model.inputSize == 1 && model.model.outputSize == 465)
    let runner = SequenceRun(model.model)
    let texts = try #require(try readJSON("keras/textgenrnn_expected.json").array)
    #expect(texts.count == 4)
    for text in texts {
      let indices = (text["indices"]?.array ?? []).compactMap(\.number)
      let wanted = (text["output"]?.array ?? []).compactMap(\.number)
      let found = try #require(try runner.run(indices.map { [$0] }).output.first)
      #expect(indices.count == 40 && wanted.count == 465 && found.count == 465)
      let greatest = zip(found, wanted).map { abs($0 - $1) }.max() ?? 1
      #expect(greatest < 1e-6, "\(greatest)")
    }
  }
  static let trained = packageRoot.deletingLastPathComponent().appendingPathComponent(
    "shared/models/textgenrnn/textgenrnn_weights.hdf5")

  @Test func indicesThatAreNoneAreRefused() throws {
    let one = try #require(KerasCase.all.first { $0.name == "embedding" })
    let runner = SequenceRun(try one.load().model)
    for bad in [-1.0, 7, 0.5, 1e300] {
      let error = try #require(throws: DiagnosticsEmitted.self) { try runner.run([[0], [bad]]) }
      #expect(error.description.contains("input[1]"))
    }
  }

  /// Files that hold an architecture take no second one; files that hold none need it.
  @Test func architecturesAreNamedWhereTheyAreMissing() throws {
    let json = KerasCase.url("lstm_no_bias.json")
    for file in ["lstm.keras", "lstm_last.h5"] {
      let error = try #require(throws: DiagnosticsEmitted.self) {
        try KerasFile.read(KerasCase.url(file), architecture: json)
      }
      #expect(error.description.contains("--architecture"))
    }
    let error = try #require(throws: DiagnosticsEmitted.self) {
      try KerasFile.read(KerasCase.url("lstm_no_bias.weights.h5"), architecture: nil)
    }
    #expect(error.description.contains("model.to_json()"))
  }

  /// `hard_sigmoid` has two meanings; without a version nobody can tell.
  @Test func aFunctionWithTwoMeaningsNeedsAVersion() throws {
    try withTemporaryFolder { folder in
      var text = try String(contentsOf: KerasCase.url("gru_hard_sigmoid.json"), encoding: .utf8)
      let weights = KerasCase.url("gru_hard_sigmoid.weights.h5")
      let json = folder.appendingPathComponent("x.json")
      text = text.replacingOccurrences(
        of: "\"module\": \"keras\", \"class_name\": \"Seq", with: "\"class_name\": \"Seq")
      try Data(text.utf8).write(to: json)
      let error = try #require(throws: DiagnosticsEmitted.self) {
        try KerasFile.read(weights, architecture: json)
      }
      #expect(error.description.contains("hard_sigmoid means one thing"), "\(error)")
      // An option that nobody knows.
      text = try String(contentsOf: KerasCase.url("gru_hard_sigmoid.json"), encoding: .utf8)
      text = text.replacingOccurrences(
        of: "\"stateful\": false", with: "\"stateful\": false, \"zoneout\": 0.5")
      try Data(text.utf8).write(to: json)
      let other = try #require(throws: DiagnosticsEmitted.self) {
        try KerasFile.read(weights, architecture: json)
      }
      #expect(other.description.contains("zoneout = 0.5"), "\(other)")
    }
  }

  /// What an import writes is what it read: steps of every kind come back from the folder.
  @Test(arguments: [
    "textgenrnn_small", "backwards", "branches", "branches_last", "bidirectional_stack",
  ])
  func foldersGiveBackTheSteps(_ name: String) throws {
    let one = try #require(KerasCase.all.first { $0.name == name })
    let model = try one.load().model
    try withTemporaryFolder { folder in
      try model.joined.write(to: folder, stages: [])
      let read = try SequenceModel.read(folder.appendingPathComponent(SequenceModel.fileName))
      #expect(read == model.joined)
      #expect(model.joined.steps.count <= model.steps.count)
      let input = try #require(Vector(one.json["input"]))
      let rows = try #require(one.load().input.sequences(input.shape, input.floats))
      for row in rows.map({ $0.map { $0.map(Double.init) } }) {
        #expect(try SequenceRun(read).run(row).output == SequenceRun(model).run(row).output)
      }
    }
  }
}
