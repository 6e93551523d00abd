internal import RNNGraph

/// A counter of the steps of a sequence, shared by all coefficients that count alike.
package struct StepCounter: Hashable, Sendable {
  /// Counts from 0 to `count - 1`.
  package var count: Int
  /// Whether it starts again after its last value rather than staying there until the sequence ends.
  package var repeats: Bool
}

extension IntegerCoefficient {
  /// The one code of a coefficient that never changes.
  var constant: Int64? {
    switch values {
    case .table(let codes, _): codes.allSatisfy { $0 == codes[0] } ? codes[0] : nil
    case .pulse(let period, _, let code): period == 1 || code == 0 ? code : nil
    }
  }
  /// Whether its codes lie in a read-only memory; nil for a constant or a comparator.
  var tableCodes: [Int64]? {
    guard constant == nil, case .table(let codes, _) = values else { return nil }
    return codes
  }
  /// The counter that it needs; nil for a constant.
  var counter: StepCounter? { constant == nil ? StepCounter(count: count, repeats: repeats) : nil }
}

extension Lowered {
  /// Coefficients that some segment reads, by index.
  var usedCoefficients: [Int] {
    var used: Set<Int> = []
    for segment in segments {
      for case .coefficient(let k) in segment.sources { used.insert(k) }
    }
    return used.sorted()
  }

  /// The counters of the used coefficients, in the order of their first use.
  var stepCounters: [StepCounter] {
    var counters: [StepCounter] = []
    for k in usedCoefficients {
      if let counter = graph.coefficients[k].counter, !counters.contains(counter) {
        counters.append(counter)
      }
    }
    return counters
  }
}
