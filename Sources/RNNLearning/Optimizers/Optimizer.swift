internal import Foundation
package import RNNGraph

/// An update rule with its moments; the whole state that a checkpoint must keep.
///
/// Moments have the layout of `Weights`. Every operation is an IEEE single in a fixed order, so equal
/// gradients give equal bits.
package struct Optimizer: Hashable, Sendable {
  /// How a gradient becomes a step.
  package let rule: OptimizerRule
  /// The number of updates so far.
  package private(set) var updates: Int
  /// None, the velocity, Adam's first and second moments, or RMSProp's mean of squares.
  package private(set) var moments: [Weights]

  /// Starts with zero moments in the layout of `weights`.
  package init(_ rule: OptimizerRule, for weights: Weights) {
    self.rule = rule
    updates = 0
    moments = Array(repeating: weights.zeroed, count: rule.momentCount)
  }
  /// Restores a state that a checkpoint kept.
  package init(_ rule: OptimizerRule, updates: Int, moments: [Weights]) {
    precondition(
      moments.count == rule.momentCount, "\(rule) has \(rule.momentCount) moments per weight")
    self.rule = rule
    self.updates = updates
    self.moments = moments
  }

  /// Changes weights in place by one step against the gradients.
  package mutating func update(
    _ weights: inout Weights, gradients: Weights, learningRate: Double
  ) {
    updates += 1
    for layer in weights.values.indices {
      for parameter in weights.values[layer].indices {
        update(
          &weights.values[layer][parameter], gradients.values[layer][parameter],
          layer, parameter, learningRate)
      }
    }
  }

  private mutating func update(
    _ weights: inout [Float], _ gradients: [Float], _ layer: Int, _ parameter: Int, _ rate: Double
  ) {
    precondition(weights.count == gradients.count, "gradients have the layout of the weights")
    switch rule {
    case .sgd(let momentum):
      let step = Float(rate)
      guard momentum != 0 else {
        for i in weights.indices { weights[i] -= step * gradients[i] }
        return
      }
      let keep = Float(momentum)
      let count = weights.count
      moments[0].values[layer][parameter].withUnsafeMutableBufferPointer { velocity in
        for i in 0..<count {
          velocity[i] = keep * velocity[i] + gradients[i]
          weights[i] -= step * velocity[i]
        }
      }
    case .adam(let beta1, let beta2, let epsilon):
      // m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon), with the corrections taken out of the loop.
      let t = Double(updates)
      let step = Float(rate / (1 - pow(beta1, t)))
      let correction = Float(1 / (1 - pow(beta2, t)).squareRoot())
      let b1 = Float(beta1)
      let b2 = Float(beta2)
      let c1 = Float(1 - beta1)
      let c2 = Float(1 - beta2)
      let small = Float(epsilon)
      // Taken out so that both moments can change in one pass without a copy.
      var first: [Float] = []
      var second: [Float] = []
      swap(&first, &moments[0].values[layer][parameter])
      swap(&second, &moments[1].values[layer][parameter])
      for i in weights.indices {
        let g = gradients[i]
        first[i] = b1 * first[i] + c1 * g
        second[i] = b2 * second[i] + c2 * (g * g)
        weights[i] -= step * first[i] / (second[i].squareRoot() * correction + small)
      }
      swap(&first, &moments[0].values[layer][parameter])
      swap(&second, &moments[1].values[layer][parameter])
    case .rmsprop(let decay, let epsilon):
      let step = Float(rate)
      let keep = Float(decay)
      let rest = Float(1 - decay)
      let small = Float(epsilon)
      let count = weights.count
      moments[0].values[layer][parameter].withUnsafeMutableBufferPointer { square in
        for i in 0..<count {
          let g = gradients[i]
          square[i] = keep * square[i] + rest * (g * g)
          weights[i] -= step * g / (square[i].squareRoot() + small)
        }
      }
    }
  }
}
