internal import CRNNKernels
package import RNNFixedPoint

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
  /// f(a), one element after the other in double precision
  case function(ScalarFunction)
  /// a * f'(x), with b what the derivative is a function of: x or f(x)
  case functionSlope(ScalarFunction)
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

/// How the kernels round to a format.
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
    if let context = ScalarMap.context(of: op) {
      instruction.map = ScalarMap.call
      instruction.context = context
    }
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
    case .function: return (RNN_MAP, none)
    case .functionSlope: return (RNN_MAP_SLOPE, none)
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

/// Functions that C calls element by element; they live as long as the process.
private final class ScalarMap: Sendable {
  private let formula: @Sendable (Double) -> Double
  private init(_ formula: @escaping @Sendable (Double) -> Double) { self.formula = formula }

  private static let maps: [TapeOp: ScalarMap] = Dictionary(
    uniqueKeysWithValues: ScalarFunction.all.flatMap { f -> [(TapeOp, ScalarMap)] in
      let slope =
        switch f.derivative {
        case .ofArgument(let slope), .ofValue(let slope): slope
        }
      return [
        (.function(f), ScalarMap { f($0) }), (.functionSlope(f), ScalarMap(slope)),
      ]
    })
  /// What `call` needs for an operation; nil for those that C computes itself.
  static func context(of op: TapeOp) -> UnsafeMutableRawPointer? {
    maps[op].map { Unmanaged.passUnretained($0).toOpaque() }
  }
  static let call: @convention(c) (UnsafeMutableRawPointer?, Float) -> Float = { context, x in
    guard let context else { return .nan }
    return Float(Unmanaged<ScalarMap>.fromOpaque(context).takeUnretainedValue().formula(Double(x)))
  }
}

/// Where the operands of a tape lie in one run.
package struct TapeOperands {
  fileprivate var table: [rnn_operand] = []
  package init() {}
  /// The tape's register of a number.
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
