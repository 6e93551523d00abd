private import Foundation
internal import RNNGraph
internal import RNNSupport
internal import RNNTensor

/// What one segment gave.
struct SegmentResult: Sendable {
  struct Part: Sendable {
    /// The sum of log |R_ii| over the steps that count.
    var sums: [Double]
    /// The number of steps after which `history` was noted, in the last half of the segment.
    var times: [Int] = []
    /// The sums at those times.
    var history: [[Double]] = []
  }
  var parts: [Part]
  /// The sum of log |det J| over the steps that count; 0 where nobody asked.
  var logDeterminant = 0.0
}

/// Follows segments one after the other, reusing its memory.
final class SegmentRunner<Scalar: LinearAlgebraScalar> {
  private let interpreter: ReferenceInterpreter
  private let options: LyapunovOptions
  private var frames: [Frame]
  private let determinants: [Determinant]

  /// The directions of one group of layers.
  private final class Frame {
    let walk: TangentWalk<Scalar>
    let columns: Int
    let orthonormalizer: Orthonormalizer<Scalar>
    var directions: ColumnMajor<Scalar>
    var spare: ColumnMajor<Scalar>
    init(_ walk: TangentWalk<Scalar>, columns: Int) {
      self.walk = walk
      self.columns = columns
      orthonormalizer = Orthonormalizer(rows: walk.size, columns: columns)
      directions = Self.matrix(walk.size, columns)
      spare = Self.matrix(walk.size, columns)
    }
    deinit {
      directions.base.deallocate()
      spare.base.deallocate()
    }
    private static func matrix(_ rows: Int, _ columns: Int) -> ColumnMajor<Scalar> {
      let base = UnsafeMutablePointer<Scalar>.allocate(capacity: rows * columns)
      base.initialize(repeating: 0, count: rows * columns)
      return ColumnMajor(base, stride: rows)
    }

    func reset(_ start: LyapunovOptions.Start, _ generator: SplitMix64) {
      var generator = generator
      for c in 0..<columns {
        for r in 0..<walk.size {
          directions.base[c * walk.size + r] =
            start == .identity ? (r == c ? 1 : 0) : Scalar(normal(&generator))
        }
      }
      if start == .random { orthonormalizer.orthonormalize(directions) }
    }

    func advance(_ values: [[[Double]]]) {
      walk.apply(values: values, directions, columns: columns, into: spare)
      swap(&directions, &spare)
    }

    /// log |R_ii|; minus infinity where it is zero, or so small beside the columns that rounding could have made it.
    func orthonormalize() -> [Double] {
      var greatest = 0.0
      for c in 0..<columns {
        var square = 0.0
        for r in 0..<walk.size {
          let x = Double(directions.base[c * walk.size + r])
          square += x * x
        }
        greatest = max(greatest, square.squareRoot())
      }
      guard greatest.isFinite else { return [Double](repeating: .nan, count: columns) }
      orthonormalizer.orthonormalize(directions)
      let floor = greatest * Double(Scalar.ulpOfOne) * Double(max(16, walk.size))
      return orthonormalizer.diagonal.map { $0 > Scalar(floor) ? log(Double($0)) : -.infinity }
    }
  }

  /// The determinant of the Jacobian of one group of layers.
  private final class Determinant {
    let walk: TangentWalk<Double>
    private let identity: ColumnMajor<Double>
    private let jacobian: ColumnMajor<Double>
    init(_ walk: TangentWalk<Double>) {
      self.walk = walk
      let n = walk.size
      identity = ColumnMajor(.allocate(capacity: n * n), stride: n)
      jacobian = ColumnMajor(.allocate(capacity: n * n), stride: n)
      identity.base.initialize(repeating: 0, count: n * n)
      jacobian.base.initialize(repeating: 0, count: n * n)
      for i in 0..<n { identity.base[i * n + i] = 1 }
    }
    deinit {
      identity.base.deallocate()
      jacobian.base.deallocate()
    }
    func logAbsolute(_ values: [[[Double]]]) -> Double {
      walk.apply(values: values, identity, columns: walk.size, into: jacobian)
      return logAbsoluteDeterminant(jacobian, size: walk.size)
    }
  }

  init(
    _ interpreter: ReferenceInterpreter, parts: [Range<Int>], options: LyapunovOptions,
    threads: Int
  ) {
    self.interpreter = interpreter
    self.options = options
    frames = parts.map { part in
      let walk = TangentWalk<Scalar>(interpreter, layers: part, threads: threads)
      return Frame(walk, columns: min(options.count ?? walk.size, walk.size))
    }
    determinants =
      options.checksSum
      ? parts.map { Determinant(TangentWalk<Double>(interpreter, layers: $0, threads: threads)) }
      : []
  }

  /// Follows one segment from the initial state.
  ///
  /// - Parameters:
  ///   - number: of the segment; its random directions are its own.
  ///   - afterStep: called after every step; may throw to stop.
  func run(_ input: [Double], number: Int, afterStep: () throws -> Void) throws -> SegmentResult {
    let network = interpreter.network
    let root = SplitMix64(seed: options.seed).fork("lyapunov \(number)")
    for (p, frame) in frames.enumerated() { frame.reset(options.start, root.fork("part \(p)")) }
    var result = SegmentResult(
      parts: frames.map { .init(sums: [Double](repeating: 0, count: $0.columns)) })
    var states = network.layers.map(\.graph.initialStates)
    let width = network.inputSize
    let length = options.warmUp + options.steps
    for t in 0..<length {
      var x = Array(input[t * width..<(t + 1) * width])
      var values: [[[Double]]] = []
      for (l, layer) in network.layers.enumerated() {
        let step = interpreter.step(layer: l, input: x, states: states[l], number: t)
        states[l] = layer.graph.states.map { step[$0.next.index] }
        x = step[layer.graph.output.index]
        values.append(step)
      }
      for frame in frames { frame.advance(values) }
      let counted = t + 1 - options.warmUp
      let isLast = t + 1 == options.warmUp || t + 1 == length
      // Steps that count start a new rhythm, so that every QR belongs to one side.
      let phase = counted > 0 ? counted : t + 1
      if phase % options.interval == 0 || isLast {
        for (p, frame) in frames.enumerated() {
          let logs = frame.orthonormalize()
          if logs.contains(where: \.isNaN) { throw diverged(step: t) }
          guard counted > 0 else { continue }
          for i in logs.indices { result.parts[p].sums[i] += logs[i] }
          if 2 * counted >= options.steps {
            result.parts[p].times.append(counted)
            result.parts[p].history.append(result.parts[p].sums)
          }
        }
      }
      if counted > 0 {
        for determinant in determinants { result.logDeterminant += determinant.logAbsolute(values) }
      }
      try afterStep()
    }
    return result
  }

  private func diverged(step: Int) -> DiagnosticsEmitted {
    DiagnosticsEmitted(
      Diagnostic(
        stage: "lyapunov", path: "step \(step + 1)",
        message: "the states, or the growth of their changes, are not finite",
        fix: options.interval > 1
          ? "use --interval 1; if that does not help, the network's states grow without bound on this input"
          : "the network's states grow without bound on this input; give smaller inputs or weights")
    )
  }
}

/// A standard normal number (Box and Muller 1958).
private func normal(_ generator: inout SplitMix64) -> Double {
  let radius = (-2 * log(1 - generator.unit())).squareRoot()
  return radius * cos(2 * Double.pi * generator.unit())
}
