internal import CZ3

/// How much work an answer may take, in Z3's own steps: the same on every machine and under every load.
package struct SolverLimit: Hashable, Sendable {
  package var steps: Int
  /// - Parameter steps: a million take roughly a second; 0 is no limit.
  package init(steps: Int) { self.steps = steps }
  package static let none = SolverLimit(steps: 0)
}

/// What a solver found.
package enum SolverAnswer {
  case satisfied(SolverModel)
  case unsatisfiable
  /// Neither was shown, with Z3's reason, such as a limit that was reached.
  case unknown(String)
}

extension SolverContext {
  /// A verdict of Z3 with what belongs to it.
  ///
  /// - Throws: `SolverError` for what Z3 refused on the way to the verdict.
  func answer(
    _ verdict: Z3_lbool, model: () -> Z3_model?, reason: () -> Z3_string?
  ) throws(SolverError) -> SolverAnswer {
    try check()
    switch verdict {
    case Z3_L_TRUE:
      guard let model = model() else { throw SolverError(message: message) }
      return .satisfied(SolverModel(self, model))
    case Z3_L_FALSE: return .unsatisfiable
    default: return .unknown(reason().map { String(cString: $0) } ?? "")
    }
  }
}

/// Values that make all assertions true.
package final class SolverModel {
  private let context: SolverContext
  private let raw: Z3_model

  init(_ context: SolverContext, _ raw: Z3_model) {
    self.context = context
    self.raw = raw
    Z3_model_inc_ref(context.raw, raw)
  }
  deinit { Z3_model_dec_ref(context.raw, raw) }

  /// The value of an integer.
  ///
  /// - Throws: `SolverError` for a value that does not fit an `Int`.
  package func value(of integer: IntegerTerm) throws(SolverError) -> Int {
    try number(integer.term)
  }
  /// The value as a signed number, of at most 64 bits.
  ///
  /// - Throws: `SolverError` for a value that does not fit an `Int`.
  package func value(of vector: BitVectorTerm) throws(SolverError) -> Int {
    // Z3 gives the number without sign.
    let sign = vector.width - 1
    let isNegative =
      try evaluated(
        (vector.bits(sign, sign) .== context.constant(1, width: 1)).term
      ).isTrue
    guard isNegative else { return try number(vector.term) }
    return -1 - (try number((context.constant(-1, width: vector.width) &- vector).term))
  }
  /// Whether a proposition holds.
  package func value(of proposition: Proposition) throws(SolverError) -> Bool {
    try evaluated(proposition.term).isTrue
  }

  /// Variables that no assertion mentions get a value as well.
  private func evaluated(_ term: Term) throws(SolverError) -> Term {
    var value: Z3_ast?
    guard Z3_model_eval(context.raw, raw, term.raw, true, &value), let value else {
      try context.check()
      throw SolverError(message: "the model has no value of \(term)")
    }
    return Term(context, value)
  }

  private func number(_ term: Term) throws(SolverError) -> Int {
    let value = try evaluated(term)
    var result: Int64 = 0
    guard Z3_get_numeral_int64(context.raw, value.raw, &result), let result = Int(exactly: result)
    else { throw SolverError(message: "\(value) does not fit") }
    return result
  }
}

extension Term {
  fileprivate var isTrue: Bool { Z3_get_bool_value(context.raw, raw) == Z3_L_TRUE }
}

/// Options of one check.
final class Parameters {
  let context: SolverContext
  let raw: Z3_params

  init(_ context: SolverContext, _ limit: SolverLimit) {
    self.context = context
    raw = Z3_mk_params(context.raw)
    Z3_params_inc_ref(context.raw, raw)
    let name = Z3_mk_string_symbol(context.raw, "rlimit")
    Z3_params_set_uint(context.raw, raw, name, UInt32(clamping: limit.steps))
  }
  deinit { Z3_params_dec_ref(context.raw, raw) }
}
