internal import Dispatch
internal import RNNGraph
internal import RNNTensor

/// Multiplies the Jacobian of one step of some neighbouring layers by a matrix, without forming the Jacobian.
///
/// Forward mode over the cell graphs with all columns at once. The matrix is walked in strips of columns that
/// stay in the cache; with several threads each takes strips of its own, which changes no result.
final class TangentWalk<Scalar: LinearAlgebraScalar> {
  /// The number of columns of a strip.
  static var strip: Int { 128 }

  let layers: Range<Int>
  /// The number of elements of all states of all layers.
  let size: Int
  /// The first row of each layer.
  private let starts: [Int]
  private let graphs: [CellGraph]
  private let programs: [TangentProgram]
  /// `[layer][parameter]`: dense row-major matrices; empty for vectors.
  private let weights: [[[Scalar]]]
  private let threads: Int
  /// `[thread][layer][slot]`.
  private let buffers: [[[UnsafeMutablePointer<Scalar>]]]

  /// - Parameters:
  ///   - layers: the layers whose states count; the input of the first is taken as given.
  ///   - threads: how many strips are walked side by side.
  init(_ interpreter: ReferenceInterpreter, layers: Range<Int>, threads: Int) {
    self.layers = layers
    self.threads = threads
    graphs = layers.map { interpreter.network.layers[$0].graph }
    var programs: [TangentProgram] = []
    var starts: [Int] = []
    var rows = 0
    for (i, graph) in graphs.enumerated() {
      programs.append(
        TangentProgram(
          graph, inputHasTangent: programs.last?.output != nil,
          wantsOutput: i + 1 < layers.count))
      starts.append(rows)
      rows += graph.states.reduce(0) { $0 + $1.size }
    }
    size = rows
    self.starts = starts
    self.programs = programs
    weights = layers.map { l in
      zip(interpreter.network.layers[l].graph.parameters, interpreter.dense[l]).map {
        $0.isMatrix ? $1.map { Scalar($0) } : []
      }
    }
    buffers = (0..<max(1, threads)).map { _ in
      programs.map { $0.slotSizes.map { .allocate(capacity: $0 * Self.strip) } }
    }
  }
  deinit {
    for pointer in buffers.joined().joined() { pointer.deallocate() }
  }

  /// result = J directions, at the node values of the step.
  ///
  /// - Parameters:
  ///   - values: `[layer][node]` over all layers of the network.
  ///   - directions: `size` rows.
  func apply(
    values: [[[Double]]], _ directions: ColumnMajor<Scalar>, columns: Int,
    into result: ColumnMajor<Scalar>
  ) {
    let factors: [[[Scalar]]] = programs.indices.map { i in
      programs[i].factors.map { factor, size in
        TangentProgram.evaluate(
          factor, size: size, graph: graphs[i], values: values[layers.lowerBound + i]
        ).map { Scalar($0) }
      }
    }
    let strips = (columns + Self.strip - 1) / Self.strip
    let workers = min(threads, strips)
    func work(_ worker: Int) {
      for s in stride(from: worker, to: strips, by: workers) {
        let first = s * Self.strip
        walk(
          buffers[worker], factors, directions.dropping(columns: first),
          columns: min(Self.strip, columns - first), into: result.dropping(columns: first))
      }
    }
    guard workers > 1 else { return work(0) }
    // Strips are different columns of the result, workers have different buffers, and all end here.
    nonisolated(unsafe) let shared = work
    DispatchQueue.concurrentPerform(iterations: workers) { shared($0) }
  }

  private func walk(
    _ buffers: [[UnsafeMutablePointer<Scalar>]], _ factors: [[[Scalar]]],
    _ directions: ColumnMajor<Scalar>, columns: Int, into result: ColumnMajor<Scalar>
  ) {
    var below: ColumnMajor<Scalar>?
    for (l, program) in programs.enumerated() {
      func matrix(_ place: TangentProgram.Place) -> ColumnMajor<Scalar> {
        switch place {
        case .state(let offset): return directions.dropping(rows: starts[l] + offset)
        case .slot(let s): return ColumnMajor(buffers[l][s], stride: program.slotSizes[s])
        case .below:
          guard let below else { preconditionFailure("the layer below gives no tangent") }
          return below
        }
      }
      for instruction in program.instructions {
        let target = matrix(.slot(instruction.target))
        let size = instruction.size
        switch instruction.operation {
        case .product(let p, let transposed, let place):
          let parameter = graphs[l].parameters[p]
          let across = parameter.columns ?? 1
          weights[l][p].withUnsafeBufferPointer { w in
            guard let w = w.baseAddress else { return }
            // Row-major weights are the transpose of what the column-major product reads.
            Scalar.multiply(
              m: size, n: columns, k: transposed ? parameter.rows : across, w, aStride: across,
              transposeA: !transposed, matrix(place), into: target)
          }
        case .scale(let place, let factor):
          Self.scale(
            matrix(place), factors[l][factor], rows: size, columns: columns, into: target)
        case .reduce(let place, let factor, let rows):
          Self.reduce(matrix(place), factors[l][factor], rows: rows, columns: columns, into: target)
        case .broadcast(let place):
          let from = matrix(place)
          for c in 0..<columns {
            (target.base + c * target.stride).update(
              repeating: from.base[c * from.stride], count: size)
          }
        case .sum(let a, let b):
          Self.sum(
            matrix(a.place), a.factor.map { factors[l][$0] }, matrix(b.place),
            b.factor.map { factors[l][$0] }, rows: size, columns: columns, into: target)
        }
      }
      var row = starts[l]
      for (state, place) in zip(graphs[l].states, program.next) {
        let target = result.dropping(rows: row)
        let source = place.map(matrix)
        for c in 0..<columns {
          if let source {
            (target.base + c * target.stride).update(
              from: source.base + c * source.stride, count: state.size)
          } else {
            (target.base + c * target.stride).update(repeating: 0, count: state.size)
          }
        }
        row += state.size
      }
      below = program.output.map(matrix)
    }
  }

  private static func scale(
    _ a: ColumnMajor<Scalar>, _ factor: [Scalar], rows: Int, columns: Int,
    into target: ColumnMajor<Scalar>
  ) {
    factor.withUnsafeBufferPointer { f in
      for c in 0..<columns {
        let x = a.base + c * a.stride
        let y = target.base + c * target.stride
        for r in 0..<rows { y[r] = f[r] * x[r] }
      }
    }
  }

  private static func reduce(
    _ a: ColumnMajor<Scalar>, _ factor: [Scalar], rows: Int, columns: Int,
    into target: ColumnMajor<Scalar>
  ) {
    for c in 0..<columns {
      let x = a.base + c * a.stride
      var sum: Scalar = 0
      for r in 0..<rows { sum += factor[r] * x[r] }
      target.base[c * target.stride] = sum
    }
  }

  private static func sum(
    _ a: ColumnMajor<Scalar>, _ f: [Scalar]?, _ b: ColumnMajor<Scalar>, _ g: [Scalar]?,
    rows: Int, columns: Int, into target: ColumnMajor<Scalar>
  ) {
    let ones = f == nil || g == nil ? [Scalar](repeating: 1, count: rows) : []
    (f ?? ones).withUnsafeBufferPointer { f in
      (g ?? ones).withUnsafeBufferPointer { g in
        for c in 0..<columns {
          let x = a.base + c * a.stride
          let z = b.base + c * b.stride
          let y = target.base + c * target.stride
          for r in 0..<rows { y[r] = f[r] * x[r] + g[r] * z[r] }
        }
      }
    }
  }
}
