internal import Foundation

/// log(sum of exp(values)) without overflow; minus infinity for an empty collection.
func logSumExp(_ values: some Collection<Double>) -> Double {
  // max() may skip a NaN, and a NaN must reach the divergence check.
  if values.contains(where: \.isNaN) { return .nan }
  guard let greatest = values.max(), greatest > -.infinity else { return -.infinity }
  return greatest + log(values.reduce(0) { $0 + exp($1 - greatest) })
}

/// log(exp(a) + exp(b)) without overflow, also where one or both are minus infinity.
func logAdd(_ a: Double, _ b: Double) -> Double {
  if a.isNaN || b.isNaN { return .nan }
  let high = max(a, b)
  guard high > -.infinity else { return -.infinity }
  return high + log1p(exp(min(a, b) - high))
}

/// The logarithms of the softmax of logits.
func logSoftmax(_ logits: [Double]) -> [Double] {
  let normalizer = logSumExp(logits)
  return logits.map { $0 - normalizer }
}

/// The index of the greatest value, the first one of equals.
func argmax(_ values: some Collection<Double>) -> Int {
  var best = 0
  var bestValue = -Double.infinity
  for (i, value) in values.enumerated() where value > bestValue {
    best = i
    bestValue = value
  }
  return best
}
