internal import RNNGraph
internal import RNNInterchange

/// Graphs of one step whose states are inputs and outputs, with cells that are spelled out.
extension ONNXGraphReader {
  /// Whether a node computes with a state, instead of handing it to a recurrent node.
  func computesWithStates(_ node: ONNXNode, _ operands: [ONNXValue?]) -> Bool {
    let kinds: Set = ["Add", "Sub", "Mul", "MatMul", "Gemm", "Concat", "Neg", "Div"]
    return kinds.contains(node.kind)
      && operands.contains {
        switch $0 {
        case .outside?: true
        case .step(let value)?: readsStates && value.node.hasState
        default: false
        }
      }
  }

  /// The operands as values of the only step there is: states, and the data beside them.
  mutating func asOneStep(_ node: ONNXNode, _ operands: [ONNXValue?]) throws -> [ONNXValue?] {
    try operands.enumerated().map { i, value in
      switch value {
      case .outside(let name)?:
        return .step(try state(name, shape: node.input(i).flatMap { stateShapes[$0] }))
      case .stream(let stream)?: return .step(try onlyStep(of: stream))
      case .constant, .step, .refused, nil: return value
      }
    }
  }

  /// - Parameter shape: nil where nodes have moved the elements of the input.
  private mutating func state(_ name: String, shape: [Int]?) throws -> ONNXStepValue {
    readsStates = true
    guard let shape, let size = shape.last, (1...2048).contains(size), size != 1039,
      shape.count <= 3
    else {
      throw ONNXRefusal(
        "the input \"\(name)\" beside the data has no number of features, or was cut or turned before",
        fix: "give each state as an input of its own, or the tensor with --constant")
    }
    let node = stateNodes[name] ?? ONNXStepNode(.state(name), size: size)
    guard node.size == size else {
      throw ONNXRefusal(
        "the input \"\(name)\" beside the data has \(size) features here and \(node.size) elsewhere",
        fix: "give each state as an input of its own, or the tensor with --constant")
    }
    stateNodes[name] = node
    return ONNXStepValue(
      axes: shape.dropLast().map { _ in [atom(1)] } + [[atom(size, .feature(0))]], node: node)
  }

  /// The sequence of one step as its step.
  private mutating func onlyStep(of stream: ONNXStream) throws -> ONNXStepValue {
    guard stream.source == .output, stream.selection == nil else {
      throw ONNXRefusal(
        "it computes with a state and with one step of a sequence",
        fix: "export one step of the model")
    }
    bindLastAxis(stream)
    let others = stream.axes.dropLast().joined().filter { $0.size > 1 }
    guard others.count <= 1 else {
      throw ONNXRefusal(
        "it computes with a state and with a sequence of several steps",
        fix: "export one step of the model, or LSTM, GRU or RNN nodes")
    }
    // Where a state is an input, there is one step; what has another length counts sequences.
    for atom in others { roles[atom.id] = .batch }
    let size = try countable(stream)
    return ONNXStepValue(
      axes: stream.axes, node: ONNXStepNode(.leaf(stream, step: 0, of: theStep), size: size))
  }

  /// Puts layers in the place of the cells of the outputs, and says what the outputs then are.
  mutating func readStreamingCells() throws {
    let names = proto.graph.output.map(\.name)
    var outputs: [(name: String, value: ONNXStepValue)] = names.compactMap { name in
      if case .step(let value)? = values[name], value.node.hasState { (name, value) } else { nil }
    }
    var used: Set<String> = []
    while outputs.contains(where: { $0.value.node.hasState }) {
      guard let found = try streamingCell(outputs.map(\.value.node), used) else {
        throw ONNXRefusal(
          "inputs beside the data are no states of a simple recurrent network, GRU or LSTM whose next states are outputs",
          fix:
            "export the next state of each state, or recurrent nodes; give other inputs with --constant"
        )
      }
      used.formUnion(found.states)
      let stream = try appended(found.cell, to: found.source, time: theStep)
      notes.append(
        ImportNote(
          found.states.map { "input \"\($0)\"" }.joined(separator: ", "), "cell", found.cell.cell,
          "the layer keeps its state; it starts at zero"))
      let leaf = ONNXStepNode(.leaf(stream, step: 0, of: theStep), size: found.cell.units)
      for i in outputs.indices {
        let isNext = outputs[i].value.node === found.output
        let isCell = found.cellOutput.map { outputs[i].value.node === $0 } ?? false
        guard isNext || isCell else { continue }
        var state = stream
        state.source = .state(isNext ? "h" : "c")
        state.axes = outputs[i].value.axes
        values[outputs[i].name] = .stream(state)
      }
      outputs.removeAll { if case .stream? = values[$0.name] { true } else { false } }
      let nodes = ONNXStepNode.replacing(
        [ObjectIdentifier(found.output): leaf], in: outputs.map(\.value.node))
      for i in outputs.indices { outputs[i].value.node = nodes[i] }
    }
    for (name, value) in outputs {
      var stream = try replayed(value.node, as: nil)
      stream.axes = value.axes
      values[name] = .stream(stream)
    }
  }

  private struct StreamingCell {
    var cell: ONNXSpelledCell
    var source: ONNXStream
    /// The inputs that hold its states, the output first.
    var states: [String]
    var output: ONNXStepNode
    var cellOutput: ONNXStepNode?
  }

  /// A cell that reads what the last layer gives and states that no other cell has.
  private func streamingCell(_ outputs: [ONNXStepNode], _ used: Set<String>) throws
    -> StreamingCell?
  {
    let nodes = ONNXStepNode.inOrder(outputs)
    var states: [ONNXStepNode] = []
    var names: [String] = []
    var leaves: [(node: ONNXStepNode, stream: ONNXStream)] = []
    for node in nodes {
      if case .state(let name) = node.kind, !used.contains(name) {
        states.append(node)
        names.append(name)
      }
      if case .leaf(let stream, _, _) = node.kind, stream.position == steps.count {
        leaves.append((node, stream))
      }
    }
    guard let first = leaves.first else { return nil }
    let inputSize = first.stream.map?.matrix.columns ?? first.node.size
    for h in states.indices {
      for c in [nil] + states.indices.filter({ $0 != h }).map(Optional.some) {
        var algebra = ONNXStepAlgebra()
        var known: [ObjectIdentifier: ONNXStepForm] = [:]
        for (node, stream) in leaves {
          known[ObjectIdentifier(node)] = .input(stream, size: node.size)
        }
        known[ObjectIdentifier(states[h])] = ONNXStepForm(.state(0), size: states[h].size)
        if let c {
          known[ObjectIdentifier(states[c])] = ONNXStepForm(.state(1), size: states[c].size)
        }
        for output in outputs where output.size == states[h].size {
          guard let form = algebra.form(of: output, &known),
            let cell = ONNXSpelledCell(form, inputSize: inputSize, hasCell: c != nil, algebra)
          else { continue }
          var cellOutput: ONNXStepNode?
          if c != nil {
            cellOutput = outputs.first {
              guard let form = algebra.form(of: $0, &known), let next = cell.nextCell else {
                return false
              }
              return form == algebra.forms[next]
            }
            if cellOutput == nil { continue }
          }
          var source = first.stream
          source.map = nil
          return StreamingCell(
            cell: cell, source: source,
            states: [names[h]] + (c.map { [names[$0]] } ?? []), output: output,
            cellOutput: cellOutput)
        }
      }
    }
    return nil
  }
}

extension ONNXStepNode {
  /// Whether a state of a graph of one step lies below it.
  var hasState: Bool {
    Self.inOrder([self]).contains { if case .state = $0.kind { true } else { false } }
  }
}
