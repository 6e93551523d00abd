/// A node that only moves or chooses elements, with its constant operands read and checked.
enum ONNXMove {
  case transpose([Int])
  case reshape([Int])
  /// The axes that go.
  case squeeze([Int])
  /// The axes of the result that are new.
  case unsqueeze([Int])
  /// Some places of an axis; `keeps` is false where the axis goes because there is only one.
  case take(axis: Int, indices: [Int], keeps: Bool)
  /// Consecutive pieces of an axis.
  case split(axis: Int, sizes: [Int])
  case expand([Int])

  /// Nil for a node of another kind.
  init?(_ node: ONNXNode, _ constants: [ONNXTensor?], shape: [Int], opset: Int) throws {
    let rank = shape.count
    /// An operand that has to be constant.
    func integers(_ i: Int) throws -> [Int]? {
      guard node.input(i) != nil else { return nil }
      guard constants.indices.contains(i), let values = constants[i]?.integers else {
        throw ONNXRefusal(
          "its input \"\(node.input(i) ?? "")\" depends on the data", fix: "export a fixed shape")
      }
      return values
    }
    func axis(_ n: Int, rank: Int = shape.count) throws -> Int {
      let axis = n < 0 ? n + rank : n
      guard (0..<rank).contains(axis) else {
        throw ONNXRefusal("it has no axis \(n)", fix: "export again")
      }
      return axis
    }
    switch node.kind {
    case "Transpose":
      let order = node.ints("perm") ?? Array((0..<rank).reversed())
      guard order.sorted() == Array(0..<rank) else {
        throw ONNXRefusal("perm = \(order) is no order of \(rank) axes", fix: "export again")
      }
      self = .transpose(order)
    case "Reshape":
      guard let wanted = try integers(1) else {
        throw ONNXRefusal("its shape is missing", fix: "export with opset 5 or newer")
      }
      self = .reshape(try Self.shape(wanted, of: shape, zeroIsZero: node.int("allowzero") == 1))
    case "Flatten":
      let at = node.int("axis") ?? 1
      let cut = at == rank ? rank : try axis(at)
      self = .reshape([shape[..<cut].reduce(1, *), shape[cut...].reduce(1, *)])
    case "Squeeze":
      let axes =
        try (integers(1) ?? node.ints("axes"))?.map { try axis($0) }
        ?? shape.indices.filter { shape[$0] == 1 }
      for a in axes where shape[a] != 1 {
        throw ONNXRefusal("axis \(a) has length \(shape[a]), not 1", fix: "export again")
      }
      self = .squeeze(axes)
    case "Unsqueeze":
      guard let axes = try integers(1) ?? node.ints("axes") else {
        throw ONNXRefusal("its axes are missing", fix: "export again")
      }
      self = .unsqueeze(try axes.map { try axis($0, rank: rank + axes.count) }.sorted())
    case "Gather":
      let a = try axis(node.int("axis") ?? 0)
      guard let indices = try integers(1), let tensor = constants[1], tensor.shape.count <= 1 else {
        throw ONNXRefusal("its indices are no list", fix: "export again")
      }
      self = .take(
        axis: a, indices: try indices.map { try Self.place($0, shape[a]) },
        keeps: !tensor.shape.isEmpty)
    case "Slice":
      guard let starts = try node.ints("starts") ?? integers(1),
        let ends = try node.ints("ends") ?? integers(2), starts.count == ends.count
      else { throw ONNXRefusal("its starts or ends are missing", fix: "export again") }
      let axes = try node.ints("axes") ?? integers(3) ?? Array(starts.indices)
      let strides = try integers(4) ?? [Int](repeating: 1, count: starts.count)
      let cuts = try zip(zip(axes, strides), zip(starts, ends)).compactMap {
        a, range -> ONNXMove? in
        let at = try axis(a.0)
        let indices = try Self.range(range.0, range.1, a.1, shape[at])
        return indices == Array(0..<shape[at])
          ? nil : .take(axis: at, indices: indices, keeps: true)
      }
      guard cuts.count <= 1, starts.count == axes.count, strides.count == axes.count else {
        throw ONNXRefusal("it cuts several axes", fix: "export one slice per axis")
      }
      self = cuts.first ?? .reshape(shape)
    case "Split":
      let a = try axis(node.int("axis") ?? 0)
      let parts = node.int("num_outputs") ?? node.outputs.count
      let piece = (shape[a] + max(parts, 1) - 1) / max(parts, 1)
      let sizes =
        try node.ints("split") ?? integers(1)
        ?? (0..<max(parts, 1)).map { min(piece, shape[a] - min($0 * piece, shape[a])) }
      guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, { $0 &+ $1 }) == shape[a] else {
        throw ONNXRefusal(
          "its pieces \(sizes) are not \(shape[a]) together", fix: "export again")
      }
      self = .split(axis: a, sizes: sizes)
    case "Expand":
      guard let wanted = try integers(1) else { return nil }
      self = .expand(try ONNXConstants.common(shape, wanted))
    default: return nil
    }
  }

  private static func place(_ index: Int, _ length: Int) throws -> Int {
    guard (-length..<length).contains(index) else {
      throw ONNXRefusal("the index \(index) is outside of \(length)", fix: "export again")
    }
    return index < 0 ? index + length : index
  }
  private static func range(_ start: Int, _ end: Int, _ stride: Int, _ length: Int) throws -> [Int]
  {
    guard stride != 0, stride != Int.min else {
      throw ONNXRefusal("a stride of \(stride) is not supported", fix: "export again")
    }
    func clamped(_ n: Int, _ low: Int, _ high: Int) -> Int {
      min(max(n < 0 ? n &+ length : n, low), high)
    }
    // A stride beyond the axis chooses one place, whatever its length.
    let stride = min(max(stride, -length - 1), length + 1)
    return stride > 0
      ? Array(
        Swift.stride(from: clamped(start, 0, length), to: clamped(end, 0, length), by: stride))
      : Array(
        Swift.stride(
          from: clamped(start, -1, length - 1),
          to: end < -length ? -1 : clamped(end, -1, length - 1),
          by: stride))
  }
  private static func shape(_ wanted: [Int], of shape: [Int], zeroIsZero: Bool) throws -> [Int] {
    let count = shape.reduce(1, *)
    var result: [Int] = []
    for (i, length) in wanted.enumerated() {
      if length == 0, !zeroIsZero {
        guard i < shape.count else {
          throw ONNXRefusal(
            "its shape \(wanted) copies an axis that is not there", fix: "export again")
        }
        result.append(shape[i])
      } else {
        result.append(length)
      }
    }
    let known = result.filter { $0 != -1 }.reduce(1) {
      $0.multipliedReportingOverflow(by: $1).partialValue
    }
    if let open = result.firstIndex(of: -1), known > 0 { result[open] = count / known }
    guard result.allSatisfy({ $0 >= 0 }),
      result.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) == count
    else {
      throw ONNXRefusal(
        "the shape \(shape) does not become \(wanted)",
        fix: "export with the lengths that the model is used with, or with open ones")
    }
    return result
  }

  /// The results for a tensor.
  func apply(to t: ONNXTensor) throws -> [ONNXTensor] {
    let strides = ONNXTensor.strides(t.shape)
    func viewed(_ shape: [Int], _ strides: [Int], offset: Int = 0) -> ONNXTensor {
      t.picking(ONNXTensor.places(shape, strides: strides).map { $0 + offset }, shape: shape)
    }
    switch self {
    case .transpose(let order):
      return [viewed(order.map { t.shape[$0] }, order.map { strides[$0] })]
    case .reshape(let shape): return [ONNXTensor(shape: shape, elements: t.elements)]
    case .squeeze(let axes):
      return [
        ONNXTensor(
          shape: t.shape.indices.filter { !axes.contains($0) }.map { t.shape[$0] },
          elements: t.elements)
      ]
    case .unsqueeze(let axes):
      var shape = t.shape
      for a in axes { shape.insert(1, at: a) }
      return [ONNXTensor(shape: shape, elements: t.elements)]
    case .take(let axis, let indices, let keeps):
      var shape = t.shape
      shape[axis] = indices.count
      try ONNXConstants.check(shape)
      let inner = shape[(axis + 1)...].reduce(1, *)
      let outer = shape[..<axis].reduce(1, *)
      let sources = (0..<outer).flatMap { o in
        indices.flatMap { i in (0..<inner).map { (o * t.shape[axis] + i) * inner + $0 } }
      }
      if !keeps { shape.remove(at: axis) }
      return [t.picking(sources, shape: shape)]
    case .split(let axis, let sizes):
      var start = 0
      return sizes.map { size in
        defer { start += size }
        var shape = t.shape
        shape[axis] = size
        return viewed(shape, strides, offset: start * strides[axis])
      }
    case .expand(let shape):
      guard let sources = t.broadcast(to: shape) else {
        throw ONNXRefusal("the shape \(t.shape) does not expand to \(shape)", fix: "export again")
      }
      return [t.picking(sources, shape: shape)]
    }
  }
}
