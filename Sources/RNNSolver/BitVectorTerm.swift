internal import CZ3

/// A two's-complement number of a fixed width; sums and products are taken modulo 2^width.
package struct BitVectorTerm: CustomStringConvertible {
  let term: Term
  init(_ term: Term) { self.term = term }
  package var description: String { term.description }

  /// Bits.
  package var width: Int {
    let context = term.context.raw
    return Int(Z3_get_bv_sort_size(context, Z3_get_sort(context, term.raw)))
  }

  /// The sum modulo 2^width.
  package static func &+ (a: Self, b: Self) -> Self {
    Self(a.term.with(b.term) { Z3_mk_bvadd($0, $1, $2) })
  }
  /// The difference modulo 2^width.
  package static func &- (a: Self, b: Self) -> Self {
    Self(a.term.with(b.term) { Z3_mk_bvsub($0, $1, $2) })
  }
  /// The product modulo 2^width.
  package static func &* (a: Self, b: Self) -> Self {
    Self(a.term.with(b.term) { Z3_mk_bvmul($0, $1, $2) })
  }

  /// All bits are equal.
  package static func .== (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_eq($0, $1, $2) })
  }
  /// Signed comparisons.
  package static func .< (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_bvslt($0, $1, $2) })
  }
  /// Signed: not greater.
  package static func .<= (a: Self, b: Self) -> Proposition {
    Proposition(a.term.with(b.term) { Z3_mk_bvsle($0, $1, $2) })
  }

  /// The same number in more bits.
  package func extended(to width: Int) -> Self {
    Self(term.context.term(Z3_mk_sign_ext(term.context.raw, UInt32(width - self.width), term.raw)))
  }
  /// The bits from `low` to `high`, both included; bit 0 is the lowest.
  package func bits(_ high: Int, _ low: Int) -> Self {
    Self(term.context.term(Z3_mk_extract(term.context.raw, UInt32(high), UInt32(low), term.raw)))
  }
  /// Divided by 2^bits, towards minus infinity.
  package func shiftedRight(_ bits: Int) -> Self {
    let amount = term.context.constant(bits, width: width)
    return Self(term.with(amount.term) { Z3_mk_bvashr($0, $1, $2) })
  }
  /// Times 2^bits, modulo 2^width.
  package func shiftedLeft(_ bits: Int) -> Self {
    let amount = term.context.constant(bits, width: width)
    return Self(term.with(amount.term) { Z3_mk_bvshl($0, $1, $2) })
  }
}
