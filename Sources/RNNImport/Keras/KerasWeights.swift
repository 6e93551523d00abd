internal import RNNGraph
internal import RNNInterchange

/// The weights of Keras layers; the orders of gates (LSTM i f c o, GRU z r h) and the transposes are nowhere else.
///
/// Kernels are inputs x gates * units, the transpose of what cells store.
enum KerasWeights {
  /// Weights that do not belong together.
  struct Fault: Error {
    var message: String
  }

  /// An LSTM's parameters: bias of 4 * units, or of 8 * units as CuDNN keeps two.
  static func lstm(kernel: Matrix, recurrent: Matrix, bias: [Double]?, units: Int) throws
    -> [String: [Double]]
  {
    try check(kernel, recurrent, units: units, gates: 4)
    let rows = 4 * units
    let bias = bias ?? [Double](repeating: 0, count: rows)
    guard bias.count == rows || bias.count == 2 * rows else {
      throw Fault(
        message:
          "\(bias.count) biases for \(units) units; an LSTM has \(rows) or, from CuDNN, \(2 * rows)"
      )
    }
    return GateWeights(
      weightX: kernel.transposed, weightH: recurrent.transposed, biasX: Array(bias[..<rows]),
      biasH: bias.count == 2 * rows ? Array(bias[rows...]) : [Double](repeating: 0, count: rows),
      units: units
    ).parameters(order: ["i", "f", "g", "o"])
  }

  /// A GRU's parameters and where its reset gate acts: two biases of 3 * units mean after the product (CuDNN).
  static func gru(kernel: Matrix, recurrent: Matrix, bias: [Double]?, units: Int, resetAfter: Bool?)
    throws -> (reset: String, values: [String: [Double]])
  {
    try check(kernel, recurrent, units: units, gates: 3)
    let rows = 3 * units
    let after = resetAfter ?? (bias?.count == 2 * rows)
    let bias = bias ?? [Double](repeating: 0, count: after ? 2 * rows : rows)
    guard bias.count == (after ? 2 * rows : rows) else {
      throw Fault(
        message:
          "\(bias.count) biases for \(units) units; a GRU has \(rows), or \(2 * rows) with reset_after"
      )
    }
    let weights = GateWeights(
      weightX: kernel.transposed, weightH: recurrent.transposed, biasX: Array(bias[..<rows]),
      biasH: after ? Array(bias[rows...]) : [Double](repeating: 0, count: rows), units: units)
    return (
      after ? "after" : "before",
      weights.parameters(order: ["z", "r", "n"], split: after ? "n" : nil)
    )
  }

  private static func check(
    _ kernel: Matrix, _ recurrent: Matrix, units: Int, gates: Int
  ) throws {
    guard units > 0, recurrent.rows == units, recurrent.columns == gates * units,
      kernel.columns == gates * units, kernel.rows > 0
    else {
      throw Fault(
        message:
          "the weights are \(kernel.rows) x \(kernel.columns) and \(recurrent.rows) x \(recurrent.columns), "
          + "but \(units) units ask for \(max(kernel.rows, 1)) x \(gates * units) and \(units) x \(gates * units)"
      )
    }
  }
}
