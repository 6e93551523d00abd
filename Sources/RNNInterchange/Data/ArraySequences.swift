package import Foundation
internal import RNNSupport

/// Input sequences with the outputs that are wanted at every step, from two `.npy` files.
///
/// A folder holds `train-inputs.npy`, `train-targets.npy`, `test-inputs.npy` and `test-targets.npy`, each
/// `(sequences, steps, elements)` or `(steps, elements)` for one sequence.
package struct ArraySequences: Hashable, Sendable {
  /// What sequences are for.
  package enum Split: String, Sendable { case train, test }
  /// Row-major `[steps][features]` each.
  package var inputs: [[Float]]
  /// Row-major `[steps][outputs]` each.
  package var targets: [[Float]]

  /// Reads one split.
  ///
  /// - Throws: `ToolError` if a file cannot be read; `DiagnosticsEmitted` for shapes that do not fit each other or
  ///   the network, and for values that are not finite.
  package init(folder: URL, split: Split, features: Int, outputs: Int) throws {
    var sink = DiagnosticSink(stage: "data")
    func read(_ name: String, elements: Int) throws -> (shape: [Int], rows: [[Float]]) {
      let url = folder.appendingPathComponent("\(split.rawValue)-\(name).npy")
      let array = try NPYArray.read(url)
      let path = url.relativePath
      guard array.shape.count == 2 || array.shape.count == 3, array.shape.last == elements,
        array.shape.allSatisfy({ $0 > 0 })
      else {
        sink.error(
          path, "its shape is \(array.shape)",
          fix: "give (steps, \(elements)) or (sequences, steps, \(elements))")
        return ([], [])
      }
      let flat = array.floats
      if let bad = flat.firstIndex(where: { !$0.isFinite }) {
        sink.error("\(path)[\(bad)]", "the value is \(flat[bad])", fix: "give finite numbers")
      }
      let shape = (array.shape.count == 2 ? [1] : []) + array.shape
      let size = shape[1] * elements
      return (shape, (0..<shape[0]).map { Array(flat[$0 * size..<($0 + 1) * size]) })
    }
    let x = try read("inputs", elements: features)
    let y = try read("targets", elements: outputs)
    if !x.shape.isEmpty, !y.shape.isEmpty, x.shape.prefix(2) != y.shape.prefix(2) {
      sink.error(
        folder.appendingPathComponent("\(split.rawValue)-targets.npy").relativePath,
        "\(y.shape[0]) sequences of \(y.shape[1]) steps for inputs of \(x.shape[0]) sequences of "
          + "\(x.shape[1]) steps", fix: "give one target per input step")
    }
    try sink.throwIfErrors()
    inputs = x.rows
    targets = y.rows
  }
}
