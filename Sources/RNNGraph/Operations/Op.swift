package import RNNFixedPoint

/// One vector operation of a time step, as a graph stores it; its meaning is the `Operation` of `CellGraph.operation(_:)`.
///
/// A new operation is a case here with its lines in `mappingOperands` and `operation`, and its `Operation` in a file of its own.
package enum Op: Hashable, Sendable {
  /// x_t, the input vector of the step.
  case input
  /// The value that a state had after the previous step; its initial value before the first.
  case state(StateID)
  /// A vector parameter, such as a bias or a peephole weight; a vector of one element stands in every element.
  case parameter(ParameterID)
  /// A scalar that depends on the number of the step only, in every element.
  case coefficient(StepCoefficient)
  /// Matrix-vector product W v; with `transposed`, W^T v.
  case matvec(ParameterID, ValueID, transposed: Bool)
  case add(ValueID, ValueID)
  /// First minus second.
  case subtract(ValueID, ValueID)
  /// Hadamard product.
  case multiply(ValueID, ValueID)
  /// scale * v + offset with constants, such as 1 - z.
  case affine(ValueID, scale: Double, offset: Double)
  case activation(ScalarFunction, ValueID)
  /// The first where the second is positive, else 0.
  case gate(ValueID, by: ValueID)
  /// v / sqrt(s + floor) with s >= 0; see `CellGraph.normalizationFloor` for a rounded s.
  case normalize(ValueID, by: ValueID, epsilon: Double)
  /// Rounds to a format.
  case quantize(ValueID, QFormat, RoundingRule)
  /// The sum, mean or maximum of all elements, as one element.
  case reduce(Reduction, ValueID)
  /// The one element of a vector in every element.
  case broadcast(ValueID)

  /// The same operation on other operands, which are transformed from first to last.
  package func mappingOperands(_ transform: (ValueID) -> ValueID) -> Op {
    switch self {
    case .input, .state, .parameter, .coefficient: self
    case .matvec(let w, let v, let transposed): .matvec(w, transform(v), transposed: transposed)
    case .add(let a, let b): .add(transform(a), transform(b))
    case .subtract(let a, let b): .subtract(transform(a), transform(b))
    case .multiply(let a, let b): .multiply(transform(a), transform(b))
    case .affine(let v, let scale, let offset): .affine(transform(v), scale: scale, offset: offset)
    case .activation(let f, let v): .activation(f, transform(v))
    case .gate(let v, let s): .gate(transform(v), by: transform(s))
    case .normalize(let v, let s, let epsilon):
      .normalize(transform(v), by: transform(s), epsilon: epsilon)
    case .quantize(let v, let format, let rounding): .quantize(transform(v), format, rounding)
    case .reduce(let reduction, let v): .reduce(reduction, transform(v))
    case .broadcast(let v): .broadcast(transform(v))
    }
  }

  package var operands: [ValueID] {
    var operands: [ValueID] = []
    _ = mappingOperands {
      operands.append($0)
      return $0
    }
    return operands
  }
  /// Whether the operation is `.quantize`.
  package var isQuantize: Bool {
    if case .quantize = self { true } else { false }
  }
}

extension CellGraph {
  /// What a node computes from its operands; nil for sources (input, states, parameters, coefficients) and for products with
  /// matrices, which every user of a graph treats by itself.
  package func operation(_ id: ValueID) -> (any Operation)? {
    switch self[id].op {
    case .input, .state, .parameter, .coefficient, .matvec: nil
    case .add: Sum(subtracts: false)
    case .subtract: Sum(subtracts: true)
    case .multiply: Product()
    case .affine(_, let scale, let offset): Affine(scale: scale, offset: offset)
    case .activation(let function, _): Application(function: function)
    case .gate: Gate()
    case .normalize: Normalized(floor: normalizationFloor(id))
    case .quantize(_, let format, let rule): Rounding(format: format, rule: rule)
    case .reduce(let reduction, let v): Reduced(reduction: reduction, size: self[v].size)
    case .broadcast: Broadcast(size: self[id].size)
    }
  }

  /// The values of the forward pass that passing a gradient on to some operands needs: operands of the node, or itself.
  package func valuesForPullback(_ id: ValueID, to wanted: (ValueID) -> Bool) -> Set<ValueID> {
    guard let operation = operation(id) else { return [] }
    let operands = self[id].op.operands
    var probe = ReadProbe()
    for (i, operand) in operands.enumerated() where wanted(operand) {
      _ = operation.pullback((), to: i, in: &probe)
    }
    return Set(probe.operands.map { operands[$0] } + (probe.readsValue ? [id] : []))
  }

  /// Whether a node's derivative by an operand is anything but 0 everywhere.
  package func passesGradient(_ id: ValueID, to operand: Int) -> Bool {
    var probe = ReadProbe()
    return operation(id)?.pullback((), to: operand, in: &probe) != nil
  }

  /// The factor by which every element of an operand's change reaches the node, if it is the same constant; nil otherwise.
  package func constantSlope(_ id: ValueID, by operand: Int) -> Double? {
    guard let operation = operation(id), operation.shape == .elementwise else { return nil }
    var probe = SlopeProbe()
    return operation.pullback(.some(1), to: operand, in: &probe) ?? nil
  }

  /// The format that a value was rounded to, seen through states, selections of elements and broadcasts; nil for an exact value.
  package func roundedFormat(_ id: ValueID) -> QFormat? {
    switch self[id].op {
    case .quantize(_, let format, _): format
    case .state(let state):
      if case .quantize(_, let format, _) = self[self[state].next].op { format } else { nil }
    case .broadcast(let v): roundedFormat(v)
    default: nil
    }
  }

  /// What a `.normalize` node adds under the root: its epsilon, or the ulp of a rounded s if that is more.
  ///
  /// A rounded s cannot tell values below its ulp apart, so a smaller constant would only make v / sqrt(0) saturate.
  package func normalizationFloor(_ node: ValueID) -> Double {
    guard case .normalize(_, let s, let epsilon) = self[node].op else {
      preconditionFailure("\(self[node].name) is no normalization")
    }
    return roundedFormat(s).map { max(epsilon, $0.ulp) } ?? epsilon
  }
}

/// Notes which values of the forward pass a pullback reads.
private struct ReadProbe: PullbackAlgebra {
  var operands: Set<Int> = []
  var readsValue = false
  mutating func operand(_ index: Int) { operands.insert(index) }
  mutating func value() { readsValue = true }

  func add(_ a: Void, _ b: Void) {}
  func subtract(_ a: Void, _ b: Void) {}
  func multiply(_ a: Void, _ b: Void) {}
  func affine(_ a: Void, scale: Double, offset: Double) {}
  func apply(_ f: ScalarFunction, _ a: Void) {}
  func slope(_ f: ScalarFunction, _ g: Void, at x: Void) {}
  func gate(_ a: Void, by s: Void) {}
  func normalize(_ a: Void, by s: Void, floor: Double) {}
  func round(_ a: Void, _ format: QFormat, _ rounding: RoundingRule) {}
  func mask(_ g: Void, at x: Void, inside range: ClosedRange<Double>) {}
  func reduce(_ reduction: Reduction, _ a: Void, size: Int) {}
  func broadcast(_ a: Void, size: Int) {}
  func atMaximum(_ g: Void, of x: Void, size: Int) {}
}

/// Follows a gradient of 1 as long as it is multiplied by constants; nil where it meets a value.
private struct SlopeProbe: PullbackAlgebra {
  func operand(_ index: Int) -> Double? { nil }
  func value() -> Double? { nil }
  func affine(_ a: Double?, scale: Double, offset: Double) -> Double? { a.map { $0 * scale } }

  func add(_ a: Double?, _ b: Double?) -> Double? { nil }
  func subtract(_ a: Double?, _ b: Double?) -> Double? { nil }
  func multiply(_ a: Double?, _ b: Double?) -> Double? { nil }
  func apply(_ f: ScalarFunction, _ a: Double?) -> Double? { nil }
  func slope(_ f: ScalarFunction, _ g: Double?, at x: Double?) -> Double? { nil }
  func gate(_ a: Double?, by s: Double?) -> Double? { nil }
  func normalize(_ a: Double?, by s: Double?, floor: Double) -> Double? { nil }
  func round(_ a: Double?, _ format: QFormat, _ rounding: RoundingRule) -> Double? { nil }
  func mask(_ g: Double?, at x: Double?, inside range: ClosedRange<Double>) -> Double? { nil }
  func reduce(_ reduction: Reduction, _ a: Double?, size: Int) -> Double? { nil }
  func broadcast(_ a: Double?, size: Int) -> Double? { nil }
  func atMaximum(_ g: Double?, of x: Double?, size: Int) -> Double? { nil }
}
