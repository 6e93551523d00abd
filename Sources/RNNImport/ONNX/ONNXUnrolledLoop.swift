internal import RNNGraph
internal import RNNInterchange

extension ONNXGraphReader {
  /// The layer of which an exporter wrote every step one by one.
  ///
  /// PyTorch's exporter unrolls `nn.RNN` to products, sums and functions. Steps after the first have to be the same
  /// function of the input's step and the step before; the first one has to be that function of a zero state.
  mutating func rolled(_ outputs: [ONNXStepNode]) throws -> ONNXStream {
    func refusal(_ why: String) -> ONNXRefusal {
      ONNXRefusal(
        "it joins \(outputs.count) steps that are no simple recurrent network written step by step: \(why)",
        fix: "export with an LSTM, GRU or RNN node")
    }
    guard case .leaf(let source, _, let time)? = leaf(of: outputs[0])?.kind else {
      throw refusal("they do not depend on the data")
    }
    guard outputs.count == time.size else {
      throw refusal("the sequence has \(time.size)")
    }
    var first: UnrolledStep?
    var loop: UnrolledStep?
    for (t, output) in outputs.enumerated() {
      guard case .activation(let activation, let argument) = output.kind,
        let form = LinearForm(
          argument, step: t, source: source, previous: t > 0 ? outputs[t - 1] : nil)
      else { throw refusal("step \(t) is no function of a sum of products") }
      let step = UnrolledStep(activation: activation, form: form)
      if t == 0 {
        first = step
      } else if let loop {
        guard loop == step else { throw refusal("step \(t) differs from step 1") }
      } else {
        loop = step
      }
    }
    guard let first, let x = first.form.input else { throw refusal("step 0 ignores the input") }
    // A sequence of one step says nothing about the state's part.
    guard let loop, let h = loop.form.state, loop.form.input == x,
      loop.activation == first.activation
    else { throw refusal("step 1 does not continue step 0") }
    let scale = loop.form.bias.map(abs).max() ?? 0
    guard
      zip(first.form.bias, loop.form.bias).allSatisfy({ abs($0 - $1) <= 1e-6 * max(scale, 1e-6) })
    else { throw refusal("its state does not start at zero") }
    var (weight, bias) = (x, loop.form.bias)
    if let map = source.map {
      bias = zip(bias, weight.times(map.bias)).map(+)
      weight = weight.times(map.matrix)
    }
    let part = try layers.part(
      cell: "elman", inputSize: weight.columns, units: weight.rows,
      options: loop.activation.entries(""),
      values: ["weight_x": weight.values, "weight_h": h.values, "bias": bias])
    roles[time.id] = .time
    notes.append(
      ImportNote(
        "\(outputs.count) steps", "unrolled loop", loop.activation.kind.rawValue,
        "one recurrent layer for sequences of any length"))
    return try appended(.forward(part), to: source)
  }
}

/// One step of an unrolled loop: activation(X x + H h + bias).
private struct UnrolledStep: Hashable {
  var activation: CellActivation
  var form: LinearForm
}

/// X x + H h + b over the features of the sequence's step and of the step before.
struct LinearForm: Hashable {
  var input: Matrix?
  var state: Matrix?
  var bias: [Double]

  /// The form of a node; nil for anything else.
  ///
  /// - Parameters:
  ///   - step: the step of the sequence that x is.
  ///   - previous: the node that h is.
  init?(
    _ node: ONNXStepNode, step: Int, source: ONNXStream, previous: ONNXStepNode?, depth: Int = 0
  ) {
    if depth > 64 { return nil }
    if node === previous {
      state = AffineMap(identity: node.size).matrix
      bias = [Double](repeating: 0, count: node.size)
      return
    }
    switch node.kind {
    case .leaf(let stream, let at, _):
      guard at == step, stream.position == source.position, stream.map == source.map else {
        return nil
      }
      input = AffineMap(identity: node.size).matrix
      bias = [Double](repeating: 0, count: node.size)
    case .map(let map, let inner):
      guard
        let form = LinearForm(
          inner, step: step, source: source, previous: previous, depth: depth + 1)
      else {
        return nil
      }
      input = form.input.map(map.matrix.times)
      state = form.state.map(map.matrix.times)
      bias = zip(map.matrix.times(form.bias), map.bias).map(+)
    case .add(let a, let b):
      guard
        let left = LinearForm(
          a, step: step, source: source, previous: previous, depth: depth + 1),
        let right = LinearForm(
          b, step: step, source: source, previous: previous, depth: depth + 1)
      else { return nil }
      func sum(_ a: Matrix?, _ b: Matrix?) -> Matrix? {
        guard let a, let b else { return a ?? b }
        return Matrix(rows: a.rows, columns: a.columns, values: zip(a.values, b.values).map(+))
      }
      input = sum(left.input, right.input)
      state = sum(left.state, right.state)
      bias = zip(left.bias, right.bias).map(+)
    case .multiply, .activation, .concatenation: return nil
    }
  }
}
