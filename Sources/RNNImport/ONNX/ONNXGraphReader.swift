internal import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Reads a graph node by node into a chain of layers.
///
/// Constants are computed. The data input and everything that depends on it are streams: tensors whose axes are
/// followed through every node, so that what a reshape or a transpose does to time, batch and features is known and
/// nothing is guessed from sizes. A node that does more than that, or has an attribute that nobody reads, is refused.
struct ONNXGraphReader {
  let proto: Onnx_ModelProto
  let path: String
  let folder: URL?
  /// The name of the data input that the user gave.
  let wantedInput: String?
  var values: [String: ONNXValue] = [:]
  var roles: [Int: ONNXRole] = [:]
  private var atoms = 0
  var steps: [SequenceModel.Step] = []
  var layers = LayerMaker()
  var notes: [ImportNote] = []
  var sink = DiagnosticSink(stage: ONNXFile.stage)
  private var given: [String: ONNXTensor] = [:]
  /// How many elements of matrices over features may still be made: a small file must not ask for much memory.
  var matrixBudget = 1 << 24
  /// The shapes of inputs beside the data, and of what nodes made of one without moving its elements.
  var stateShapes: [String: [Int]] = [:]
  /// The states of a graph of one step that nodes compute with, by the names of the inputs.
  var stateNodes: [String: ONNXStepNode] = [:]
  var readsStates = false
  /// The only step of such a graph.
  lazy var theStep = atom(1, .time)
  private var input = (name: "", axes: [ONNXAtom]())

  init(_ proto: Onnx_ModelProto, path: String, folder: URL?, input: String?) {
    self.proto = proto
    self.path = path
    self.folder = folder
    wantedInput = input
  }
  mutating func setConstant(_ name: String, _ array: NPYArray) {
    given[name] =
      if let integers = array.integers {
        ONNXTensor(shape: array.shape, integers: integers.map(Int.init))
      } else if case .float64(let e) = array.elements {
        ONNXTensor(shape: array.shape, floats: e)
      } else {
        ONNXTensor(shape: array.shape, floats: array.floats.map(Double.init))
      }
  }

  /// The opset of the standard operators.
  var opset: Int {
    proto.opsetImport.first { ["", "ai.onnx"].contains($0.domain) }.map { Int($0.version) } ?? 1
  }
  mutating func atom(_ size: Int, _ role: ONNXRole? = nil) -> ONNXAtom {
    atoms += 1
    roles[atoms] = role
    return ONNXAtom(id: atoms, size: size)
  }

  mutating func read() throws -> ImportedModel {
    let graph = proto.graph
    values[""] = nil
    for tensor in graph.initializer {
      do {
        values[tensor.name] = .constant(try ONNXTensor(tensor, folder: folder))
      } catch {
        values[tensor.name] = .refused
        sink.error("\(path):initializer \"\(tensor.name)\"", error.message, fix: error.fix)
      }
    }
    for tensor in graph.sparseInitializer {
      sink.error(
        "\(path):initializer \"\(tensor.values.name)\"", "sparse initializers are not supported",
        fix: "store the weights dense")
    }
    try sink.throwIfErrors()
    for value in values.values {
      if case .constant(let tensor) = value { matrixBudget += 64 * tensor.count }
    }
    for tensor in given.values { matrixBudget += 64 * tensor.count }
    let live = liveNodes(graph)
    try bindInputs(graph, live)
    // Values are let go after their last use: maps of features may be large.
    var uses: [String: Int] = [:]
    for name in live.flatMap(\.inputs) + graph.output.map(\.name) { uses[name, default: 0] += 1 }
    for node in live {
      read(node)
      for name in node.inputs where !name.isEmpty {
        uses[name, default: 1] -= 1
        if uses[name] == 0 { values[name] = nil }
      }
    }
    try sink.throwIfErrors()
    if readsStates {
      do { try readStreamingCells() } catch let refusal as ONNXRefusal {
        sink.error(path, refusal.message, fix: refusal.fix)
      }
      try sink.throwIfErrors()
    }
    return try result()
  }

  /// The nodes that an output depends on; what nobody reads need not be understood.
  private func liveNodes(_ graph: Onnx_GraphProto) -> [ONNXNode] {
    var wanted = Set(graph.output.map(\.name))
    var live: [ONNXNode] = []
    for (i, node) in graph.node.enumerated().reversed()
    where node.output.contains(where: { !$0.isEmpty && wanted.contains($0) }) {
      wanted.formUnion(node.input)
      live.append(ONNXNode(node, index: i))
    }
    return live.reversed()
  }

  /// Says what each input of the graph is.
  private mutating func bindInputs(_ graph: Onnx_GraphProto, _ live: [ONNXNode]) throws {
    let names = graph.input.map(\.name)
    for name in given.keys.sorted() {
      guard names.contains(name) else {
        sink.error(
          "\(path):input \"\(name)\"", "the graph has no input of this name",
          fix: "its inputs are \(names.joined(separator: ", "))")
        continue
      }
      values[name] = given[name].map(ONNXValue.constant)
    }
    let open = graph.input.filter { values[$0.name] == nil }
    let read = Set(live.flatMap(\.inputs))
    guard
      let data = wantedInput == nil
        ? open.first(where: { read.contains($0.name) })
        : open.first(where: { $0.name == wantedInput })
    else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: ONNXFile.stage, path: path,
          message: wantedInput.map { "the graph has no open input \"\($0)\"" }
            ?? "no output of the graph depends on an input",
          fix: "its inputs are \(names.joined(separator: ", "))"))
    }
    for other in open where other.name != data.name {
      values[other.name] = .outside(other.name)
      // Open sizes are those of the batch; no other axis has this length.
      stateShapes[other.name] = other.type.tensorType.shape.dim.map {
        $0.dimParam.isEmpty && $0.dimValue > 0 ? Int($0.dimValue) : 1039
      }
    }
    // Sizes that the file leaves open get odd numbers, so that no number in the graph means them by accident.
    var next = [1009, 1013, 1019, 1021, 1031].makeIterator()
    var symbols: [String: Int] = [:]
    var axes: [ONNXAtom] = []
    let dimensions = data.type.tensorType.shape.dim
    for dimension in dimensions {
      var size = Int(dimension.dimValue)
      if !dimension.dimParam.isEmpty || size <= 0 {
        size = symbols[dimension.dimParam] ?? next.next() ?? 1033
        if !dimension.dimParam.isEmpty { symbols[dimension.dimParam] = size }
      }
      guard size <= 1 << 20 else {
        throw DiagnosticsEmitted(
          Diagnostic(
            stage: ONNXFile.stage, path: "\(path):input \"\(data.name)\"",
            message: "an axis of length \(size) is not supported", fix: "use at most \(1 << 20)"))
      }
      axes.append(atom(size))
    }
    let count = axes.reduce(1) { $0.multipliedReportingOverflow(by: $1.size).partialValue }
    guard data.type.tensorType.hasShape, (2...4).contains(axes.count), (1...1 << 40).contains(count)
    else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: ONNXFile.stage, path: "\(path):input \"\(data.name)\"",
          message: "its shape is \(axes.map(\.size)); a sequence has 2 to 4 axes",
          fix: "export with the shape of the data, or name the data input with --input"))
    }
    input = (data.name, axes)
    values[data.name] = .stream(ONNXStream(axes: axes.map { [$0] }, position: 0))
  }

  private mutating func read(_ node: ONNXNode) {
    do {
      let results = try evaluate(node)
      if let option = node.unread.first {
        throw ONNXRefusal(
          "the attribute \(option.name) = \(option.value) is not supported",
          fix: "export without it")
      }
      for (i, value) in results.enumerated() {
        if let name = node.output(i) { values[name] = value }
      }
      for i in results.count..<max(results.count, node.outputs.count) {
        if let name = node.output(i) {
          throw ONNXRefusal("its output \"\(name)\" is not supported", fix: "do not use it")
        }
      }
    } catch {
      for name in node.outputs where !name.isEmpty { values[name] = .refused }
      guard let refusal = error as? ONNXRefusal else {
        if let emitted = error as? DiagnosticsEmitted {
          for d in emitted.diagnostics {
            sink.error("\(path):\(node.place): \(d.path)", d.message, fix: d.fix)
          }
        }
        return
      }
      sink.error("\(path):\(node.place)", refusal.message, fix: refusal.fix)
    }
  }

  /// The results of a node.
  private mutating func evaluate(_ node: ONNXNode) throws -> [ONNXValue] {
    guard ["", "ai.onnx"].contains(node.proto.domain) else {
      let isLocal = proto.functions.contains {
        $0.name == node.kind && $0.domain == node.proto.domain
      }
      throw ONNXRefusal(
        "the operator \(node.proto.domain).\(node.kind) is not supported",
        fix: isLocal
          ? "inline the functions of the model with onnx.inliner.inline_local_functions"
          : "export with standard operators")
    }
    var operands = try node.inputs.map { name -> ONNXValue? in
      if name.isEmpty { return nil }
      guard let value = values[name] else {
        throw ONNXRefusal(
          "its input \"\(name)\" is not computed before it", fix: "export the model again")
      }
      return value
    }
    if operands.contains(where: { if case .refused? = $0 { true } else { false } }) {
      // The first refusal has been reported; what follows from it has not to be.
      _ = node.proto.attribute.map { node.has($0.name) }
      return node.outputs.map { _ in .refused }
    }
    switch node.kind {
    case "LSTM", "GRU", "RNN": return try readRecurrent(node, operands)
    default: break
    }
    if computesWithStates(node, operands) { operands = try asOneStep(node, operands) }
    let constants = operands.map { value -> ONNXTensor? in
      if case .constant(let tensor)? = value { tensor } else { nil }
    }
    let isConstant = zip(operands, constants).allSatisfy { $0 == nil || $1 != nil }
    if isConstant { return try ONNXConstants(opset: opset, folder: folder).fold(node, constants) }
    switch (node.kind, operands.first) {
    case ("Shape", .stream(let stream)?):
      return [.constant(try ONNXConstants.slicedShape(stream.shape, node))]
    case ("Shape", .step(let step)?):
      let shape = step.axes.map { $0.reduce(1) { $0 * $1.size } }
      return [.constant(try ONNXConstants.slicedShape(shape, node))]
    default: break
    }
    if operands.contains(where: { if case .outside? = $0 { true } else { false } }) {
      return try passOutside(node, operands, constants)
    }
    if operands.contains(where: { if case .step? = $0 { true } else { false } }) {
      return try readStepwise(node, operands, constants)
    }
    return try readStream(node, operands, constants)
  }

  /// A state that comes from outside may be reshaped on its way to a recurrent node.
  private mutating func passOutside(
    _ node: ONNXNode, _ operands: [ONNXValue?], _ constants: [ONNXTensor?]
  ) throws -> [ONNXValue] {
    let name = operands.lazy.compactMap { value -> String? in
      if case .outside(let name)? = value { name } else { nil }
    }.first
    let shapes = [
      "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Slice", "Gather", "Identity", "Cast",
      "Split",
      "Expand",
    ]
    guard let name, shapes.contains(node.kind), case .outside? = operands.first ?? nil else {
      throw ONNXRefusal(
        "its input \"\(name ?? "")\" is an input of the graph beside the data",
        fix: "give the tensor with --constant \(name ?? "NAME")=FILE, or name the data with --input"
      )
    }
    _ = node.proto.attribute.map { node.has($0.name) }
    // Recurrent nodes check the shapes of their states; whoever computes with one needs it as it came.
    if let output = node.output(0), var shape = node.input(0).flatMap({ stateShapes[$0] }) {
      switch try? ONNXMove(node, constants, shape: shape, opset: opset) {
      case .squeeze(let axes)?:
        shape = shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
        stateShapes[output] = shape
      case .unsqueeze(let axes)?:
        for a in axes { shape.insert(1, at: a) }
        stateShapes[output] = shape
      default: if ["Identity", "Cast"].contains(node.kind) { stateShapes[output] = shape }
      }
    }
    return node.outputs.map { _ in .outside(name) }
  }
}

extension ONNXGraphReader {
  /// The finished model: what the first usable output gives, and what the others are.
  private mutating func result() throws -> ImportedModel {
    var outputs: [ImportedOutput] = []
    let names = proto.graph.output.map(\.name)
    /// Cut sequences whose steps were only chosen from become streams again.
    func stream(_ name: String, _ reader: inout ONNXGraphReader) throws -> ONNXStream {
      switch reader.values[name] {
      case .stream(let stream): return stream
      case .step(let step): return try reader.joined(step)
      default:
        throw ONNXRefusal("it does not depend on the data", fix: "remove it from the graph")
      }
    }
    var streams: [(name: String, stream: ONNXStream)] = []
    for name in names {
      do {
        streams.append((name, try stream(name, &self)))
      } catch let refusal as ONNXRefusal {
        sink.error("\(path):output \"\(name)\"", refusal.message, fix: refusal.fix)
      }
    }
    try sink.throwIfErrors()
    let isResult: (ONNXStream) -> Bool = { $0.source == .output || $0.source == .state("h") }
    let ends = streams.indices.filter {
      streams[$0].stream.position == steps.count && isResult(streams[$0].stream)
    }
    guard let main = ends.first(where: { streams[$0].stream.source == .output }) ?? ends.first
    else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: ONNXFile.stage, path: path,
          message: "no output of the graph is what the last layer gives",
          fix: "export one output at the end of the model"))
    }
    bindOpenAxes()
    let before = steps.count
    var (name, primary) = streams[main]
    primary = try flushed(primary)
    if let selection = primary.selection { steps.append(.select(selection)) }
    outputs.append(ImportedOutput(tensor: tensor(name, primary.axes), source: .result))
    for (i, (name, stream)) in streams.enumerated() where i != main {
      let source: ImportedOutput.Source
      switch stream.source {
      case .state(let state) where stream.map == nil && stream.position > 0:
        source = .state(step: stream.position - 1, name: state)
      case .output
      where stream.map == nil && stream.selection == nil && stream.position == before
        && stream.position > 0:
        source = .sequence(step: stream.position - 1)
      default:
        sink.error(
          "\(path):output \"\(name)\"",
          "it is a second branch beside the output \"\(streams[main].0)\"",
          fix: "export one output, and states of recurrent layers")
        continue
      }
      outputs.append(ImportedOutput(tensor: tensor(name, stream.axes), source: source))
    }
    try sink.throwIfErrors()
    guard !steps.lazy.flatMap(\.parts).isEmpty else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: ONNXFile.stage, path: path, message: "the graph has no layer with weights",
          fix: "export a model with at least one layer"))
    }
    let producer = [proto.producerName, proto.producerVersion].filter { !$0.isEmpty }
    return ImportedModel(
      model: SequenceModel(name: "model", steps: steps),
      origin: (["ONNX"] + (producer.isEmpty ? [] : [producer.joined(separator: " ")]))
        .joined(separator: ", "),
      notes: notes, warnings: sink.diagnostics,
      input: tensor(input.name, input.axes.map { [$0] }), outputs: outputs)
  }

  /// Inputs of networks without recurrence say nothing about their axes: batch, time, features, as frameworks do.
  private mutating func bindOpenAxes() {
    var left: [ONNXRole] = [.time, .batch].filter { role in
      !input.axes.contains { roles[$0.id] == role }
    }
    for axis in input.axes.reversed() where roles[axis.id] == nil && !left.isEmpty {
      roles[axis.id] = left.removeFirst()
    }
  }

  /// A tensor's axes for a run.
  private func tensor(_ name: String, _ axes: [[ONNXAtom]]) -> ImportedTensor {
    ImportedTensor(
      name: name,
      axes: axes.map { axis in
        let atoms = axis.filter { roles[$0.id] == .time || roles[$0.id] == .batch || $0.size > 1 }
        guard let first = atoms.first else { return .one }
        switch roles[first.id] {
        case .time where atoms.count == 1: return .time
        case .batch where atoms.count == 1: return .batch
        case .feature(let number):
          return .feature(number, size: axis.reduce(1) { $0 * $1.size })
        default: return axis.allSatisfy { $0.size == 1 } ? .one : .batch
        }
      })
  }
}
