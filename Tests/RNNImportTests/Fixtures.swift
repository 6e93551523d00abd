import Foundation
import RNNDriver
import RNNImport
import RNNInterchange
import RNNSupport
import _RNNTestSupport

/// The folder of the files that `make_vectors.py` made and those of other projects.
let fixtures = packageRoot.appendingPathComponent("Tests/RNNImportTests/Fixtures")

/// A tensor as `make_vectors.py` writes it.
struct Vector {
  var shape: [Int]
  var values: [Double]

  init?(_ json: JSONValue?) {
    guard let shape = json?["shape"]?.array?.compactMap(\.int),
      let values = json?["values"]?.array?.compactMap(\.number)
    else { return nil }
    self.shape = shape
    self.values = values
  }
  init(_ array: NPYArray) {
    shape = array.shape
    values = array.floats.map(Double.init)
  }
  var floats: [Float] { values.map(Float.init) }
}

func readJSON(_ name: String) throws -> JSONValue {
  try JSONValue(parsing: Data(contentsOf: fixtures.appendingPathComponent(name)))
}

/// What went wrong in a comparison.
struct Mismatch: Error, CustomStringConvertible {
  var description: String
}

/// How far the outputs of an imported model are from those of the original.
struct Comparison {
  var greatest = 0.0
  /// The greatest error, of values above 1 as a part of the value: what single precision can be asked for.
  var relative = 0.0
  /// The greatest of |error| - rtol * |expected|, which a test of the ONNX project compares with atol.
  var beyondRelative = -Double.infinity
  var count = 0

  /// Runs a model on the original's input and compares every output that the file names.
  ///
  /// - Parameter lengths: of ragged sequences; what follows them has to be zero.
  init(
    _ model: ImportedModel, input: Vector, outputs: [(name: String, vector: Vector)],
    lengths: [Int]? = nil
  ) throws {
    guard let sequences = model.input.sequences(input.shape, input.floats) else {
      throw Mismatch(description: "input \(input.shape) does not fit \(model.input)")
    }
    let runner = SequenceRun(model.model)
    let outcomes = try sequences.enumerated().map { s, rows in
      try runner.run(Array(rows.prefix(lengths?[s] ?? rows.count)).map { $0.map(Double.init) })
    }
    for (name, vector) in outputs {
      guard let output = model.outputs.first(where: { $0.tensor.name == name }) else {
        throw Mismatch(description: "the model has no output \(name)")
      }
      guard let wanted = output.tensor.sequences(vector.shape, vector.floats),
        wanted.count == outcomes.count
      else { throw Mismatch(description: "\(name) \(vector.shape) is not \(output.tensor)") }
      for (s, outcome) in outcomes.enumerated() {
        var found: [[Double]]
        switch output.source {
        case .result: found = outcome.output
        case .sequence(let step): found = outcome.sequences[step]
        case .state(let step, let state):
          found = [
            outcome.states[step].flatMap { part in
              part.first { $0.name == state }?.values ?? []
            }
          ]
        }
        let width = found.first?.count ?? 0
        while found.count < wanted[s].count, lengths != nil {
          found.append([Double](repeating: 0, count: width))
        }
        guard found.map(\.count) == wanted[s].map(\.count) else {
          throw Mismatch(
            description: "\(name): \(found.count) x \(width), expected \(wanted[s].map(\.count))")
        }
        for (x, y) in zip(found.joined(), wanted[s].joined()) {
          let error = abs(x - Double(y))
          greatest = max(greatest, error.isNaN ? .infinity : error)
          relative = max(relative, error.isNaN ? .infinity : error / max(1, abs(Double(y))))
          beyondRelative = max(
            beyondRelative, error.isNaN ? .infinity : error - 1e-3 * abs(Double(y)))
          count += 1
        }
      }
    }
  }
}
