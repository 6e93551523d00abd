internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Makes layers of registered cells from named weights; the only place where an importer fills parameters.
struct LayerMaker {
  private var counts: [String: Int] = [:]
  init() {}

  /// A layer and its weights as a network of its own.
  ///
  /// - Parameters:
  ///   - cell: a cell of `CellRegistry`; the layer is named after it and numbered.
  ///   - values: the stored values of every parameter, by its name.
  /// - Throws: `DiagnosticsEmitted` if the cell refuses an option or a size, or a weight is not finite.
  mutating func part(
    cell: String, inputSize: Int, units: Int, options: [CellConfiguration.Entry],
    suffix: String = "", values: [String: [Double]]
  ) throws -> SequenceModel.Part {
    // The reverse half of a bidirectional layer shares the number of its forward half.
    let next = counts[cell, default: 0]
    let number = suffix.isEmpty ? next : max(next - 1, 0)
    let layer = try Layer(
      name: "\(cell)\(number)\(suffix)", cell: cell, inputSize: inputSize, units: units,
      options: options)
    counts[cell] = number + 1
    let weights = try layer.graph.parameters.map { parameter -> [Float] in
      guard let given = values[parameter.name], given.count == parameter.storedCount else {
        preconditionFailure(
          "\(layer.name).\(parameter.name) got \(values[parameter.name]?.count ?? 0) values")
      }
      let floats = given.map(Float.init)
      if let at = floats.firstIndex(where: { !$0.isFinite }) {
        throw DiagnosticsEmitted(
          Diagnostic(
            stage: "import", path: "\(layer.name).\(parameter.name)",
            message: "weight \(at) is \(given[at]), which single precision does not hold",
            fix: "export or fetch the file again"))
      }
      return floats
    }
    precondition(values.count == weights.count, "\(layer.name) got values that it has no place for")
    return SequenceModel.Part(
      network: Network(layers: [layer]), weights: Weights(values: [weights]))
  }
}

/// A row-major matrix; the gates of recurrent layers are blocks of its rows.
struct Matrix: Hashable {
  var rows: Int
  var columns: Int
  var values: [Double]
  init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) values for \(rows) x \(columns)")
    self.rows = rows
    self.columns = columns
    self.values = values
  }
  var transposed: Matrix {
    var result = [Double](repeating: 0, count: values.count)
    for r in 0..<rows { for c in 0..<columns { result[c * rows + r] = values[r * columns + c] } }
    return Matrix(rows: columns, columns: rows, values: result)
  }
  /// The values of some rows.
  func block(rows range: Range<Int>) -> [Double] {
    Array(values[range.lowerBound * columns..<range.upperBound * columns])
  }
}

/// The weights of a recurrent layer in the order of a framework, on the way to a cell's parameters.
///
/// Rows of gates lie one after the other: `weightX` is gates * units x inputs, `weightH` gates * units x states. Both
/// biases have gates * units elements; a framework with one bias gives zeros for the other.
struct GateWeights {
  var weightX: Matrix
  var weightH: Matrix
  var biasX: [Double]
  var biasH: [Double]
  var units: Int

  /// The parameters of the gates, which `order` names as the cell does, by their names.
  ///
  /// - Parameter split: the gate whose two biases stay apart, as `bias` and `bias_h`; the others are summed.
  func parameters(order: [String], split: String? = nil) -> [String: [Double]] {
    var values: [String: [Double]] = [:]
    for (i, gate) in order.enumerated() {
      let rows = i * units..<(i + 1) * units
      let prefix = gate.isEmpty ? "" : "\(gate)."
      values["\(prefix)weight_x"] = weightX.block(rows: rows)
      values["\(prefix)weight_h"] = weightH.block(rows: rows)
      if gate == split {
        values["\(prefix)bias"] = Array(biasX[rows])
        values["\(prefix)bias_h"] = Array(biasH[rows])
      } else {
        values["\(prefix)bias"] = zip(biasX[rows], biasH[rows]).map(+)
      }
    }
    return values
  }
}
