import Foundation
import RNNImport
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// Damaged and hostile files: an error that names the file, never a crash, never more memory than the file asks for.
@Suite struct DamagedFileTests {
  /// Reads and tells whether it was refused in the way of the product.
  private func isRefused(_ read: () throws -> ImportedModel) -> Bool {
    do {
      _ = try read()
      return false
    } catch let error as DiagnosticsEmitted {
      return !error.diagnostics.isEmpty && error.diagnostics.allSatisfy { !$0.fix.isEmpty }
    } catch {
      return error is ToolError
    }
  }
  private func data(_ name: String) throws -> Data {
    try Data(contentsOf: fixtures.appendingPathComponent(name))
  }
  private func readONNX(_ data: Data) throws -> ImportedModel {
    try ONNXFile.model(parsing: data, path: "x.onnx", folder: nil)
  }

  @Test(arguments: ["attributes/graph_both_ends.onnx", "attributes/lstm_peepholes.onnx"])
  func everyTruncationOfAModelIsRefused(_ name: String) throws {
    let whole = try data(name)
    for length in 0..<whole.count {
      // A cut between two fields leaves a shorter message that is valid: without its graph or opset.
      #expect(isRefused { try readONNX(whole.prefix(length)) }, "\(length) of \(whole.count)")
    }
  }

  /// A copy with one to `mostEdits` bytes that are drawn, set to an extreme, removed or inserted.
  private func garbled(
    _ whole: Data, mostEdits: UInt64, _ generator: inout SplitMix64
  ) -> [UInt8] {
    var bytes = Array(whole)
    for _ in 0..<(1 + Int(generator.next() % mostEdits)) {
      let at = Int(generator.next() % UInt64(bytes.count))
      switch generator.next() % 4 {
      case 0: bytes[at] = UInt8(truncatingIfNeeded: generator.next())
      case 1: bytes[at] = [0, 0x7F, 0x80, 0xFF][Int(generator.next() % 4)]
      case 2: bytes.remove(at: at)
      default: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: at)
      }
    }
    return bytes
  }

  @Test(arguments: [
    "attributes/graph_both_ends.onnx", "attributes/graph_open_shape.onnx",
    "attributes/lstm_activations_directions.onnx", "torch-onnx/tx_RNNtanh_1.onnx",
    "torch-onnx/tx_LSTM2bi_0.onnx",
  ])
  func garbledModelsNeverCrash(_ name: String) throws {
    let whole = try data(name)
    var generator = SplitMix64(seed: 11)
    var refused = 0
    for _ in 0..<400 {
      let bytes = garbled(whole, mostEdits: 4, &generator)
      // A changed weight is a valid model; whatever else comes out has to be an error of the product.
      do { _ = try readONNX(Data(bytes)) } catch {
        #expect(error is DiagnosticsEmitted, "\(error)")
        refused += 1
      }
    }
    #expect(refused > 50)
  }

  /// A protocol buffer by hand: fields of a number and bytes or a value.
  private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
  }
  private func field(_ number: UInt8, _ value: UInt64) -> [UInt8] { [number << 3] + varint(value) }
  private func varint(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    repeat {
      bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }
  /// A model whose only initializer has such dimensions and data, as its graph's node reads it.
  private func model(dims: [UInt64], raw: [UInt8], node: [UInt8]? = nil) -> Data {
    let text = { (s: String) in Array(s.utf8) }
    let tensor =
      dims.flatMap { field(1, $0) } + field(2, 1) + field(8, text("w")) + field(9, raw)
    let identity = field(1, text("w")) + field(2, text("y")) + field(4, text("Identity"))
    let graph = field(1, node ?? identity) + field(5, tensor) + field(12, field(1, text("y")))
    return Data(field(7, graph) + field(8, field(2, 17)))
  }

  @Test func hugeDeclaredSizesAreRefusedWithoutTheMemory() throws {
    let large: [[UInt64]] = [
      [1 << 40], [1 << 31, 1 << 31, 1 << 31], [UInt64(Int64.max), 2], [UInt64(bitPattern: -1)],
      [3], [1 << 20, 1 << 20, 0],
    ]
    for dims in large { #expect(isRefused { try readONNX(model(dims: dims, raw: [0, 0, 0, 0])) }) }
    // A message inside of a message inside of ... must not use up the stack.
    var nested: [UInt8] = field(4, Array("Identity".utf8))
    for _ in 0..<20_000 {
      // A node's attribute is a graph, which has a node.
      nested = field(5, field(1, Array("a".utf8)) + field(6, field(1, nested)))
    }
    #expect(isRefused { try readONNX(model(dims: [1], raw: [0, 0, 0, 0], node: nested)) })
  }

  /// Arithmetic before anything says which axis holds features must neither crash nor guess.
  @Test func shapesThatSayNothingAreFollowedOrRefused() throws {
    let text = { (s: String) in Array(s.utf8) }
    func node(_ kind: String, _ inputs: [String], _ output: String) -> [UInt8] {
      inputs.flatMap { field(1, text($0)) } + field(2, text(output)) + field(4, text(kind))
    }
    for rank in 0...6 {
      for size in [UInt64(1), 2, 3000, 1 << 19, 1 << 40, 0] {
        let shape = (0..<rank).flatMap { _ in field(1, field(1, size)) }
        let type = field(1, field(1, 1) + field(2, shape))
        let input = field(1, text("x")) + field(2, type)
        let scalar = field(2, 1) + field(8, text("c")) + field(9, [0, 0, 128, 63])
        let weight =
          [2, 2].flatMap { field(1, UInt64($0)) } + field(2, 1) + field(8, text("w"))
          + field(9, [UInt8](repeating: 63, count: 16))
        let nodes = [
          node("Mul", ["x", "c"], "a"), node("Neg", ["a"], "b"), node("MatMul", ["b", "w"], "y"),
        ]
        let graph =
          nodes.flatMap { field(1, $0) } + field(5, scalar) + field(5, weight)
          + field(11, input) + field(12, field(1, text("y")))
        let data = Data(field(7, graph) + field(8, field(2, 17)))
        let isRefused = isRefused { try readONNX(data) }
        #expect(isRefused == !((2...4).contains(rank) && size == 2), "rank \(rank), \(size)")
      }
    }
  }

  /// Functions over many features are matrices; a file without weights must not ask for many of them.
  @Test func longChainsOverManyFeaturesAreRefusedWithoutTheMemory() throws {
    let text = { (s: String) in Array(s.utf8) }
    let shape = [1, 5, 1024].flatMap { field(1, field(1, UInt64($0))) }
    let input = field(1, text("v0")) + field(2, field(1, field(1, 1) + field(2, shape)))
    let nodes = (0..<400).flatMap { i in
      field(1, field(1, text("v\(i)")) + field(2, text("v\(i + 1)")) + field(4, text("Relu")))
    }
    let graph = nodes + field(11, input) + field(12, field(1, text("v400")))
    let error = try #require(throws: DiagnosticsEmitted.self) {
      try readONNX(Data(field(7, graph) + field(8, field(2, 17))))
    }
    #expect(error.description.contains("memory"), "\(error)")
  }

  @Test func externalDataStayInTheFolderAndInTheFile() throws {
    try withTemporaryFolder { folder in
      for name in ["tx_GRU_1.onnx", "tx_GRU_1.onnx.data"] {
        try data("torch-onnx/\(name)").write(to: folder.appendingPathComponent(name))
      }
      let url = folder.appendingPathComponent("tx_LSTM2bi_1.onnx")
      let model = try data("torch-onnx/tx_LSTM2bi_1.onnx")
      try model.write(to: url)
      #expect(isRefused { try ONNXFile.read(url) }, "the data file is missing")
      let values = try data("torch-onnx/tx_LSTM2bi_1.onnx.data")
      let place = folder.appendingPathComponent("tx_LSTM2bi_1.onnx.data")
      try values.dropLast(400).write(to: place)
      #expect(isRefused { try ONNXFile.read(url) }, "the data file is too short")
      try values.write(to: place)
      #expect(!isRefused { try ONNXFile.read(url) })
      // The same length, another place.
      let text = try #require(String(data: Data("tx_LSTM2bi_1.onnx.data".utf8), encoding: .utf8))
      let outside = "../" + String(repeating: "x", count: text.utf8.count - 3)
      var bytes = model
      while let range = bytes.range(of: Data(text.utf8)) {
        bytes.replaceSubrange(range, with: Data(outside.utf8))
      }
      try bytes.write(to: url)
      let error = try #require(throws: DiagnosticsEmitted.self) { try ONNXFile.read(url) }
      #expect(error.description.contains("outside of the model's folder"))
    }
  }

  @Test func damagedRTNeuralFilesAreRefused() throws {
    let whole = try data("rtneural/gru_1d.json")
    for length in stride(from: 0, to: whole.count - 2, by: 97) {
      #expect(isRefused { try RTNeuralFile.model(parsing: whole.prefix(length), path: "x.json") })
    }
    let text = String(decoding: whole, as: UTF8.self)
    let wrong = [
      "[]", "{}", #"{"layers": []}"#, #"{"layers": 3, "in_shape": [1]}"#,
      #"{"in_shape": [null, null, 1], "layers": []}"#,
      #"{"weight": [[1, 2], [3]]}"#, #"{"fc.weight": [[1e999]]}"#, #"{"fc.weight": [[[[[[1]]]]]]}"#,
      text.replacingOccurrences(of: "\"gru\"", with: "\"lstm\""),
      text.replacingOccurrences(of: "\"sigmoid\"", with: "\"softmax\""),
    ]
    for text in wrong {
      #expect(
        isRefused { try RTNeuralFile.model(parsing: Data(text.utf8), path: "x.json") },
        "\(text.prefix(60))")
    }
  }

  @Test func damagedTensorsAndArchitecturesAreRefused() throws {
    try withTemporaryFolder { folder in
      let tensors = folder.appendingPathComponent("x.safetensors")
      let architecture = folder.appendingPathComponent("x.json")
      let good = try data("torch/lstm.json")
      let whole = try data("torch/lstm.safetensors")
      try good.write(to: architecture)
      for length in stride(from: 0, to: whole.count, by: 61) {
        try whole.prefix(length).write(to: tensors)
        #expect(isRefused { try TorchStateDict.read(tensors, architecture: architecture) })
      }
      try whole.write(to: tensors)
      let wrong = [
        "", "{}", #"{"format": "rnnc-architecture", "version": 2, "modules": []}"#,
        #"{"format": "rnnc-architecture", "version": 1, "modules": []}"#,
        #"{"format": "rnnc-architecture", "version": 1, "modules": [{"kind": "conv", "name": "recurrent"}]}"#,
        #"{"format": "rnnc-architecture", "version": 1, "modules": [{"name": "recurrent"}]}"#,
        #"{"format": "rnnc-architecture", "version": 1, "modules": [{"kind": "gru", "name": "recurrent", "projection": 2}]}"#,
        String(decoding: good, as: UTF8.self).replacingOccurrences(
          of: "\"layers\": 2", with: "\"layers\": 1"),
        String(decoding: good, as: UTF8.self).replacingOccurrences(of: "tanh", with: "gelu"),
      ]
      for text in wrong {
        try Data(text.utf8).write(to: architecture)
        #expect(
          isRefused { try TorchStateDict.read(tensors, architecture: architecture) },
          "\(text.prefix(90))")
      }
    }
  }

  /// Damaged HDF5 crashes or hangs its library in a child process at worst; archives are checked before.
  @Test(arguments: [
    "lstm.keras", "bidirectional_last.h5", "textgenrnn_small.hdf5", "branches.weights.h5",
  ])
  func garbledKerasFilesNeverCrash(_ name: String) throws {
    let whole = try data("keras/\(name)")
    let json = name.split(separator: ".")[0] + ".json"
    let architecture = try? data("keras/\(json)")
    let isArchive = name.hasSuffix(".keras")
    func read(_ bytes: [UInt8]) throws -> ImportedModel {
      try KerasFile.model(
        parsing: Data(bytes), path: "x", isArchive: isArchive,
        architecture: architecture.map { ($0, "x.json") })
    }
    var generator = SplitMix64(seed: 23)
    var refused = 0
    for _ in 0..<60 {
      let bytes = garbled(whole, mostEdits: 6, &generator)
      do { _ = try read(bytes) } catch {
        #expect(error is DiagnosticsEmitted, "\(error)")
        refused += 1
      }
    }
    #expect(refused > 20)
    for length in stride(from: 0, to: whole.count - 1, by: 997) {
      #expect(isRefused { try read(Array(whole.prefix(length))) }, "\(length)")
    }
  }
}
