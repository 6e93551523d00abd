/// The width and the sign of a value: `logic [width-1:0]`, signed or not.
package struct VerilogType: Hashable, Sendable, CustomStringConvertible {
  package var width: Int
  package var isSigned: Bool

  package init(width: Int, isSigned: Bool) {
    precondition(width >= 1, "a value has at least one bit, not \(width)")
    self.width = width
    self.isSigned = isSigned
  }

  /// One unsigned bit.
  package static let bit = VerilogType(width: 1, isSigned: false)
  /// An unsigned vector.
  package static func bits(_ width: Int) -> VerilogType { .init(width: width, isSigned: false) }
  /// A signed vector.
  package static func signed(_ width: Int) -> VerilogType { .init(width: width, isSigned: true) }

  package var description: String { "\(isSigned ? "signed" : "unsigned") \(width) bit" }
}
