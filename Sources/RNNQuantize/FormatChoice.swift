internal import RNNFixedPoint
internal import RNNGraph

/// The integer bits n of the least range [-2^n, 2^n] that holds a magnitude; 0 for zero.
///
/// The magnitude 2^n itself saturates to 2^n - ulp when it is positive.
func integerBits(_ magnitude: Double) -> Int {
  // What is not finite has more bits than any format.
  guard magnitude.isFinite else { return 1 << 16 }
  if magnitude == 0 { return 0 }
  return magnitude.significand == 1 ? Int(magnitude.exponent) : Int(magnitude.exponent) + 1
}

/// The format of a width with the most fraction bits in which no parameter value saturates.
///
/// All zeros give `width - 1` fraction bits; tiny values at most 40.
func naturalFormat(_ values: [Float], width: Int) -> QFormat {
  let greatest = values.reduce(0.0) { max($0, abs(Double($1))) }
  var format = QFormat(width: width, fraction: min(width - 1 - integerBits(greatest), 40))
  let saturates = values.contains { value in
    let code = (Double(value) / format.ulp).rounded(.toNearestOrEven)
    return code < Double(format.minCode) || code > Double(format.maxCode)
  }
  if saturates { format.fraction -= 1 }
  return format
}

/// The codes of a parameter, rounded half to even and saturated.
func parameterCodes(_ values: [Float], _ format: QFormat) -> [Int64] {
  values.map {
    quantized(Double($0), to: format, rounding: .halfToEven, overflow: .saturate)
  }
}

extension CellGraph {
  /// How many nodes and states use a node, the layer's output included.
  var useCounts: [Int] {
    var counts = [Int](repeating: 0, count: nodes.count)
    for node in nodes { for operand in node.op.operands { counts[operand.index] += 1 } }
    for state in states { counts[state.next.index] += 1 }
    counts[output.index] += 1
    return counts
  }

  /// The values whose sum an addition is, found through additions that nothing else uses.
  func addends(of id: ValueID, useCounts: [Int]) -> [ValueID] {
    guard case .add(let a, let b) = self[id].op else { return [id] }
    return [a, b].flatMap { operand in
      useCounts[operand.index] == 1 ? addends(of: operand, useCounts: useCounts) : [operand]
    }
  }

  /// The additions and single products that are not part of a greater sum.
  func sums(useCounts: [Int]) -> [[ValueID]] {
    var inner: Set<ValueID> = []
    for node in nodes {
      guard case .add(let a, let b) = node.op else { continue }
      for operand in [a, b] where useCounts[operand.index] == 1 { inner.insert(operand) }
    }
    return valueIDs.compactMap { id in
      if inner.contains(id) { return nil }
      switch self[id].op {
      case .add, .matvec: return addends(of: id, useCounts: useCounts)
      default: return nil
      }
    }
  }
}
