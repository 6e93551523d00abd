/// An expression that has one width and one sign, whatever stands around it.
///
/// Verilog widens an operand by its context and drops the sign of both operands when one of them is
/// unsigned; no tool warns about the second. Here both operands of an operator must have the same
/// type (`VerilogModule.issues` checks it against the declarations), so the context never changes a
/// value: extension, truncation and sign change are written out as `resized`, `asSigned` and
/// `asUnsigned`. A select, a concatenation and a replication are unsigned, as in IEEE 1800.
package indirect enum VerilogExpression: Hashable, Sendable {
  /// A declared signal, parameter or localparam.
  case name(String)
  /// A sized constant; the value must fit the type.
  case literal(Int64, VerilogType)
  case unary(VerilogUnaryOperator, VerilogExpression)
  case binary(VerilogBinaryOperator, VerilogExpression, VerilogExpression)
  /// `condition ? then : otherwise`, with a condition of one bit and both values of one type.
  case ternary(VerilogExpression, then: VerilogExpression, otherwise: VerilogExpression)
  /// One bit of a signal; a dynamic index has exactly `indexWidth(width)` bits.
  case bitSelect(String, index: VerilogExpression)
  /// Bits `high` down to `low` of a signal.
  case partSelect(String, high: Int, low: Int)
  /// `width` bits of a signal from bit `base` up; a dynamic base has `indexWidth(width)` bits.
  case indexedSelect(String, base: VerilogExpression, width: Int)
  /// One word of a memory; it has the type that the memory is declared with.
  case element(String, index: VerilogExpression)
  /// Parts from the most significant to the least.
  case concatenation([VerilogExpression])
  case replication(Int, VerilogExpression)
  /// `$signed(x)`: the same bits, read as two's complement.
  case asSigned(VerilogExpression)
  /// `$unsigned(x)`: the same bits, read as a natural number.
  case asUnsigned(VerilogExpression)
  /// `width'(x)`: truncated, or extended by the sign of x; it keeps the signedness.
  case resized(VerilogExpression, width: Int)
}

/// An operator of one operand.
package enum VerilogUnaryOperator: String, Hashable, Sendable, CaseIterable {
  /// Two's complement negation of a signed operand, modulo 2^width.
  case negate = "-"
  case bitwiseNot = "~"
  /// Of one bit.
  case logicalNot = "!"
  case reduceAnd = "&"
  case reduceOr = "|"
  case reduceXor = "^"
}

/// An operator of two operands of one type, except for the shifts.
///
/// Sums, differences and products are modulo 2^width of the operands.
package enum VerilogBinaryOperator: String, Hashable, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case and = "&"
  case or = "|"
  case xor = "^"
  /// Both operands have one bit.
  case logicalAnd = "&&"
  /// Both operands have one bit.
  case logicalOr = "||"
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  /// The amount is unsigned.
  case shiftLeft = "<<"
  /// The shifted operand and the amount are unsigned.
  case shiftRight = ">>"
  /// The shifted operand is signed, the amount unsigned.
  case arithmeticShiftRight = ">>>"
}

/// The number of bits of an index into `count` places, at least 1.
package func indexWidth(_ count: Int) -> Int {
  count <= 2 ? 1 : Int.bitWidth - (count - 1).leadingZeroBitCount
}

// MARK: - Builders

extension VerilogExpression: ExpressibleByStringLiteral {
  /// A name: `"count_q"` means `.name("count_q")`.
  package init(stringLiteral value: String) { self = .name(value) }

  package static let zero: VerilogExpression = .literal(0, .bit)
  package static let one: VerilogExpression = .literal(1, .bit)

  /// An unsigned constant.
  package static func lit(_ value: Int, width: Int) -> VerilogExpression {
    .literal(Int64(value), .bits(width))
  }
  /// A signed constant.
  package static func signedLit(_ value: Int64, width: Int) -> VerilogExpression {
    .literal(value, .signed(width))
  }
  /// A constant of a type.
  package static func lit(_ value: Int64, _ type: VerilogType) -> VerilogExpression {
    .literal(value, type)
  }
  /// Zero of any width, also beyond 64 bits: `{width{1'b0}}`.
  package static func zeros(_ width: Int) -> VerilogExpression {
    width == 1 ? .zero : .replication(width, .zero)
  }
  /// One bit at a constant place.
  package static func bit(_ name: String, _ index: Int) -> VerilogExpression {
    .partSelect(name, high: index, low: index)
  }
  /// One bit at a computed place.
  package static func bit(_ name: String, at index: VerilogExpression) -> VerilogExpression {
    .bitSelect(name, index: index)
  }
  /// The bits from `high` down to `low`, both included.
  package static func slice(_ name: String, _ high: Int, _ low: Int) -> VerilogExpression {
    .partSelect(name, high: high, low: low)
  }
  /// Element `index` of a flat bus of elements of `width` bits.
  package static func lane(_ name: String, _ index: Int, width: Int) -> VerilogExpression {
    .partSelect(name, high: index * width + width - 1, low: index * width)
  }
  /// So many bits from a computed place up.
  package static func slice(
    _ name: String, from base: VerilogExpression, width: Int
  ) -> VerilogExpression { .indexedSelect(name, base: base, width: width) }
  /// A word of a memory.
  package static func word(_ memory: String, at index: VerilogExpression) -> VerilogExpression {
    .element(memory, index: index)
  }
  /// Parts from the most significant to the least.
  package static func concat(_ parts: [VerilogExpression]) -> VerilogExpression {
    .concatenation(parts)
  }
  /// One of two expressions of equal type, as a bit is 1 or 0.
  package static func mux(
    _ condition: VerilogExpression, _ then: VerilogExpression, _ otherwise: VerilogExpression
  ) -> VerilogExpression { .ternary(condition, then: then, otherwise: otherwise) }

  package var signed: VerilogExpression { .asSigned(self) }
  package var unsigned: VerilogExpression { .asUnsigned(self) }
  /// Truncated or extended by its own sign.
  package func resized(_ width: Int) -> VerilogExpression { .resized(self, width: width) }
  /// Shifted right with copies of the sign bit.
  package func arithmeticShiftedRight(_ amount: VerilogExpression) -> VerilogExpression {
    .binary(.arithmeticShiftRight, self, amount)
  }
  package var anyBit: VerilogExpression { .unary(.reduceOr, self) }
  package var allBits: VerilogExpression { .unary(.reduceAnd, self) }

  /// The sum modulo 2^width; operands have one type.
  package static func + (a: Self, b: Self) -> Self { .binary(.add, a, b) }
  /// The difference modulo 2^width; operands have one type.
  package static func - (a: Self, b: Self) -> Self { .binary(.subtract, a, b) }
  /// The product modulo 2^width; operands have one type.
  package static func * (a: Self, b: Self) -> Self { .binary(.multiply, a, b) }
  /// And, bit by bit.
  package static func & (a: Self, b: Self) -> Self { .binary(.and, a, b) }
  /// Or, bit by bit.
  package static func | (a: Self, b: Self) -> Self { .binary(.or, a, b) }
  /// Exclusive or, bit by bit.
  package static func ^ (a: Self, b: Self) -> Self { .binary(.xor, a, b) }
  /// And of two single bits.
  package static func && (a: Self, b: Self) -> Self { .binary(.logicalAnd, a, b) }
  /// Or of two single bits.
  package static func || (a: Self, b: Self) -> Self { .binary(.logicalOr, a, b) }
  /// Shifted left; bits that leave the width are lost.
  package static func << (a: Self, b: Self) -> Self { .binary(.shiftLeft, a, b) }
  /// Shifted right with zeros.
  package static func >> (a: Self, b: Self) -> Self { .binary(.shiftRight, a, b) }
  /// The negation of a single bit.
  package static prefix func ! (a: Self) -> Self { .unary(.logicalNot, a) }
  /// All bits turned over.
  package static prefix func ~ (a: Self) -> Self { .unary(.bitwiseNot, a) }
  /// The negative number modulo 2^width.
  package static prefix func - (a: Self) -> Self { .unary(.negate, a) }

  // Comparisons are methods: `==` and `<` on the tree itself mean equality of trees.
  /// Whether two values of one type are equal: one bit.
  package func isEqual(to other: Self) -> Self { .binary(.equal, self, other) }
  /// Whether two values of one type differ: one bit.
  package func isNotEqual(to other: Self) -> Self { .binary(.notEqual, self, other) }
  /// Whether this is less; operands have one type, which says whether they are signed: one bit.
  package func isLess(than other: Self) -> Self { .binary(.less, self, other) }
  /// Whether this is not less; operands have one type, which says whether they are signed: one bit.
  package func isAtLeast(_ other: Self) -> Self { .binary(.greaterOrEqual, self, other) }
}
