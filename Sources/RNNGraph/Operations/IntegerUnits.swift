internal import CRNNKernels
package import RNNFixedPoint

/// A piecewise-linear function of the code.
package struct TableLookup: IntegerOperation {
  package var table: ActivationTable
  package var isRounded: Bool { true }
  package func check(_ check: inout IntegerNodeCheck) {
    check.expect(check.operands[0], table.input, "operand format")
    check.expect(check.format, table.output, "format")
  }
  /// The output code of every input code: `ActivationTable.code(for:)` of each.
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    let shift = table.interceptFraction - table.output.fraction
    precondition((0...62).contains(shift), "a table drops 0 to 62 bits, not \(shift)")
    table.slopes.withUnsafeBufferPointer { slopes in
      table.intercepts.withUnsafeBufferPointer { intercepts in
        var form = rnn_table(
          slopes: slopes.baseAddress, intercepts: intercepts.baseAddress, lower: table.lower,
          segments: Int64(slopes.count), segment_bits: Int32(table.segmentBits),
          shift: Int32(shift), output: table.output.kernel(.saturate))
        rnn_codes_activate(x[0].baseAddress, Int64(y.count), &form, y.baseAddress)
      }
    }
  }
}

/// The first over the root of the second plus a floor.
package struct IntegerNormalization: IntegerOperation {
  package var unit: Normalization
  package var isRounded: Bool { true }
  package func check(_ check: inout IntegerNodeCheck) {
    check.expect(check.operands[0], unit.value, "value format")
    check.expect(check.operands[1], unit.square, "square format")
    check.expect(check.format, unit.output, "format")
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    for i in y.indices { y[i] = unit.code(for: x[0][i], by: x[1][i]) }
  }
}

/// The sum or the greatest of all elements, as one element.
package struct IntegerReduce: IntegerOperation {
  package var reduction: IntegerReduction
  /// Elements of the operand.
  package var size: Int
  package var shape: OperationShape { .reduction }
  package var isRounded: Bool { true }
  package func check(_ check: inout IntegerNodeCheck) {
    let growth = reduction == .sum ? IntegerReduction.growth(size) : 0
    check.expect(check.format.width, check.operands[0].width + growth, "bits")
    check.expect(check.format.fraction, check.operands[0].fraction, "fraction bits")
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    y[0] = reduction == .sum ? x[0].reduce(0, +) : x[0].reduce(Int64.min, max)
  }
}

/// The one element of a vector in every element.
package struct IntegerBroadcast: IntegerOperation {
  package var shape: OperationShape { .broadcast }
  package func check(_ check: inout IntegerNodeCheck) {
    check.expect(check.format, check.operands[0], "format")
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    y.update(repeating: x[0][0])
  }
}
