internal import RNNFixedPoint
internal import RNNGraph

/// What an instruction of the sequential engine computes.
///
/// Raw values are the codes in the program; `rnnc_seq_issue` has them by the same names.
package enum SequentialOperation: Int, CaseIterable, Hashable, Sendable {
  case pass, add, multiply, gate, table, matrix
  /// The greatest element.
  case maximum
  /// By a unit beside the engine.
  case normalize

  /// Whether a row reads all elements of the operand.
  var walks: Bool { self == .matrix || self == .maximum }
}

/// One vector instruction of the sequential engine; `SequentialWidths.fields` puts it into a program word.
struct SequentialInstruction: Hashable, Sendable {
  /// The segments of one activation table, and where they lie among those of all tables.
  struct Lookup: Hashable, Sendable {
    var segmentBits = 0
    /// The greatest distance from `lower`.
    var span: Int64 = 0
    var lower: Int64 = 0
    var base = 0
  }

  /// A matrix as the walk over its entries sees it; see `rnnc_block_walk`.
  struct Walk: Hashable, Sendable {
    var base = 0
    var rowStep = 0
    var blockStep = 0
    var block = 1
    var columns = 1
    var isTransposed = false
  }

  /// A vector in the value memory.
  struct Operand: Hashable, Sendable {
    /// An address; while the program is made, one among the constants or among the words that are written, or the number of
    /// a vector whose place depends on the lives of the others.
    enum Place: Hashable, Sendable { case at(Int), constant(Int), variable(Int), temporary(Int) }
    var place: Place = .at(0)
    /// The same word for every element.
    var isScalar = false
  }

  var operation: SequentialOperation
  /// What the result is, for reports: a node of the graph or a state.
  var name: String
  /// The node whose codes are complete when the instruction ends; nil for partial sums and states.
  var node: ValueID?
  /// Elements of the result.
  var rows: Int
  var destination: Operand
  var a: Operand
  /// Nil where the operation has one operand; for a matrix what its product is added to.
  var b: Operand?
  var subtracts = false
  /// Writes in the first frame of a sequence alone.
  var isFirstOnly = false
  var wraps = false
  var isRelu = false
  var rounding = RoundingRule.down
  var leftShift = 0
  var rightShift = 0
  /// Bits of the result that are fitted; nil where it is exact.
  var fittedWidth: Int?
  var lookup = Lookup()
  var walk = Walk()
  /// The unit that normalizes, among those of the program.
  var unit = 0

  /// Rows that are issued: a quotient is passed while the operands of a later row are issued.
  var issuedRows: Int { rows + rowsBehind }
  /// Rows between the operands of a result and the result.
  var rowsBehind: Int {
    operation == .normalize ? NormalizationHardware.sequentialLatency / cyclesPerElement : 0
  }
  /// Cycles that issue the operands of one element.
  var cyclesPerElement: Int {
    switch operation {
    case .pass: 1
    case .add, .multiply, .gate, .normalize: 2
    case .table: 3
    case .matrix, .maximum: walk.columns + (b == nil ? 0 : 1)
    }
  }
  /// Cycles before the first operand is issued, and after the last one until the next instruction is fetched.
  static let before = 2
  static let after = 3
  /// From the cycle of an element's last operand to the cycle that shows and writes the result.
  static let resultLatency = 5
  var cycles: Int { Self.before + issuedRows * cyclesPerElement + Self.after }
}
