internal import RNNInterchange

/// Why a node cannot become a part of a network: the file asks for something that is refused.
struct ONNXRefusal: Error {
  var message: String
  var fix: String
  init(_ message: String, fix: String) {
    self.message = message
    self.fix = fix
  }
}

/// What a name in a graph stands for while the graph is read.
enum ONNXValue {
  case constant(ONNXTensor)
  /// Values of a sequence, or of one chosen step of it.
  case stream(ONNXStream)
  /// Values of one step of a sequence that was cut into its steps.
  case step(ONNXStepValue)
  /// An input of the graph that is neither the sequence nor constant: a state, or the lengths of sequences.
  case outside(String)
  /// The result of a node that was refused; the refusal is enough.
  case refused
}

/// An axis that no node has taken apart; an axis of a tensor is a product of some.
struct ONNXAtom: Hashable {
  var id: Int
  var size: Int
}

/// What is known about an atom.
enum ONNXRole: Hashable {
  case time, batch
  /// A part of the features; parts are in the order of their numbers, the first one slowest.
  case feature(Int)
}

/// A tensor that holds, for every sequence and step, what one step of the model gives, or an affine map of it.
struct ONNXStream {
  enum Source: Hashable {
    case output
    /// A state after the last step.
    case state(String)
  }
  var axes: [[ONNXAtom]]
  /// How many steps of the model were there when the value was made.
  var position: Int
  var source = Source.output
  /// What was done to the features since; nil for nothing.
  var map: AffineMap?
  /// The step that was chosen; nil for the whole sequence.
  var selection: SequenceModel.Selection?

  var shape: [Int] { axes.map { $0.reduce(1) { $0 * $1.size } } }
}

/// y = M x + b.
struct AffineMap: Hashable {
  var matrix: Matrix
  var bias: [Double]

  init(matrix: Matrix, bias: [Double]) {
    self.matrix = matrix
    self.bias = bias
  }
  /// Some elements of x, in another order.
  init(picking indices: [Int], of count: Int) {
    var values = [Double](repeating: 0, count: indices.count * count)
    for (r, c) in indices.enumerated() { values[r * count + c] = 1 }
    self.init(
      matrix: Matrix(rows: indices.count, columns: count, values: values),
      bias: [Double](repeating: 0, count: indices.count))
  }
  init(identity count: Int) { self.init(picking: Array(0..<count), of: count) }

  /// Whether every y depends on one x at most: such a map costs nothing inside of the next matrix.
  var isSparse: Bool {
    (0..<matrix.rows).allSatisfy { r in
      matrix.values[r * matrix.columns..<(r + 1) * matrix.columns].count { $0 != 0 } <= 1
    }
  }
  /// This map after another.
  func after(_ inner: AffineMap) -> AffineMap {
    AffineMap(
      matrix: matrix.times(inner.matrix), bias: zip(matrix.times(inner.bias), bias).map(+))
  }
  func adding(_ v: [Double]) -> AffineMap {
    AffineMap(matrix: matrix, bias: zip(bias, v).map(+))
  }
  func scaled(by v: [Double]) -> AffineMap {
    var result = self
    for r in 0..<matrix.rows {
      for c in 0..<matrix.columns { result.matrix.values[r * matrix.columns + c] *= v[r] }
      result.bias[r] *= v[r]
    }
    return result
  }
}

extension Matrix {
  func times(_ other: Matrix) -> Matrix {
    precondition(columns == other.rows, "\(columns) columns times \(other.rows) rows")
    var result = [Double](repeating: 0, count: rows * other.columns)
    for r in 0..<rows {
      for k in 0..<columns {
        let factor = values[r * columns + k]
        if factor == 0 { continue }
        for c in 0..<other.columns {
          result[r * other.columns + c] += factor * other.values[k * other.columns + c]
        }
      }
    }
    return Matrix(rows: rows, columns: other.columns, values: result)
  }
  func times(_ v: [Double]) -> [Double] {
    times(Matrix(rows: v.count, columns: 1, values: v)).values
  }
}
