internal import RNNGraph
internal import RNNInterchange

/// The weights of a recurrent Keras layer; the orders of gates (LSTM i f c o, GRU z r h) and the transposes are nowhere else.
///
/// Kernels are inputs x gates * units, the transpose of what cells store. A flat bias of twice the length comes from a
/// CuDNN layer, which keeps two; the kernels of such layers hold each gate's matrix as units x inputs in the memory of
/// inputs x units.
struct KerasWeights {
  /// Weights that do not belong together.
  struct Fault: Error {
    var message: String
  }
  var kernel: Matrix
  var recurrent: Matrix
  /// Nil for a layer without biases.
  var bias: [Double]?
  var biasShape: [Int]
  var units: Int

  /// An LSTM's parameters: a bias of 4 * units, or of 8 * units from CuDNN.
  func lstm() throws -> [String: [Double]] {
    try gates(4, resetsAfter: false).parameters(order: ["i", "f", "g", "o"])
  }

  /// A GRU's parameters and where its reset gate acts.
  ///
  /// - Parameter resetAfter: what the file says; nil if only its two biases, of shape 2 x 3 * units, show it.
  func gru(resetAfter: Bool?) throws -> (reset: String, values: [String: [Double]]) {
    let after = resetAfter ?? (bias?.count == 6 * units)
    let weights = try gates(3, resetsAfter: after)
    return (
      after ? "after" : "before",
      weights.parameters(order: ["z", "r", "n"], split: after ? "n" : nil)
    )
  }

  /// A simple recurrent layer's parameters.
  func simple() throws -> [String: [Double]] {
    try gates(1, resetsAfter: false).parameters(order: [""])
  }

  private func gates(_ count: Int, resetsAfter: Bool) throws -> GateWeights {
    let rows = count * units
    guard units > 0, recurrent.rows == units, recurrent.columns == rows, kernel.columns == rows,
      kernel.rows > 0
    else {
      throw Fault(
        message:
          "the weights are \(kernel.rows) x \(kernel.columns) and \(recurrent.rows) x \(recurrent.columns), "
          + "but \(units) units ask for \(max(kernel.rows, 1)) x \(rows) and \(units) x \(rows)")
    }
    // SimpleRNN has no CuDNN form; two biases of a GRU ask for a reset gate after the product.
    let isCuDNN = biasShape == [2 * rows] && (count == 4 || resetsAfter)
    let hasTwo = isCuDNN || (resetsAfter && biasShape == [2, rows])
    guard bias == nil || hasTwo || (biasShape == [rows] && !resetsAfter) else {
      let wanted =
        resetsAfter
        ? "[2, \(rows)] or, from CuDNN, [\(2 * rows)]"
        : count == 4 ? "[\(rows)] or, from CuDNN, [\(2 * rows)]" : "[\(rows)]"
      throw Fault(
        message:
          "the bias has the shape \(biasShape); \(count == 3 ? "reset_after = \(resetsAfter)" : "the layer") asks for \(wanted)"
      )
    }
    let zeros = [Double](repeating: 0, count: rows)
    return GateWeights(
      weightX: isCuDNN ? fromCuDNN(kernel, gates: count) : kernel.transposed,
      weightH: isCuDNN ? fromCuDNN(recurrent, gates: count) : recurrent.transposed,
      biasX: bias.map { Array($0[..<rows]) } ?? zeros,
      biasH: hasTwo ? bias.map { Array($0[rows...]) } ?? zeros : zeros, units: units)
  }

  /// Each gate's block of columns, read row by row, is the gate's matrix of units x inputs.
  private func fromCuDNN(_ matrix: Matrix, gates: Int) -> Matrix {
    let values = (0..<gates).flatMap { gate in
      (0..<matrix.rows).flatMap { row in
        let start = row * matrix.columns + gate * units
        return matrix.values[start..<start + units]
      }
    }
    return Matrix(rows: gates * units, columns: matrix.rows, values: values)
  }
}
