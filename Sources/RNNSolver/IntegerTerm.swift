internal import CZ3

/// An integer without bounds.
package struct IntegerTerm: CustomStringConvertible {
  let term: Term
  init(_ term: Term) { self.term = term }
  package var description: String { term.description }

  /// The sum.
  package static func + (a: Self, b: Self) -> Self { a.term.context.sum([a, b]) }
  /// The difference.
  package static func - (a: Self, b: Self) -> Self {
    Self(a.term.context.combine([a.term, b.term]) { Z3_mk_sub(a.term.context.raw, $0, $1) })
  }
  /// The product.
  package static func * (a: Self, b: Self) -> Self {
    Self(a.term.context.combine([a.term, b.term]) { Z3_mk_mul(a.term.context.raw, $0, $1) })
  }
  /// The sum.
  package static func + (a: Self, b: Int) -> Self { a + a.term.context.constant(b) }
  /// The difference.
  package static func - (a: Self, b: Int) -> Self { a - a.term.context.constant(b) }
  /// The product.
  package static func * (a: Self, b: Int) -> Self { a * a.term.context.constant(b) }

  /// Both are equal.
  package static func .== (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_eq($0, $1, $2) })
  }
  /// The first is less.
  package static func .< (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_lt($0, $1, $2) })
  }
  /// The first is not greater.
  package static func .<= (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_le($0, $1, $2) })
  }
  /// The first is not less.
  package static func .>= (a: Self, b: Self) -> Proposition { b .<= a }
  /// The first is greater.
  package static func .> (a: Self, b: Self) -> Proposition { b .< a }
  /// Both are equal.
  package static func .== (a: Self, b: Int) -> Proposition { a .== a.term.context.constant(b) }
  /// The first is less.
  package static func .< (a: Self, b: Int) -> Proposition { a .< a.term.context.constant(b) }
  /// The first is not greater.
  package static func .<= (a: Self, b: Int) -> Proposition { a .<= a.term.context.constant(b) }
  /// The first is not less.
  package static func .>= (a: Self, b: Int) -> Proposition { a .>= a.term.context.constant(b) }
  /// The first is greater.
  package static func .> (a: Self, b: Int) -> Proposition { a .> a.term.context.constant(b) }
}
