internal import RNNGraph
internal import RNNInterchange

extension ONNXGraphReader {
  /// A node of whole sequences that is not recurrent.
  mutating func readStream(_ node: ONNXNode, _ operands: [ONNXValue?], _ constants: [ONNXTensor?])
    throws -> [ONNXValue]
  {
    let streams = operands.compactMap { value -> ONNXStream? in
      if case .stream(let stream)? = value { stream } else { nil }
    }
    guard var stream = streams.first else { preconditionFailure("\(node.kind) has no stream") }
    if streams.count > 1 {
      if node.kind == "Concat" { return [.stream(try concatenated(streams, node, operands))] }
      throw ONNXRefusal(
        "it combines two values that depend on the data; layers are a chain",
        fix: "export a model without branches and skip connections")
    }
    if case .stream? = operands[0],
      let move = try ONNXMove(node, constants, shape: stream.shape, opset: opset)
    {
      return try moved(stream, move)
    }
    bindLastAxis(stream)
    switch node.kind {
    case "Identity", "Concat":
      _ = node.int("axis")
      return [.stream(stream)]
    case "Dropout":
      // At inference it does nothing; a ratio changes only training.
      _ = (node.has("ratio"), node.has("seed"), node.has("is_test"))
      guard constants.count < 3 || (constants[2]?.floats ?? [0]) == [0] else {
        throw ONNXRefusal("training_mode is not false", fix: "export in evaluation mode")
      }
      return [.stream(stream)]
    case "Cast":
      let kind = Onnx_TensorProto.DataType(rawValue: node.int("to") ?? 0) ?? .undefined
      _ = node.has("saturate")
      guard [.float, .double, .float16, .bfloat16].contains(kind) else {
        throw ONNXRefusal("it makes the data \(kind)", fix: "use float32 throughout")
      }
      return [.stream(stream)]
    case "Neg":
      let n = try countable(stream)
      return [
        .stream(
          try applying(
            AffineMap(identity: n).scaled(by: .init(repeating: -1, count: n)), to: stream))
      ]
    case "Add", "Sub", "Mul", "Div":
      // A constant with more axes adds axes of length 1 in front.
      for _ in stream.axes
        .count..<max(stream.axes.count, constants.compactMap(\.?.shape.count).max() ?? 0)
      {
        stream.axes.insert([atom(1)], at: 0)
      }
      let map = try elementwise(node, stream, constants)
      return [.stream(try applying(map, to: stream))]
    case "MatMul", "Gemm": return [.stream(try product(node, stream, constants))]
    default: break
    }
    if let activation = try ONNXActivations.node(node) {
      return [.stream(try activated(stream, activation))]
    }
    throw ONNXRefusal("the operator \(node.kind) is not supported", fix: Self.remedy(node.kind))
  }

  static func remedy(_ kind: String) -> String {
    switch kind {
    case "Softmax", "LogSoftmax", "ArgMax":
      "export the values before it; the greatest stays the greatest"
    case "Loop", "Scan", "If": "export with operators LSTM, GRU or RNN instead of control flow"
    case "DynamicQuantizeLSTM", "QuantizeLinear", "DequantizeLinear", "QLinearMatMul":
      "export the float model and quantize it with `rnnc quantize`"
    case "Conv", "BatchNormalization", "LayerNormalization", "MaxPool", "AveragePool":
      "export the recurrent part alone and compute the rest before it"
    default: "docs/formats/import.md lists the operators"
    }
  }

  /// The map of a sum or product with a constant that depends on the features only.
  func elementwise(_ node: ONNXNode, _ stream: ONNXStream, _ constants: [ONNXTensor?]) throws
    -> AffineMap
  {
    let constantIsFirst = constants[0] != nil
    guard constants.count == 2, let constant = constants[0] ?? constants[1] else {
      throw ONNXRefusal("it needs two operands", fix: "export again")
    }
    let n = try countable(stream)
    let v = try perFeature(constant, stream)
    let identity = AffineMap(identity: n)
    switch node.kind {
    case "Add": return identity.adding(v)
    case "Sub":
      return constantIsFirst
        ? identity.scaled(by: .init(repeating: -1, count: n)).adding(v)
        : identity.adding(v.map { -$0 })
    case "Mul": return identity.scaled(by: v)
    default:
      guard !constantIsFirst else {
        throw ONNXRefusal("it divides by the data", fix: "export without it")
      }
      return identity.scaled(by: v.map { 1 / $0 })
    }
  }

  /// A constant that broadcasts over a stream, as one value per feature.
  func perFeature(_ constant: ONNXTensor, _ stream: ONNXStream) throws -> [Double] {
    let shape = stream.shape
    let lengths =
      [Int](repeating: 1, count: max(shape.count - constant.shape.count, 0)) + constant.shape
    guard lengths.count == shape.count, zip(lengths, shape).allSatisfy({ $0 == 1 || $0 == $1 })
    else {
      throw ONNXRefusal(
        "its constant of shape \(constant.shape) does not fit \(shape)", fix: "export again")
    }
    let parts = features(stream)
    let strides = ONNXTensor.strides(lengths)
    let values = constant.floats
    // The stride of every part of the features in the constant.
    var steps = [Int](repeating: 0, count: parts.count)
    for (a, axis) in stream.axes.enumerated() where lengths[a] > 1 {
      var stride = strides[a]
      for atom in axis.reversed() where atom.size > 1 {
        guard let slot = parts.firstIndex(of: atom) else {
          // Zeros and the like may be stored for every sequence of a batch.
          let isUniform = values.indices.allSatisfy {
            values[$0] == values[$0 - $0 / strides[a] % lengths[a] * strides[a]]
          }
          if isUniform { break }
          throw ONNXRefusal(
            "its constant differs along axis \(a), which is not one of features",
            fix: "use constants that are the same at every step and in every sequence")
        }
        steps[slot] = stride
        stride *= atom.size
      }
    }
    return ONNXTensor.places(parts.map(\.size), strides: steps).map { values[$0] }
  }

  /// The last axis of a stream as features, in their order.
  mutating func lastAxisIsFeatures(_ stream: ONNXStream) throws -> Int {
    guard let last = stream.axes.last else {
      throw ONNXRefusal("its operand is a scalar", fix: "export again")
    }
    for atom in last where roles[atom.id] == nil { roles[atom.id] = .feature(0) }
    guard last.filter({ $0.size > 1 }) == features(stream) else {
      throw ONNXRefusal(
        "it multiplies along an axis that is not exactly the features",
        fix: "merge directions and units into the last axis before it")
    }
    return try countable(stream)
  }

  private mutating func product(_ node: ONNXNode, _ stream: ONNXStream, _ constants: [ONNXTensor?])
    throws -> ONNXStream
  {
    guard constants.count >= 2, constants[0] == nil, let weight = constants[1],
      weight.shape.dropLast(2).allSatisfy({ $0 == 1 }), weight.shape.count >= 2
    else {
      throw ONNXRefusal(
        "its weights are not its second operand as a constant matrix", fix: "export again")
    }
    let n = try lastAxisIsFeatures(stream)
    let rank = weight.shape.count
    var matrix = Matrix(
      rows: weight.shape[rank - 2], columns: weight.shape[rank - 1], values: weight.floats)
    var bias: [Double]?
    if node.kind == "Gemm" {
      guard node.int("transA") ?? 0 == 0 else {
        throw ONNXRefusal("transA = 1 is not supported", fix: "export without it")
      }
      guard stream.axes.count == 2 else {
        throw ONNXRefusal("its operand has \(stream.axes.count) axes, not 2", fix: "export again")
      }
      if node.int("transB") ?? 0 == 0 { matrix = matrix.transposed }
      let (alpha, beta) = (node.float("alpha") ?? 1, node.float("beta") ?? 1)
      matrix.values = matrix.values.map { $0 * alpha }
      if node.input(2) != nil {
        guard constants.count > 2, let c = constants[2], c.count == 1 || c.shape.last == c.count,
          c.count == 1 || c.count == matrix.rows
        else { throw ONNXRefusal("its third operand is no constant vector", fix: "export again") }
        let values = c.floats
        bias = (0..<matrix.rows).map { beta * values[c.count == 1 ? 0 : $0] }
      }
    } else {
      matrix = matrix.transposed
    }
    guard matrix.columns == n else {
      throw ONNXRefusal("its matrix takes \(matrix.columns) values, not \(n)", fix: "export again")
    }
    let map = AffineMap(
      matrix: matrix, bias: bias ?? [Double](repeating: 0, count: matrix.rows))
    var result = try applying(map, to: stream)
    result.axes[result.axes.count - 1] = [atom(matrix.rows, .feature(0))]
    return result
  }

  /// Concatenated features of the same value.
  private mutating func concatenated(
    _ streams: [ONNXStream], _ node: ONNXNode, _ operands: [ONNXValue?]
  ) throws -> ONNXStream {
    let rank = streams[0].axes.count
    let at = node.int("axis") ?? 0
    let axis = at < 0 ? at + rank : at
    guard streams.count == operands.count,
      streams.allSatisfy({
        $0.axes.count == rank && $0.position == streams[0].position
          && $0.source == streams[0].source && $0.selection == streams[0].selection
      }), (0..<rank).contains(axis)
    else {
      throw ONNXRefusal(
        "it joins values of different layers; layers are a chain",
        fix: "export a model without branches and skip connections")
    }
    var rows: [Double] = []
    var bias: [Double] = []
    for stream in streams {
      let n = stream.map?.matrix.columns ?? featureCount(stream)
      let parts = features(stream)
      let large = stream.axes[axis].filter { $0.size > 1 }
      guard large == parts else {
        throw ONNXRefusal("it joins along an axis that is not one of features", fix: "export again")
      }
      let map = try stream.map ?? AffineMap(identity: countable(stream))
      precondition(map.matrix.columns == n, "maps of one value have one domain")
      rows += map.matrix.values
      bias += map.bias
    }
    var result = streams[0]
    result.map = AffineMap(
      matrix: Matrix(rows: bias.count, columns: rows.count / bias.count, values: rows), bias: bias)
    if result.map == AffineMap(identity: bias.count) { result.map = nil }
    result.axes[axis] = [atom(bias.count, .feature(0))]
    return result
  }
}

extension ONNXGraphReader {
  /// A map of the features of a stream; a second matrix becomes a layer of its own.
  mutating func applying(_ map: AffineMap, to stream: ONNXStream) throws -> ONNXStream {
    var stream = stream
    if let first = stream.map, !first.isSparse, !map.isSparse { stream = try flushed(stream) }
    stream.map = stream.map.map(map.after) ?? map
    try spend(stream.map?.matrix.values.count ?? 0)
    return stream
  }

  /// Takes from the memory that matrices may need.
  private mutating func spend(_ count: Int) throws {
    matrixBudget -= count
    guard matrixBudget >= 0 else {
      throw ONNXRefusal(
        "what the nodes before it do to features needs more memory than the weights of the file justify",
        fix:
          "export with fewer nodes between layers, and recurrent layers as LSTM, GRU or RNN nodes")
    }
  }

  /// The stream after a layer for what its map still asks for.
  mutating func flushed(_ stream: ONNXStream) throws -> ONNXStream {
    stream.map == nil ? stream : try activated(stream, CellActivation(.linear))
  }

  /// Appends a dense layer that does what the map asks for and then a function.
  mutating func activated(_ stream: ONNXStream, _ activation: CellActivation) throws -> ONNXStream {
    let map = try stream.map ?? AffineMap(identity: countable(stream))
    try spend(map.matrix.values.count)
    var values = ["weight": map.matrix.values]
    let hasBias = map.bias.contains { $0 != 0 }
    if hasBias { values["bias"] = map.bias }
    let part = try layers.part(
      cell: "dense", inputSize: map.matrix.columns, units: map.matrix.rows,
      options: [.init("bias", .bool(hasBias))] + activation.entries(""), values: values)
    return try appended(.forward(part), to: stream)
  }

  /// Appends a step that reads a stream, whose map is done by the step.
  mutating func appended(_ step: SequenceModel.Step, to stream: ONNXStream) throws -> ONNXStream {
    guard stream.position == steps.count else {
      throw ONNXRefusal(
        "it reads a value that another layer reads too; layers are a chain",
        fix: "export a model without branches and skip connections")
    }
    guard stream.source == .output || stream.source == .state("h") else {
      throw ONNXRefusal("a layer reads a cell state", fix: "read the output h instead")
    }
    if let selection = stream.selection { steps.append(.select(selection)) }
    steps.append(step)
    var result = stream
    result.position = steps.count
    result.map = nil
    result.selection = nil
    result.source = .output
    return result
  }
}
