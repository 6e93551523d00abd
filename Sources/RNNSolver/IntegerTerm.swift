internal import CZ3

/// An integer without bounds.
package struct IntegerTerm: CustomStringConvertible {
  let term: Term
  init(_ term: Term) { self.term = term }
  package var description: String { term.description }

  package static func + (a: Self, b: Self) -> Self { a.term.context.sum([a, b]) }
  package static func - (a: Self, b: Self) -> Self {
    Self(a.term.context.combine([a.term, b.term]) { Z3_mk_sub(a.term.context.raw, $0, $1) })
  }
  package static func * (a: Self, b: Self) -> Self {
    Self(a.term.context.combine([a.term, b.term]) { Z3_mk_mul(a.term.context.raw, $0, $1) })
  }
  package static func + (a: Self, b: Int) -> Self { a + a.term.context.constant(b) }
  package static func - (a: Self, b: Int) -> Self { a - a.term.context.constant(b) }
  package static func * (a: Self, b: Int) -> Self { a * a.term.context.constant(b) }

  package static func .== (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_eq($0, $1, $2) })
  }
  package static func .< (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_lt($0, $1, $2) })
  }
  package static func .<= (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_le($0, $1, $2) })
  }
  package static func .>= (a: Self, b: Self) -> Proposition { b .<= a }
  package static func .> (a: Self, b: Self) -> Proposition { b .< a }
  package static func .== (a: Self, b: Int) -> Proposition { a .== a.term.context.constant(b) }
  package static func .< (a: Self, b: Int) -> Proposition { a .< a.term.context.constant(b) }
  package static func .<= (a: Self, b: Int) -> Proposition { a .<= a.term.context.constant(b) }
  package static func .>= (a: Self, b: Int) -> Proposition { a .>= a.term.context.constant(b) }
  package static func .> (a: Self, b: Int) -> Proposition { a .> a.term.context.constant(b) }
}
