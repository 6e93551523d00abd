internal import Foundation
internal import RNNSupport

/// Computes nodes whose operands are all constant: the arithmetic that exporters do on shapes and initial states.
struct ONNXConstants {
  let opset: Int
  let folder: URL?

  func fold(_ node: ONNXNode, _ operands: [ONNXTensor?]) throws -> [ONNXValue] {
    if node.kind == "Constant" { return [.constant(try literal(node))] }
    guard let first = operands.first ?? nil else {
      throw ONNXRefusal(
        "the operator \(node.kind) is not supported", fix: "export without it")
    }
    switch node.kind {
    case "Identity": return [.constant(first)]
    case "Cast": return [.constant(try cast(node, first))]
    case "Shape": return [.constant(try Self.slicedShape(first.shape, node))]
    case "Neg": return [.constant(map(first, { -$0 }, { 0 &- $0 }))]
    case "ConstantOfShape":
      let shape = try Self.shape(first.integers ?? [])
      let value =
        try node.tensor("value").map { try ONNXTensor($0, folder: folder) }
        ?? ONNXTensor(shape: [1], floats: [0])
      guard value.count == 1 else {
        throw ONNXRefusal("its value has \(value.count) elements", fix: "export again")
      }
      return [
        .constant(
          value.picking([Int](repeating: 0, count: shape.reduce(1, *)), shape: shape))
      ]
    case "Expand":
      guard let wanted = operands.dropFirst().first.flatMap({ $0?.integers }) else {
        throw ONNXRefusal("its shape is missing", fix: "export again")
      }
      let target = try Self.common(first.shape, Self.shape(wanted))
      return [.constant(try first.expanded(to: target))]
    case "Add", "Sub", "Mul", "Div", "Equal": return [.constant(try binary(node, operands))]
    case "Where":
      guard operands.count == 3, let a = operands[1], let b = operands[2] else { break }
      let shape = try Self.common(try Self.common(first.shape, a.shape), b.shape)
      let chosen = zip(
        try first.expanded(to: shape).floats,
        zip(try a.expanded(to: shape).floats, try b.expanded(to: shape).floats)
      ).map { $0 != 0 ? $1.0 : $1.1 }
      if a.integers != nil, b.integers != nil {
        return [.constant(ONNXTensor(shape: shape, integers: chosen.map { Int($0) }))]
      }
      return [.constant(ONNXTensor(shape: shape, floats: chosen))]
    case "MatMul", "Gemm": return [.constant(try product(node, operands))]
    case "Concat":
      return [.constant(try concatenated(operands.compactMap { $0 }, axis: node.int("axis") ?? 0))]
    default: break
    }
    // Everything else that may be done to constants only moves elements: follow their places.
    let places = ONNXTensor(shape: first.shape, integers: Array(0..<first.count))
    guard let moved = try ONNXMove(node, operands, shape: first.shape, opset: opset) else {
      throw ONNXRefusal(
        "the operator \(node.kind) is not supported for constants", fix: "export without it")
    }
    return try moved.apply(to: places).map {
      .constant(first.picking($0.integers ?? [], shape: $0.shape))
    }
  }

  private func literal(_ node: ONNXNode) throws -> ONNXTensor {
    if let tensor = node.tensor("value") { return try ONNXTensor(tensor, folder: folder) }
    if let value = node.float("value_float") { return ONNXTensor(shape: [], floats: [value]) }
    if let value = node.int("value_int") { return ONNXTensor(shape: [], integers: [value]) }
    if let values = node.floats("value_floats") {
      return ONNXTensor(shape: [values.count], floats: values)
    }
    if let values = node.ints("value_ints") {
      return ONNXTensor(shape: [values.count], integers: values)
    }
    throw ONNXRefusal("a constant of this kind is not supported", fix: "use a tensor of numbers")
  }
  private func cast(_ node: ONNXNode, _ tensor: ONNXTensor) throws -> ONNXTensor {
    let kind = Onnx_TensorProto.DataType(rawValue: node.int("to") ?? 0) ?? .undefined
    _ = node.has("saturate")
    switch kind {
    case .float:
      return ONNXTensor(shape: tensor.shape, floats: tensor.floats.map { Double(Float($0)) })
    case .double: return ONNXTensor(shape: tensor.shape, floats: tensor.floats)
    case .int64, .int32:
      let limit = Double(1 << 62)
      return ONNXTensor(
        shape: tensor.shape,
        integers: tensor.integers
          ?? tensor.floats.map { Int(saturating: min(max($0, -limit), limit)) })
    case .bool:
      return ONNXTensor(shape: tensor.shape, integers: tensor.floats.map { $0 != 0 ? 1 : 0 })
    default:
      throw ONNXRefusal("the type to = \(kind) is not supported", fix: "use float32 or int64")
    }
  }
  private func map(_ t: ONNXTensor, _ f: (Double) -> Double, _ g: (Int) -> Int) -> ONNXTensor {
    switch t.elements {
    case .floats(let e): ONNXTensor(shape: t.shape, floats: e.map(f))
    case .integers(let e): ONNXTensor(shape: t.shape, integers: e.map(g))
    }
  }
  private func binary(_ node: ONNXNode, _ operands: [ONNXTensor?]) throws -> ONNXTensor {
    guard operands.count == 2, let a = operands[0], let b = operands[1] else {
      throw ONNXRefusal("it needs two operands", fix: "export again")
    }
    let shape = try Self.common(a.shape, b.shape)
    let (left, right) = (try a.expanded(to: shape), try b.expanded(to: shape))
    if node.kind == "Equal" {
      return ONNXTensor(
        shape: shape, integers: zip(left.floats, right.floats).map { $0 == $1 ? 1 : 0 })
    }
    if let x = left.integers, let y = right.integers {
      if node.kind == "Div", y.contains(0) {
        throw ONNXRefusal("it divides by 0", fix: "export again")
      }
      let f: (Int, Int) -> Int =
        switch node.kind {
        case "Add": { $0 &+ $1 }
        case "Sub": { $0 &- $1 }
        case "Mul": { $0 &* $1 }
        default: { $0.dividedReportingOverflow(by: $1).partialValue }
        }
      return ONNXTensor(shape: shape, integers: zip(x, y).map(f))
    }
    let f: (Double, Double) -> Double =
      switch node.kind {
      case "Add": { $0 + $1 }
      case "Sub": { $0 - $1 }
      case "Mul": { $0 * $1 }
      default: { $0 / $1 }
      }
    return ONNXTensor(shape: shape, floats: zip(left.floats, right.floats).map(f))
  }
  /// A product of two matrices, as an initial state meets one.
  private func product(_ node: ONNXNode, _ operands: [ONNXTensor?]) throws -> ONNXTensor {
    guard operands.count >= 2, let a = operands[0], let b = operands[1], a.shape.count == 2,
      b.shape.count == 2
    else { throw ONNXRefusal("it multiplies constants that are no matrices", fix: "export again") }
    var left = Matrix(rows: a.shape[0], columns: a.shape[1], values: a.floats)
    var right = Matrix(rows: b.shape[0], columns: b.shape[1], values: b.floats)
    let isGemm = node.kind == "Gemm"
    if isGemm, node.int("transA") ?? 0 != 0 { left = left.transposed }
    if isGemm, node.int("transB") ?? 0 != 0 { right = right.transposed }
    let (partial, overflow) = left.rows.multipliedReportingOverflow(by: right.columns)
    let (count, more) = partial.multipliedReportingOverflow(by: max(left.columns, 1))
    guard left.columns == right.rows, !overflow, !more, count <= ONNXTensor.largestComputed else {
      throw ONNXRefusal(
        "the constant matrices \(a.shape) and \(b.shape) do not fit, or are too great to multiply",
        fix: "export again")
    }
    var values = left.times(right).values
    if isGemm {
      let (alpha, beta) = (node.float("alpha") ?? 1, node.float("beta") ?? 1)
      values = values.map { $0 * alpha }
      if operands.count > 2, let c = operands[2] {
        let bias = try c.expanded(to: [left.rows, right.columns]).floats
        values = zip(values, bias).map { $0 + beta * $1 }
      }
    }
    return ONNXTensor(shape: [left.rows, right.columns], floats: values)
  }
  private func concatenated(_ parts: [ONNXTensor], axis: Int) throws -> ONNXTensor {
    let rank = parts[0].shape.count
    let axis = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(axis),
      parts.allSatisfy({ part in
        part.shape.count == rank
          && part.shape.indices.allSatisfy { $0 == axis || part.shape[$0] == parts[0].shape[$0] }
      })
    else { throw ONNXRefusal("its operands do not fit together", fix: "export again") }
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    try Self.check(shape)
    let outer = shape[..<axis].reduce(1, *)
    func joined<T>(_ elements: [[T]]) -> [T] {
      (0..<outer).flatMap { o in
        zip(parts, elements).flatMap { part, e -> ArraySlice<T> in
          let run = part.shape[axis...].reduce(1, *)
          return e[o * run..<(o + 1) * run]
        }
      }
    }
    let integers = parts.compactMap(\.integers)
    return integers.count == parts.count
      ? ONNXTensor(shape: shape, integers: joined(integers))
      : ONNXTensor(shape: shape, floats: joined(parts.map(\.floats)))
  }

  /// The sizes that a `Shape` node gives.
  static func slicedShape(_ shape: [Int], _ node: ONNXNode) throws -> ONNXTensor {
    func position(_ n: Int) -> Int { min(max(n < 0 ? n + shape.count : n, 0), shape.count) }
    let start = position(node.int("start") ?? 0)
    let end = position(node.int("end") ?? shape.count)
    let part = Array(shape[start..<max(start, end)])
    return ONNXTensor(shape: [part.count], integers: part)
  }
  /// A shape from a tensor, of a size that may be computed.
  static func shape(_ lengths: [Int]) throws -> [Int] {
    try check(lengths)
    return lengths
  }
  static func check(_ shape: [Int]) throws {
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow, product <= ONNXTensor.largestComputed else {
        throw ONNXRefusal(
          "it computes a constant of shape \(shape.prefix(8).map { $0 })",
          fix: "store constants of more than \(ONNXTensor.largestComputed) elements in the file")
      }
      count = product
    }
  }
  /// The shape that two broadcast to.
  static func common(_ a: [Int], _ b: [Int]) throws -> [Int] {
    let rank = max(a.count, b.count)
    let x = [Int](repeating: 1, count: rank - a.count) + a
    let y = [Int](repeating: 1, count: rank - b.count) + b
    let shape = try zip(x, y).map { n, m -> Int in
      guard n == m || n == 1 || m == 1 else {
        throw ONNXRefusal("the shapes \(a) and \(b) do not fit", fix: "export again")
      }
      return n == 1 ? m : n
    }
    try check(shape)
    return shape
  }
}

extension ONNXTensor {
  fileprivate func expanded(to target: [Int]) throws -> ONNXTensor {
    guard let sources = broadcast(to: target) else {
      throw ONNXRefusal("the shape \(shape) does not expand to \(target)", fix: "export again")
    }
    return picking(sources, shape: target)
  }
}
