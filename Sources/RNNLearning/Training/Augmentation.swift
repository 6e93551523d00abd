internal import Foundation
package import RNNSupport

/// Random changes of a training sequence's features; a new draw in every epoch.
///
/// Meant for normalised features: a masked entry becomes zero, the mean. Masks follow Park et al.,
/// "SpecAugment", Interspeech 2019, without time warping.
package struct Augmentation: Hashable, Sendable {
  /// The standard deviation of Gaussian noise added to every entry.
  package var noise: Double
  /// The number of time masks.
  package var timeMasks: Int
  /// The greatest share of the steps that one time mask hides.
  package var timeMaskShare: Double
  /// The number of feature masks.
  package var featureMasks: Int
  /// The greatest number of neighbouring features that one feature mask hides.
  package var featureMaskWidth: Int
  /// The greatest share by which a sequence is shortened or lengthened, by linear interpolation.
  package var stretch: Double

  /// Creates an augmentation; every part left away is off.
  package init(
    noise: Double = 0, timeMasks: Int = 0, timeMaskShare: Double = 0, featureMasks: Int = 0,
    featureMaskWidth: Int = 0, stretch: Double = 0
  ) {
    self.noise = noise
    self.timeMasks = timeMasks
    self.timeMaskShare = timeMaskShare
    self.featureMasks = featureMasks
    self.featureMaskWidth = featureMaskWidth
    self.stretch = stretch
  }
  /// Whether sequences change their number of steps, which targets per step cannot follow.
  package var changesLength: Bool { stretch != 0 }

  /// What is wrong with the numbers, as (path, message, fix).
  package var problems: [(path: String, message: String, fix: String)] {
    var found: [(String, String, String)] = []
    if !(noise >= 0 && noise.isFinite) {
      found.append(("noise", "\(noise) is negative or not finite", "use 0 for none"))
    }
    for (path, count) in [
      ("timeMasks", timeMasks), ("featureMasks", featureMasks),
      ("featureMaskWidth", featureMaskWidth),
    ] where count < 0 {
      found.append((path, "\(count) is negative", "use 0 for none"))
    }
    for (path, share) in [("timeMaskShare", timeMaskShare), ("stretch", stretch)]
    where !(share >= 0 && share < 1) {
      found.append((path, "\(share) is outside [0, 1)", "use 0 for none"))
    }
    return found
  }

  /// A changed copy of a sequence in row-major [T][features], with at least one step.
  package func apply(
    _ sequence: [Float], features: Int, using generator: inout SplitMix64
  ) -> [Float] {
    var result = sequence
    if stretch > 0 {
      let factor = generator.uniform(1 - stretch, 1 + stretch)
      result = Augmentation.resampled(result, features: features, factor: factor)
    }
    let steps = result.count / features
    if noise > 0 {
      // Box and Muller, both values used.
      var i = 0
      while i < result.count {
        let radius = noise * (-2 * log(1 - generator.unit())).squareRoot()
        let angle = 2 * Double.pi * generator.unit()
        result[i] += Float(radius * cos(angle))
        if i + 1 < result.count { result[i + 1] += Float(radius * sin(angle)) }
        i += 2
      }
    }
    for _ in 0..<timeMasks {
      let width = generator.below(Int(saturating: Double(steps) * timeMaskShare) + 1)
      let start = generator.below(steps - width + 1)
      for i in start * features..<(start + width) * features { result[i] = 0 }
    }
    for _ in 0..<featureMasks {
      let width = generator.below(min(featureMaskWidth, features) + 1)
      let start = generator.below(features - width + 1)
      for t in 0..<steps {
        for k in start..<start + width { result[t * features + k] = 0 }
      }
    }
    return result
  }

  /// A sequence with its number of steps changed by a factor, linearly interpolated between steps.
  package static func resampled(_ sequence: [Float], features: Int, factor: Double) -> [Float] {
    let steps = sequence.count / features
    let newSteps = max(1, Int(saturating: (Double(steps) * factor).rounded()))
    guard newSteps != steps, steps > 1 else { return sequence }
    let scale = newSteps > 1 ? Double(steps - 1) / Double(newSteps - 1) : 0
    var result = [Float](repeating: 0, count: newSteps * features)
    for t in 0..<newSteps {
      let position = Double(t) * scale
      let low = min(Int(position), steps - 2)
      let high = Float(position - Double(low))
      for k in 0..<features {
        result[t * features + k] =
          (1 - high) * sequence[low * features + k] + high * sequence[(low + 1) * features + k]
      }
    }
    return result
  }
}
