internal import RNNFixedPoint
internal import RNNVerilog

/// One field of a program word: the one place that says where it lies, how wide it is and what an instruction puts there.
///
/// The image is packed, the word is cut and the engine's ports are connected by the list of them.
struct SequentialField {
  /// The port of `rnnc_sequential` is `<name>_i`, where it is the engine's.
  var name: String
  var width: Int
  /// The number in it, of which the low bits count: a step over the whole memory wraps like the address it is added to.
  var value: (SequentialInstruction) -> Int
  /// What the engine does not read stays in the core.
  var isOfEngine = true

  init(_ name: String, _ width: Int, _ value: @escaping (SequentialInstruction) -> Int) {
    self.name = name
    self.width = width
    self.value = value
  }
  init(_ name: String, _ flag: @escaping (SequentialInstruction) -> Bool) {
    self.init(name, 1) { flag($0) ? 1 : 0 }
  }

  /// The bits of an instruction's field, lowest first.
  func bits(_ instruction: SequentialInstruction) -> [Bool] {
    let number = value(instruction)
    return (0..<width).map { (number >> $0) & 1 == 1 }
  }
}

extension SequentialWidths {
  /// The fields of a word, the lowest first.
  var fields: [SequentialField] {
    let fitted = sum
    func address(_ operand: SequentialInstruction.Operand) -> Int {
      guard case .at(let base) = operand.place else {
        preconditionFailure("a vector was given no place")
      }
      return base
    }
    return [
      SequentialField("block_step", weightBits) { $0.walk.blockStep },
      SequentialField("row_step", weightBits) { $0.walk.rowStep },
      SequentialField("matrix_base", weightBits) { $0.walk.base },
      SequentialField("last_in_block", count) { $0.walk.block - 1 },
      SequentialField("last_column", count) { $0.walk.columns - 1 },
      SequentialField("last_row", count) { $0.issuedRows - 1 },
      SequentialField("b_base", valueBits) { address($0.b ?? SequentialInstruction.Operand()) },
      SequentialField("a_base", valueBits) { address($0.a) },
      SequentialField("destination", valueBits) { address($0.destination) - $0.rowsBehind },
      SequentialField("table_base", tableBits) { $0.lookup.base },
      SequentialField("lower", tableInput) { Int($0.lookup.lower) },
      SequentialField("span_limit", span) { Int($0.lookup.span) },
      SequentialField("segment_bits", shift) { $0.lookup.segmentBits },
      SequentialField("keep", shift) { ($0.fittedWidth ?? fitted) - 1 },
      SequentialField("right", shift) { $0.rightShift },
      SequentialField("left", shift) { $0.leftShift },
      SequentialField("rounding", 2) {
        switch $0.rounding {
        case .down: 0
        case .halfUp: 1
        case .halfToEven: 2
        }
      },
      SequentialField("is_relu") { $0.isRelu },
      SequentialField("wraps") { $0.wraps },
      SequentialField("first_only") { $0.isFirstOnly },
      SequentialField("is_transposed") { $0.walk.isTransposed },
      SequentialField("has_b") { $0.b != nil },
      SequentialField("b_is_scalar") { $0.b?.isScalar ?? false },
      SequentialField("a_is_scalar") { $0.a.isScalar },
      SequentialField("subtracts") { $0.subtracts },
      SequentialField("op", 3) { $0.operation.rawValue },
    ] + unitFields
  }
  /// Which unit normalizes; no field where there is nothing to choose.
  private var unitFields: [SequentialField] {
    guard units > 1 else { return [] }
    var field = SequentialField("unit", indexWidth(units)) { $0.unit }
    field.isOfEngine = false
    return [field]
  }
  /// Width of a program word.
  var word: Int { fields.reduce(0) { $0 + $1.width } }
}
