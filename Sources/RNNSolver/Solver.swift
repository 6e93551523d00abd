internal import CZ3

/// Decides whether assertions can be true together.
package final class Solver {
  private let context: SolverContext
  private let raw: Z3_solver

  package init(_ context: SolverContext) {
    self.context = context
    raw = Z3_mk_solver(context.raw)
    Z3_solver_inc_ref(context.raw, raw)
  }
  deinit { Z3_solver_dec_ref(context.raw, raw) }

  /// Adds a condition, in the scope that is open.
  package func assert(_ proposition: Proposition) {
    Z3_solver_assert(context.raw, raw, proposition.term.raw)
  }
  /// Opens a scope: `pop` takes back what is asserted from here on.
  package func push() { Z3_solver_push(context.raw, raw) }
  /// Closes the scope that was opened last.
  package func pop() { Z3_solver_pop(context.raw, raw, 1) }

  /// Whether all that is asserted can hold at once.
  ///
  /// - Throws: `SolverError` for what Z3 refuses; a limit that is reached is an answer.
  package func check(_ limit: SolverLimit = .none) throws(SolverError) -> SolverAnswer {
    let parameters = Parameters(context, limit)
    Z3_solver_set_params(context.raw, raw, parameters.raw)
    return try context.answer(
      Z3_solver_check(context.raw, raw),
      model: { Z3_solver_get_model(context.raw, raw) },
      reason: { Z3_solver_get_reason_unknown(context.raw, raw) })
  }
}
