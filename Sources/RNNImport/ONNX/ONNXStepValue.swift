internal import RNNGraph
internal import RNNInterchange

/// A value of one step of a sequence that the graph cut into its steps.
struct ONNXStepValue {
  var axes: [[ONNXAtom]]
  var node: ONNXStepNode
}

/// What was computed from single steps: a graph whose nodes are shared, so that loops can be found in it.
final class ONNXStepNode {
  enum Kind {
    case leaf(ONNXStream, step: Int, of: ONNXAtom)
    /// An input of the graph that holds what the step before gave.
    case state(String)
    case map(AffineMap, ONNXStepNode)
    case add(ONNXStepNode, ONNXStepNode)
    case multiply(ONNXStepNode, ONNXStepNode)
    case activation(CellActivation, ONNXStepNode)
    case concatenation([ONNXStepNode])
  }
  let kind: Kind
  /// The number of features.
  let size: Int
  /// The longest way to a leaf.
  let depth: Int
  /// The greatest depth of a value: loops over longer sequences are not unrolled by anybody.
  static let deepest = 4096

  init(_ kind: Kind, size: Int) {
    self.kind = kind
    self.size = size
    depth = 1 + (Self.operands(kind).map(\.depth).max() ?? 0)
  }
  var operands: [ONNXStepNode] { Self.operands(kind) }
  private static func operands(_ kind: Kind) -> [ONNXStepNode] {
    switch kind {
    case .leaf, .state: []
    case .map(_, let n), .activation(_, let n): [n]
    case .add(let a, let b), .multiply(let a, let b): [a, b]
    case .concatenation(let all): all
    }
  }
}

extension ONNXGraphReader {
  /// A node of which an operand is one step of a sequence.
  mutating func readStepwise(
    _ node: ONNXNode, _ operands: [ONNXValue?], _ constants: [ONNXTensor?]
  ) throws -> [ONNXValue] {
    let cut = operands.compactMap { value -> ONNXStepValue? in
      if case .step(let step)? = value { step } else { nil }
    }
    // Deeper graphs of objects could not be released without deep recursion.
    guard cut.allSatisfy({ $0.node.depth < ONNXStepNode.deepest }) else {
      throw ONNXRefusal(
        "more than \(ONNXStepNode.deepest) operations on single steps follow each other",
        fix: "export with a shorter sequence, or with LSTM, GRU or RNN nodes")
    }
    guard cut.count == zip(operands, constants).count(where: { $0 != nil && $1 == nil }) else {
      throw ONNXRefusal(
        "it combines single steps with a whole sequence", fix: "export with LSTM, GRU or RNN nodes")
    }
    if node.kind == "Concat" { return [try concatenated(cut, node, operands)] }
    if cut.count == 1 {
      if let activation = try ONNXActivations.node(node) {
        return [
          .step(
            ONNXStepValue(
              axes: cut[0].axes,
              node: ONNXStepNode(.activation(activation, cut[0].node), size: cut[0].node.size)))
        ]
      }
      // Everything else treats a step as it treats a sequence.
      let stand = ONNXStream(axes: cut[0].axes, position: steps.count)
      let replaced = operands.map { value -> ONNXValue? in
        if case .step? = value { .stream(stand) } else { value }
      }
      return try readStream(node, replaced, constants).map { result in
        guard case .stream(let stream) = result else { return result }
        let inner = cut[0].node
        return .step(
          ONNXStepValue(
            axes: stream.axes,
            node: stream.map.map { ONNXStepNode(.map($0, inner), size: $0.matrix.rows) } ?? inner))
      }
    }
    switch node.kind {
    case "Add", "Sub", "Mul":
      let (a, b) = (cut[0], cut[1])
      guard a.node.size == b.node.size else {
        throw ONNXRefusal(
          "it combines \(a.node.size) with \(b.node.size) features", fix: "export again")
      }
      let axes = merged(a.axes, b.axes)
      let right =
        node.kind == "Sub"
        ? ONNXStepNode(
          .map(
            AffineMap(identity: b.node.size).scaled(by: .init(repeating: -1, count: b.node.size)),
            b.node), size: b.node.size) : b.node
      let kind: ONNXStepNode.Kind =
        node.kind == "Mul" ? .multiply(a.node, right) : .add(a.node, right)
      return [.step(ONNXStepValue(axes: axes, node: ONNXStepNode(kind, size: a.node.size)))]
    default:
      throw ONNXRefusal(
        "the operator \(node.kind) is not supported", fix: Self.remedy(node.kind))
    }
  }

  /// The axes of two values that broadcast; where one has length 1, those of the other.
  private func merged(_ a: [[ONNXAtom]], _ b: [[ONNXAtom]]) -> [[ONNXAtom]] {
    let (long, short) = a.count >= b.count ? (a, b) : (b, a)
    let padded = [[ONNXAtom]](repeating: [], count: long.count - short.count) + short
    return zip(long, padded).map { x, y in
      x.allSatisfy { $0.size == 1 } && y.contains { $0.size > 1 } ? y : x
    }
  }

  /// Features of steps side by side, or all steps one after the other: an unrolled loop.
  private mutating func concatenated(
    _ cut: [ONNXStepValue], _ node: ONNXNode, _ operands: [ONNXValue?]
  ) throws -> ONNXValue {
    let rank = cut[0].axes.count
    let at = node.int("axis") ?? 0
    let axis = at < 0 ? at + rank : at
    guard (0..<rank).contains(axis) else {
      throw ONNXRefusal("its operands do not fit together", fix: "export again")
    }
    let cut = try operands.map { try part($0, beside: cut[0], axis: axis) }
    guard cut.allSatisfy({ $0.axes.count == rank }) else {
      throw ONNXRefusal("its operands do not fit together", fix: "export again")
    }
    let isTime =
      !readsStates && cut.allSatisfy { value in value.axes[axis].allSatisfy { $0.size == 1 } }
    if isTime {
      var stream = try rolled(cut.map(\.node))
      guard case .leaf(_, _, let time)? = leaf(of: cut[0].node)?.kind else {
        preconditionFailure("a step value without a leaf")
      }
      var axes = cut[0].axes
      for (a, group) in axes.enumerated() where group.contains(where: { $0.size > 1 }) {
        // The features of the loop are those of its last layer, whatever they were called inside.
        if group.allSatisfy({ roles[$0.id] != .batch && $0.size > 1 }), a == rank - 1 {
          axes[a] = [atom(stream.map?.matrix.rows ?? cut[0].node.size, .feature(0))]
        }
      }
      axes[axis] = [time]
      stream.axes = axes
      return .stream(stream)
    }
    var axes = cut.dropFirst().reduce(cut[0].axes) { merged($0, $1.axes) }
    let count = cut.reduce(0) { $0 + $1.node.size }
    axes[axis] = [atom(count, .feature(0))]
    return .step(
      ONNXStepValue(axes: axes, node: ONNXStepNode(.concatenation(cut.map(\.node)), size: count)))
  }

  /// An operand of features side by side; a constant, such as a first state, is a map that ignores the step.
  private func part(_ operand: ONNXValue?, beside other: ONNXStepValue, axis: Int) throws
    -> ONNXStepValue
  {
    switch operand {
    case .step(let value)?: return value
    case .constant(let constant)?:
      let count = constant.shape.indices.contains(axis) ? constant.shape[axis] : 0
      let stride = ONNXTensor.strides(constant.shape)
      let values = constant.floats
      guard constant.shape.count == other.axes.count, (1...2048).contains(count),
        values.indices.allSatisfy({ values[$0] == values[$0 / stride[axis] % count * stride[axis]] }
        )
      else {
        throw ONNXRefusal(
          "its constant differs along an axis that is not one of features",
          fix: "use constants that are the same at every step and in every sequence")
      }
      let zeros = Matrix(
        rows: count, columns: other.node.size,
        values: [Double](repeating: 0, count: count * other.node.size))
      let map = AffineMap(matrix: zeros, bias: (0..<count).map { values[$0 * stride[axis]] })
      var axes = other.axes
      axes[axis] = [ONNXAtom(id: 0, size: count)]
      return ONNXStepValue(
        axes: axes, node: ONNXStepNode(.map(map, other.node), size: count))
    case .stream, .outside, .refused, nil:
      throw ONNXRefusal("its operands do not fit together", fix: "export again")
    }
  }

  /// The first leaf below a node.
  func leaf(of node: ONNXStepNode) -> ONNXStepNode? {
    var node = node
    while true {
      if case .leaf = node.kind { return node }
      guard let next = node.operands.first else { return nil }
      node = next
    }
  }

  /// A value of the last step, or of the last step of each direction, as a stream: what was done to it becomes layers.
  mutating func joined(_ value: ONNXStepValue) throws -> ONNXStream {
    func leaves(_ root: ONNXStepNode) throws -> [(step: Int, count: Int)] {
      try ONNXStepNode.inOrder([root]).compactMap { node in
        switch node.kind {
        case .leaf(_, let step, let time): return (step, time.size)
        case .state(let name):
          throw ONNXRefusal(
            "it depends on the input \"\(name)\", which is neither the data nor the state of a cell that is understood",
            fix: "give it with --constant \(name)=FILE, or name the data with --input")
        case .map, .add, .multiply, .activation, .concatenation: return nil
        }
      }
    }
    var node = value.node
    var found = try leaves(node)
    if !found.allSatisfy({ $0.step == $0.count - 1 }), let after = try unlooped([node]) {
      node = after[0]
      found = try leaves(node)
    }
    guard node.depth <= 256 else {
      throw ONNXRefusal(
        "\(node.depth) operations on single steps lead to it",
        fix: "export with LSTM, GRU or RNN nodes")
    }
    let isLast = found.allSatisfy { $0.step == $0.count - 1 }
    guard isLast || found.allSatisfy({ $0.step == $0.count - 1 || $0.step == 0 }) else {
      throw ONNXRefusal(
        "it depends on steps \(Set(found.map(\.step)).sorted().prefix(8).map { $0 }) of the sequence alone",
        fix: "use all steps, the last one, or the last one of each direction")
    }
    var stream = try replayed(node, as: isLast ? .last : .final)
    stream.axes = value.axes
    return stream
  }

  /// What was done to a step, done to the sequence or, with a selection, to its chosen step: it becomes layers.
  mutating func replayed(_ node: ONNXStepNode, as selection: SequenceModel.Selection?) throws
    -> ONNXStream
  {
    switch node.kind {
    case .leaf(var stream, let step, let time):
      if selection == .final { try checkDirection(stream.map, stream, step: step, of: time) }
      stream.selection = selection
      return stream
    case .map(let map, let inner):
      if case .leaf(var stream, let step, let time) = inner.kind, selection == .final {
        try checkDirection(stream.map.map(map.after) ?? map, stream, step: step, of: time)
        stream.selection = selection
        return try applying(map, to: stream)
      }
      return try applying(map, to: replayed(inner, as: selection))
    case .activation(let activation, let inner):
      return try activated(replayed(inner, as: selection), activation)
    case .concatenation(let all):
      let parts = try all.map { try replayed($0, as: selection) }
      guard parts.allSatisfy({ $0.position == parts[0].position }) else { fallthrough }
      let maps = try parts.map { try $0.map ?? AffineMap(identity: countable($0)) }
      var result = parts[0]
      let rows = maps.reduce(0) { $0 + $1.matrix.rows }
      result.map = AffineMap(
        matrix: Matrix(
          rows: rows, columns: maps[0].matrix.columns, values: maps.flatMap(\.matrix.values)),
        bias: maps.flatMap(\.bias))
      if result.map == AffineMap(identity: rows) { result.map = nil }
      return result
    case .add, .multiply, .state:
      throw ONNXRefusal(
        "it combines several values of the last step; layers are a chain",
        fix: "export a model without branches and skip connections")
    }
  }

  /// The last step belongs to what reads forward, the first one to what reads backwards.
  private func checkDirection(_ map: AffineMap?, _ stream: ONNXStream, step: Int, of time: ONNXAtom)
    throws
  {
    let all = try countable(ONNXStream(axes: stream.axes, position: 0, map: nil))
    let columns = map?.matrix.columns ?? all
    let forward =
      switch stream.position > 0 ? steps[stream.position - 1] : .select(.last) {
      case .forward(let part): part.network.outputSize
      case .bidirectional(let part, _): part.network.outputSize
      case .reverse, .select, .oneHot, .flip, .read, .attention, .softmax: 0
      }
    let allowed = step == time.size - 1 ? 0..<forward : forward..<columns
    let used = (0..<columns).filter { c in
      guard let matrix = map?.matrix else { return true }
      return (0..<matrix.rows).contains { matrix.values[$0 * columns + c] != 0 }
    }
    guard used.allSatisfy({ allowed.contains($0) }) else {
      throw ONNXRefusal(
        "it takes step \(step) of values that are not complete there",
        fix: "take the last step of what reads forward and the first of what reads backwards")
    }
  }
}
