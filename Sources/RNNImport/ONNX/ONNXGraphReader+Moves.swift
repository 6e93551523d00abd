internal import RNNInterchange

extension ONNXGraphReader {
  /// The features of a stream as parts, the slowest first; parts of length 1 say nothing and are left out.
  func features(_ stream: ONNXStream) -> [ONNXAtom] {
    func number(_ atom: ONNXAtom) -> Int? {
      if case .feature(let n)? = roles[atom.id] { n } else { nil }
    }
    return stream.axes.flatMap { $0 }.filter { $0.size > 1 && number($0) != nil }
      .sorted { (number($0) ?? 0, $0.id) < (number($1) ?? 0, $1.id) }
  }
  func featureCount(_ stream: ONNXStream) -> Int { features(stream).reduce(1) { $0 * $1.size } }

  /// Moves the elements of a stream: what a node does to axes is done to their atoms.
  mutating func moved(_ stream: ONNXStream, _ move: ONNXMove) throws -> [ONNXValue] {
    var result = stream
    switch move {
    case .transpose(let order): result.axes = order.map { stream.axes[$0] }
    case .squeeze(let axes):
      result.axes = stream.axes.indices.filter { !axes.contains($0) }.map { stream.axes[$0] }
    case .unsqueeze(let axes): for a in axes { result.axes.insert([atom(1)], at: a) }
    case .reshape(let shape): result.axes = try regrouped(stream.axes, shape)
    case .expand(let shape):
      guard shape == stream.shape else {
        throw ONNXRefusal(
          "it repeats data from \(stream.shape) to \(shape)", fix: "do not repeat data")
      }
    case .take(let axis, let indices, let keeps):
      return [try taken(stream, axis, indices, keeps: keeps)]
    case .split(let axis, let sizes):
      var start = 0
      return try sizes.map { size in
        defer { start += size }
        return try taken(stream, axis, Array(start..<start + size), keeps: true)
      }
    }
    return [.stream(result)]
  }

  /// The atoms in their order, cut into axes of these lengths.
  private mutating func regrouped(_ axes: [[ONNXAtom]], _ shape: [Int]) throws -> [[ONNXAtom]] {
    var rest = axes.flatMap { $0 }[...]
    var groups: [[ONNXAtom]] = []
    for (i, length) in shape.enumerated() {
      var group: [ONNXAtom] = []
      var size = 1
      if length == 1 {
        if let next = rest.first, next.size == 1 { group.append(rest.removeFirst()) }
      } else {
        while size < length, let next = rest.first {
          group.append(next)
          size *= next.size
          rest.removeFirst()
        }
      }
      guard size == length else {
        throw ONNXRefusal(
          "it cuts axes of \(axes.map { $0.reduce(1) { $0 * $1.size } }) into \(shape) across their borders",
          fix: "reshape only to merge or separate whole axes")
      }
      // Axes of length 1 that no group claims belong to the last one, where they mean nothing.
      if i == shape.count - 1 { group += rest }
      groups.append(group.isEmpty ? [atom(1)] : group)
    }
    if shape.isEmpty { return [] }
    return groups
  }

  /// Some places of an axis: of features a choice of them, of time a step.
  private mutating func taken(_ stream: ONNXStream, _ axis: Int, _ indices: [Int], keeps: Bool)
    throws
    -> ONNXValue
  {
    var stream = stream
    let large = stream.axes[axis].filter { $0.size > 1 }
    guard let part = large.first ?? stream.axes[axis].first(where: { roles[$0.id] == .time }) else {
      // An axis of length 1: its only place is all of it.
      guard indices == [0] else {
        throw ONNXRefusal("it repeats data along axis \(axis)", fix: "do not repeat data")
      }
      if !keeps { stream.axes.remove(at: axis) }
      return .stream(stream)
    }
    if roles[part.id] == nil {
      // What is cut into pieces and is not the last axis is the sequence.
      roles[part.id] = axis == stream.axes.count - 1 ? .feature(0) : .time
    }
    let parts = features(stream)
    let first = parts.firstIndex(of: part) ?? 0
    guard large.count <= 1 || Array(parts.dropFirst(first).prefix(large.count)) == large else {
      throw ONNXRefusal(
        "it cuts an axis that is a product of several", fix: "cut before merging axes")
    }
    switch roles[part.id] {
    case .feature:
      let count = try countable(stream)
      let size = large.reduce(1) { $0 * $1.size }
      let inner = parts[(first + large.count)...].reduce(1) { $0 * $1.size }
      let outer = parts[..<first].reduce(1) { $0 * $1.size }
      let picks = (0..<outer).flatMap { o in
        indices.flatMap { i in (0..<inner).map { (o * size + i) * inner + $0 } }
      }
      let chosen = atom(indices.count, roles[part.id])
      stream = try applying(AffineMap(picking: picks, of: count), to: stream)
      stream.axes[axis] = [chosen]
      if !keeps { stream.axes.remove(at: axis) }
      return .stream(stream)
    case .time:
      guard indices.count == 1, stream.source == .output, stream.selection == nil else {
        throw ONNXRefusal(
          indices == Array((0..<part.size).reversed())
            ? "it turns time around" : "it takes \(indices.count) of \(part.size) steps",
          fix: "use whole sequences or their last step; for reversed time use direction = reverse")
      }
      bindLastAxis(stream)
      stream.axes[axis] = [atom(1)]
      if !keeps { stream.axes.remove(at: axis) }
      let count = try countable(stream)
      return .step(
        ONNXStepValue(
          axes: stream.axes,
          node: ONNXStepNode(.leaf(stream, step: indices[0], of: part), size: count)))
    default:
      throw ONNXRefusal("it takes some sequences of a batch", fix: "use whole batches")
    }
  }

  /// Frameworks put features last: what arithmetic reads first says that the last axis is made of them.
  mutating func bindLastAxis(_ stream: ONNXStream) {
    guard stream.map == nil, features(stream).isEmpty, let last = stream.axes.last else { return }
    for atom in last where roles[atom.id] == nil { roles[atom.id] = .feature(0) }
  }

  /// The number of features, if a matrix over them can be held in memory.
  func countable(_ stream: ONNXStream) throws -> Int {
    let count = stream.map?.matrix.rows ?? featureCount(stream)
    guard count <= 2048 else {
      throw ONNXRefusal(
        "it works on \(count) features, more than 2048", fix: "use fewer features")
    }
    return count
  }
}
