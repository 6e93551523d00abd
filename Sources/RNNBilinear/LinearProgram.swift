/// A linear map of short integer vectors as a straight-line program of sums.
///
/// Values are numbered: first the inputs, then the results of the operations in their order. An operation adds signed
/// powers of two of earlier values and may drop bits of the sum; so constants are sums of their digits, and every
/// rounding has a place. The reference runs the program and hardware is generated from it, so both round alike.
package struct LinearProgram: Hashable, Sendable {
  /// A value times plus or minus 2^shift.
  package struct Term: Hashable, Sendable {
    package var value: Int
    package var shift: Int
    package var negative: Bool
    package init(_ value: Int, shift: Int = 0, negative: Bool = false) {
      self.value = value
      self.shift = shift
      self.negative = negative
    }
  }

  /// One step of the program: a sum of terms, from which low bits are dropped.
  package struct Operation: Hashable, Sendable {
    package var terms: [Term]
    /// The bits that are dropped from the sum.
    package var droppedBits: Int
    /// What is added before: half of the dropped unit to round half up, or zero where the dropped bits are zero.
    package var offset: Int64
    /// Operands of the adder tree.
    package var leaves: Int { terms.count + (offset == 0 ? 0 : 1) }
  }

  package let inputs: Int
  package private(set) var operations: [Operation] = []
  /// The values that the program gives.
  package var outputs: [Int] = []

  package init(inputs: Int) { self.inputs = inputs }

  /// Every output is a row of small integers times the inputs, divided by 2^divisorLog2 without a remainder.
  package init(_ rows: [[Int]], divisorLog2: Int = 0) {
    self.init(inputs: rows.first?.count ?? 0)
    outputs = rows.map { row in
      let terms = row.enumerated().flatMap { Self.terms($0.offset, times: $0.element) }
      return sum(terms, exactlyDropping: divisorLog2)
    }
  }

  /// A value times an integer: its digits in non-adjacent form, lowest first.
  package static func terms(_ value: Int, times coefficient: Int) -> [Term] {
    var terms: [Term] = []
    var rest = coefficient
    var shift = 0
    while rest != 0 {
      if rest & 1 != 0 {
        let digit = rest & 3 == 1 ? 1 : -1
        terms.append(Term(value, shift: shift, negative: digit < 0))
        rest -= digit
      }
      rest >>= 1
      shift += 1
    }
    return terms
  }

  /// Appends a sum; of its bits the lowest are dropped, which are zero for every input.
  package mutating func sum(_ terms: [Term], exactlyDropping bits: Int = 0) -> Int {
    append(Operation(terms: terms, droppedBits: bits, offset: 0))
  }

  /// Appends a sum that is divided by 2^bits and rounded half up.
  package mutating func sum(_ terms: [Term], rounding bits: Int) -> Int {
    append(Operation(terms: terms, droppedBits: bits, offset: bits == 0 ? 0 : 1 << (bits - 1)))
  }

  private mutating func append(_ operation: Operation) -> Int {
    let next = inputs + operations.count
    precondition(
      operation.terms.allSatisfy { (0..<next).contains($0.value) }, "a term reads a later value")
    operations.append(operation)
    return next
  }

  /// The outputs for given inputs; no sum may leave 63 bits.
  package func run(_ x: [Int64]) -> [Int64] {
    precondition(x.count == inputs, "the program has \(inputs) inputs, not \(x.count)")
    var values = x
    values.reserveCapacity(inputs + operations.count)
    for operation in operations {
      var sum = operation.offset
      for term in operation.terms {
        let value = values[term.value] << Int64(term.shift)
        sum += term.negative ? -value : value
      }
      values.append(sum >> Int64(operation.droppedBits))
    }
    return outputs.map { values[$0] }
  }

  // MARK: - Pipelining

  /// The register stage in which every value is there: inputs in stage 0, each operation in as many stages after its last
  /// operand as its adder tree has.
  ///
  /// - Parameter stages: register stages of a tree of so many leaves.
  package func readyStages(_ stages: (_ leaves: Int) -> Int) -> [Int] {
    var ready = [Int](repeating: 0, count: inputs)
    for operation in operations {
      let last = operation.terms.map { ready[$0.value] }.max() ?? 0
      ready.append(last + stages(operation.leaves))
    }
    return ready
  }

  /// Register stages from the inputs to the outputs.
  package func depth(_ stages: (_ leaves: Int) -> Int) -> Int {
    let ready = readyStages(stages)
    return max(1, outputs.map { ready[$0] }.max() ?? 1)
  }

  // MARK: - Ranges

  /// A value as a real linear function of the inputs, and the most by which roundings move it away.
  package struct Form: Hashable, Sendable {
    package var coefficients: [Double]
    package var error: Double

    /// The least and the greatest value for inputs of `width` bits, every code allowed.
    package func range(width: Int) -> (low: Double, high: Double) {
      let low = -Double(sign: .plus, exponent: width - 1, significand: 1)
      let high = -low - 1
      var range = (low: -error, high: error)
      for c in coefficients {
        range.low += c * (c > 0 ? low : high)
        range.high += c * (c > 0 ? high : low)
      }
      return range
    }
  }

  /// The forms of all values, before and after bits are dropped.
  ///
  /// Exact while coefficients have at most 53 bits.
  package func forms() -> (sums: [Form], values: [Form]) {
    var values = (0..<inputs).map { i in
      Form(coefficients: (0..<inputs).map { $0 == i ? 1 : 0 }, error: 0)
    }
    var sums = values
    for operation in operations {
      var form = Form(coefficients: [Double](repeating: 0, count: inputs), error: 0)
      for term in operation.terms {
        let factor = Double(
          sign: term.negative ? .minus : .plus, exponent: term.shift, significand: 1)
        for (i, c) in values[term.value].coefficients.enumerated() {
          form.coefficients[i] += factor * c
        }
        form.error += abs(factor) * values[term.value].error
      }
      sums.append(form)
      let unit = Double(sign: .plus, exponent: -operation.droppedBits, significand: 1)
      form.coefficients = form.coefficients.map { $0 * unit }
      form.error = form.error * unit + (operation.offset == 0 ? 0 : 0.5)
      values.append(form)
    }
    return (sums, values)
  }

  /// The signed widths of all sums and values for inputs of `width` bits.
  package func widths(inputWidth width: Int) -> (sums: [Int], values: [Int]) {
    let forms = forms()
    func signedWidth(_ form: Form, extra: Double) -> Int {
      let range = form.range(width: width)
      var bits = 1
      while -Double(sign: .plus, exponent: bits - 1, significand: 1)
        > (range.low - extra).rounded(.down)
        || Double(sign: .plus, exponent: bits - 1, significand: 1) - 1
          < (range.high + extra).rounded(.up)
      {
        bits += 1
      }
      return bits
    }
    let offsets = [Int64](repeating: 0, count: inputs) + operations.map(\.offset)
    return (
      zip(forms.sums, offsets).map { signedWidth($0, extra: Double($1)) },
      forms.values.map { signedWidth($0, extra: 0) }
    )
  }
}
