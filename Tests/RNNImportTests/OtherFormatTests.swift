import Foundation
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
