package import Foundation
package import RNNInterchange
internal import RNNSupport

/// Reads a model of another program; the kind of file decides who reads it.
package enum ModelImporter {
  /// What the user says about a file.
  package struct Options: Sendable {
    /// Tensors for inputs of an ONNX graph, by their names.
    package var constants: [(name: String, tensor: NPYArray)] = []
    /// The data input of an ONNX graph; nil for the first one.
    package var input: String?
    /// The file that says what the tensors of a safetensors or HDF5 file belong to.
    package var architecture: URL?
    package init() {}
  }
  /// The kinds of file and their endings.
  package static let formats: [(name: String, endings: [String])] = [
    ("ONNX", ["onnx"]), ("RTNeural", ["json", "aidax"]), ("PyTorch", ["safetensors"]),
    ("Keras", ["keras", "h5", "hdf5"]), ("TensorFlow", ["pb"]),
  ]

  /// Reads a file.
  ///
  /// - Throws: `ToolError` if a file cannot be read; `DiagnosticsEmitted` with everything that cannot be honoured.
  package static func read(_ url: URL, _ options: Options = Options()) throws -> ImportedModel {
    let ending = url.pathExtension.lowercased()
    func refuse(_ message: String, _ fix: String) -> DiagnosticsEmitted {
      DiagnosticsEmitted(
        Diagnostic(stage: "import", path: url.relativePath, message: message, fix: fix))
    }
    guard let format = formats.first(where: { $0.endings.contains(ending) }) else {
      let known = formats.flatMap { format in format.endings.map { ".\($0) (\(format.name))" } }
      throw refuse(
        "files named .\(ending) are not read", "give one of \(known.joined(separator: ", "))")
    }
    if format.name != "ONNX", !options.constants.isEmpty || options.input != nil {
      throw refuse("--constant and --input are for ONNX files", "leave them away")
    }
    if !["PyTorch", "Keras"].contains(format.name), options.architecture != nil {
      throw refuse("--architecture is for safetensors and HDF5 files", "leave it away")
    }
    switch format.name {
    case "ONNX":
      return try ONNXFile.read(url, constants: options.constants, input: options.input)
    case "RTNeural": return try RTNeuralFile.read(url)
    case "TensorFlow": return try TensorFlowFile.read(url)
    case "Keras": return try KerasFile.read(url, architecture: options.architecture)
    default:
      guard let architecture = options.architecture else {
        throw refuse(
          "the file holds tensors and does not say what they belong to",
          "name a JSON file with --architecture; docs/formats/import.md describes it")
      }
      return try TorchStateDict.read(url, architecture: architecture)
    }
  }
}
