internal import RNNFixedPoint
internal import RNNGraph
internal import RNNTensor

/// A layer's parameters in the form in which products and kernels want them, and their gradients.
final class LayerParameters {
  private let plan: LayerPlan
  /// Every matrix dense, `[padded(rows)][columns]`, at its region.
  let dense: AlignedBuffer
  /// For every group that is not transposed: `[operandSize][width]`, the stacked matrices transposed,
  /// which is the order in which oneDNN's product is fastest.
  private let stacks: [AlignedBuffer]
  private let vectors: AlignedBuffer
  private let vectorOffsets: [Int]
  let vectorTotal: Int
  /// Gradients by the dense matrices, laid out as `dense`.
  let gradients: AlignedBuffer

  init(_ plan: LayerPlan) {
    self.plan = plan
    dense = AlignedBuffer(count: plan.regionTotal)
    gradients = AlignedBuffer(count: plan.regionTotal)
    stacks = plan.analysis.groups.map {
      AlignedBuffer(count: $0.transposed ? 0 : $0.operandSize * $0.width)
    }
    var offsets: [Int] = []
    var total = 0
    for vector in plan.vectors {
      offsets.append(total)
      total += padded(vector.size)
    }
    vectorOffsets = offsets
    vectorTotal = total
    vectors = AlignedBuffer(count: total)
  }

  /// The values of a vector of the plan.
  func vector(_ k: Int) -> UnsafeMutablePointer<Float> { vectors.base + vectorOffsets[k] }
  /// Where a vector of the plan starts among the vectors and among their gradients.
  func vectorOffset(_ k: Int) -> Int { vectorOffsets[k] }

  /// What the forward product of a group multiplies by, `[operandSize][columns]`.
  func forwardMatrix(_ g: Int) -> (matrix: MatrixView, columns: Int) {
    let group = plan.analysis.groups[g]
    guard group.transposed else {
      return (MatrixView(stacks[g].base, stride: group.width), group.width)
    }
    guard case .matvec(let p, _, _) = plan.graph.nodes[group.members[0]].op,
      let region = plan.regions[p.index]
    else { preconditionFailure("a group holds products") }
    let columns = plan.graph[p].columns ?? 1
    return (MatrixView(dense.base + region, stride: columns), columns)
  }

  // MARK: From stored values

  /// Takes over one parameter: rounds it to its format, expands its structure, transposes into the stacks.
  ///
  /// Different parameters touch different memory.
  func load(_ p: Int, _ stored: [Float]) {
    let parameter = plan.graph.parameters[p]
    stored.withUnsafeBufferPointer { source in
      guard let columns = parameter.columns else {
        for (k, use) in plan.vectors.enumerated() where use.parameter == p {
          copy(source, to: vector(k), parameter)
          if use.size != parameter.rows {
            vector(k).update(repeating: vector(k)[0], count: use.size)
          }
        }
        return
      }
      guard let region = plan.regions[p] else { return }
      let target = dense.base + region
      if !parameter.structure.storesEveryEntry {
        let values = UnsafeMutablePointer<Float>.allocate(capacity: stored.count)
        defer { values.deallocate() }
        copy(source, to: values, parameter)
        expand(values, parameter, columns: columns, into: target)
      } else {
        copy(source, to: target, parameter)
      }
      for (g, group) in plan.analysis.groups.enumerated() where !group.transposed {
        for (v, column) in zip(group.members, group.columns) {
          guard case .matvec(let used, _, _) = plan.graph.nodes[v].op, used.index == p else {
            continue
          }
          transpose(
            MatrixView(target, stride: columns), rows: parameter.rows, columns: columns,
            into: MatrixView(stacks[g].base + column, stride: group.width))
        }
      }
    }
  }

  private func copy(
    _ source: UnsafeBufferPointer<Float>, to target: UnsafeMutablePointer<Float>,
    _ parameter: Parameter
  ) {
    guard let format = parameter.format else {
      if let base = source.baseAddress { target.update(from: base, count: source.count) }
      return
    }
    let scale = Float(1 / format.ulp)
    let ulp = Float(format.ulp)
    let (low, high) = (Float(format.minCode), Float(format.maxCode))
    for i in 0..<source.count {
      let code = (source[i] * scale).rounded(.toNearestOrEven)
      target[i] = (code < low ? low : code > high ? high : code) * ulp
    }
  }

  private func expand(
    _ stored: UnsafeMutablePointer<Float>, _ parameter: Parameter, columns: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    parameter.structure.forEachRow(rows: parameter.rows, columns: columns) { r, indices in
      let row = target + r * columns
      for c in 0..<columns { row[c] = indices[c] < 0 ? 0 : stored[Int(indices[c])] }
    }
  }

  // MARK: Gradients in stored shape

  /// The gradient by one parameter's stored values.
  ///
  /// - Parameter vectorGradients: the gradients by vectors, laid out by `vectorOffset`, of each shard.
  func gradient(
    _ p: Int, stored: [Float], vectorGradients: [UnsafeMutablePointer<Float>]
  ) -> [Float] {
    let parameter = plan.graph.parameters[p]
    var result = [Float](unsafeUninitializedCapacity: stored.count) { buffer, count in
      buffer.update(repeating: 0)
      count = stored.count
      guard let base = buffer.baseAddress else { return }
      guard let columns = parameter.columns else {
        for (k, use) in plan.vectors.enumerated() where use.parameter == p {
          for shard in vectorGradients {
            add(shard + vectorOffsets[k], of: use, into: base, count: count)
          }
        }
        return
      }
      guard let region = plan.regions[p] else { return }
      let source = gradients.base + region
      if !parameter.structure.storesEveryEntry {
        fold(source, parameter, columns: columns, into: base)
      } else {
        base.update(from: source, count: count)
      }
    }
    if let format = parameter.format {
      let (low, high) = (Float(format.minValue), Float(format.maxValue))
      for i in result.indices where stored[i] < low || stored[i] > high { result[i] = 0 }
    }
    return result
  }

  /// Adds the gradient by a vector to that by its parameter, which may stand in every element.
  private func add(
    _ source: UnsafeMutablePointer<Float>, of use: LayerPlan.Vector,
    into target: UnsafeMutablePointer<Float>, count: Int
  ) {
    guard use.size != count else {
      for i in 0..<count { target[i] += source[i] }
      return
    }
    var sum = 0.0
    for i in 0..<use.size { sum += Double(source[i]) }
    target[0] += Float(sum)
  }

  private func fold(
    _ source: UnsafeMutablePointer<Float>, _ parameter: Parameter, columns: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    parameter.structure.forEachRow(rows: parameter.rows, columns: columns) { r, indices in
      let row = source + r * columns
      for c in 0..<columns where indices[c] >= 0 { target[Int(indices[c])] += row[c] }
    }
  }
}
