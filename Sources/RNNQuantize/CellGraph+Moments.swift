internal import RNNGraph

extension CellGraph {
  /// The values that some normalization divides by the root of.
  var squares: Set<ValueID> {
    Set(
      nodes.compactMap { node in
        if case .normalize(_, let square, _) = node.op { broadcastSource(square) } else { nil }
      })
  }

  /// The value whose one element a broadcast repeats; other values themselves.
  private func broadcastSource(_ id: ValueID) -> ValueID {
    if case .broadcast(let v) = self[id].op { broadcastSource(v) } else { id }
  }

  /// The fewest integer bits with which a square's epsilon is at most 2^4 times its greatest code; nil for others.
  func epsilonBits(of id: ValueID) -> Int? {
    nodes.compactMap { node -> Int? in
      guard case .normalize(_, let divisor, let epsilon) = node.op else { return nil }
      let square = broadcastSource(divisor)
      var source = square
      if case .state(let state) = self[square].op { source = self[state].next }
      return source == id || square == id ? integerBits(epsilon) - 4 : nil
    }.max()
  }

  /// The values that reach nothing but the roots of normalizations, through sums, products and states of their own.
  ///
  /// Such as the mean of squares of Adam's rule, the squares that it averages, and the decayed mean.
  var momentValues: Set<ValueID> {
    var result = Set(valueIDs)
    result.remove(output)
    if squares.isEmpty { return [] }
    // Removing a value may disqualify its operands, and the value that its state takes.
    var changed = true
    while changed {
      changed = false
      func remove(_ id: ValueID) { if result.remove(id) != nil { changed = true } }
      for reader in valueIDs {
        switch self[reader].op {
        case .add, .subtract, .multiply, .affine, .reduce, .broadcast:
          if !result.contains(reader) { self[reader].op.operands.forEach(remove) }
        case .normalize(let v, _, _): remove(v)
        case .state(let s): if !result.contains(reader) { remove(self[s].next) }
        case .matvec, .activation, .gate, .quantize: self[reader].op.operands.forEach(remove)
        case .input, .parameter, .coefficient: break
        }
      }
    }
    return result
  }
}
