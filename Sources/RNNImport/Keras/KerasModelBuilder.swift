internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// Builds the steps of a sequence model from the layers of a Keras model, in their order.
struct KerasModelBuilder {
  private let architecture: KerasArchitecture
  /// The major version of Keras; nil if unknown.
  private let version: Int?
  var tensors: KerasTensors
  var maker = LayerMaker()
  private(set) var steps: [SequenceModel.Step] = []
  var notes: [ImportNote] = []
  private(set) var isStateful: [String] = []
  private(set) var computesInHalf: [String] = []
  /// For each layer, the number of the value that it gives: 0 is the model's input, n the output of the n-th step.
  private var values: [String: Int] = [:]
  /// For each value, the number of its elements (nil for an input that no layer has read) and whether it is a sequence.
  private var sizes: [Int?] = [nil]
  private var isSequence = [true]
  /// Whether the model's input is an index.
  private(set) var readsIndices = false
  /// The functions of `Activation` layers that went into the layer before, by the name of the former.
  private var folded: Set<String> = []

  init(_ architecture: KerasArchitecture, version: Int?, _ tensors: KerasTensors) {
    self.architecture = architecture
    self.version = version
    self.tensors = tensors
  }

  private static let kinds = [
    "InputLayer", "LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "Bidirectional", "Dense",
    "TimeDistributed", "Embedding", "Concatenate", "Activation", "Dropout", "SpatialDropout1D",
    "AttentionWeightedAverage",
  ]

  /// A function behind a recurrent layer becomes a matrix of units x units, which a small file must not make great.
  private static let mostUnits = 1024

  /// Adds the steps of all layers; afterwards the last step gives the model's output.
  mutating func build() throws {
    for layer in architecture.layers where !Self.kinds.contains(layer.kind) {
      throw layer.options.refusal(
        "the layer is not supported", "use \(Self.kinds.dropFirst().joined(separator: ", "))")
    }
    for layer in architecture.layers {
      values[layer.name] = try value(of: layer)
      if layer.options.computesInHalf { computesInHalf.append(layer.place) }
    }
    if let output = values[architecture.output], output != steps.count { go(on: [output]) }
  }

  private mutating func add(_ step: SequenceModel.Step) {
    if case .read(let places) = step {
      sizes.append(places.reduce(0) { $0 + (sizes[$1] ?? 0) })
      isSequence.append(isSequence[places[0]])
    } else {
      if sizes.count == 1, sizes[0] == nil, let part = step.parts.first {
        sizes[0] = part.network.inputSize
      }
      sizes.append(step.outputSize ?? sizes[steps.count])
      isSequence.append(isSequence[steps.count] && !step.endsSequence)
    }
    steps.append(step)
  }
  /// Makes some values, side by side, what the next step reads.
  private mutating func go(on places: [Int]) {
    if places != [steps.count] { add(.read(places)) }
  }

  /// The number of the value that a layer gives, after its steps.
  private mutating func value(of layer: KerasLayer) throws -> Int {
    let options = layer.options
    if layer.kind == "InputLayer" {
      try options.check(reading: [])
      return try input(layer, shape: options["batch_input_shape"] ?? options["batch_shape"])
    }
    if layer.inputs.isEmpty {
      // The first layer of a Sequential model without an input layer, which may say the shape itself.
      guard values.isEmpty else {
        throw options.refusal("it reads nothing", "save the model again")
      }
      if let shape = options["batch_input_shape"] ?? options["batch_shape"] {
        _ = try input(layer, shape: shape, embedded: layer.kind == "Embedding")
      } else {
        readsIndices = layer.kind == "Embedding"
      }
    }
    let places = layer.inputs.isEmpty ? [0] : layer.inputs.compactMap { values[$0] }
    guard places.count == 1 || layer.kind == "Concatenate" else {
      throw options.refusal(
        "it reads \(places.count) layers",
        "initial states and merges but Concatenate are not supported")
    }
    switch layer.kind {
    case "Dropout", "SpatialDropout1D":
      try options.check(reading: [])
      notes.append(ImportNote(layer.place, "rate", "given", "acts in training only"))
      return places[0]
    case "Activation": return try activation(layer, reading: places[0])
    case "Concatenate":
      try options.check(reading: ["axis"])
      guard let axis = options["axis"]?.int,
        places.allSatisfy({ isSequence[$0] == isSequence[places[0]] }),
        axis == -1 || axis == (isSequence[places[0]] ? 2 : 1)
      else { throw options.refusal("it does not join features", "use axis = -1") }
      guard places.reduce(0, { $0 + (sizes[$1] ?? 0) }) <= 1 << 20 else {
        throw options.refusal("it joins more than 1048576 values", "join fewer")
      }
      guard !readsIndices || !places.contains(0) else {
        throw options.refusal("it joins indices", "join what Embedding layers give")
      }
      go(on: places)
    case "Embedding": try embedding(layer, reading: places[0])
    case "Dense": try dense(layer, options, reading: places[0])
    case "TimeDistributed":
      try options.check(reading: ["layer"])
      guard let (kind, inner) = try options.inner("layer"), kind == "Dense", isSequence[places[0]]
      else {
        throw options.refusal(
          "it does not hold a Dense layer for a sequence", "use it around Dense alone")
      }
      try dense(layer, inner, reading: places[0])
    case "LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "Bidirectional":
      try needSequence(layer, places[0])
      try recurrent(layer, reading: places[0])
    case "AttentionWeightedAverage":
      try needSequence(layer, places[0])
      try attention(layer, reading: places[0])
    default: preconditionFailure("\(layer.kind) was not refused")
    }
    return steps.count
  }

  /// The model's input, whose shape is `[batch, time, features]`, or `[batch, time]` for indices.
  private mutating func input(_ layer: KerasLayer, shape: JSONValue?, embedded: Bool? = nil) throws
    -> Int
  {
    let options = layer.options
    guard let shape = shape?.array else {
      throw options.refusal("its shape is missing", "save the model again")
    }
    let readers = architecture.layers.filter { $0.inputs.contains(layer.name) }
    readsIndices = embedded ?? readers.contains { $0.kind == "Embedding" }
    guard shape.count == (readsIndices ? 2 : 3) else {
      throw options.refusal(
        "the model's input has \(shape.count) axes with that of the batch",
        "give it time and features, or indices in time that an Embedding reads")
    }
    if !readsIndices, let size = shape[2].int, (1...1 << 20).contains(size) { sizes[0] = size }
    return 0
  }
  private func needSequence(_ layer: KerasLayer, _ place: Int) throws {
    if !isSequence[place] {
      throw layer.options.refusal(
        "it reads one step, not a sequence", "set return_sequences in the layer before")
    }
  }
  /// Refuses a kernel that does not fit what a layer reads.
  private func check(_ inputs: Int, at place: Int, _ options: KerasOptions) throws {
    if readsIndices, place == 0 {
      throw options.refusal("it reads indices", "read them by an Embedding")
    }
    if let size = sizes[place], size != inputs {
      throw options.refusal(
        "its weights are for \(inputs) inputs, but it reads \(size)",
        "give weights and architecture of one model")
    }
  }

  // MARK: Layers without states

  private mutating func embedding(_ layer: KerasLayer, reading place: Int) throws {
    let options = layer.options
    try options.check(reading: ["input_dim", "output_dim", "mask_zero"])
    guard try !options.flag("mask_zero", standard: false) else {
      throw options.refusal("mask_zero = true is not supported", "train without masking")
    }
    let (count, width) = (try options.units("input_dim"), try options.units("output_dim"))
    guard readsIndices, place == 0 else {
      throw options.refusal("it does not read the model's input", "read indices from the input")
    }
    let tensors = try self.tensors.take(layer)
    guard tensors.map(\.shape) == [[count, width]] else {
      throw options.refusal(
        "its tensors have the shapes \(tensors.map(\.shape)), not [[\(count), \(width)]]",
        "give weights and architecture of one model")
    }
    sizes[0] = 1
    go(on: [0])
    add(.oneHot(count))
    let table = Matrix(rows: count, columns: width, values: tensors[0].values)
    add(
      .forward(
        try maker.part(
          cell: "dense", inputSize: count, units: width, options: [.init("bias", .bool(false))],
          values: ["weight": table.transposed.values])))
    notes.append(ImportNote(layer.place, "input_dim", "\(count)", "an index chooses a column"))
  }

  private mutating func dense(
    _ layer: KerasLayer, _ options: KerasOptions, reading place: Int
  ) throws {
    try options.check(reading: ["units", "activation", "use_bias"])
    let units = try options.units()
    let hasBias = try options.flag("use_bias")
    let tensors = try self.tensors.take(layer)
    let shapes = tensors.map(\.shape)
    guard shapes.count == (hasBias ? 2 : 1), shapes[0].count == 2, shapes[0][1] == units,
      shapes[0][0] > 0, !hasBias || shapes[1] == [units]
    else {
      throw options.refusal(
        "its tensors have the shapes \(shapes), which are not those of \(units) units",
        "give weights and architecture of one model")
    }
    let kernel = Matrix(rows: shapes[0][0], columns: units, values: tensors[0].values)
    try check(kernel.rows, at: place, options)
    var name = try options.functionName("activation")
    var function =
      name == "softmax"
      ? CellActivation(.linear) : try options.function("activation", version: version)
    let readers = architecture.layers.filter { $0.inputs.contains(layer.name) }
    if name == "linear", readers.count == 1, readers[0].kind == "Activation",
      architecture.output != layer.name
    {
      let next = readers[0].options
      try next.check(reading: ["activation"])
      name = try next.functionName("activation")
      if name != "softmax" { function = try next.function("activation", version: version) }
      folded.insert(readers[0].name)
    }
    go(on: [place])
    add(
      .forward(
        try maker.part(
          cell: "dense", inputSize: kernel.rows, units: units,
          options: [.init("bias", .bool(hasBias))] + function.entries(""),
          values: ["weight": kernel.transposed.values].merging(
            hasBias ? ["bias": tensors[1].values] : [:]
          ) { a, _ in a })))
    if name == "softmax" { add(.softmax) }
    notes.append(ImportNote(layer.place, "activation", name, "function of the layer"))
  }

  private mutating func activation(_ layer: KerasLayer, reading place: Int) throws -> Int {
    if folded.contains(layer.name) { return place }
    try layer.options.check(reading: ["activation"])
    let name = try layer.options.functionName("activation")
    if name == "linear" { return place }
    guard let size = sizes[place], place > 0, size <= Self.mostUnits else {
      throw layer.options.refusal(
        "it reads the model's input, or more than \(Self.mostUnits) values",
        "compute the function before the model")
    }
    if name == "softmax" {
      go(on: [place])
      add(.softmax)
      return steps.count
    }
    let function = try layer.options.function("activation", version: version)
    var identity = Matrix(
      rows: size, columns: size, values: [Double](repeating: 0, count: size * size))
    for i in 0..<size { identity.values[i * size + i] = 1 }
    go(on: [place])
    add(
      .forward(
        try maker.part(
          cell: "dense", inputSize: size, units: size,
          options: [.init("bias", .bool(false))] + function.entries(""),
          values: ["weight": identity.values])))
    notes.append(ImportNote(layer.place, "activation", name, "a layer with the unit matrix"))
    return steps.count
  }

  /// The layer of DeepMoji and textgenrnn: a weighted mean over time; Keras adds 1e-7 to the sum of weights.
  private mutating func attention(_ layer: KerasLayer, reading place: Int) throws {
    let options = layer.options
    try options.check(reading: ["return_attention"])
    guard try !options.flag("return_attention", standard: false) else {
      throw options.refusal("return_attention = true is not supported", "save a model without it")
    }
    let tensors = try self.tensors.take(layer)
    guard tensors.count == 1, tensors[0].shape.count == 2, tensors[0].shape[1] == 1,
      tensors[0].shape[0] > 0
    else {
      throw options.refusal(
        "its tensors have the shapes \(tensors.map(\.shape)), not one column",
        "save the model again")
    }
    let inputs = tensors[0].shape[0]
    try check(inputs, at: place, options)
    go(on: [place])
    add(
      .attention(
        try maker.part(
          cell: "dense", inputSize: inputs, units: 1, options: [.init("bias", .bool(false))],
          values: ["weight": tensors[0].values]), epsilon: 1e-7))
    notes.append(ImportNote(layer.place, "weights", "\(inputs)", "weighted mean of all steps"))
  }

  // MARK: Recurrent layers

  private mutating func recurrent(_ layer: KerasLayer, reading place: Int) throws {
    guard layer.kind == "Bidirectional" else {
      let one = try KerasRecurrentLayer(kind: layer.kind, layer.options, version: version)
      let part = try one.part(tensors.take(layer), &maker)
      try check(part.network.inputSize, at: place, layer.options)
      go(on: [place])
      if one.goesBackwards { add(.flip) }
      add(.forward(part))
      if !one.returnsSequences { add(.select(.last)) }
      note(layer, one)
      return
    }
    let options = layer.options
    try options.check(reading: ["layer", "backward_layer", "merge_mode"])
    let mode = options["merge_mode"]?.string ?? "none"
    guard mode == "concat" else {
      throw options.refusal("merge_mode = \(mode) is not supported", "train with concat")
    }
    guard let (kind, inner) = try options.inner("layer") else {
      throw options.refusal("its layer is missing", "save the model again")
    }
    let forward = try KerasRecurrentLayer(kind: kind, inner, version: version)
    var reverse = forward
    if let (kind, inner) = try options.inner("backward_layer") {
      reverse = try KerasRecurrentLayer(kind: kind, inner, version: version)
      guard reverse.goesBackwards, reverse.returnsSequences == forward.returnsSequences else {
        throw options.refusal(
          "its backward_layer does not go backwards or returns something else",
          "use the same layer in both directions")
      }
    }
    guard !forward.goesBackwards else {
      throw options.refusal(
        "its layer has go_backwards = true", "let Bidirectional turn time around")
    }
    let tensors = try self.tensors.take(layer)
    let half = forward.tensorCount
    guard tensors.count == half + reverse.tensorCount else {
      throw options.refusal(
        "it has \(tensors.count) tensors instead of \(half + reverse.tensorCount)",
        "give weights and architecture of one model")
    }
    let parts = (
      try forward.part(Array(tensors[..<half]), &maker),
      try reverse.part(Array(tensors[half...]), suffix: "_reverse", &maker)
    )
    try check(parts.0.network.inputSize, at: place, options)
    try check(parts.1.network.inputSize, at: place, options)
    go(on: [place])
    add(.bidirectional(forward: parts.0, reverse: parts.1))
    if !forward.returnsSequences { add(.select(.final)) }
    note(layer, forward)
  }

  private mutating func note(_ layer: KerasLayer, _ one: KerasRecurrentLayer) {
    notes += one.notes.map { ImportNote(layer.place, $0.option, $0.value, $0.meaning) }
    if one.isStateful { isStateful.append(layer.place) }
  }
}
