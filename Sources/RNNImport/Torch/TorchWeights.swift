internal import RNNGraph
internal import RNNInterchange

/// The tensors of a PyTorch module; the orders of gates (LSTM i f g o, GRU r z n) are nowhere else.
struct TorchWeights {
  struct Tensor {
    var shape: [Int]
    var values: [Double]
  }
  /// Tensors that do not belong together.
  struct Fault: Error {
    var name: String
    var message: String
  }
  /// The kinds of recurrent module, with their gates in order.
  enum Kind: String, CaseIterable {
    case lstm, gru, rnn
    var gates: [String] {
      switch self {
      case .lstm: ["i", "f", "g", "o"]
      case .gru: ["r", "z", "n"]
      case .rnn: [""]
      }
    }
    var cell: String { self == .rnn ? "elman" : rawValue }
  }
  private var tensors: [String: Tensor]
  /// The names that no module has taken, in order.
  private(set) var unused: [String]

  init(_ tensors: [(name: String, tensor: Tensor)]) {
    self.tensors = Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    unused = tensors.map(\.name)
  }
  func has(_ name: String) -> Bool { tensors[name] != nil }
  func shape(_ name: String) -> [Int]? { tensors[name]?.shape }

  private mutating func take(_ name: String, _ shape: [Int]) throws -> [Double] {
    guard let tensor = tensors[name] else {
      throw Fault(name: name, message: "the tensor is missing; the module needs the shape \(shape)")
    }
    guard tensor.shape == shape else {
      throw Fault(
        name: name, message: "its shape is \(tensor.shape), but the module needs \(shape)")
    }
    if let bad = tensor.values.first(where: { !$0.isFinite }) {
      throw Fault(name: name, message: "an element is \(bad)")
    }
    unused.removeAll { $0 == name }
    return tensor.values
  }

  /// One direction of one layer of a recurrent module.
  ///
  /// - Parameters:
  ///   - suffix: what ends the names, such as `l0` or `l1_reverse`.
  ///   - projection: the outputs of an LSTM's projection; 0 for none.
  mutating func recurrent(
    _ kind: Kind, prefix: String, suffix: String, inputs: Int, units: Int, projection: Int,
    function: CellActivation, _ maker: inout LayerMaker
  ) throws -> SequenceModel.Part {
    let rows = kind.gates.count * units
    let states = projection > 0 ? projection : units
    let x = try take("\(prefix)weight_ih_\(suffix)", [rows, inputs])
    let h = try take("\(prefix)weight_hh_\(suffix)", [rows, states])
    let hasBias = has("\(prefix)bias_ih_\(suffix)") || has("\(prefix)bias_hh_\(suffix)")
    let zeros = [Double](repeating: 0, count: rows)
    let weights = GateWeights(
      weightX: Matrix(rows: rows, columns: inputs, values: x),
      weightH: Matrix(rows: rows, columns: states, values: h),
      biasX: hasBias ? try take("\(prefix)bias_ih_\(suffix)", [rows]) : zeros,
      biasH: hasBias ? try take("\(prefix)bias_hh_\(suffix)", [rows]) : zeros, units: units)
    // PyTorch's GRU resets after the product, so its candidate keeps two biases.
    var values = weights.parameters(order: kind.gates, split: kind == .gru ? "n" : nil)
    var options: [CellConfiguration.Entry] = []
    switch kind {
    case .lstm:
      options = [.init("projection", .int(projection))]
      if projection > 0 {
        values["projection.weight"] = try take("\(prefix)weight_hr_\(suffix)", [projection, units])
      }
    case .gru: options = [.init("reset", .choice("after"))]
    case .rnn: options = function.entries("")
    }
    return try maker.part(
      cell: kind.cell, inputSize: inputs, units: units, options: options,
      suffix: suffix.hasSuffix("_reverse") ? "_reverse" : "", values: values)
  }

  /// A linear module and a function after it.
  mutating func linear(
    prefix: String, inputs: Int, function: CellActivation, _ maker: inout LayerMaker
  ) throws -> SequenceModel.Part {
    guard let units = tensors["\(prefix)weight"]?.shape.first, units > 0 else {
      throw Fault(name: "\(prefix)weight", message: "the tensor is missing")
    }
    var values = ["weight": try take("\(prefix)weight", [units, inputs])]
    if has("\(prefix)bias") { values["bias"] = try take("\(prefix)bias", [units]) }
    return try maker.part(
      cell: "dense", inputSize: inputs, units: units,
      options: [.init("bias", .bool(values["bias"] != nil))] + function.entries(""), values: values)
  }
}
