/// The operands of a recurrent node: constants in the shapes that its attributes ask for.
struct ONNXRecurrentWeights {
  enum Initial: Hashable {
    case none, zero
    /// A row for each direction.
    case given([[Double]])
    case outside(String)
  }
  var units: Int
  /// W, R and B of each direction: gates * units rows.
  var weightX: [Matrix] = []
  var weightH: [Matrix] = []
  var biasX: [[Double]] = []
  var biasH: [[Double]] = []
  /// P of each direction; nil without peepholes.
  var peepholes: [[Double]]?
  var initialH = Initial.none
  var initialC = Initial.none

  init(
    _ node: ONNXNode, _ operands: [ONNXValue?], inputs: Int, directions: Int, isBatchFirst: Bool
  ) throws {
    let gates = ["LSTM": 4, "GRU": 3][node.kind] ?? 1
    if node.kind != "LSTM",
      let extra = (6..<max(6, node.inputs.count)).first(where: { node.input($0) != nil })
    {
      throw ONNXRefusal(
        "its input \(extra) \"\(node.inputs[extra])\" is none of the operator's", fix: "remove it")
    }
    let input = { (i: Int) -> ONNXValue? in operands.indices.contains(i) ? operands[i] : nil }
    func constant(_ i: Int, _ name: String) throws -> ONNXTensor? {
      switch input(i) {
      case nil: return nil
      case .constant(let tensor)?: return tensor
      case .outside(let source)?:
        throw ONNXRefusal(
          "its weights \(name) are the graph's input \"\(source)\"",
          fix: "give them with --constant \(source)=FILE")
      default:
        throw ONNXRefusal("its weights \(name) depend on the data", fix: "export fixed weights")
      }
    }
    guard let w = try constant(1, "W"), let r = try constant(2, "R"), r.shape.count == 3 else {
      throw ONNXRefusal("its weights W or R are missing", fix: "export again")
    }
    units = node.int("hidden_size") ?? r.shape[2]
    let (units, rows) = (self.units, gates * self.units)
    guard (1...1 << 20).contains(units) else {
      throw ONNXRefusal("hidden_size = \(units) is not supported", fix: "use 1 to \(1 << 20)")
    }
    func expect(_ tensor: ONNXTensor?, _ name: String, _ shape: [Int]) throws {
      guard let tensor, tensor.shape != shape else { return }
      throw ONNXRefusal(
        "\(name) has the shape \(tensor.shape), but hidden_size = \(units), direction and X ask for \(shape)",
        fix: "export again")
    }
    let b = try constant(3, "B")
    let p = try constant(7, "P")
    // A projection shows in a state, or weights, that do not have hidden_size units.
    for (i, name) in [(5, "initial_h"), (6, "initial_c")] {
      guard case .constant(let state)? = input(i), let last = state.shape.last, last != units else {
        continue
      }
      throw ONNXRefusal(
        "\(name) has \(last) units, but hidden_size is \(units): so PyTorch exports an LSTM with a projection "
          + "(proj_size), which the ONNX operator cannot express; its weights are cut and lost in this file",
        fix: "save the state_dict as safetensors and import that, which keeps the projection")
    }
    if node.kind == "LSTM", w.shape.count == 3, w.shape[1] != rows, r.shape[1] == w.shape[1],
      r.shape[2] == units, w.shape[1] % 4 == 0
    {
      throw ONNXRefusal(
        "W has \(w.shape[1]) rows, but hidden_size = \(units) asks for \(rows): so PyTorch exports an LSTM with a "
          + "projection (proj_size), which the ONNX operator cannot express",
        fix: "save the state_dict as safetensors and import that, which keeps the projection")
    }
    try expect(w, "W", [directions, rows, inputs])
    try expect(r, "R", [directions, rows, units])
    try expect(b, "B", [directions, 2 * rows])
    try expect(p, "P", [directions, 3 * units])
    for d in 0..<directions {
      func part(_ tensor: ONNXTensor, _ count: Int, at: Int = 0, of all: Int) -> [Double] {
        Array(tensor.floats[d * all + at..<d * all + at + count])
      }
      weightX.append(
        Matrix(rows: rows, columns: inputs, values: part(w, rows * inputs, of: rows * inputs)))
      weightH.append(
        Matrix(rows: rows, columns: units, values: part(r, rows * units, of: rows * units)))
      let zeros = [Double](repeating: 0, count: rows)
      biasX.append(b.map { part($0, rows, of: 2 * rows) } ?? zeros)
      biasH.append(b.map { part($0, rows, at: rows, of: 2 * rows) } ?? zeros)
      if let p { peepholes = (peepholes ?? []) + [part(p, 3 * units, of: 3 * units)] }
    }
    initialH = try Self.initial(
      input(5), "initial_h", directions: directions, units: units, isBatchFirst: isBatchFirst)
    initialC = try Self.initial(
      input(6), "initial_c", directions: directions, units: units, isBatchFirst: isBatchFirst)
  }

  private static func initial(
    _ value: ONNXValue?, _ name: String, directions: Int, units: Int, isBatchFirst: Bool
  ) throws -> Initial {
    switch value {
    case nil: return .none
    case .outside(let source)?: return .outside(source)
    case .constant(let tensor)?:
      let side = isBatchFirst ? 1 : 0
      guard tensor.shape.count == 3, tensor.shape[2] == units, tensor.shape[side] == directions
      else {
        throw ONNXRefusal("\(name) has the shape \(tensor.shape)", fix: "export again")
      }
      let values = tensor.floats
      if values.allSatisfy({ $0 == 0 }) { return .zero }
      let batch = tensor.shape[1 - side]
      let rows = (0..<directions).map { d in
        (0..<batch).map { b -> [Double] in
          let start = (isBatchFirst ? b * directions + d : d * batch + b) * units
          return Array(values[start..<start + units])
        }
      }
      guard rows.allSatisfy({ all in all.allSatisfy { $0 == all[0] } }) else {
        throw ONNXRefusal(
          "\(name) differs between the \(batch) sequences of its batch",
          fix: "give one initial state, the same for all sequences")
      }
      return .given(rows.map { $0[0] })
    default:
      throw ONNXRefusal(
        "\(name) depends on the data", fix: "use a constant or an input of the graph")
    }
  }
}
