import Foundation
import RNNImport
import RNNInterchange
import Testing

/// The operator cases of the ONNX project: LSTM, GRU and RNN.
@Suite struct ONNXBackendTests {
  static let cases = [
    "gru_batchwise", "gru_bidirectional", "gru_defaults", "gru_reverse", "gru_seq_length",
    "gru_with_initial_bias", "lstm_batchwise", "lstm_bidirectional", "lstm_defaults",
    "lstm_reverse", "lstm_with_initial_bias", "lstm_with_peepholes", "rnn_seq_length",
    "simple_rnn_batchwise", "simple_rnn_bidirectional", "simple_rnn_defaults", "simple_rnn_reverse",
    "simple_rnn_with_initial_bias",
  ]

  /// Imports a case: its weights are inputs of the graph, given as constants from its test data.
  static func load(_ name: String) throws -> (model: ImportedModel, comparison: Comparison) {
    let folder = fixtures.appendingPathComponent("onnx-backend/test_\(name)")
    func tensor(_ kind: String, _ i: Int) throws -> NPYArray {
      try ONNXFile.readTensor(folder.appendingPathComponent("test_data_set_0/\(kind)_\(i).pb"))
    }
    let names = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    let given = try names.indices.dropFirst().filter { i in
      FileManager.default.fileExists(
        atPath: folder.appendingPathComponent("test_data_set_0/input_\(i).pb").path)
    }.map { (names[$0], try tensor("input", $0)) }
    let model = try ONNXFile.read(folder.appendingPathComponent("model.onnx"), constants: given)
    // The outputs in the order of the graph.
    let order = ["Y", "Y_h", "Y_c"].filter { name in
      model.outputs.contains { $0.tensor.name == name }
    }
    let outputs = try order.enumerated().map { ($1, Vector(try tensor("output", $0))) }
    return (
      model, try Comparison(model, input: Vector(try tensor("input", 0)), outputs: outputs)
    )
  }

  @Test(arguments: cases) func theCaseGivesTheSuitesNumbers(_ name: String) throws {
    let (_, comparison) = try Self.load(name)
    #expect(comparison.count > 0)
    // The suite's own tolerance: rtol 1e-3, atol 1e-7.
    #expect(comparison.beyondRelative <= 1e-7, "\(name): \(comparison.greatest)")
    #expect(comparison.greatest < 1e-6, "\(name): \(comparison.greatest)")
  }
}
