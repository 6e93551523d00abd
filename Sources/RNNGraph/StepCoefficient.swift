/// A scalar that depends on the number of the step in its sequence and on nothing else.
package enum StepCoefficient: Hashable, Sendable {
  /// k / (k + 3) with k the steps since the last restart: Nesterov's momentum with scheduled restart.
  ///
  /// Nguyen et al., MomentumRNN, NeurIPS 2020, the SR variant: 0, 1/4, 2/5, ... A restart follows every `restart`
  /// steps; 0 never restarts.
  case nesterov(restart: Int)
  /// 1 in one step of every period, 0 in the others; `at` counts from 0.
  case pulse(period: Int, at: Int)
  /// 1 in the first step of a sequence, 0 in all others.
  case onset

  /// The value in a step, counted from 0 at the start of the sequence.
  package func value(step: Int) -> Double {
    switch self {
    case .nesterov(let restart):
      let k = restart > 0 ? step % restart : step
      return Double(k) / Double(k + 3)
    case .pulse(let period, let at): return step % period == at ? 1 : 0
    case .onset: return step == 0 ? 1 : 0
    }
  }

  /// The number of steps after which the values repeat; nil if they never do.
  package var period: Int? {
    switch self {
    case .nesterov(let restart): restart > 0 ? restart : nil
    case .pulse(let period, _): period
    case .onset: nil
    }
  }
}
