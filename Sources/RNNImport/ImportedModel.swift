internal import RNNGraph
package import RNNInterchange
package import RNNSupport

/// What an importer read from a file.
package struct ImportedModel: Sendable {
  /// The network; every importer writes layers of `CellRegistry` only.
  package var model: SequenceModel
  /// The format and, if known, the program that wrote the file, such as `ONNX, pytorch 2.15.0`.
  package var origin: String
  /// What was read and what it became, in the order of the file.
  package var notes: [ImportNote]
  /// What the user should know although nothing is wrong.
  package var warnings: [Diagnostic]
  /// The axes of the file's data input.
  package var input: ImportedTensor
  /// The file's outputs; the first one is what the model gives.
  package var outputs: [ImportedOutput]

  package init(
    model: SequenceModel, origin: String, notes: [ImportNote] = [], warnings: [Diagnostic] = [],
    input: ImportedTensor, outputs: [ImportedOutput]
  ) {
    self.model = model
    self.origin = origin
    self.notes = notes
    self.warnings = warnings
    self.input = input
    self.outputs = outputs
  }

  /// The number of stored weights.
  package var parameterCount: Int {
    model.steps.flatMap(\.parts).reduce(0) {
      $0 + $1.weights.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
    }
  }
}

/// An option of a file and what became of it.
package struct ImportNote: Hashable, Sendable {
  /// The node or layer.
  package var place: String
  package var option: String
  package var value: String
  /// What it means in the model.
  package var meaning: String
  package init(_ place: String, _ option: String, _ value: String, _ meaning: String) {
    self.place = place
    self.option = option
    self.value = value
    self.meaning = meaning
  }
}

/// A tensor of a file whose axes have a meaning.
package struct ImportedTensor: Hashable, Sendable, CustomStringConvertible {
  /// What an axis of a tensor counts.
  package enum Axis: Hashable, Sendable {
    case time, batch
    /// A part of the features with so many values; several are in the order of their numbers.
    case feature(Int, size: Int)
    /// An axis of length 1 without a meaning.
    case one
  }
  package var name: String
  package var axes: [Axis]
  package init(name: String, axes: [Axis]) {
    self.name = name
    self.axes = axes
  }
  /// The axes in words, such as `(time, batch, 4)`.
  package var description: String {
    let words = axes.map { axis in
      switch axis {
      case .time: "time"
      case .batch: "batch"
      case .feature(_, let size): "\(size)"
      case .one: "1"
      }
    }
    return "(\(words.joined(separator: ", ")))"
  }
  /// `[sequence][step][feature]`, the layout in which a run works.
  package static func batchFirst(_ name: String, features: Int) -> ImportedTensor {
    ImportedTensor(name: name, axes: [.batch, .time, .feature(0, size: features)])
  }

  /// Reorders the elements of such a tensor: row-major `[sequence][step][feature]`.
  ///
  /// - Returns: nil if the shape does not fit the axes.
  package func sequences(_ shape: [Int], _ values: [Float]) -> [[[Float]]]? {
    guard let places = Places(axes, shape), values.count == shape.reduce(1, *) else { return nil }
    return (0..<places.batches).map { b in
      (0..<places.steps).map { t in
        (0..<places.features).map { f in values[places.offset(batch: b, step: t, feature: f)] }
      }
    }
  }
}

/// Where the element of a sequence, a step and a feature lies in a tensor.
private struct Places {
  var batches = 1
  var steps = 1
  var features = 1
  private var batchStride = 0
  private var timeStride = 0
  private var parts: [(number: Int, size: Int, stride: Int)] = []

  init?(_ axes: [ImportedTensor.Axis], _ shape: [Int]) {
    guard axes.count == shape.count, shape.allSatisfy({ $0 > 0 }) else { return nil }
    var stride = shape.reduce(1, *)
    for (axis, length) in zip(axes, shape) {
      stride /= length
      switch axis {
      case .batch: (batches, batchStride) = (length, stride)
      case .time: (steps, timeStride) = (length, stride)
      case .one: if length != 1 { return nil }
      case .feature(let number, let size):
        if length != size { return nil }
        parts.append((number, size, stride))
      }
    }
    parts.sort { $0.number < $1.number }
    features = parts.reduce(1) { $0 * $1.size }
  }
  func offset(batch: Int, step: Int, feature: Int) -> Int {
    var rest = feature
    var offset = batch * batchStride + step * timeStride
    for part in parts.reversed() {
      offset += rest % part.size * part.stride
      rest /= part.size
    }
    return offset
  }
}

/// An output of a file.
package struct ImportedOutput: Hashable, Sendable {
  /// Where in the model an output is found.
  package enum Source: Hashable, Sendable {
    /// What the model gives.
    case result
    /// What a step of the model gives at every time; counted in `SequenceModel.steps`.
    case sequence(step: Int)
    /// A state of the first layer of each part of a step, after the last computed step.
    case state(step: Int, name: String)
  }
  package var tensor: ImportedTensor
  package var source: Source
  package init(tensor: ImportedTensor, source: Source) {
    self.tensor = tensor
    self.source = source
  }
}
