internal import RNNGraph
internal import RNNInterchange

/// A recurrent layer of Keras in one direction: its options, and the part that its tensors make.
struct KerasRecurrentLayer {
  private enum Kind: String { case lstm = "LSTM", gru = "GRU", simple = "SimpleRNN" }
  private let kind: Kind
  private let options: KerasOptions
  private let units: Int
  private let hasBias: Bool
  private let function: CellActivation
  private let gates: CellActivation?
  /// Where a GRU's reset gate acts; nil for other cells.
  private let resetsAfter: Bool?
  let goesBackwards: Bool
  let returnsSequences: Bool
  let isStateful: Bool
  private(set) var notes: [(option: String, value: String, meaning: String)] = []

  /// - Parameter version: the major version of Keras; nil if unknown.
  init(kind name: String, _ options: KerasOptions, version: Int?) throws {
    self.options = options
    let isCuDNN = name.hasPrefix("CuDNN")
    guard let kind = Kind(rawValue: isCuDNN ? String(name.dropFirst(5)) : name),
      !isCuDNN || kind != .simple
    else {
      throw options.refusal(
        "the layer \(name) is not supported", "use LSTM, GRU or SimpleRNN")
    }
    self.kind = kind
    try options.check(reading: [
      "units", "activation", "recurrent_activation", "use_bias", "reset_after", "go_backwards",
      "return_sequences", "return_state", "stateful",
    ])
    units = try options.units()
    guard try !options.flag("return_state", standard: false) else {
      throw options.refusal(
        "return_state = true is not supported", "save a model that returns outputs alone")
    }
    goesBackwards = try options.flag("go_backwards", standard: false)
    returnsSequences = try options.flag("return_sequences", standard: false)
    isStateful = try options.flag("stateful", standard: false)
    if isCuDNN {
      // These layers have the functions and biases of the library that they call, and no options for them.
      hasBias = true
      function = CellActivation(.tanh)
      gates = CellActivation(.sigmoid)
      resetsAfter = kind == .gru ? true : nil
    } else {
      hasBias = try options.flag("use_bias")
      function = try options.function("activation", version: version)
      gates = kind == .simple ? nil : try options.function("recurrent_activation", version: version)
      // GRU layers from before Keras 2.1.3 do not know the option; their gate acts before the product.
      resetsAfter =
        kind == .gru ? try options.flag("reset_after", standard: version == 2 ? false : nil) : nil
    }
    func text(_ f: CellActivation) -> String {
      f.kind.hasAlpha
        ? "\(f.kind.rawValue), \(Float(f.alpha)) x + \(Float(f.beta))" : f.kind.rawValue
    }
    notes.append(("activation", function.kind.rawValue, text(function)))
    if let gates { notes.append(("recurrent_activation", gates.kind.rawValue, text(gates))) }
    if let resetsAfter {
      notes.append(("reset_after", "\(resetsAfter)", "reset = \(resetsAfter ? "after" : "before")"))
    }
    if goesBackwards { notes.append(("go_backwards", "true", "time is turned around")) }
    if !returnsSequences { notes.append(("return_sequences", "false", "one step goes on")) }
    if isStateful { notes.append(("stateful", "true", "every run starts from zero states")) }
  }

  /// How many tensors the layer has.
  var tensorCount: Int { hasBias ? 3 : 2 }

  /// The network of one direction.
  ///
  /// - Parameter tensors: kernel, recurrent kernel and, if there is one, bias.
  func part(_ tensors: [KerasTensors.Tensor], suffix: String = "", _ maker: inout LayerMaker) throws
    -> SequenceModel.Part
  {
    let names = ["kernel", "recurrent_kernel", "bias"].prefix(tensorCount)
    guard tensors.count == names.count else {
      throw options.refusal(
        "it has \(tensors.count) tensors instead of \(names.joined(separator: ", "))",
        "give weights and architecture of one model")
    }
    for (tensor, name) in zip(tensors, names) {
      // Keras 3 counts its tensors in the order of their creation; other files name them.
      let found = tensor.path.split(separator: "/").last?.split(separator: ":").first ?? ""
      guard found == name || Int(found) != nil else {
        throw options.refusal(
          "the tensor \(tensor.path) is where \(name) should be", "save the model again")
      }
    }
    let (kernel, recurrent) = (tensors[0], tensors[1])
    guard kernel.shape.count == 2, recurrent.shape.count == 2 else {
      throw options.refusal(
        "its kernels have the shapes \(kernel.shape) and \(recurrent.shape)", "save the model again"
      )
    }
    let bias = tensors.count > 2 ? tensors[2] : nil
    let weights = KerasWeights(
      kernel: Matrix(rows: kernel.shape[0], columns: kernel.shape[1], values: kernel.values),
      recurrent: Matrix(
        rows: recurrent.shape[0], columns: recurrent.shape[1], values: recurrent.values),
      bias: bias?.values, biasShape: bias?.shape ?? [], units: units)
    do {
      switch kind {
      case .lstm:
        return try maker.part(
          cell: "lstm", inputSize: kernel.shape[0], units: units,
          options: (gates?.entries("gate") ?? []) + function.entries("candidate")
            + function.entries("output"), suffix: suffix, values: weights.lstm())
      case .gru:
        let (reset, values) = try weights.gru(resetAfter: resetsAfter)
        return try maker.part(
          cell: "gru", inputSize: kernel.shape[0], units: units,
          options: [.init("reset", .choice(reset))] + (gates?.entries("gate") ?? [])
            + function.entries("candidate"), suffix: suffix, values: values)
      case .simple:
        return try maker.part(
          cell: "elman", inputSize: kernel.shape[0], units: units, options: function.entries(""),
          suffix: suffix, values: weights.simple())
      }
    } catch let fault as KerasWeights.Fault {
      throw options.refusal(fault.message, "give weights and architecture of one model")
    }
  }
}
