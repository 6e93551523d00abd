internal import RNNGraph
internal import RNNInterchange

/// The GRU of Keras 2 whose reset gate acts before the product, found in the step of a loop.
///
///     z = s(x Wz + bz + h Uz)    r = s(x Wr + br + h Ur)    n = f(x Wn + bn + (r h) Un)    h' = z h + (1 - z) n
struct TensorFlowGRU {
  private typealias Term = TensorFlowLoop.Term
  /// What a gate sums up, and its function.
  private struct Gate {
    var inputs: TensorFlowGraph.Tensor
    var states: TensorFlowGraph.Tensor
    var bias: [Double]
    var function: CellActivation
  }
  let units: Int
  let inputSize: Int
  let gate: CellActivation
  let candidate: CellActivation
  private let gates: [Gate]

  /// - Throws: `TensorFlowRefusal` if the step is another one.
  init(_ loop: TensorFlowLoop) throws {
    let refusal = TensorFlowRefusal(
      loop.name, "its step is not that of a GRU of Keras with reset_after = false")
    guard
      case .add(.multiply(let update, .state), .multiply(.subtract(let one, let again), let new)) =
        loop.next, case .constant(let tensor) = one, tensor.number == 1, update == again,
      let z = Self.gate(update, reads: { $0 == .state })
    else { throw refusal }
    var reset: Gate?
    let n = Self.gate(new) { operand in
      guard case .multiply(let factor, .state) = operand else { return false }
      reset = Self.gate(factor, reads: { $0 == .state })
      return reset != nil
    }
    guard let n, let r = reset, r.function == z.function else { throw refusal }
    gates = [z, r, n]
    units = z.bias.count
    inputSize = z.inputs.shape[0]
    gate = z.function
    candidate = n.function
    let fits = gates.allSatisfy {
      $0.inputs.shape == [inputSize, units] && $0.states.shape == [units, units]
        && $0.bias.count == units
    }
    guard fits, units > 0, inputSize > 0 else { throw refusal }
  }

  /// f(x W + b + v U); `reads` says whether v is what it should be.
  private static func gate(_ term: Term, reads: (Term) -> Bool) -> Gate? {
    let (function, argument) = Self.function(term)
    guard
      case .add(.add(.product(.frame, let w), .constant(let b)), .product(let v, let u)) = argument,
      reads(v)
    else { return nil }
    return Gate(inputs: w, states: u, bias: b.values, function: function)
  }

  /// The outermost function of a term; max(0, min(1, a v + b)) is a hard sigmoid.
  private static func function(_ term: Term) -> (CellActivation, Term) {
    switch term {
    case .function("Sigmoid", let v): return (CellActivation(.sigmoid), v)
    case .function("Tanh", let v): return (CellActivation(.tanh), v)
    case .function("Relu", let v): return (CellActivation(.relu), v)
    case .greatest(
      .least(.add(.multiply(.constant(let a), let v), .constant(let b)), .constant(let one)),
      .constant(let zero)):
      if let a = a.number, let b = b.number, one.number == 1, zero.number == 0 {
        return (CellActivation(.hardSigmoid, alpha: a, beta: b), v)
      }
      return (CellActivation(.linear), term)
    default: return (CellActivation(.linear), term)
    }
  }

  /// The network of the layer.
  func part(_ maker: inout LayerMaker) throws -> SequenceModel.Part {
    func matrix(_ path: KeyPath<Gate, TensorFlowGraph.Tensor>) -> Matrix {
      // Columns of the gates side by side, as Keras keeps them.
      let rows = gates[0][keyPath: path].shape[0]
      return Matrix(
        rows: rows, columns: 3 * units,
        values: (0..<rows).flatMap { row in
          gates.flatMap { $0[keyPath: path].values[row * units..<(row + 1) * units] }
        })
    }
    let weights = KerasWeights(
      kernel: matrix(\.inputs), recurrent: matrix(\.states), bias: gates.flatMap(\.bias),
      biasShape: [3 * units], units: units)
    let (reset, values) = try weights.gru(resetAfter: false)
    return try maker.part(
      cell: "gru", inputSize: inputSize, units: units,
      options: [.init("reset", .choice(reset))] + gate.entries("gate")
        + candidate.entries("candidate"), values: values)
  }
}
