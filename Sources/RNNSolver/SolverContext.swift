internal import CZ3

/// A context of Z3, in which terms, solvers and optimizers live; not for use by several threads at the same time.
///
/// Everything made from a context keeps it alive, and terms of two contexts must not meet. Z3 decides without a clock or a
/// random seed of its own choice, and limits count its own steps (`SolverLimit`), so results are the same in every run of
/// the same version.
package final class SolverContext {
  let raw: Z3_context

  package init() {
    let configuration = Z3_mk_config()
    defer { Z3_del_config(configuration) }
    raw = Z3_mk_context_rc(configuration)
    // Without a handler Z3 ends the process at an error; the codes are read after each call instead.
    Z3_set_error_handler(raw) { _, _ in }
  }

  deinit { Z3_del_context(raw) }

  /// The version of the library, such as `4.8.12.0`.
  package static var version: String {
    var (major, minor, build, revision): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    Z3_get_version(&major, &minor, &build, &revision)
    return "\(major).\(minor).\(build).\(revision)"
  }

  // MARK: - Variables and constants

  /// A variable that is true or false.
  package func proposition(_ name: String) -> Proposition {
    Proposition(variable(name, Z3_mk_bool_sort(raw)))
  }
  /// A variable without bounds.
  package func integer(_ name: String) -> IntegerTerm {
    IntegerTerm(variable(name, Z3_mk_int_sort(raw)))
  }
  /// A variable of a fixed width.
  ///
  /// - Parameter width: bits, at least one.
  package func bitVector(_ name: String, width: Int) -> BitVectorTerm {
    BitVectorTerm(variable(name, Z3_mk_bv_sort(raw, UInt32(width))))
  }
  /// A proposition that always holds, or never.
  package func constant(_ value: Bool) -> Proposition {
    Proposition(term(value ? Z3_mk_true(raw) : Z3_mk_false(raw)))
  }
  /// A number.
  package func constant(_ value: Int) -> IntegerTerm {
    IntegerTerm(term(Z3_mk_int64(raw, Int64(value), Z3_mk_int_sort(raw))))
  }
  /// A number of a fixed width.
  ///
  /// - Parameter value: taken modulo 2^width.
  package func constant(_ value: Int, width: Int) -> BitVectorTerm {
    BitVectorTerm(term(Z3_mk_int64(raw, Int64(value), Z3_mk_bv_sort(raw, UInt32(width)))))
  }

  // MARK: - Many terms at once

  /// All hold; of none, true.
  package func all(_ terms: [Proposition]) -> Proposition {
    Proposition(combine(terms.map(\.term)) { Z3_mk_and(raw, $0, $1) })
  }
  /// At least one holds; of none, false.
  package func any(_ terms: [Proposition]) -> Proposition {
    Proposition(combine(terms.map(\.term)) { Z3_mk_or(raw, $0, $1) })
  }
  /// Zero of no terms.
  package func sum(_ terms: [IntegerTerm]) -> IntegerTerm {
    terms.isEmpty ? constant(0) : IntegerTerm(combine(terms.map(\.term)) { Z3_mk_add(raw, $0, $1) })
  }

  // MARK: - For the terms of this module

  private func variable(_ name: String, _ sort: Z3_sort?) -> Term {
    term(Z3_mk_const(raw, Z3_mk_string_symbol(raw, name), sort))
  }

  func combine(
    _ terms: [Term], _ make: (UInt32, UnsafePointer<Z3_ast?>?) -> Z3_ast?
  ) -> Term {
    for term in terms { precondition(term.context === self, "terms of two contexts meet") }
    let asts: [Z3_ast?] = terms.map(\.raw)
    return withExtendedLifetime(terms) {
      asts.withUnsafeBufferPointer { term(make(UInt32($0.count), $0.baseAddress)) }
    }
  }

  /// Keeps what Z3 has made; terms that do not fit each other are a fault of the caller.
  func term(_ made: Z3_ast?) -> Term {
    guard let made, Z3_get_error_code(raw) == Z3_OK else {
      preconditionFailure("a term cannot be made: \(message)")
    }
    return Term(self, made)
  }

  var message: String { String(cString: Z3_get_error_msg(raw, Z3_get_error_code(raw))) }

  func check() throws(SolverError) {
    if Z3_get_error_code(raw) != Z3_OK { throw SolverError(message: message) }
  }
}

/// What Z3 says of a call that it refuses or that fails inside it.
package struct SolverError: Error, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { "Z3: \(message)" }
}

/// A counted reference to an expression.
final class Term {
  let context: SolverContext
  let raw: Z3_ast

  init(_ context: SolverContext, _ raw: Z3_ast) {
    self.context = context
    self.raw = raw
    Z3_inc_ref(context.raw, raw)
  }
  deinit { Z3_dec_ref(context.raw, raw) }

  /// Applies an operation of two operands.
  func with(_ other: Term, _ make: (Z3_context, Z3_ast, Z3_ast) -> Z3_ast?) -> Term {
    precondition(context === other.context, "terms of two contexts meet")
    return context.term(make(context.raw, raw, other.raw))
  }
}

extension Term: CustomStringConvertible {
  var description: String { String(cString: Z3_ast_to_string(context.raw, raw)) }
}
