internal import CRNNKernels

/// An element-wise operation on vectors of floats; a, b, c are its operands, k its constants.
package enum TapeOp: Hashable, Sendable {
  case copy
  case add
  case subtract
  case multiply
  /// a * b + c
  case multiplyAdd
  /// a + b + c
  case add3
  case affine(scale: Float, offset: Float)
  /// Within 1e-6 relative.
  case sigmoid
  /// Within 1e-6 relative.
  case tanh
  case relu
  /// a * b (1 - b)
  case sigmoidSlope
  /// a * (1 - b^2)
  case tanhSlope
  /// a where b > 0, else 0; also the slope of relu, with b = relu(x)
  case gate
  /// a / sqrt(b + floor)
  case normalize(floor: Float)
  /// clamp(round(a * scale), lowest, highest) * ulp, with codes up to 24 bits.
  case quantize(TapeRounding, scale: Float, ulp: Float, lowest: Float, highest: Float)
  /// a where b is in the closed range, else 0
  case clampSlope(lowest: Float, highest: Float)
  /// Adds the sum of a over all rows to the destination, a single row.
  case accumulate
}

package enum TapeRounding: Hashable, Sendable { case down, halfUp, halfToEven }

/// A straight-line element-wise program, run over chunks that stay in the first-level cache.
package struct Tape {
  private var instructions: [rnn_instruction] = []

  package init() {}
  package var count: Int { instructions.count }

  /// Appends an instruction; operands are indices into the table that `run` is given.
  package mutating func append(_ op: TapeOp, to destination: Int, _ operands: [Int]) {
    var instruction = rnn_instruction()
    let (code, k) = Self.encode(op)
    instruction.op = Int32(code.rawValue)
    instruction.destination = Int32(destination)
    instruction.a = Int32(operands[0])
    instruction.b = Int32(operands.count > 1 ? operands[1] : operands[0])
    instruction.c = Int32(operands.count > 2 ? operands[2] : operands[0])
    instruction.k = (k[0], k[1], k[2], k[3])
    instructions.append(instruction)
  }

  private static func encode(_ op: TapeOp) -> (rnn_op, [Float]) {
    let none: [Float] = [0, 0, 0, 0]
    switch op {
    case .copy: return (RNN_COPY, none)
    case .add: return (RNN_ADD, none)
    case .subtract: return (RNN_SUBTRACT, none)
    case .multiply: return (RNN_MULTIPLY, none)
    case .multiplyAdd: return (RNN_MULTIPLY_ADD, none)
    case .add3: return (RNN_ADD3, none)
    case .affine(let scale, let offset): return (RNN_AFFINE, [scale, offset, 0, 0])
    case .sigmoid: return (RNN_SIGMOID, none)
    case .tanh: return (RNN_TANH, none)
    case .relu: return (RNN_RELU, none)
    case .sigmoidSlope: return (RNN_SIGMOID_SLOPE, none)
    case .tanhSlope: return (RNN_TANH_SLOPE, none)
    case .gate: return (RNN_GATE, none)
    case .normalize(let floor): return (RNN_NORMALIZE, [floor, 0, 0, 0])
    case .quantize(let rounding, let scale, let ulp, let lowest, let highest):
      let k = [scale, ulp, lowest, highest]
      switch rounding {
      case .down: return (RNN_QUANTIZE_DOWN, k)
      case .halfUp: return (RNN_QUANTIZE_HALF_UP, k)
      case .halfToEven: return (RNN_QUANTIZE_HALF_EVEN, k)
      }
    case .clampSlope(let lowest, let highest): return (RNN_CLAMP_SLOPE, [0, 0, lowest, highest])
    case .accumulate: return (RNN_ACCUMULATE, none)
    }
  }

  /// Runs the program over `rows` rows of `columns` elements, a multiple of 16.
  ///
  /// - Parameters:
  ///   - rowBases: what each kind of operand adds to its row.
  ///   - registers: room for 512 floats for every register.
  package func run(
    _ operands: TapeOperands, rowBases: UnsafePointer<Int64>, rows: Int, columns: Int,
    registers: UnsafeMutablePointer<Float>
  ) {
    instructions.withUnsafeBufferPointer { code in
      operands.table.withUnsafeBufferPointer { table in
        rnn_tape_run(
          code.baseAddress, Int32(code.count), table.baseAddress, rowBases, Int64(rows),
          Int64(columns), registers)
      }
    }
  }
}

/// Where the operands of a tape lie in one run.
package struct TapeOperands {
  fileprivate var table: [rnn_operand] = []
  package init() {}
  package mutating func appendRegister(_ number: Int) {
    table.append(rnn_operand(base: nil, stride: Int64(number), row_base: 0))
  }
  /// A matrix whose row 0 is at `base`, 64-byte aligned; a stride of 0 repeats one row.
  package mutating func appendMemory(
    _ base: UnsafeMutablePointer<Float>, stride: Int, rowBase: Int
  ) {
    table.append(rnn_operand(base: base, stride: Int64(stride), row_base: Int32(rowBase)))
  }
}

/// Asks for a matrix to be brought into the second-level cache while the processor does other work.
package func prefetch(_ matrix: MatrixView, rows: Int, columns: Int) {
  rnn_prefetch(matrix.base, Int64(matrix.stride), Int64(rows), Int64(columns))
}

/// Writes the transpose of a rows x columns matrix.
package func transpose(_ source: MatrixView, rows: Int, columns: Int, into destination: MatrixView)
{
  rnn_transpose(
    source.base, Int64(source.stride), Int64(rows), Int64(columns), destination.base,
    Int64(destination.stride))
}
