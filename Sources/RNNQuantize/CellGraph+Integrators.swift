internal import RNNGraph

extension CellGraph {
  /// The next values of states that sum up over steps: their own last value returns times factors that no data changes.
  ///
  /// Such as h' = h - eta g, or v' = mu v + x, also by way of other states. Each step changes such a state by little,
  /// and what is less than half a step of its format is lost every time. A state that a gate multiplies on its way (an
  /// LSTM's c, a GRU's h) is none: it may forget at once.
  var integrators: Set<ValueID> {
    // reach[s]: the states whose next value has a share of state s.
    let reach = states.indices.map { s in shares(of: StateID(s)) }
    var result: Set<ValueID> = []
    for start in states.indices {
      var seen: Set<Int> = []
      var open = Array(reach[start])
      while let s = open.popLast() {
        if seen.insert(s).inserted { open += reach[s] }
      }
      if seen.contains(start) { result.insert(states[start].next) }
    }
    return result
  }

  /// How much of a state a value has: nothing, a fixed factor, or one that data changes.
  private enum Share { case none, fixed, gated }

  private func shares(of state: StateID) -> Set<Int> {
    var share = [Share](repeating: .none, count: nodes.count)
    func isFixed(_ id: ValueID) -> Bool {
      switch self[id].op {
      case .parameter, .coefficient: true
      default: false
      }
    }
    for id in valueIDs {
      switch self[id].op {
      case .state(let s): share[id.index] = s == state ? .fixed : .none
      case .affine(let v, _, _), .quantize(let v, _, _): share[id.index] = share[v.index]
      case .add(let a, let b), .subtract(let a, let b):
        let both = [share[a.index], share[b.index]]
        share[id.index] =
          both.contains(.gated) ? .gated : both.contains(.fixed) ? .fixed : .none
      case .multiply(let a, let b):
        let both = [share[a.index], share[b.index]]
        if both.allSatisfy({ $0 == .none }) { continue }
        share[id.index] = isFixed(a) || isFixed(b) ? both[isFixed(a) ? 1 : 0] : .gated
      // What a threshold or a function lets through is an input like any other.
      default: continue
      }
    }
    return Set(states.indices.filter { share[states[$0].next.index] == .fixed })
  }
}
