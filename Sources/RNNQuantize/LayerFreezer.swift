internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

/// Appends one quantized layer to an integer graph.
///
/// Only nodes that the output or a state needs are translated.
struct LayerFreezer {
  let layer: Layer
  let weights: [[Float]]
  /// The output of the layer below; nil for the first layer.
  let below: ValueID?
  private(set) var builder: IntegerGraphBuilder

  private let uses: [Int]
  private var done: [ValueID: ValueID] = [:]
  private var matrices: [ParameterID: Int] = [:]
  /// The index in the integer graph of the layer's first state.
  private let firstState: Int
  private var graph: CellGraph { layer.graph }

  init(layer: Layer, weights: [[Float]], below: ValueID?, builder: IntegerGraphBuilder) {
    self.layer = layer
    self.weights = weights
    self.below = below
    self.builder = builder
    uses = layer.graph.useCounts
    firstState = builder.graph.states.count
  }

  /// Translates all that the states and the output need; gives the output.
  mutating func run() throws -> ValueID {
    for (s, state) in graph.states.enumerated() {
      guard case .quantize(_, let format, _) = graph[state.next].op,
        let initial = graph.initialCode(of: StateID(s))
      else {
        throw unquantized(state.next, "the next value of state \(state.name)")
      }
      builder.graph.states.append(
        IntegerState(
          name: "\(layer.name).\(state.name)", size: state.size, format: format,
          initial: initial, next: ValueID(0)))
    }
    guard case .quantize = graph[graph.output].op else {
      throw unquantized(graph.output, "the layer's output")
    }
    // Rounded values in the graph's order, so that the result reads like the cell.
    let live = live()
    for id in graph.valueIDs where live.contains(id) {
      if case .quantize = graph[id].op { _ = try translated(id) }
    }
    for (s, state) in graph.states.enumerated() {
      builder.graph.states[firstState + s].next = computed(try translated(state.next))
    }
    return computed(try translated(graph.output))
  }

  /// The value, or a copy of it if no datapath computes it: what a state or a reader outside takes.
  ///
  /// A state that takes another state's value, or a constant, is such a value.
  private mutating func computed(_ id: ValueID) -> ValueID {
    if case .linear = builder.graph[id].op { return id }
    return builder.inDatapath(id)
  }

  /// The nodes that the output or the next value of a state depends on.
  private func live() -> Set<ValueID> {
    var live = Set(graph.states.map(\.next) + [graph.output])
    for id in graph.valueIDs.reversed() where live.contains(id) {
      live.formUnion(graph[id].op.operands)
    }
    return live
  }

  private func unquantized(_ id: ValueID, _ what: String) -> DiagnosticsEmitted {
    fault(
      layer, graph[id].name, "\(what) is not quantized", fix: "quantize the network first")
  }
  private func name(_ id: ValueID) -> String { "\(layer.name).\(graph[id].name)" }
  private func format(_ id: ValueID) -> QFormat { builder.graph[id].format }

  private mutating func translated(_ id: ValueID) throws -> ValueID {
    if let known = done[id] { return known }
    let result: ValueID
    do {
      result = try translate(id)
    } catch let error as IntegerGraphBuilder.TooWide {
      throw fault(
        layer, graph[id].name, "the exact value needs \(error.width) bits, more than 63",
        fix: "choose smaller widths or quantize one of its operands")
    }
    done[id] = result
    return result
  }

  private mutating func translate(_ id: ValueID) throws -> ValueID {
    let size = graph[id].size
    let name = name(id)
    switch graph[id].op {
    case .input:
      guard let below else {
        return builder.append(
          .input, size: size, format: builder.graph.inputFormat, name: name)
      }
      return below
    case .state(let s):
      let state = StateID(firstState + s.index)
      return builder.append(
        .state(state), size: size, format: builder.graph[state].format, name: name)
    case .parameter(let p):
      let parameter = graph[p]
      guard let format = parameter.format, !parameter.isMatrix else {
        throw unquantized(id, "the vector \(parameter.name)")
      }
      if parameter.rows == 1, size > 1 {
        let code = parameterCodes(weights[p.index], format)[0]
        return builder.append(.constant(code), size: size, format: format, name: name)
      }
      builder.graph.vectors.append(
        IntegerVector(
          name: "\(layer.name).\(parameter.name)", format: format,
          codes: parameterCodes(weights[p.index], format)))
      return builder.append(
        .vector(builder.graph.vectors.count - 1), size: size, format: format, name: name)
    case .matvec: return try builder.linear([try term(id)], name: name)
    case .add: return try sum(id)
    case .subtract(let a, let b):
      let (p, q) = (try translated(a), try translated(b))
      return try builder.subtract(p, q, name: name)
    case .multiply(let a, let b):
      let (p, q) = (try translated(a), try translated(b))
      return try builder.multiply(p, q, name: name)
    case .affine(let v, let scale, let offset): return try affine(id, v, scale, offset)
    case .activation(.relu, let v):
      let operand = try translated(v)
      return builder.append(.relu(operand), size: size, format: format(operand), name: name)
    case .activation(let function, _): throw unquantized(id, "the output of \(function.name)")
    case .reduce(.mean, let v):
      let operand = try translated(v)
      let sum = try builder.reduce(.sum, operand, name: "\(name)_sum")
      let factor = builder.constant(
        1 / Double(graph[v].size), size: 1, name: "\(name)_factor")
      return try builder.multiply(factor, sum, name: name)
    case .reduce(let reduction, let v):
      return try builder.reduce(
        reduction == .sum ? .sum : .maximum, try translated(v), name: name)
    case .broadcast(let v):
      return builder.broadcast(try translated(v), size: size, name: name)
    case .gate(let v, let s):
      let (value, switching) = (try translated(v), try translated(s))
      return builder.append(
        .gate(value, by: switching), size: size, format: format(value), name: name)
    case .coefficient: throw unquantized(id, "the coefficient")
    case .normalize: throw unquantized(id, "the result of a normalization")
    case .quantize(let v, let format, let rounding): return try quantize(id, v, format, rounding)
    }
  }

  private mutating func quantize(
    _ id: ValueID, _ v: ValueID, _ format: QFormat, _ rounding: RoundingRule
  ) throws -> ValueID {
    let size = graph[id].size
    let name = name(id)
    if case .input = graph[v].op, below == nil {
      if let known = done[v] { return known }
      let input = builder.append(.input, size: size, format: format, name: name)
      done[v] = input
      return input
    }
    if case .activation(let function, let operand) = graph[v].op, function.isTabulated {
      guard isStored(operand) else {
        throw unquantized(operand, "the operand of \(function.name)")
      }
      let argument = try translated(operand)
      guard self.format(argument).width <= 20, format.width <= 24 else {
        throw fault(
          layer, graph[id].name,
          "a table from \(self.format(argument).width) to \(format.width) bits is too large",
          fix: "quantize to at most 20 bits before and 24 after the activation")
      }
      let table = builder.table(function, input: self.format(argument), output: format)
      return builder.append(.activation(table, argument), size: size, format: format, name: name)
    }
    if case .normalize(let operand, let square, let epsilon) = graph[v].op {
      return try normalize(id, operand, square, epsilon, format)
    }
    if case .coefficient(let coefficient) = graph[v].op {
      return try self.coefficient(id, coefficient, format, rounding)
    }
    let value = try translated(v)
    let from = self.format(value)
    if from == format { return value }
    if format.fraction >= from.fraction
      && format.width - format.fraction >= from.width - from.fraction
    {
      return builder.extended(value, to: format, name: name)
    }
    return builder.append(
      .requantize(value, rounding, .saturate), size: size, format: format, name: name)
  }

  /// v / sqrt(s + floor), rounded half up by the unit itself, as tables are.
  private mutating func normalize(
    _ id: ValueID, _ operand: ValueID, _ square: ValueID, _ epsilon: Double, _ format: QFormat
  ) throws -> ValueID {
    guard isStored(square) else { throw unquantized(square, "the square that normalizes") }
    let (v, s) = (try translated(operand), try translated(square))
    let floor = max(1, (epsilon / self.format(s).ulp).rounded(.toNearestOrEven))
    guard floor < Double(1 << Normalization.widestTotal),
      let unit = builder.normalization(
        value: self.format(v), square: self.format(s), output: format, floor: Int64(floor))
    else {
      throw fault(
        layer, graph[id].name,
        "\(self.format(v)) over the root of \(self.format(s)) + \(epsilon) in \(format) is beyond the "
          + "unit's \(Normalization.widestValue), \(Normalization.widestSquare) and "
          + "\(Normalization.widestOutput) bits",
        fix: "quantize to fewer bits, or choose an epsilon in the range of the squares")
    }
    return builder.append(
      .normalize(unit, v, by: s), size: graph[id].size, format: format, name: name(id))
  }

  /// A rounded coefficient: a table of its codes, or a pulse.
  private mutating func coefficient(
    _ id: ValueID, _ coefficient: StepCoefficient, _ format: QFormat, _ rounding: RoundingRule
  ) throws -> ValueID {
    guard
      let values = IntegerCoefficient.Values(coefficient, format: format, rounding: rounding)
    else {
      throw fault(
        layer, graph[id].name,
        "the coefficient takes more than \(IntegerCoefficient.largestTable) different steps in "
          + "\(format.width) bits",
        fix: "restart it more often, or choose fewer bits for weights")
    }
    let name = name(id)
    builder.graph.coefficients.append(
      IntegerCoefficient(name: name, format: format, values: values))
    return builder.append(
      .coefficient(builder.graph.coefficients.count - 1), size: graph[id].size, format: format,
      name: name)
  }

  /// True when a value has a format of its own rather than an exact one.
  private func isStored(_ id: ValueID) -> Bool {
    switch graph[id].op {
    case .quantize, .state: true
    case .input: below != nil
    case .activation(.relu, let v), .gate(let v, _), .broadcast(let v), .reduce(.maximum, let v):
      isStored(v)
    default: false
    }
  }

  private mutating func term(_ id: ValueID) throws -> LinearTerm {
    guard case .matvec(let p, let v, let transposed) = graph[id].op else {
      preconditionFailure("\(graph[id].name) is no product")
    }
    guard isStored(v) else { throw unquantized(v, "the operand of \(graph[p].name)") }
    let operand = try translated(v)
    if let known = matrices[p] {
      return LinearTerm(matrix: known, operand: operand, transposed: transposed)
    }
    let parameter = graph[p]
    guard let columns = parameter.columns, let format = parameter.format else {
      throw unquantized(id, "the matrix \(parameter.name)")
    }
    builder.graph.matrices.append(
      IntegerMatrix(
        name: "\(layer.name).\(parameter.name)", rows: parameter.rows, columns: columns,
        structure: parameter.structure, format: format,
        codes: parameterCodes(weights[p.index], format)))
    matrices[p] = builder.graph.matrices.count - 1
    return LinearTerm(
      matrix: builder.graph.matrices.count - 1, operand: operand, transposed: transposed)
  }

  /// A sum: all products on one grid in one `linear` node, then one addition for every other addend.
  private mutating func sum(_ id: ValueID) throws -> ValueID {
    let addends = graph.addends(of: id, useCounts: uses)
    var groups: [(fraction: Int, terms: [LinearTerm])] = []
    var others: [ValueID] = []
    for addend in addends {
      guard case .matvec = graph[addend].op, uses[addend.index] == 1 else {
        others.append(try translated(addend))
        continue
      }
      let term = try term(addend)
      let fraction =
        builder.graph.matrices[term.matrix].format.fraction + format(term.operand).fraction
      if let i = groups.firstIndex(where: { $0.fraction == fraction }) {
        groups[i].terms.append(term)
      } else {
        groups.append((fraction, [term]))
      }
    }
    var parts: [ValueID] = []
    for group in groups {
      let isAll = groups.count == 1 && others.isEmpty
      parts.append(
        try builder.linear(group.terms, name: isAll ? name(id) : "\(name(id))_products"))
    }
    parts += others
    var result = parts[0]
    for (i, part) in parts.enumerated().dropFirst() {
      let name = i == parts.count - 1 ? name(id) : "\(name(id))_partial"
      result = try builder.add(result, part, name: name)
    }
    return result
  }

  private mutating func affine(
    _ id: ValueID, _ v: ValueID, _ scale: Double, _ offset: Double
  ) throws -> ValueID {
    func constant(_ value: Double, _ suffix: String) throws -> ValueID {
      guard value.isFinite else {
        throw fault(
          layer, graph[id].name, "the constant \(value) is not finite",
          fix: "use a finite constant in the cell's options")
      }
      return builder.constant(value, size: graph[id].size, name: "\(name(id))_\(suffix)")
    }
    var value = try translated(v)
    if scale == -1 {
      let minuend = try constant(offset, "offset")
      return try builder.subtract(minuend, value, name: name(id))
    }
    if scale != 1 {
      let factor = try constant(scale, "scale")
      value = try builder.multiply(factor, value, name: "\(name(id))_scaled")
    }
    if offset == 0 { return value }
    let addend = try constant(offset, "offset")
    return try builder.add(value, addend, name: name(id))
  }
}
