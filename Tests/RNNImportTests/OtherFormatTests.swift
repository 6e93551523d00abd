import Foundation
import RNNDriver
import RNNImport
import RNNSupport
import Testing

/// What PyTorch's two exporters wrote, against onnxruntime.
@Suite struct TorchExportTests {
  static let names = ["GRU", "GRUnobias", "LSTM", "LSTM2bi", "RNNtanh", "RNNrelu"].flatMap {
    ["tx_\($0)_0", "tx_\($0)_1"]
  }

  static func compare(_ name: String) throws -> Comparison {
    let expected = try readJSON("torch-onnx/expected.json")[name]
    let model = try ONNXFile.read(fixtures.appendingPathComponent("torch-onnx/\(name).onnx"))
    let input = try #require(Vector(expected?["input"]))
    let output = try #require(Vector(expected?["output"]))
    return try Comparison(
      model, input: input, outputs: [(name: model.outputs[0].tensor.name, vector: output)])
  }

  @Test(arguments: names) func theExportGivesTheSame(_ name: String) throws {
    let comparison = try Self.compare(name)
    #expect(comparison.count >= 24)
    #expect(comparison.greatest < 1e-6, "\(name): \(comparison.greatest)")
  }

  @Test func theExportOfAProjectionIsRefusedWithItsReason() throws {
    let error = try #require(throws: DiagnosticsEmitted.self) {
      try ONNXFile.read(fixtures.appendingPathComponent("torch-onnx/tx_LSTMproj_1.onnx"))
    }
    #expect(error.diagnostics.count == 1)
    #expect(error.description.contains("proj_size"))
    #expect(error.description.contains("safetensors"))
  }
}

/// Models of the RTNeural library against the outputs of its Python originals.
@Suite struct RTNeuralTests {
  static func column(_ name: String) throws -> Vector {
    let text = try String(
      contentsOf: fixtures.appendingPathComponent("rtneural/\(name).csv"), encoding: .utf8)
    let values = text.split(separator: "\n").compactMap { Double($0) }
    return try #require(
      Vector(
        .object([
          "shape": [1, .int(values.count), 1], "values": .array(values.map { .double($0) }),
        ])))
  }
  static func compare(_ name: String) throws -> Comparison {
    let model = try RTNeuralFile.read(fixtures.appendingPathComponent("rtneural/\(name).json"))
    return try Comparison(
      model, input: column("\(name)_x_python"),
      outputs: [(name: "output", vector: column("\(name)_y_python"))])
  }

  @Test(arguments: ["gru", "gru_1d", "gru_torch", "lstm", "lstm_1d", "lstm_torch"])
  func theModelGivesItsGoldenOutputs(_ name: String) throws {
    let comparison = try Self.compare(name)
    #expect(comparison.count >= 100)
    #expect(comparison.greatest < 1e-6, "\(name): \(comparison.greatest)")
  }

  /// A model of the library whose file says more than its layers.
  private static func model(_ name: String, with keys: String) throws -> ImportedModel {
    let text = try String(
      contentsOf: fixtures.appendingPathComponent("rtneural/\(name).json"), encoding: .utf8)
    let more = try #require(text.firstIndex(of: "{"))
    return try RTNeuralFile.model(
      parsing: Data(
        (text[...more] + keys + ", " + text[text.index(after: more)...]).utf8), path: "x.json")
  }

  /// Gains in dB around a model are gains of its input and of its output.
  @Test(arguments: [(-6.0, 3.0), (0, -12.5), (4.5, 0), (-90, 1)])
  func gainsScale(_ input: Double, _ output: Double) throws {
    func gain(_ decibels: Double) -> Double { decibels > -90 ? pow(10, decibels / 20) : 0 }
    let x = try Self.column("gru_1d_x_python")
    let scaled = try Self.model("gru_1d", with: "\"in_gain\": \(input), \"out_gain\": \(output)")
    let plain = try Self.model("gru_1d", with: "\"name\": \"a note\"")
    func run(_ model: ImportedModel, times factor: Double) throws -> [Double] {
      try SequenceRun(model.model).run(x.floats.map { [Double($0) * factor] }).output.flatMap { $0 }
    }
    let wanted = try run(plain, times: gain(input)).map { $0 * gain(output) }
    let found = try run(scaled, times: 1)
    #expect(found.count == wanted.count && found.count >= 100)
    let worst = zip(found, wanted).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-6, "\(worst)")
  }

  /// What a player does besides, or may do, is never left out in silence.
  @Test(arguments: [
    ("\"in_skip\": 1", "/in_skip"), ("\"in_skip\": true", "/in_skip"), ("\"skip\": 2", "/skip"),
    ("\"in_skip\": \"yes\"", "/in_skip"), ("\"oversampling\": 2", "/oversampling"),
    ("\"in_gain\": \"loud\"", "/in_gain"),
  ])
  func whatChangesTheResultIsRefused(_ keys: String, _ path: String) throws {
    let error = try #require(throws: DiagnosticsEmitted.self) {
      try Self.model("gru_1d", with: keys)
    }
    #expect(error.diagnostics.map(\.path) == ["x.json:\(path)"], "\(error)")
  }

  /// GuitarML's wrapper is its state_dict, unless the player adds the input.
  @Test func theWrapperOfGuitarMLIsRead() throws {
    let inner = try String(
      contentsOf: fixtures.appendingPathComponent("rtneural/gru_torch.json"), encoding: .utf8)
    func read(_ data: String) throws -> ImportedModel {
      try RTNeuralFile.model(
        parsing: Data("{\"model_data\": {\(data)}, \"state_dict\": \(inner)}".utf8), path: "x.json")
    }
    let bare = try RTNeuralFile.model(parsing: Data(inner.utf8), path: "x.json")
    #expect(try read("\"unit_type\": \"GRU\", \"skip\": 0").model == bare.model)
    for data in ["\"skip\": 1", "\"upsampling\": 2"] {
      let error = try #require(throws: DiagnosticsEmitted.self) { try read(data) }
      #expect(error.description.contains("/model_data/"), "\(error)")
    }
  }

  @Test(arguments: [("bad_lstm", "16 units"), ("full_model", "conv1d")])
  func whatCannotBeReadIsRefusedByName(_ name: String, _ word: String) throws {
    let error = try #require(throws: DiagnosticsEmitted.self) {
      try RTNeuralFile.read(fixtures.appendingPathComponent("rtneural/\(name).json"))
    }
    #expect(error.diagnostics.count == 1, "\(error)")
    #expect(error.description.contains(word), "\(error)")
  }
}

/// Tensors with the names of a PyTorch state_dict against PyTorch.
@Suite struct TorchStateDictTests {
  static let names = [
    "gru", "gru_bidirectional", "lstm", "lstm_no_bias", "lstm_projection", "rnn_relu",
  ]
  static func read(_ name: String, architecture: URL? = nil) throws -> ImportedModel {
    try TorchStateDict.read(
      fixtures.appendingPathComponent("torch/\(name).safetensors"),
      architecture: architecture ?? fixtures.appendingPathComponent("torch/\(name).json"))
  }
  static func compare(_ name: String) throws -> Comparison {
    let expected = try readJSON("torch/expected.json")[name]
    let input = try #require(Vector(expected?["input"]))
    let output = try #require(Vector(expected?["output"]))
    return try Comparison(read(name), input: input, outputs: [(name: "output", vector: output)])
  }

  @Test(arguments: names) func theModuleGivesTheSame(_ name: String) throws {
    let comparison = try Self.compare(name)
    #expect(comparison.count == 28)
    #expect(comparison.greatest < 1e-6, "\(name): \(comparison.greatest)")
  }

  @Test(arguments: [
    // The wrong kind, the wrong depth, another file's modules.
    ("lstm", "gru"), ("gru", "lstm"), ("lstm_projection", "lstm"), ("gru_bidirectional", "gru"),
    ("lstm_no_bias", "rnn_relu"),
  ])
  func anArchitectureThatDoesNotFitIsRefused(_ tensors: String, _ architecture: String) throws {
    let error = try #require(throws: DiagnosticsEmitted.self) {
      try Self.read(
        tensors, architecture: fixtures.appendingPathComponent("torch/\(architecture).json"))
    }
    #expect(error.diagnostics.allSatisfy { $0.path.contains(".") && !$0.fix.isEmpty })
  }
}
