internal import Foundation
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Input of a design from an `.npy` file.
enum FeatureInput {
  /// Reads `[frames][inputSize]` or `[sequences][frames][inputSize]`; floats are features, integers are codes.
  ///
  /// - Throws: `DiagnosticsEmitted` for another shape, values that are not finite and codes out of range.
  static func codes(_ url: URL, for graph: IntegerGraph, rounding: RoundingRule) throws
    -> [[[Int64]]]
  {
    let array = try read(url, inputSize: graph.inputSize)
    var sink = DiagnosticSink(stage: "input")
    let path = url.relativePath
    let frames = array.shape[array.shape.count - 2]
    let sequences = array.shape.count == 3 ? array.shape[0] : 1
    let flat: [Int64]
    if let integers = array.integers {
      flat = integers
      if let i = flat.firstIndex(where: { !graph.inputFormat.contains($0) }) {
        sink.error(
          "\(path)[\(i)]",
          "the code \(flat[i]) does not fit the input's \(graph.inputFormat.width) bits",
          fix:
            "give codes of \(graph.inputFormat.minCode) to \(graph.inputFormat.maxCode), or floats")
      }
    } else {
      let floats = array.floats
      if let i = floats.firstIndex(where: { !$0.isFinite }) {
        sink.error("\(path)[\(i)]", "the value is \(floats[i])", fix: "give finite features")
        throw DiagnosticsEmitted(sink.diagnostics)
      }
      flat = floats.map {
        quantized(Double($0), to: graph.inputFormat, rounding: rounding, overflow: .saturate)
      }
    }
    try sink.throwIfErrors()
    return (0..<sequences).map { s in
      (0..<frames).map { t in
        let start = (s * frames + t) * graph.inputSize
        return Array(flat[start..<start + graph.inputSize])
      }
    }
  }
}

extension FeatureInput {
  /// Reads `[frames][inputSize]` or `[sequences][frames][inputSize]` as features, the sequences joined: row-major
  /// `[frames][inputSize]`.
  ///
  /// - Throws: `DiagnosticsEmitted` for another shape and for values that are not finite.
  static func features(_ url: URL, inputSize: Int) throws -> [Float] {
    let floats = try read(url, inputSize: inputSize).floats
    if let i = floats.firstIndex(where: { !$0.isFinite }) {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "input", path: "\(url.relativePath)[\(i)]", message: "the value is \(floats[i])",
          fix: "give finite features"))
    }
    return floats
  }

  /// Reads `[frames][inputSize]` or `[sequences][frames][inputSize]` as features: `[sequence][frame][input]`.
  ///
  /// - Returns: also whether the file holds one sequence without an axis for several.
  /// - Throws: `DiagnosticsEmitted` for another shape and for values that are not finite.
  static func sequences(_ url: URL, inputSize: Int) throws -> (
    sequences: [[[Double]]], isSingle: Bool
  ) {
    let shape = try read(url, inputSize: inputSize).shape
    let floats = try features(url, inputSize: inputSize)
    let frames = shape[shape.count - 2]
    let sequences = (0..<floats.count / (frames * inputSize)).map { s in
      (0..<frames).map { t -> [Double] in
        let start = (s * frames + t) * inputSize
        return floats[start..<start + inputSize].map(Double.init)
      }
    }
    return (sequences, shape.count == 2)
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
