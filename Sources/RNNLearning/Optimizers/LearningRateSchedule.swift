internal import Foundation

/// How the learning rate changes from epoch to epoch.
package enum LearningRateSchedule: Hashable, Sendable {
  /// The base rate throughout.
  case constant
  /// The base rate times `factor` once for every `epochs` epochs that have passed.
  case step(epochs: Int, factor: Double)
  /// From the base rate in the first epoch to `floor` times it in the last, along half a cosine.
  ///
  /// Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
  /// equation 5 without restarts.
  case cosine(floor: Double)

  /// The factor on the base rate in an epoch, counted from 0, of a run of `epochs`.
  package func factor(epoch: Int, of epochs: Int) -> Double {
    switch self {
    case .constant: return 1
    case .step(let every, let factor): return pow(factor, Double(epoch / every))
    case .cosine(let floor):
      guard epochs > 1 else { return 1 }
      let phase = Double(epoch) / Double(epochs - 1)
      return floor + (1 - floor) * 0.5 * (1 + cos(Double.pi * phase))
    }
  }

  /// What is wrong with the constants, as (path, message, fix).
  package var problems: [(path: String, message: String, fix: String)] {
    switch self {
    case .constant: return []
    case .step(let epochs, let factor):
      var found: [(String, String, String)] = []
      if epochs < 1 { found.append(("epochs", "\(epochs) is below 1", "use at least 1")) }
      if !(factor > 0 && factor.isFinite) {
        found.append(("factor", "\(factor) is not positive", "use a value such as 0.5"))
      }
      return found
    case .cosine(let floor):
      return floor >= 0 && floor <= 1
        ? [] : [("floor", "\(floor) is outside [0, 1]", "use a value such as 0.05")]
    }
  }
}
