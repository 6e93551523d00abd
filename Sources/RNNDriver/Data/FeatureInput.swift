internal import Foundation
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Input of a design from an `.npy` file.
enum FeatureInput {
  /// What a file holds: `[sequence][frame][input]`.
  enum Content {
    case codes([[[Int64]]])
    case features([[[Double]]])
  }

  /// Reads `[frames][inputSize]` or `[sequences][frames][inputSize]`; floats are features, integers are codes.
  ///
  /// - Throws: `DiagnosticsEmitted` for another shape, values that are not finite and codes out of range.
  static func read(_ url: URL, for graph: IntegerGraph) throws -> Content {
    let array = try read(url, inputSize: graph.inputSize)
    guard let codes = array.integers else {
      return .features(split(try finite(array.floats, url).map(Double.init), array))
    }
    if let i = codes.firstIndex(where: { !graph.inputFormat.contains($0) }) {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "input", path: "\(url.relativePath)[\(i)]",
          message:
            "the code \(codes[i]) does not fit the input's \(graph.inputFormat.width) bits",
          fix:
            "give codes of \(graph.inputFormat.minCode) to \(graph.inputFormat.maxCode), or floats")
      )
    }
    return .codes(split(codes, array))
  }

  /// The values of an array of two or three axes by sequence, frame and input.
  private static func split<T>(_ flat: [T], _ array: NPYArray) -> [[[T]]] {
    let size = array.shape[array.shape.count - 1]
    let frames = array.shape[array.shape.count - 2]
    return stride(from: 0, to: flat.count, by: frames * size).map { first in
      stride(from: first, to: first + frames * size, by: size).map { Array(flat[$0..<$0 + size]) }
    }
  }

  private static func finite(_ floats: [Float], _ url: URL) throws -> [Float] {
    guard let i = floats.firstIndex(where: { !$0.isFinite }) else { return floats }
    throw DiagnosticsEmitted(
      Diagnostic(
        stage: "input", path: "\(url.relativePath)[\(i)]", message: "the value is \(floats[i])",
        fix: "give finite features"))
  }
}

extension FeatureInput {
  /// Reads `[frames][inputSize]` or `[sequences][frames][inputSize]` as features, the sequences joined: row-major
  /// `[frames][inputSize]`.
  ///
  /// - Throws: `DiagnosticsEmitted` for another shape and for values that are not finite.
  static func features(_ url: URL, inputSize: Int) throws -> [Float] {
    try finite(try read(url, inputSize: inputSize).floats, url)
  }

  /// Reads `[frames][inputSize]` or `[sequences][frames][inputSize]` as features: `[sequence][frame][input]`.
  ///
  /// - Returns: also whether the file holds one sequence without an axis for several.
  /// - Throws: `DiagnosticsEmitted` for another shape and for values that are not finite.
  static func sequences(_ url: URL, inputSize: Int) throws -> (
    sequences: [[[Double]]], isSingle: Bool
  ) {
    let array = try read(url, inputSize: inputSize)
    let floats = try finite(array.floats, url)
    return (split(floats.map(Double.init), array), array.shape.count == 2)
  }

  private static func read(_ url: URL, inputSize: Int) throws -> NPYArray {
    let array = try NPYArray.read(url)
    guard array.shape.count == 2 || array.shape.count == 3, array.shape.last == inputSize,
      array.shape.allSatisfy({ $0 > 0 })
    else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "input", path: url.relativePath, message: "its shape is \(array.shape)",
          fix: "give (frames, \(inputSize)) or (sequences, frames, \(inputSize))"))
    }
    return array
  }
}
