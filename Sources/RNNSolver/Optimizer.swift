internal import CZ3

/// Finds values that make assertions true and integers as small as they can be.
package final class Optimizer {
  private let context: SolverContext
  private let raw: Z3_optimize

  package init(_ context: SolverContext) {
    self.context = context
    raw = Z3_mk_optimize(context.raw)
    Z3_optimize_inc_ref(context.raw, raw)
  }
  deinit { Z3_optimize_dec_ref(context.raw, raw) }

  /// Adds a condition that every answer has to meet.
  package func assert(_ proposition: Proposition) {
    Z3_optimize_assert(context.raw, raw, proposition.term.raw)
  }
  /// Minimises a term; of several, the first counts most and each later one decides among what is left.
  package func minimize(_ term: IntegerTerm) {
    Z3_optimize_minimize(context.raw, raw, term.term.raw)
  }

  /// Looks for the least of what is to be minimised.
  ///
  /// - Returns: `satisfied` only with proof that nothing is smaller; a limit that is reached gives `unknown`.
  /// - Throws: `SolverError` for what Z3 refuses.
  package func check(_ limit: SolverLimit = .none) throws(SolverError) -> SolverAnswer {
    let parameters = Parameters(context, limit)
    Z3_optimize_set_params(context.raw, raw, parameters.raw)
    return try context.answer(
      Z3_optimize_check(context.raw, raw, 0, nil),
      model: { Z3_optimize_get_model(context.raw, raw) },
      reason: { Z3_optimize_get_reason_unknown(context.raw, raw) })
  }
}
