internal import RNNGraph

/// The attributes of a recurrent node as options of a cell; every attribute is honoured or refused here.
struct ONNXRecurrentOptions {
  let cell: String
  /// What a report says about the attributes that were given.
  private(set) var notes: [(option: String, value: String, meaning: String)] = []
  private let activations: [[CellActivation]]
  private let clip: Double
  private let isCoupled: Bool
  private let resetsAfter: Bool

  init(_ node: ONNXNode, _ weights: ONNXRecurrentWeights) throws {
    let directions = weights.weightX.count
    let standard: [CellActivation]
    switch node.kind {
    case "LSTM":
      cell = "lstm"
      standard = [.init(.sigmoid), .init(.tanh), .init(.tanh)]
    case "GRU":
      cell = "gru"
      standard = [.init(.sigmoid), .init(.tanh)]
    default:
      cell = "elman"
      standard = [.init(.tanh)]
    }
    activations = try ONNXActivations.list(node, standard: standard, directions: directions)
    if let names = node.strings("activations") {
      notes.append(("activations", names.joined(separator: " "), "functions of the cell"))
    }
    clip = node.float("clip") ?? 0
    if node.has("clip") {
      guard clip > 0, clip.isFinite else {
        throw ONNXRefusal(
          "clip = \(clip) is not positive", fix: "remove it or use a positive number")
      }
      notes.append(("clip", "\(Float(clip))", "arguments of functions are clamped"))
    }
    let coupled = cell == "lstm" ? node.int("input_forget") ?? 0 : 0
    guard coupled == 0 || coupled == 1 else {
      throw ONNXRefusal("input_forget = \(coupled) is unknown", fix: "use 0 or 1")
    }
    isCoupled = coupled == 1
    if isCoupled {
      notes.append(("input_forget", "1", "f = 1 - i; the weights of f are not used"))
    }
    let linear = cell == "gru" ? node.int("linear_before_reset") ?? 0 : 0
    resetsAfter = linear != 0
    if cell == "gru" {
      notes.append(
        (
          "linear_before_reset", "\(linear)", resetsAfter ? "reset = after" : "reset = before"
        ))
    }
    if weights.peepholes != nil { notes.append(("P", "given", "peepholes")) }
  }

  /// The options and the parameters of one direction.
  ///
  /// - Parameter map: what the layer's input matrix has to do first; nil for nothing.
  func layer(_ weights: ONNXRecurrentWeights, direction d: Int, map: AffineMap?) throws -> (
    options: [CellConfiguration.Entry], values: [String: [Double]]
  ) {
    let units = weights.units
    var weightX = weights.weightX[d]
    var biasX = weights.biasX[d]
    if let map {
      biasX = zip(biasX, weightX.times(map.bias)).map(+)
      weightX = weightX.times(map.matrix)
    }
    let gates = GateWeights(
      weightX: weightX, weightH: weights.weightH[d], biasX: biasX, biasH: weights.biasH[d],
      units: units)
    var options: [CellConfiguration.Entry] = []
    var values: [String: [Double]]
    let functions = activations[d]
    switch cell {
    case "lstm":
      values = gates.parameters(order: ["i", "o", "f", "g"])
      if let p = weights.peepholes?[d] {
        for (k, gate) in ["i", "o", "f"].enumerated() {
          values["\(gate).peephole"] = Array(p[k * units..<(k + 1) * units])
        }
      }
      if isCoupled { values = values.filter { !$0.key.hasPrefix("f.") } }
      options = [
        .init("peepholes", .bool(weights.peepholes != nil)), .init("coupled", .bool(isCoupled)),
      ]
      for (role, function) in zip(["gate", "candidate", "output"], functions) {
        options += function.entries(role)
      }
    case "gru":
      values = gates.parameters(order: ["z", "r", "n"], split: resetsAfter ? "n" : nil)
      options = [.init("reset", .choice(resetsAfter ? "after" : "before"))]
      for (role, function) in zip(["gate", "candidate"], functions) {
        options += function.entries(role)
      }
    default:
      values = gates.parameters(order: [""])
      options = functions[0].entries("")
    }
    options.append(.init("clip", .number(clip)))
    let states =
      cell == "lstm"
      ? [("h", weights.initialH), ("c", weights.initialC)] : [("h", weights.initialH)]
    let isGiven = states.contains { if case .given = $0.1 { true } else { false } }
    options.append(.init("initialState", .choice(isGiven ? "given" : "zero")))
    if isGiven {
      for (name, state) in states {
        let rows: [Double]? = if case .given(let all) = state { all[d] } else { nil }
        values["\(name).initial"] = rows ?? [Double](repeating: 0, count: units)
      }
    }
    return (options, values)
  }
}
