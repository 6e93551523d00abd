internal import RNNGraph
internal import RNNInterchange

extension ONNXGraphReader {
  /// What steps give, with the recurrent layers that an exporter wrote step by step in place of their loops.
  ///
  /// A value that one step computes and the next one reads is a state. Each step has to be the same cell as the second
  /// one, and the first one that cell from zero states.
  ///
  /// - Returns: the same values, made of the sequence that the last layer gives; nil if no step reads another.
  mutating func unlooped(_ outputs: [ONNXStepNode]) throws -> [ONNXStepNode]? {
    var outputs = outputs
    var found = 0
    while let loop = try ONNXStepLoop(outputs) {
      guard let layer = loop.layer() else {
        throw ONNXRefusal(
          "steps read the ones before, but not as a simple recurrent network, GRU or LSTM from zero states does",
          fix: "export with LSTM, GRU or RNN nodes")
      }
      let stream = try appended(layer.cell, to: loop.source, time: loop.time)
      found += 1
      notes.append(
        ImportNote(
          "\(loop.time.size) steps", "unrolled loop", layer.cell.cell,
          "one recurrent layer for sequences of any length"))
      outputs = ONNXStepNode.replacing(
        Dictionary(
          uniqueKeysWithValues: layer.outputs.enumerated().map { t, node in
            (
              ObjectIdentifier(node),
              ONNXStepNode(.leaf(stream, step: t, of: loop.time), size: layer.cell.units)
            )
          }), in: outputs)
    }
    return found == 0 ? nil : outputs
  }

  /// All steps of a loop, one after the other, as a sequence.
  mutating func rolled(_ outputs: [ONNXStepNode]) throws -> ONNXStream {
    func refusal(_ why: String) -> ONNXRefusal {
      ONNXRefusal(
        "it joins \(outputs.count) steps that are no recurrent network written step by step: \(why)",
        fix: "export with LSTM, GRU or RNN nodes")
    }
    guard let after = try unlooped(outputs) else { throw refusal("no step reads another") }
    guard case .leaf(let source, _, let time)? = leaf(of: after[0])?.kind else {
      throw refusal("they do not depend on the data")
    }
    guard after.count == time.size else { throw refusal("the sequence has \(time.size)") }
    // What each step makes of the loop's output has to be the same.
    var algebra = ONNXStepAlgebra()
    var first: Int?
    for (t, node) in after.enumerated() {
      var known: [ObjectIdentifier: ONNXStepForm] = [:]
      for leaf in ONNXStepNode.inOrder([node]) {
        guard case .leaf(let stream, let step, _) = leaf.kind else { continue }
        guard step == t, stream.position == source.position else {
          throw refusal("step \(t) reads another step")
        }
        known[ObjectIdentifier(leaf)] = ONNXStepForm(.input, size: leaf.size)
      }
      guard let form = algebra.form(of: node, &known) else {
        throw refusal("step \(t) is not understood")
      }
      let number = algebra.number(form)
      guard first == nil || first == number else { throw refusal("step \(t) differs from step 0") }
      first = number
    }
    return try replayed(after[0], as: nil)
  }

  /// Appends a layer of a cell that was spelled out.
  mutating func appended(
    _ cell: ONNXSpelledCell, to source: ONNXStream, time: ONNXAtom
  ) throws -> ONNXStream {
    let part = try layers.part(
      cell: cell.cell, inputSize: cell.inputSize, units: cell.units, options: cell.options,
      values: cell.values)
    roles[time.id] = .time
    var stream = source
    stream.map = nil
    return try appended(.forward(part), to: stream)
  }
}

/// A loop over the steps of a sequence, of which a graph holds every turn.
struct ONNXStepLoop {
  /// A cell and what it gives at every step.
  struct Layer {
    var cell: ONNXSpelledCell
    var outputs: [ONNXStepNode]
  }
  /// The sequence that the loop reads.
  let source: ONNXStream
  let time: ONNXAtom
  /// The nodes of each step, operands first.
  private var steps: [[ONNXStepNode]]
  /// What step t reads of step t - 1, in the order of its use; nothing for step 0.
  private var states: [[ONNXStepNode]]

  /// - Returns: nil if no step reads another one.
  /// - Throws: `ONNXRefusal` if a step reads other than the one before, or several sequences.
  init?(_ outputs: [ONNXStepNode]) throws {
    var step: [ObjectIdentifier: Int] = [:]
    let nodes = ONNXStepNode.inOrder(outputs)
    var first: (stream: ONNXStream, time: ONNXAtom)?
    for node in nodes {
      if case .leaf(let stream, let t, let time) = node.kind {
        if first == nil || stream.position < (first?.stream.position ?? 0) {
          first = (stream, time)
        }
        step[ObjectIdentifier(node)] = t
      } else {
        step[ObjectIdentifier(node)] = node.operands.map { step[ObjectIdentifier($0)] ?? 0 }.max()
      }
    }
    guard let first else { return nil }
    (source, time) = first
    steps = [[ONNXStepNode]](repeating: [], count: time.size)
    states = steps
    var reads = false
    for node in nodes {
      let t = step[ObjectIdentifier(node)] ?? 0
      guard t < time.size else { return nil }
      steps[t].append(node)
      if case .concatenation = node.kind, node.operands.allSatisfy({ $0.leafOnly }) {
        // The ends of both directions side by side are no loop.
        continue
      }
      for operand in node.operands where step[ObjectIdentifier(operand)] != t {
        // Products with a state depend on the step before alone, but belong to this one.
        var state = operand
        while case .map(_, let inner) = state.kind { state = inner }
        guard step[ObjectIdentifier(state)] == t - 1, !state.leafOnly else {
          throw ONNXRefusal(
            "step \(t) reads more than the input's step and what step \(t - 1) computed",
            fix: "export with LSTM, GRU or RNN nodes")
        }
        reads = true
        if !states[t].contains(where: { $0 === state }) { states[t].append(state) }
      }
    }
    if !reads { return nil }
  }

  /// The first cell that reads the sequence and its own states alone.
  func layer() -> Layer? {
    let count = states.last?.count ?? 0
    guard time.size >= 2, states.dropFirst().allSatisfy({ $0.count == count }), count <= 16 else {
      return nil
    }
    for h in 0..<count {
      for c in [nil] + (0..<count).filter({ $0 != h }).map(Optional.some) {
        if let layer = layer(output: h, cell: c) { return layer }
      }
    }
    return nil
  }

  private func layer(output h: Int, cell c: Int?) -> Layer? {
    var algebra = ONNXStepAlgebra()
    // With two steps, nothing reads what the last one gives, so each of its nodes may be the output.
    let candidates = time.size > 2 ? [states[2][h]] : steps[1]
    for candidate in candidates {
      guard let form = form(of: candidate, at: 1, h, c, &algebra),
        let inputs = inputSize, form.size == states[1][h].size,
        let cell = ONNXSpelledCell(form, inputSize: inputs, hasCell: c != nil, algebra),
        let outputs = outputs(form, candidate, cell, h, c, &algebra)
      else { continue }
      return Layer(cell: cell, outputs: outputs)
    }
    return nil
  }

  /// What the cell gives at every step, if all of them are this cell.
  private func outputs(
    _ form: ONNXStepForm, _ second: ONNXStepNode, _ cell: ONNXSpelledCell, _ h: Int, _ c: Int?,
    _ algebra: inout ONNXStepAlgebra
  ) -> [ONNXStepNode]? {
    // The first step is the second one with zeros for what a step before would have given.
    guard let zero = self.form(of: second, at: 1, h, c, isZero: true, &algebra),
      let start = self.form(of: states[1][h], at: 0, nil, nil, &algebra), zero == start
    else { return nil }
    if let c, let next = cell.nextCell {
      guard let cellStart = self.form(of: states[1][c], at: 0, nil, nil, &algebra),
        zero.terms.keys.joined().contains(where: { atom, _ in
          if case .activation(_, let n) = atom { algebra.forms[n] == cellStart } else { false }
        })
      else { return nil }
      for t in 1..<time.size - 1 {
        guard self.form(of: states[t + 1][c], at: t, h, c, &algebra) == algebra.forms[next] else {
          return nil
        }
      }
    }
    var outputs = [states[1][h]]
    for t in 1..<time.size {
      let nodes = t + 1 < time.size ? [states[t + 1][h]] : steps[t]
      guard
        let node = nodes.first(where: {
          $0.size == form.size && self.form(of: $0, at: t, h, c, &algebra) == form
        })
      else { return nil }
      outputs.append(node)
    }
    return outputs
  }

  /// The number of features of the sequence, before what graphs do to it on the way into a step.
  private var inputSize: Int? {
    steps.lazy.joined().compactMap { node -> Int? in
      guard case .leaf(let stream, _, _) = node.kind, stream.position == source.position else {
        return nil
      }
      return stream.map?.matrix.columns ?? node.size
    }.first
  }

  /// The form of a node of a step, over the sequence and two of its states.
  private func form(
    of node: ONNXStepNode, at t: Int, _ h: Int?, _ c: Int?, isZero: Bool = false,
    _ algebra: inout ONNXStepAlgebra
  ) -> ONNXStepForm? {
    var known: [ObjectIdentifier: ONNXStepForm] = [:]
    for leaf in steps[t] {
      guard case .leaf(let stream, _, _) = leaf.kind, stream.position == source.position,
        stream.source == .output, stream.selection == nil
      else { continue }
      known[ObjectIdentifier(leaf)] = .input(stream, size: leaf.size)
    }
    for (number, state) in [h, c].enumerated() {
      guard let state else { continue }
      let node = states[t][state]
      known[ObjectIdentifier(node)] =
        isZero
        ? ONNXStepForm(bias: [Double](repeating: 0, count: node.size))
        : ONNXStepForm(.state(number), size: node.size)
    }
    return algebra.form(of: node, &known)
  }
}

extension ONNXStepForm {
  /// The features of a step of a sequence, as its map makes them of what the step of the model before gave.
  static func input(_ stream: ONNXStream, size: Int) -> ONNXStepForm {
    guard let map = stream.map else { return ONNXStepForm(.input, size: size) }
    var form = ONNXStepForm(bias: map.bias)
    form.add([.input: 1], Coefficient(map.matrix))
    return form
  }
}

extension ONNXStepNode {
  /// Whether nothing but maps of one step lie below it.
  fileprivate var leafOnly: Bool {
    var node = self
    while true {
      switch node.kind {
      case .leaf: return true
      case .map(_, let inner): node = inner
      case .state, .add, .multiply, .activation, .concatenation: return false
      }
    }
  }

  /// All nodes below some, operands before those that read them.
  static func inOrder(_ roots: [ONNXStepNode]) -> [ONNXStepNode] {
    var order: [ONNXStepNode] = []
    var seen: Set<ObjectIdentifier> = []
    for root in roots {
      var pending: [(node: ONNXStepNode, next: Int)] = [(root, 0)]
      while let (node, next) = pending.popLast() {
        if next == 0, !seen.insert(ObjectIdentifier(node)).inserted { continue }
        let operands = node.operands
        if next < operands.count {
          pending.append((node, next + 1))
          pending.append((operands[next], 0))
        } else {
          order.append(node)
        }
      }
    }
    return order
  }

  /// The same values with some nodes replaced.
  static func replacing(_ nodes: [ObjectIdentifier: ONNXStepNode], in roots: [ONNXStepNode])
    -> [ONNXStepNode]
  {
    var made = nodes
    for node in inOrder(roots) where made[ObjectIdentifier(node)] == nil {
      func new(_ n: ONNXStepNode) -> ONNXStepNode { made[ObjectIdentifier(n)] ?? n }
      let kind: Kind
      switch node.kind {
      case .leaf, .state: continue
      case .map(let map, let a): kind = .map(map, new(a))
      case .activation(let function, let a): kind = .activation(function, new(a))
      case .add(let a, let b): kind = .add(new(a), new(b))
      case .multiply(let a, let b): kind = .multiply(new(a), new(b))
      case .concatenation(let all): kind = .concatenation(all.map(new))
      }
      if zip(node.operands, node.operands.map(new)).allSatisfy({ $0 === $1 }) { continue }
      made[ObjectIdentifier(node)] = ONNXStepNode(kind, size: node.size)
    }
    return roots.map { made[ObjectIdentifier($0)] ?? $0 }
  }
}
