/// How a gradient becomes a step.
package enum OptimizerRule: Hashable, Sendable {
  /// Stochastic gradient descent with heavy-ball momentum: v = momentum * v + g; w -= rate * v.
  ///
  /// Sutskever et al., "On the importance of initialization and momentum", ICML 2013, in PyTorch's form.
  case sgd(momentum: Double)
  /// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1, bias correction included.
  case adam(beta1: Double, beta2: Double, epsilon: Double)
  /// RMSProp: v = decay * v + (1 - decay) * g^2; w -= rate * g / (sqrt(v) + epsilon).
  ///
  /// Tieleman and Hinton, "Lecture 6.5: rmsprop", 2012, in PyTorch's form.
  case rmsprop(decay: Double, epsilon: Double)

  /// Adam with the constants of its paper.
  package static let adam = OptimizerRule.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)

  /// The number of moment buffers per weight.
  var momentCount: Int {
    switch self {
    case .sgd(let momentum): momentum == 0 ? 0 : 1
    case .adam: 2
    case .rmsprop: 1
    }
  }

  /// The constants with which orthogonal matrices follow RMSProp; PyTorch's unless the rule has its own.
  var rmspropConstants: (decay: Double, epsilon: Double) {
    switch self {
    case .rmsprop(let decay, let epsilon): (decay, epsilon)
    case .sgd, .adam: (0.99, 1e-8)
    }
  }

  /// What is wrong with the constants, as (path, message, fix).
  package var problems: [(path: String, message: String, fix: String)] {
    func outsideUnit(_ path: String, _ value: Double) -> [(String, String, String)] {
      value >= 0 && value < 1
        ? [] : [(path, "\(value) is outside [0, 1)", "use a value such as 0.9")]
    }
    switch self {
    case .sgd(let momentum): return outsideUnit("momentum", momentum)
    case .adam(let beta1, let beta2, let epsilon):
      var found = outsideUnit("beta1", beta1) + outsideUnit("beta2", beta2)
      if !(epsilon > 0 && epsilon.isFinite) {
        found.append(("epsilon", "\(epsilon) is not positive", "use a value such as 1e-8"))
      }
      return found
    case .rmsprop(let decay, let epsilon):
      var found = outsideUnit("decay", decay)
      if !(epsilon > 0 && epsilon.isFinite) {
        found.append(("epsilon", "\(epsilon) is not positive", "use a value such as 1e-8"))
      }
      return found
    }
  }
}
