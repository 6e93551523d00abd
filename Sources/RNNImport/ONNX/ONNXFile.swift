package import Foundation
package import RNNInterchange
internal import RNNSupport
internal import SwiftProtobuf

/// Reads ONNX files; `docs/formats/import.md` says which graphs become networks.
package enum ONNXFile {
  static let stage = "import"

  /// Reads a model.
  ///
  /// - Parameters:
  ///   - constants: tensors that stand for inputs of the graph, by the names of the inputs.
  ///   - input: the input that carries the sequences; nil for the first one that nothing else explains.
  /// - Throws: `ToolError` if a file cannot be read; `DiagnosticsEmitted` with everything that cannot be honoured.
  package static func read(
    _ url: URL, constants: [(name: String, tensor: NPYArray)] = [], input: String? = nil
  ) throws -> ImportedModel {
    try model(
      parsing: AtomicFile.read(url), path: url.relativePath,
      folder: url.deletingLastPathComponent(), constants: constants, input: input)
  }

  /// Reads a model from bytes; `path` stands in messages.
  ///
  /// - Parameter folder: where external data lie; nil refuses them.
  package static func model(
    parsing data: Data, path: String, folder: URL?,
    constants: [(name: String, tensor: NPYArray)] = [], input: String? = nil
  ) throws -> ImportedModel {
    let proto: Onnx_ModelProto
    do {
      proto = try Onnx_ModelProto(serializedBytes: data)
    } catch {
      throw damaged(path, "not an ONNX model, or damaged: \(error)")
    }
    guard proto.hasGraph, !proto.graph.node.isEmpty else {
      throw damaged(path, "not an ONNX model: it has no graph with nodes")
    }
    var reader = ONNXGraphReader(proto, path: path, folder: folder, input: input)
    for (name, array) in constants { reader.setConstant(name, array) }
    return try reader.read()
  }

  /// Reads a `TensorProto`, as the test data of the ONNX project are stored.
  ///
  /// - Throws: `ToolError` if it cannot be read; `DiagnosticsEmitted` if it is damaged.
  package static func readTensor(_ url: URL) throws -> NPYArray {
    let path = url.relativePath
    let data = try AtomicFile.read(url)
    do {
      let tensor = try ONNXTensor(Onnx_TensorProto(serializedBytes: data), folder: nil)
      switch tensor.elements {
      case .floats(let e): return NPYArray(shape: tensor.shape, elements: .float64(e))
      case .integers(let e):
        return NPYArray(shape: tensor.shape, elements: .int64(e.map(Int64.init)))
      }
    } catch let fault as ONNXRefusal {
      throw damaged(path, "not an ONNX tensor: \(fault.message)")
    } catch {
      throw damaged(path, "not an ONNX tensor, or damaged: \(error)")
    }
  }

  private static func damaged(_ path: String, _ message: String) -> DiagnosticsEmitted {
    DiagnosticsEmitted(
      Diagnostic(stage: stage, path: path, message: message, fix: "export or fetch it again"))
  }
}
