/// A property that simulation checks in every cycle out of reset; synthesis and lint never see it.
///
/// It stands at the end of its module, which has `clk_i` and `rst_i`, by a macro of `rnnc_assert.svh`.
package struct VerilogAssertion: Hashable, Sendable {
  package var name: String
  /// The cycles in which the property counts; all of them where it is nil.
  package var when: VerilogExpression?
  /// Whether the property is one of the cycle after.
  package var isNext: Bool
  package var holds: VerilogExpression

  /// Every expression in it, each of one bit.
  var expressions: [VerilogExpression] { (when.map { [$0] } ?? []) + [holds] }
}

extension VerilogModule {
  /// Adds a property of the cycles in which `when` holds.
  package mutating func assert(
    _ name: String, when: VerilogExpression? = nil, _ holds: VerilogExpression
  ) {
    assertions.append(
      VerilogAssertion(name: name + "_A", when: when, isNext: false, holds: holds))
  }
  /// Adds a property of the cycles after those in which `when` holds.
  package mutating func assert(
    _ name: String, after when: VerilogExpression, _ holds: VerilogExpression
  ) {
    assertions.append(
      VerilogAssertion(name: name + "_A", when: when, isNext: true, holds: holds))
  }
}
