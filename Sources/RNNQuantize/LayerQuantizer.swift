internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

/// Quantizes one layer; see `planQuantization` for the rules.
struct LayerQuantizer {
  let layer: Layer
  let weights: [[Float]]
  let ranges: [ClosedRange<Float>]
  let policy: QuantizationPolicy
  /// The format of the layer below, nil for the first layer.
  let inputFormat: QFormat?

  /// The result.
  private(set) var graph: CellGraph
  private(set) var values: [QuantizationPlan.Value] = []
  private(set) var entries: [QuantizationPlan.ParameterEntry] = []
  /// The format that every node of the float graph is rounded to.
  private var formats: [QFormat?]
  /// The format in which matrices and the reader of the output see it where that is another one.
  private var operandFormats: [QFormat?]

  init(
    layer: Layer, weights: [[Float]], ranges: [ClosedRange<Float>], policy: QuantizationPolicy,
    inputFormat: QFormat?
  ) {
    self.layer = layer
    self.weights = weights
    self.ranges = ranges
    self.policy = policy
    self.inputFormat = inputFormat
    graph = layer.graph
    formats = Array(repeating: nil, count: layer.graph.nodes.count)
    operandFormats = formats
  }

  mutating func run(_ sink: inout DiagnosticSink) throws {
    chooseValueFormats(&sink)
    if sink.diagnostics.contains(where: { $0.severity == .error }) { return }
    try insertQuantizeNodes()
    chooseParameterFormats(&sink)
  }

  // MARK: Values

  private mutating func chooseValueFormats(_ sink: inout DiagnosticSink) {
    let source = layer.graph
    let stateValues = Set(source.states.map(\.next))
    var matrixOperands: Set<ValueID> = [source.output]
    var tabulated: [ValueID: Int] = [:]  // useful integer bits of a pre-activation
    for node in source.nodes {
      switch node.op {
      case .matvec(_, let v, _):
        matrixOperands.insert(v)
        if case .state(let s) = source[v].op { matrixOperands.insert(source[s].next) }
      case .activation(let function, let v) where function.isTabulated:
        let bits = argumentBits(of: function, v)
        tabulated[v] = max(tabulated[v] ?? bits, bits)
      default: break
      }
    }
    let moments = source.momentValues
    let squares = source.squares
    let integrators = source.integrators
    for id in source.valueIDs {
      let isState = stateValues.contains(id)
      switch source[id].op {
      case .input:
        if let inputFormat {
          round(id, .input, to: inputFormat)
        } else {
          roundByRange(id, .input, width: policy.activationWidth, &sink)
        }
      case .activation(let function, _) where function.isTabulated && function.isBounded:
        let width = policy.activationWidth
        round(id, .activation, to: QFormat(width: width, fraction: width - 1))
      case .activation(let function, _) where function.isTabulated:
        roundByRange(id, .activation, width: policy.activationWidth, &sink)
      case .coefficient(let coefficient): round(id, .coefficient, to: format(of: coefficient))
      case .state where !isState && id != source.output: break
      case _ where moments.contains(id) && (isState || squares.contains(id)):
        roundByRange(
          id, .moment, width: policy.momentWidth, least: source.epsilonBits(of: id), &sink)
      case _ where integrators.contains(id):
        roundByRange(id, .integrator, width: policy.integratorWidth, &sink)
        if matrixOperands.contains(id), let format = formats[id.index],
          format.width > policy.activationWidth
        {
          let dropped = format.width - policy.activationWidth
          operandFormats[id.index] = QFormat(
            width: policy.activationWidth, fraction: format.fraction - dropped)
        }
      case _ where matrixOperands.contains(id):
        roundByRange(id, .stored, width: policy.activationWidth, &sink)
      case _ where isState: roundByRange(id, .state, width: policy.stateWidth, &sink)
      case _ where tabulated[id] != nil:
        let width = policy.internalWidth
        round(
          id, .preactivation,
          to: QFormat(width: width, fraction: width - 1 - (tabulated[id] ?? 0)))
      case .normalize:
        roundByRange(
          id, .normalized, width: policy.internalWidth, most: usefulBits(of: id, tabulated), &sink)
      case .state: break
      case _ where squares.contains(id):
        roundByRange(
          id, .moment, width: policy.momentWidth, least: source.epsilonBits(of: id), &sink)
      // A mean is a sum times a rounded constant: it has no exact format.
      case .reduce(.mean, _):
        let isMoment = moments.contains(id)
        roundByRange(
          id, isMoment ? .moment : .factor,
          width: isMoment ? policy.momentWidth : policy.internalWidth, &sink)
      case .parameter, .matvec, .add, .subtract, .multiply, .affine, .activation, .gate,
        .quantize, .reduce, .broadcast:
        break
      }
    }
    roundWideFactors(&sink)
  }

  /// Integer bits of the argument of a table: those that its range needs, or those that were observed.
  private func argumentBits(of function: ScalarFunction, _ v: ValueID) -> Int {
    let range = ranges[v.index]
    func observed(_ magnitude: Float) -> Int {
      magnitude.isFinite ? max(integerBits(Double(magnitude) * policy.margin), -24) : 0
    }
    switch (function.range, function.usefulIntegerBits(outputFraction: policy.activationWidth - 1))
    {
    case (.saturating, let bits?): return bits
    // What lies below vanishes; what lies above is as great as the data say.
    case (_, let bits?): return max(bits, observed(max(range.upperBound, 0)))
    case (_, nil): return observed(max(abs(range.lowerBound), abs(range.upperBound)))
    }
  }

  /// The integer bits beyond which a value that only sums to arguments of tables changes nothing; nil for others.
  ///
  /// One bit more than the tables tell apart: v / sqrt(s) near s = 0 may be far greater than any of them.
  private func usefulBits(of id: ValueID, _ tabulated: [ValueID: Int]) -> Int? {
    let source = layer.graph
    if source.output == id || source.states.contains(where: { $0.next == id }) { return nil }
    var most: Int?
    for reader in source.valueIDs where source[reader].op.operands.contains(id) {
      let bits: Int?
      switch source[reader].op {
      case .add, .subtract: bits = usefulBits(of: reader, tabulated)
      case .activation: bits = tabulated[id].map { $0 + 1 }
      default: bits = nil
      }
      guard let bits else { return nil }
      most = max(most ?? bits, bits)
    }
    return most
  }

  /// The momentum of a schedule lies in [0, 1), a pulse is 0 or 1.
  private func format(of coefficient: StepCoefficient) -> QFormat {
    switch coefficient {
    case .nesterov: QFormat(width: policy.weightWidth, fraction: policy.weightWidth - 1)
    case .pulse, .onset: QFormat(width: 2, fraction: 0)
    }
  }

  /// Rounds operands of element-wise products that are wider than `internalWidth`.
  private mutating func roundWideFactors(_ sink: inout DiagnosticSink) {
    let source = layer.graph
    var factors: Set<ValueID> = []
    for node in source.nodes {
      if case .multiply(let a, let b) = node.op { factors.formUnion([a, b]) }
      if case .normalize(let v, _, _) = node.op { factors.insert(v) }
    }
    let moments = source.momentValues
    let integrators = source.integrators
    // The exact formats; nil where a matrix makes the value wide in any case.
    var exact: [QFormat?] = []
    for id in source.valueIDs {
      let format = exactFormat(id, exact)
      let isMoment = moments.contains(id)
      var width = isMoment ? policy.momentWidth : policy.internalWidth
      // The sum of an integrator must not lose bits on its way back to itself.
      if case .state(let s) = source[id].op, integrators.contains(source[s].next) {
        width = max(width, policy.integratorWidth)
      }
      let isWide = format.map { $0.width > width } ?? true
      if formats[id.index] == nil, factors.contains(id), isWide {
        roundByRange(id, isMoment ? .moment : .factor, width: width, &sink)
      }
      exact.append(formats[id.index] ?? format)
    }
  }

  private func exactFormat(_ id: ValueID, _ exact: [QFormat?]) -> QFormat? {
    switch layer.graph[id].op {
    case .input, .matvec, .coefficient: return nil
    case .state(let s): return formats[layer.graph[s].next.index]
    case .parameter(let p):
      if layer.graph[p].rows == 1, layer.graph[id].size > 1 {
        return naturalFormat(weights[p.index], width: policy.weightWidth)
      }
      return QFormat(width: policy.weightWidth, fraction: policy.weightWidth - 1)
    default:
      return layer.graph.operation(id)?.exactFormat(
        layer.graph[id].op.operands.map { exact[$0.index] })
    }
  }

  private mutating func round(_ id: ValueID, _ role: QuantizationPlan.Role, to format: QFormat) {
    let range = ranges[id.index]
    formats[id.index] = format
    values.append(
      QuantizationPlan.Value(
        layer: layer.name, node: layer.graph[id].name, role: role, range: range, format: format,
        saturates: Double(range.lowerBound) < format.minValue - format.ulp / 2
          || Double(range.upperBound) > format.maxValue + format.ulp / 2))
  }

  private mutating func roundByRange(
    _ id: ValueID, _ role: QuantizationPlan.Role, width: Int, most: Int? = nil,
    least: Int? = nil, _ sink: inout DiagnosticSink
  ) {
    let range = ranges[id.index]
    let path = "\(layer.name).\(layer.graph[id].name)"
    let magnitude = max(abs(Double(range.lowerBound)), abs(Double(range.upperBound)))
    guard magnitude.isFinite else {
      return sink.error(
        path, "the observed range \(range) is not finite",
        fix: "observe the ranges of a network that was trained to the end")
    }
    if magnitude == 0, role == .input {
      return sink.error(
        path, "every observed input is zero", fix: "observe the ranges on real data")
    }
    var bits = integerBits(magnitude * policy.margin)
    // Outputs of gated cells reach 1 sooner or later, whatever the observed sequences did.
    if role == .stored || role == .state || role == .integrator { bits = max(bits, 0) }
    if let most { bits = min(bits, most) }
    if let least { bits = max(bits, least) }
    // Squares of small values: finer steps than these add nothing to a root that is clipped.
    if role == .moment || role == .normalized { bits = max(bits, -24) }
    guard (-30...30).contains(bits) else {
      return sink.error(
        path, "the observed range \(range) needs \(bits) integer bits",
        fix: "scale the features or train with smaller weights")
    }
    round(id, role, to: QFormat(width: width, fraction: width - 1 - bits))
  }

  // MARK: Nodes

  /// A `.quantize` node after every rounded value; all readers read the rounded one.
  private mutating func insertQuantizeNodes() throws {
    var record = QuantizationRecord()
    for (i, node) in layer.graph.nodes.enumerated() {
      guard let format = formats[i] else { continue }
      record.values.append(
        .init(
          node: node.name, format: format, operandFormat: operandFormats[i],
          rounding: policy.rounding))
    }
    graph = try applying(record, to: layer.graph)
  }

  // MARK: Parameters

  private mutating func chooseParameterFormats(_ sink: inout DiagnosticSink) {
    let uses = graph.useCounts
    let sums = graph.sums(useCounts: uses)
    let natural = weights.map { naturalFormat($0, width: policy.weightWidth) }
    var fractions = natural.map(\.fraction)
    let isAligned = align(&fractions, sums)
    if !isAligned {
      fractions = natural.map(\.fraction)
      sink.warning(
        layer.name, "a matrix is used in sums that cannot share a grid",
        fix: "nothing: the sums are computed in several parts")
    }
    var biasFractions: [Int?] = Array(repeating: nil, count: graph.parameters.count)
    var isFactor = Array(repeating: false, count: graph.parameters.count)
    for node in graph.nodes {
      guard case .multiply(let a, let b) = node.op else { continue }
      for operand in [a, b] {
        if case .parameter(let p) = graph[operand].op { isFactor[p.index] = true }
      }
    }
    for sum in sums {
      let grid = sum.compactMap { products(graph[$0].op, fractions) }.max()
      for addend in sum {
        guard case .parameter(let p) = graph[addend].op, let grid else { continue }
        biasFractions[p.index] = max(biasFractions[p.index] ?? grid, grid)
      }
    }
    for p in graph.parameters.indices {
      if graph.parameters[p].isMatrix {
        graph.parameters[p].format = QFormat(width: policy.weightWidth, fraction: fractions[p])
      } else if !isFactor[p], let fraction = biasFractions[p] {
        graph.parameters[p].format = biasFormat(weights[p], fraction: fraction)
      } else {
        graph.parameters[p].format = natural[p]
      }
      record(p, natural[p])
    }
  }

  /// The fraction bits of a product's sum, or nil for other operations.
  private func products(_ op: Op, _ fractions: [Int]) -> Int? {
    guard case .matvec(let p, let v, _) = op, let operand = storedFormat(v) else { return nil }
    return fractions[p.index] + operand.fraction
  }

  private func storedFormat(_ id: ValueID) -> QFormat? { graph.roundedFormat(id) }

  /// Lowers matrix fractions until the products of every sum share one; false when no fractions do.
  private func align(_ fractions: inout [Int], _ sums: [[ValueID]]) -> Bool {
    for _ in 0...graph.parameters.count {
      var changed = false
      for sum in sums {
        guard let grid = sum.compactMap({ products(graph[$0].op, fractions) }).min() else {
          continue
        }
        for addend in sum {
          guard case .matvec(let p, let v, _) = graph[addend].op, let operand = storedFormat(v)
          else { continue }
          let fraction = grid - operand.fraction
          if fraction < fractions[p.index] {
            fractions[p.index] = fraction
            changed = true
          }
        }
      }
      if !changed { return true }
    }
    return false
  }

  /// The grid of the products, in a width that leaves room for training: twice the bias and at least 1.
  private func biasFormat(_ values: [Float], fraction: Int) -> QFormat {
    let greatest = values.reduce(0.5) { max($0, abs(Double($1))) }
    let bits = integerBits(2 * greatest)
    let width = bits + fraction + 1
    if width > policy.biasWidth {
      return QFormat(width: policy.biasWidth, fraction: policy.biasWidth - 1 - bits)
    }
    return QFormat(width: max(width, 2), fraction: fraction)
  }

  private mutating func record(_ p: Int, _ natural: QFormat) {
    let parameter = graph.parameters[p]
    guard let format = parameter.format else { return }
    let codes = parameterCodes(weights[p], format)
    let squares = zip(weights[p], codes).reduce(0.0) {
      let error = Double($1.0) - format.value(of: $1.1)
      return $0 + error * error
    }
    entries.append(
      QuantizationPlan.ParameterEntry(
        layer: layer.name, parameter: parameter.name, format: format,
        naturalFraction: natural.fraction,
        lostBits: parameter.isMatrix ? natural.fraction - format.fraction : 0,
        rmsError: (squares / Double(max(codes.count, 1))).squareRoot()))
  }
}
