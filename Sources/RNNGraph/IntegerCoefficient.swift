package import RNNFixedPoint

/// A scalar of codes that depends on the number of the step in its sequence and on nothing else.
///
/// Hardware counts the steps of a sequence per coefficient; see `values` for what it makes of the count.
package struct IntegerCoefficient: Hashable, Sendable {
  /// The code at each step of a sequence.
  package enum Values: Hashable, Sendable {
    /// The codes of steps 0, 1, ...; after the last one they repeat or the last one stays.
    case table([Int64], repeats: Bool)
    /// A code in one step of every period and zero in the others; `at` counts from 0.
    case pulse(period: Int, at: Int, code: Int64)
  }
  /// Unique in the graph, such as `gru0.k`.
  package var name: String
  package var format: QFormat
  package var values: Values
  package init(name: String, format: QFormat, values: Values) {
    self.name = name
    self.format = format
    self.values = values
  }

  /// The most codes of a table: half a megabit of memory at 32 bits, some hours of speech frames never repeat.
  package static let largestTable = 16_384

  /// The code in a step, counted from 0 at the start of the sequence.
  package func code(step: Int) -> Int64 {
    switch values {
    case .table(let codes, let repeats):
      return codes[repeats ? step % codes.count : min(step, codes.count - 1)]
    case .pulse(let period, let at, let code): return step % period == at ? code : 0
    }
  }

  /// The values of the counter that hardware needs: steps of a period, or steps until the last code.
  package var count: Int {
    switch values {
    case .table(let codes, _): codes.count
    case .pulse(let period, _, _): period
    }
  }
  /// Whether the counter starts again after its last value rather than staying there.
  package var repeats: Bool {
    switch values {
    case .table(_, let repeats): repeats
    case .pulse: true
    }
  }
}
