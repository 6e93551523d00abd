internal import RNNFixedPoint

extension CellGraph {
  /// The code of a state's initial value in the format of its next value, half to even; nil if that is not rounded.
  ///
  /// An initial value that the format cannot hold saturates, as every value of the state does.
  package func initialCode(of id: StateID) -> Int64? {
    guard case .quantize(_, let format, _) = self[self[id].next].op else { return nil }
    return quantized(self[id].initial, to: format, rounding: .halfToEven, overflow: .saturate)
  }

  /// The value of every element of a state at the start of a sequence: on the grid of its format if it has one.
  package func initialValue(of id: StateID) -> Double {
    guard case .quantize(_, let format, _) = self[self[id].next].op, let code = initialCode(of: id)
    else { return self[id].initial }
    return format.value(of: code)
  }

  /// The values of all states at the start of a sequence, on the grids of their formats.
  package var initialStates: [[Double]] {
    states.enumerated().map { s, state in
      [Double](repeating: initialValue(of: StateID(s)), count: state.size)
    }
  }
}
