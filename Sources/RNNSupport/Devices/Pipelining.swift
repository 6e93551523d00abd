/// How many registers stand between the operators of a design: a matter of the fabric that it is made for.
package enum Pipelining: String, Hashable, Sendable, CaseIterable {
  /// Few: multiplier blocks hold the registers of products and sums, memories answer early in a cycle, and six-input LUTs
  /// do much between two registers.
  case shallow
  /// A register after every memory and every addition: four-input LUTs, and memories that answer late.
  case deep
}
