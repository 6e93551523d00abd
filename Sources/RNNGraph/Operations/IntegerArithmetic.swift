internal import CRNNKernels
package import RNNFixedPoint

/// The exact sum or difference of codes with equal formats; the result has one more bit.
package struct IntegerSum: IntegerOperation {
  package var subtracts: Bool
  package func check(_ check: inout IntegerNodeCheck) {
    check.expect(check.operands[0], check.operands[1], "operand formats")
    check.expect(check.format.width, check.operands[0].width + 1, "bits")
    check.expect(check.format.fraction, check.operands[0].fraction, "fraction bits")
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    let (a, b) = (x[0].baseAddress, x[1].baseAddress)
    if subtracts {
      rnn_codes_subtract(a, b, Int64(y.count), y.baseAddress)
    } else {
      rnn_codes_add(a, b, Int64(y.count), y.baseAddress)
    }
  }
}

/// The exact product of codes; widths and fractions add.
package struct IntegerProduct: IntegerOperation {
  package func check(_ check: inout IntegerNodeCheck) {
    let (a, b) = (check.operands[0], check.operands[1])
    check.expect(check.format.width, a.width + b.width, "bits")
    check.expect(check.format.fraction, a.fraction + b.fraction, "fraction bits")
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    rnn_codes_multiply(x[0].baseAddress, x[1].baseAddress, Int64(y.count), y.baseAddress)
  }
}

/// An exact change to a format with at least as many integer and fraction bits.
package struct Extension: IntegerOperation {
  package var from: QFormat
  package var to: QFormat
  /// Zero bits that are appended.
  package var shift: Int { to.fraction - from.fraction }
  package func check(_ check: inout IntegerNodeCheck) {
    if shift < 0 || to.width - to.fraction < from.width - from.fraction {
      check.fault("extends \(from) to the narrower \(to)")
    }
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    for i in y.indices { y[i] = x[0][i] << Int64(shift) }
  }
}

/// A change of format that rounds and fits.
package struct Requantization: IntegerOperation {
  package var from: QFormat
  package var to: QFormat
  package var rounding: RoundingRule
  package var overflow: OverflowRule
  /// Bits that are dropped; negative for zero bits that are appended.
  package var shift: Int { from.fraction - to.fraction }
  package var isRounded: Bool { true }
  package func check(_ check: inout IntegerNodeCheck) {}
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    rnn_codes_requantize(
      x[0].baseAddress, Int64(y.count), Int32(shift), rounding.kernel, to.kernel(overflow),
      y.baseAddress)
  }
}

/// The greater of the code and zero, in the operand's format.
package struct IntegerRelu: IntegerOperation {
  package func check(_ check: inout IntegerNodeCheck) {
    check.expect(check.format, check.operands[0], "format")
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    rnn_codes_relu(x[0].baseAddress, Int64(y.count), y.baseAddress)
  }
}

/// The first where the second is greater than zero, else zero; in the first's format.
package struct IntegerGate: IntegerOperation {
  package func check(_ check: inout IntegerNodeCheck) {
    check.expect(check.format, check.operands[0], "format")
  }
  package func execute(
    _ x: [UnsafeBufferPointer<Int64>], into y: UnsafeMutableBufferPointer<Int64>
  ) {
    rnn_codes_gate(x[0].baseAddress, x[1].baseAddress, Int64(y.count), y.baseAddress)
  }
}

extension RoundingRule {
  var kernel: rnn_rounding {
    switch self {
    case .down: RNN_ROUND_DOWN
    case .halfUp: RNN_ROUND_HALF_UP
    case .halfToEven: RNN_ROUND_HALF_EVEN
    }
  }
}

extension QFormat {
  func kernel(_ overflow: OverflowRule) -> rnn_format {
    rnn_format(width: Int32(width), wraps: overflow == .wrap ? 1 : 0)
  }
}
