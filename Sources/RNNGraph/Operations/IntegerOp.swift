package import RNNFixedPoint

/// One matrix-vector product inside a `linear` node.
package struct LinearTerm: Hashable, Sendable {
  package var matrix: Int
  package var operand: ValueID
  package var transposed: Bool
  package init(matrix: Int, operand: ValueID, transposed: Bool = false) {
    self.matrix = matrix
    self.operand = operand
    self.transposed = transposed
  }
}

/// How the elements of a vector of codes become one.
package enum IntegerReduction: String, Hashable, Sendable, CaseIterable {
  case sum, maximum

  /// ceil(log2 n): bits that a sum of n addends may have more than each of them.
  package static func growth(_ n: Int) -> Int { Reduced.growth(n) }
}

/// One operation on vectors of codes, as a graph stores it; its meaning is the `IntegerOperation` of
/// `IntegerGraph.operation(_:)`.
///
/// Every result is exact in its node's format unless the operation rounds.
///
/// Operands of `add` and `subtract` have equal formats; a change of format is always an `extend` or a
/// `requantize` node of its own.
package enum IntegerOp: Hashable, Sendable {
  case input
  /// The codes that a state had after the previous step; its initial code before the first.
  case state(StateID)
  /// The constant vector with this index.
  case vector(Int)
  /// The same code in every element.
  case constant(Int64)
  /// The coefficient with this index, in every element.
  case coefficient(Int)
  /// The sum of products; all terms have the same number of fraction bits (matrix plus operand). Exact, but for block-circulant
  /// matrices whose blocks the graph's `transform` rounds.
  case linear([LinearTerm])
  /// Exact: the result has one more bit.
  case add(ValueID, ValueID)
  /// Exact: the result has one more bit.
  case subtract(ValueID, ValueID)
  /// Exact: widths and fractions add.
  case multiply(ValueID, ValueID)
  /// Exact change to a format with at least as many integer and fraction bits.
  case extend(ValueID)
  /// Rounds and fits into the node's format.
  case requantize(ValueID, RoundingRule, OverflowRule)
  /// A piecewise-linear function of the code, by the table with this index.
  case activation(Int, ValueID)
  /// The greater of the code and zero, in the operand's format.
  case relu(ValueID)
  /// The first where the second is greater than zero, else zero; in the first's format.
  case gate(ValueID, by: ValueID)
  /// The first over the root of the second plus a floor, by the normalization with this index.
  case normalize(Int, ValueID, by: ValueID)
  /// The sum (exact: wider by the bits of the number of addends) or the greatest of all elements, as one element.
  case reduce(IntegerReduction, ValueID)
  /// The one element of a vector in every element.
  case broadcast(ValueID)

  /// The same operation on other operands, which are transformed from first to last.
  package func mapOperands(_ map: (ValueID) -> ValueID) -> IntegerOp {
    switch self {
    case .input, .state, .vector, .constant, .coefficient: self
    case .linear(let terms):
      .linear(
        terms.map {
          LinearTerm(matrix: $0.matrix, operand: map($0.operand), transposed: $0.transposed)
        })
    case .add(let a, let b): .add(map(a), map(b))
    case .subtract(let a, let b): .subtract(map(a), map(b))
    case .multiply(let a, let b): .multiply(map(a), map(b))
    case .extend(let a): .extend(map(a))
    case .requantize(let a, let rounding, let overflow): .requantize(map(a), rounding, overflow)
    case .activation(let table, let a): .activation(table, map(a))
    case .relu(let a): .relu(map(a))
    case .gate(let a, let b): .gate(map(a), by: map(b))
    case .normalize(let unit, let a, let b): .normalize(unit, map(a), by: map(b))
    case .reduce(let reduction, let a): .reduce(reduction, map(a))
    case .broadcast(let a): .broadcast(map(a))
    }
  }

  package var operands: [ValueID] {
    var operands: [ValueID] = []
    _ = mapOperands {
      operands.append($0)
      return $0
    }
    return operands
  }

  /// True for everything but sources and sums of products: what an element-wise datapath, or a reduction behind it, computes.
  package var isComputedInDatapath: Bool {
    switch self {
    case .input, .state, .vector, .constant, .coefficient, .linear: false
    default: true
    }
  }
}

/// What a node of an integer graph computes from other nodes: its rules and its codes.
package protocol IntegerOperation: Sendable {
  /// What one element of the result depends on.
  var shape: OperationShape { get }
  /// Whether the result is rounded, so that it is worth a look in a cosimulation.
  var isRounded: Bool { get }
  /// Reports every rule that formats and widths break.
  func check(_ check: inout IntegerNodeCheck)
  /// Writes the codes of the node for codes of its operands.
  func execute(_ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>)
}

extension IntegerOperation {
  package var shape: OperationShape { .elementwise }
  package var isRounded: Bool { false }
}

/// Collects what is wrong with one node.
package struct IntegerNodeCheck {
  /// The format of the node.
  package let format: QFormat
  /// The formats of its operands.
  package let operands: [QFormat]
  package private(set) var faults: [String] = []
  init(format: QFormat, operands: [QFormat]) {
    self.format = format
    self.operands = operands
  }
  /// Notes a broken rule.
  package mutating func fault(_ message: String) { faults.append(message) }
  /// Notes two values that should be equal.
  package mutating func expect<T: Equatable>(_ found: T, _ wanted: T, _ what: String) {
    if found != wanted { fault("\(what): \(found) instead of \(wanted)") }
  }
}

extension IntegerGraph {
  /// What a node computes from its operands; nil for sources and sums of products, which every user of a graph treats by itself.
  ///
  /// - Precondition: tables and normalizations that the node names exist.
  package func operation(_ id: ValueID) -> (any IntegerOperation)? {
    let node = self[id]
    func format(_ id: ValueID) -> QFormat { self[id].format }
    switch node.op {
    case .input, .state, .vector, .constant, .coefficient, .linear: return nil
    case .add: return IntegerSum(subtracts: false)
    case .subtract: return IntegerSum(subtracts: true)
    case .multiply: return IntegerProduct()
    case .extend(let a): return Extension(from: format(a), to: node.format)
    case .requantize(let a, let rounding, let overflow):
      return Requantization(
        from: format(a), to: node.format, rounding: rounding, overflow: overflow)
    case .activation(let i, _): return TableLookup(table: tables[i])
    case .relu: return IntegerRelu()
    case .gate: return IntegerGate()
    case .normalize(let i, _, _): return IntegerNormalization(unit: normalizations[i])
    case .reduce(let reduction, let a):
      return IntegerReduce(reduction: reduction, size: self[a].size)
    case .broadcast: return IntegerBroadcast()
    }
  }

  /// Elements that a datapath has to walk over for a node: those of its operand for a reduction.
  package func workSize(_ id: ValueID) -> Int {
    if case .reduce(_, let a) = self[id].op { self[a].size } else { self[id].size }
  }
}
