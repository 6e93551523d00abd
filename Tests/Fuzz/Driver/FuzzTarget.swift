import Foundation
import RNNImport
import RNNInterchange
import RNNSupport

/// A reader of files that others wrote, called with bytes that may be anything.
///
/// A reader has to give a value or throw `DiagnosticsEmitted` or `ToolError`; whatever else happens ends the fuzzer.
enum FuzzTarget: String, CaseIterable {
  case onnx, safetensors, json, hdf5, npy, wav, tensorflow

  /// Files that other inputs of a target are read together with.
  private static let fixtures = ProcessInfo.processInfo.environment["RNNC_FUZZ_FIXTURES"] ?? ""
  private static func fixture(_ name: String) -> Data {
    do { return try Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/\(name)")) } catch {
      fatalError("RNNC_FUZZ_FIXTURES names no folder with \(name): \(error)")
    }
  }
  private static let weights: HDF5File = {
    do {
      return try HDF5File(parsing: fixture("keras/textgenrnn_small.hdf5"), path: "x.h5")
    } catch { fatalError("the fixture is damaged: \(error)") }
  }()
  private static let architecture = fixture("keras/textgenrnn_small.json")

  /// Reads an input in every way that its kind of file is read.
  func read(_ data: Data) {
    switch self {
    case .onnx: attempt { _ = try ONNXFile.model(parsing: data, path: "x.onnx", folder: nil) }
    case .safetensors:
      attempt {
        let file = try SafeTensors(parsing: data, path: "x.safetensors")
        let count = file.names.reduce(0) { $0 + (file[$1]?.floats.count ?? 0) }
        precondition(count <= data.count, "\(count) elements in \(data.count) bytes")
        // What was read can be written and read again.
        let again = try SafeTensors(parsing: file.data, path: "again")
        precondition(again.names == file.names)
      }
    case .json:
      attempt { _ = try ModelFile.description(parsing: data, path: "model.json") }
      attempt { _ = try RTNeuralFile.model(parsing: data, path: "x.json") }
      attempt {
        _ = try KerasFile.model(of: Self.weights, path: "x.h5", architecture: (data, "x.json"))
      }
    case .hdf5:
      let isArchive = data.starts(with: Data("PK".utf8))
      attempt { _ = try KerasFile.model(parsing: data, path: "x", isArchive: isArchive) }
      if !isArchive {
        attempt {
          _ = try KerasFile.model(
            parsing: data, path: "x.h5", isArchive: false,
            architecture: (Self.architecture, "x.json"))
        }
      }
    case .npy:
      attempt {
        let array = try NPYArray(parsing: data, path: "x.npy")
        precondition(array.floats.count == array.shape.reduce(1, *))
        let again = try NPYArray(parsing: array.data, path: "again")
        precondition(again.shape == array.shape)
      }
    case .tensorflow: attempt { _ = try TensorFlowFile.model(parsing: data, path: "x.pb") }
    case .wav:
      attempt {
        let file = try WaveFile(parsing: data, path: "x.wav")
        precondition(file.samples.count <= data.count && file.samples.allSatisfy(\.isFinite))
      }
    }
  }

  /// Calls a reader; an error of another kind than the product's is a finding.
  private func attempt(_ read: () throws -> Void) {
    do { try read() } catch let error as DiagnosticsEmitted {
      precondition(
        !error.diagnostics.isEmpty && error.diagnostics.allSatisfy { !$0.fix.isEmpty },
        "an error without a remedy: \(error)")
    } catch let error as ToolError {
      precondition(!error.hint.isEmpty, "an error without a remedy: \(error)")
    } catch {
      fatalError("an error of another kind: \(error)")
    }
  }
}
