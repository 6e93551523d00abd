internal import CZ3

/// Something that is true or false.
package struct Proposition: CustomStringConvertible {
  let term: Term
  init(_ term: Term) { self.term = term }
  package var description: String { term.description }

  /// Both hold.
  package static func .& (a: Self, b: Self) -> Self { a.term.context.all([a, b]) }
  /// At least one holds.
  package static func .| (a: Self, b: Self) -> Self { a.term.context.any([a, b]) }
  /// Both hold or neither.
  package static func .== (a: Self, b: Self) -> Self {
    Self(a.term.with(b.term) { Z3_mk_iff($0, $1, $2) })
  }
  /// It does not hold.
  package static prefix func .! (a: Self) -> Self {
    let context = a.term.context
    return Self(context.term(Z3_mk_not(context.raw, a.term.raw)))
  }
  /// The other holds wherever this one does.
  package func implies(_ other: Self) -> Self {
    Self(term.with(other.term) { Z3_mk_implies($0, $1, $2) })
  }

  /// One of two terms, as this is true or false.
  package func choose(_ yes: IntegerTerm, else no: IntegerTerm) -> IntegerTerm {
    IntegerTerm(chosen(yes.term, no.term))
  }
  /// One of two terms of equal width, as this is true or false.
  package func choose(_ yes: BitVectorTerm, else no: BitVectorTerm) -> BitVectorTerm {
    BitVectorTerm(chosen(yes.term, no.term))
  }
  private func chosen(_ yes: Term, _ no: Term) -> Term {
    let condition = term
    return yes.with(no) { Z3_mk_ite($0, condition.raw, $1, $2) }
  }
}
