internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

extension ONNXGraphReader {
  /// An LSTM, GRU or RNN node: a step of the model for its directions.
  ///
  /// The orders of gates (ONNX operators LSTM: i o f c, GRU: z r h; peepholes i o f) are nowhere else.
  mutating func readRecurrent(_ node: ONNXNode, _ operands: [ONNXValue?]) throws -> [ONNXValue] {
    guard opset >= 7 else {
      throw ONNXRefusal(
        "opset \(opset) is not supported", fix: "convert the model with onnx.version_converter")
    }
    let isBatchFirst = (node.int("layout") ?? 0) == 1
    let direction = node.string("direction") ?? "forward"
    guard ["forward", "reverse", "bidirectional"].contains(direction) else {
      throw ONNXRefusal("direction = \"\(direction)\" is unknown", fix: "export again")
    }
    var x = try sequence(operands, node)
    guard x.axes.count == 3 else {
      throw ONNXRefusal("its input X has \(x.axes.count) axes, not 3", fix: "export again")
    }
    let (timeAxis, batchAxis) = isBatchFirst ? (1, 0) : (0, 1)
    x.axes[timeAxis] = [try bound(x.axes[timeAxis], .time, "time")]
    x.axes[batchAxis] = [try bound(x.axes[batchAxis], .batch, "batch")]
    let inputs = try lastAxisIsFeatures(x)
    if x.map?.isSparse == false { x = try flushed(x) }
    let sizes = try ONNXRecurrentWeights(
      node, operands, inputs: x.map?.matrix.rows ?? inputs,
      directions: direction == "bidirectional" ? 2 : 1,
      isBatchFirst: isBatchFirst)
    try readLengths(node, operands, steps: x.axes[timeAxis][0].size)
    let options = try ONNXRecurrentOptions(node, sizes)
    note(node, direction, isBatchFirst, sizes, options)

    let directions = direction == "bidirectional" ? ["", "_reverse"] : [""]
    let parts = try directions.indices.map { d -> SequenceModel.Part in
      let (entries, values) = try options.layer(sizes, direction: d, map: x.map)
      return try layers.part(
        cell: options.cell, inputSize: x.map?.matrix.columns ?? inputs, units: sizes.units,
        options: entries, suffix: directions[d], values: values)
    }
    let (time, batch) = (x.axes[timeAxis], x.axes[batchAxis])
    let y = try appended(
      direction == "bidirectional"
        ? .bidirectional(forward: parts[0], reverse: parts[1])
        : direction == "reverse" ? .reverse(parts[0]) : .forward(parts[0]), to: x)
    let side = atom(directions.count, .feature(0))
    let unit = atom(sizes.units, .feature(1))
    var sequence = y
    sequence.axes = isBatchFirst ? [batch, time, [side], [unit]] : [time, [side], batch, [unit]]
    var last = y
    last.axes = isBatchFirst ? [batch, [side], [unit]] : [[side], batch, [unit]]
    last.selection = .final
    last.source = .state("h")
    var cell = last
    cell.source = .state("c")
    return [.stream(sequence), .stream(last)] + (options.cell == "lstm" ? [.stream(cell)] : [])
  }

  /// The input X as a sequence.
  private mutating func sequence(_ operands: [ONNXValue?], _ node: ONNXNode) throws -> ONNXStream {
    switch operands.first ?? nil {
    case .stream(let stream)?:
      guard stream.source == .output, stream.selection == nil else {
        throw ONNXRefusal(
          "its input X is the last state of another layer, not a sequence", fix: "use its output Y")
      }
      if steps.contains(where: { if case .select = $0 { true } else { false } }) {
        throw ONNXRefusal(
          "its input X is made of one step of a sequence", fix: "keep whole sequences")
      }
      return stream
    case .step?:
      throw ONNXRefusal("its input X is one step of a sequence", fix: "use the whole sequence")
    case .outside(let name)?:
      throw ONNXRefusal(
        "its input X is \"\(name)\", which is not the data input",
        fix: "name the data input with --input \(name)")
    default:
      throw ONNXRefusal("its input X is constant", fix: "export a model that depends on its input")
    }
  }

  /// The atom of an axis that has to be time or batch.
  mutating func bound(_ axis: [ONNXAtom], _ role: ONNXRole, _ name: String) throws -> ONNXAtom {
    let large = axis.filter { $0.size > 1 }
    guard large.count <= 1 else {
      throw ONNXRefusal(
        "the \(name) axis of its input X is a product of several", fix: "keep time and batch apart")
    }
    let fitting = axis.first { roles[$0.id] == role } ?? axis.first { roles[$0.id] == nil }
    guard let found = large.first ?? fitting else { return atom(1, role) }
    if let known = roles[found.id], known != role {
      throw ONNXRefusal(
        "the \(name) axis of its input X is \(known == .time ? "time" : known == .batch ? "the batch" : "one of features") elsewhere",
        fix: "check layout and transposes; layout = 0 takes (time, batch, features)")
    }
    roles[found.id] = role
    return found
  }

  /// Lengths of sequences do not belong to a model: they come with the data.
  private mutating func readLengths(_ node: ONNXNode, _ operands: [ONNXValue?], steps: Int) throws {
    guard operands.count > 4, let lengths = operands[4] else { return }
    switch lengths {
    case .outside(let name):
      notes.append(
        ImportNote(node.place, "sequence_lens", "input \"\(name)\"", "given at each run: --lengths")
      )
    case .constant(let tensor):
      guard let values = tensor.integers, values.allSatisfy({ $0 == steps }) else {
        throw ONNXRefusal(
          "sequence_lens = \(tensor.floats.prefix(8).map { Int(saturating: $0) }) is constant and shorter than the sequence",
          fix: "make it an input of the graph and give the lengths with `rnnc run --lengths`")
      }
      notes.append(
        ImportNote(node.place, "sequence_lens", "\(steps)", "the whole sequence: no effect"))
    default:
      throw ONNXRefusal(
        "sequence_lens depends on the data", fix: "make it an input of the graph")
    }
  }

  /// Records the options of a node.
  private mutating func note(
    _ node: ONNXNode, _ direction: String, _ isBatchFirst: Bool, _ weights: ONNXRecurrentWeights,
    _ options: ONNXRecurrentOptions
  ) {
    func add(_ option: String, _ value: String, _ meaning: String) {
      notes.append(ImportNote(node.place, option, value, meaning))
    }
    add("hidden_size", "\(weights.units)", "units")
    add(
      "direction", direction,
      direction == "forward" ? "streams" : "a part that reads the sequence from its end")
    if isBatchFirst { add("layout", "1", "batch before time") }
    for (option, value, meaning) in options.notes { add(option, value, meaning) }
    for (name, state) in [("initial_h", weights.initialH), ("initial_c", weights.initialC)] {
      switch state {
      case .none: break
      case .zero: add(name, "zeros", "the states start at zero")
      case .given: add(name, "constant", "initialState = given")
      case .outside(let input):
        add(name, "input \"\(input)\"", "the layer keeps its state; it starts at zero")
      }
    }
    if options.cell == "gru", proto.producerName == "pytorch",
      node.int("linear_before_reset") ?? 0 == 0
    {
      sink.warning(
        "\(path):\(node.place)",
        "linear_before_reset is 0, but PyTorch's GRU has 1: some exporters wrote it wrongly",
        fix:
          "compare with the original, or export again with PyTorch 2.15 and onnxscript 0.7.2 or newer"
      )
    }
  }
}
