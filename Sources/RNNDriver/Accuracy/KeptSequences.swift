internal import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Sequences that a model is measured on; they stay beside its file from `import` to `cosim`.
///
/// `NAME.sequences.safetensors` beside `NAME.json` has `input.0`, `input.1`, ... of shape [steps, inputs] and, where the
/// original program gave them, `expected.0`, ... of shape [steps, outputs], or [1, outputs] for the last step.
struct KeptSequences: Hashable, Sendable {
  /// `[sequence][step][input]`; lengths may differ.
  var inputs: [[[Double]]]
  /// What the original gave, `[sequence][step][output]`.
  var expected: [[[Double]]]?

  static func url(beside model: URL) -> URL {
    model.deletingPathExtension().appendingPathExtension("sequences.safetensors")
  }

  /// Reads the sequences of a model file; nil if none lie beside it.
  ///
  /// - Throws: `DiagnosticsEmitted` if they do not fit the model.
  static func read(beside model: URL, inputSize: Int, outputSize: Int) throws -> KeptSequences? {
    let url = url(beside: model)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    let tensors = try SafeTensors.read(url)
    func sequences(_ word: String, width: Int) throws -> [[[Double]]] {
      var found: [[[Double]]] = []
      while let tensor = tensors["\(word).\(found.count)"] {
        guard tensor.shape.count == 2, tensor.shape[0] > 0, tensor.shape[1] == width else {
          throw DiagnosticsEmitted(
            Diagnostic(
              stage: "accuracy", path: "\(url.relativePath):\(word).\(found.count)",
              message: "its shape is \(tensor.shape), the model's sequences have \(width) values",
              fix: "import or quantize the model again"))
        }
        let values = tensor.floats.map(Double.init)
        found.append(
          stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) })
      }
      return found
    }
    let inputs = try sequences("input", width: inputSize)
    let expected = try sequences("expected", width: outputSize)
    if inputs.isEmpty { return nil }
    return KeptSequences(inputs: inputs, expected: expected.isEmpty ? nil : expected)
  }

  /// Writes the sequences beside a model file.
  func write(beside model: URL) throws {
    var tensors = SafeTensors()
    func add(_ word: String, _ sequences: [[[Double]]]) {
      for (s, rows) in sequences.enumerated() {
        tensors.add(
          "\(word).\(s)",
          SafeTensors.Tensor(
            shape: [rows.count, rows[0].count], floats: rows.joined().map(Float.init)))
      }
    }
    add("input", inputs)
    if let expected { add("expected", expected) }
    try AtomicFile.write(tensors.data, to: Self.url(beside: model))
  }
}

/// The float model that a quantized one came from: `float/NAME.json` beside `NAME.json`.
enum FloatOrigin {
  static func url(of quantized: URL) -> URL {
    quantized.deletingLastPathComponent().appendingPathComponent("float")
      .appendingPathComponent(quantized.lastPathComponent)
  }

  /// Copies the float model of a quantized one, and the sequences beside it, to where another folder has it.
  static func copy(of quantized: URL, to other: URL) throws {
    let (source, target) = (url(of: quantized), url(of: other))
    guard FileManager.default.fileExists(atPath: source.path) else { return }
    let (model, weights) = try ModelFile.read(source)
    try AtomicFile.makeFolder(target.deletingLastPathComponent())
    try model.write(to: target, weights: weights)
    try KeptSequences.read(
      beside: source, inputSize: model.network.inputSize, outputSize: model.network.outputSize
    )?.write(beside: target)
  }
}
