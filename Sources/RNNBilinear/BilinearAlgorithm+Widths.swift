/// Bit widths that hold everything, computed from the worst case over all codes.
///
/// Weights and operands are two's-complement integers of the stated widths with all codes allowed, the
/// asymmetric -2^(width - 1) included.
extension BilinearAlgorithm {
  /// The signed width of every element of A w for weights of `width` bits.
  package func weightWidth(for width: Int) -> Int { Self.outputWidth(weightProgram, width) }

  /// The signed width of every element of B x for operands of `width` bits.
  package func operandWidth(for width: Int) -> Int { Self.outputWidth(operandProgram, width) }

  private static func outputWidth(_ program: LinearProgram, _ width: Int) -> Int {
    let widths = program.widths(inputWidth: width).values
    return program.outputs.map { widths[$0] }.max() ?? 1
  }

  /// The signed width of every product accumulated over `terms` block columns.
  ///
  /// `weightWidth` and `operandWidth` are the widths of the stored weights and of the operand itself,
  /// before A and B.
  package func accumulatorWidth(weightWidth: Int, operandWidth: Int, terms: Int) -> Int {
    precondition(terms > 0, "an accumulator needs at least one term, not \(terms)")
    let a = Self.outputRanges(weightProgram, weightWidth)
    let b = Self.outputRanges(operandProgram, operandWidth)
    return signedWidth((0..<products).map { (a[$0] * b[$0]).times(Int128(terms)) })
  }

  private static func outputRanges(_ program: LinearProgram, _ width: Int) -> [Range] {
    let forms = program.forms().values
    return program.outputs.map {
      let range = forms[$0].range(width: width)
      return Range(low: Int128(range.low.rounded(.down)), high: Int128(range.high.rounded(.up)))
    }
  }

  /// The signed width of the sums that C forms, before the division.
  ///
  /// The range is that of the result times 2^divisorLog2. Sums inside the C unit, and the accumulators too,
  /// may be kept modulo 2^scaledOutputWidth: what wraps on the way comes back, as the final sum fits.
  package func scaledOutputWidth(weightWidth: Int, operandWidth: Int, terms: Int) -> Int {
    precondition(terms > 0, "an output needs at least one term, not \(terms)")
    return signedWidth(outputRanges(weightWidth, operandWidth).map { $0.times(Int128(terms)) })
  }

  /// The signed width of the results, after the division: the exact range of the block row's dot products.
  package func outputWidth(weightWidth: Int, operandWidth: Int, terms: Int) -> Int {
    precondition(terms > 0, "an output needs at least one term, not \(terms)")
    let divisor = Int128(1) << Int128(matrices?.divisorLog2 ?? 0)
    return signedWidth(
      outputRanges(weightWidth, operandWidth).map {
        Range(low: $0.low * Int128(terms) / divisor, high: $0.high * Int128(terms) / divisor)
      })
  }

  private struct Range {
    var low: Int128
    var high: Int128
    static func + (a: Range, b: Range) -> Range { Range(low: a.low + b.low, high: a.high + b.high) }
    static func * (a: Range, b: Range) -> Range {
      let corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
      return Range(low: corners.min() ?? 0, high: corners.max() ?? 0)
    }
    func times(_ factor: Int128) -> Range { self * Range(low: factor, high: factor) }
    static func codes(_ width: Int) -> Range {
      precondition((1...40).contains(width), "widths are 1 to 40 bits here, not \(width)")
      let half = Int128(1) << Int128(width - 1)
      return Range(low: -half, high: half - 1)
    }
  }

  /// The range of every output of one block, times 2^divisorLog2.
  ///
  /// Tight when no weight and no operand occurs twice in an output, as in circulant and dense blocks.
  private func outputRanges(_ weightWidth: Int, _ operandWidth: Int) -> [Range] {
    let product = Range.codes(weightWidth) * Range.codes(operandWidth)
    guard let matrices else { preconditionFailure("\(name) rounds: it has no exact results") }
    return matrices.coefficients.map { plane in
      plane.reduce(Range(low: 0, high: 0)) { sum, row in
        row.reduce(sum) { $0 + product.times(Int128($1)) }
      }
    }
  }

  /// The least signed width that holds all ranges.
  private func signedWidth(_ ranges: [Range]) -> Int {
    ranges.map { range in
      var width = 1
      while range.low < -(Int128(1) << Int128(width - 1))
        || range.high > (Int128(1) << Int128(width - 1)) - 1
      {
        width += 1
      }
      return width
    }.max() ?? 1
  }
}
