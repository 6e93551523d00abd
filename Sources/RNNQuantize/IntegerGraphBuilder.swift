internal import RNNFixedPoint
internal import RNNGraph

/// Appends nodes to an integer graph with the formats that exact operations have.
struct IntegerGraphBuilder {
  var graph: IntegerGraph
  /// The segments of every table; nil for as many as each needs.
  private let tableSegments: Int?
  private var names: Set<String> = []
  private var extensions: [Extension: ValueID] = [:]
  private var tables: [TableKey: Int] = [:]
  private var normalizations: [NormalizationKey: Int] = [:]

  private struct Extension: Hashable {
    var source: ValueID
    var format: QFormat
  }
  private struct TableKey: Hashable {
    var function: ScalarFunction
    var input: QFormat
    var output: QFormat
  }
  private struct NormalizationKey: Hashable {
    var value: QFormat
    var square: QFormat
    var output: QFormat
    var floor: Int64
  }
  /// An exact value needs more bits than an integer graph has.
  struct TooWide: Error { var width: Int }

  init(name: String, inputSize: Int, inputFormat: QFormat, tableSegments: Int?) {
    self.tableSegments = tableSegments
    graph = IntegerGraph(
      name: name, inputSize: inputSize, inputFormat: inputFormat, nodes: [], matrices: [],
      vectors: [], tables: [], states: [], output: ValueID(0))
  }

  mutating func append(_ op: IntegerOp, size: Int, format: QFormat, name: String) -> ValueID {
    var unique = name
    var count = 2
    while names.contains(unique) {
      unique = "\(name)_\(count)"
      count += 1
    }
    names.insert(unique)
    graph.nodes.append(IntegerNode(op: op, size: size, format: format, name: unique))
    return ValueID(graph.nodes.count - 1)
  }

  private func format(width: Int, fraction: Int) throws -> QFormat {
    guard width <= 63 else { throw TooWide(width: width) }
    return QFormat(width: max(width, 1), fraction: fraction)
  }

  /// The least format that holds all codes of both.
  private func union(_ a: QFormat, _ b: QFormat) throws -> QFormat {
    let fraction = max(a.fraction, b.fraction)
    return try format(
      width: max(a.width - a.fraction, b.width - b.fraction) + fraction, fraction: fraction)
  }

  mutating func extended(_ v: ValueID, to format: QFormat, name: String) -> ValueID {
    if graph[v].format == format { return v }
    let key = Extension(source: v, format: format)
    if let known = extensions[key] { return known }
    let result = append(.extend(v), size: graph[v].size, format: format, name: "\(name)_extended")
    extensions[key] = result
    return result
  }

  /// A node of its own with the codes of another: an extension to the same format.
  mutating func copied(_ v: ValueID, name: String) -> ValueID {
    let key = Extension(source: v, format: graph[v].format)
    if let known = extensions[key] { return known }
    let result = append(
      .extend(v), size: graph[v].size, format: graph[v].format, name: "\(name)_copy")
    extensions[key] = result
    return result
  }

  /// The value if a datapath computes it, otherwise a copy that one does: of the input, a state, a constant, a sum of products.
  mutating func inDatapath(_ v: ValueID) -> ValueID {
    graph[v].op.isComputedInDatapath ? v : copied(v, name: graph[v].name)
  }

  /// The sum or the greatest of all elements.
  mutating func reduce(_ reduction: IntegerReduction, _ v: ValueID, name: String) throws -> ValueID
  {
    let operand = inDatapath(v)
    let from = graph[operand].format
    let growth = reduction == .sum ? IntegerReduction.growth(graph[operand].size) : 0
    return append(
      .reduce(reduction, operand), size: 1,
      format: try format(width: from.width + growth, fraction: from.fraction), name: name)
  }

  /// The one element of a value in every element; constants are known in every element at once.
  mutating func broadcast(_ v: ValueID, size: Int, name: String) -> ValueID {
    let format = graph[v].format
    switch graph[v].op {
    case .constant(let code):
      return append(.constant(code), size: size, format: format, name: name)
    case .vector(let i):
      return append(.constant(graph.vectors[i].codes[0]), size: size, format: format, name: name)
    case .coefficient(let k):
      return append(.coefficient(k), size: size, format: format, name: name)
    case .linear:
      return append(.broadcast(inDatapath(v)), size: size, format: format, name: name)
    default: return append(.broadcast(v), size: size, format: format, name: name)
    }
  }

  private mutating func aligned(_ a: ValueID, _ b: ValueID) throws -> (ValueID, ValueID, QFormat) {
    let format = try union(graph[a].format, graph[b].format)
    let p = extended(a, to: format, name: graph[a].name)
    let q = extended(b, to: format, name: graph[b].name)
    return (p, q, try self.format(width: format.width + 1, fraction: format.fraction))
  }
  mutating func add(_ a: ValueID, _ b: ValueID, name: String) throws -> ValueID {
    let (p, q, format) = try aligned(a, b)
    return append(.add(p, q), size: graph[a].size, format: format, name: name)
  }
  mutating func subtract(_ a: ValueID, _ b: ValueID, name: String) throws -> ValueID {
    let (p, q, format) = try aligned(a, b)
    return append(.subtract(p, q), size: graph[a].size, format: format, name: name)
  }
  mutating func multiply(_ a: ValueID, _ b: ValueID, name: String) throws -> ValueID {
    let (p, q) = (graph[a].format, graph[b].format)
    let format = try format(width: p.width + q.width, fraction: p.fraction + q.fraction)
    return append(.multiply(a, b), size: graph[a].size, format: format, name: name)
  }

  /// A constant vector of a finite number, rounded half to even to 16 significant bits.
  ///
  /// The relative error of at most 2^-16 lies below every rounding of the datapath, and the code fits a port of
  /// any multiplier block.
  mutating func constant(_ value: Double, size: Int, name: String) -> ValueID {
    var fraction = 0
    var code = value
    if value != 0 {
      fraction = 15 - Int(value.exponent)
      code = (value * Double(sign: .plus, exponent: fraction, significand: 1))
        .rounded(.toNearestOrEven)
      // Only odd codes: trailing zeros would widen the product for nothing.
      while code.truncatingRemainder(dividingBy: 2) == 0 {
        code /= 2
        fraction -= 1
      }
    }
    let width = 65 - (code < 0 ? ~Int64(code) : Int64(code)).leadingZeroBitCount
    return append(
      .constant(Int64(code)), size: size, format: QFormat(width: width, fraction: fraction),
      name: name)
  }

  /// The sum of products with a common grid, in the least format that no operand codes can leave.
  mutating func linear(_ terms: [LinearTerm], name: String) throws -> ValueID {
    let matrix = graph.matrices[terms[0].matrix]
    guard let range = graph.range(of: terms) else { throw TooWide(width: 64) }
    let bits = [range.lowerBound, range.upperBound].map {
      65 - ($0 < 0 ? ~$0 : $0).leadingZeroBitCount
    }
    return append(
      .linear(terms), size: terms[0].transposed ? matrix.columns : matrix.rows,
      format: try format(
        width: bits.reduce(2, max),
        fraction: matrix.format.fraction + graph[terms[0].operand].format.fraction), name: name)
  }

  /// The fitted table of a function between two formats; equal ones are shared.
  mutating func table(_ function: ScalarFunction, input: QFormat, output: QFormat) -> Int {
    let key = TableKey(function: function, input: input, output: output)
    if let known = tables[key] { return known }
    graph.tables.append(
      tableSegments.map {
        ActivationTable.fitted(function, input: input, output: output, segments: $0)
      } ?? ActivationTable.accurate(function, input: input, output: output))
    tables[key] = graph.tables.count - 1
    return graph.tables.count - 1
  }

  /// The fitted unit for these formats, nil if none holds them; equal ones are shared.
  mutating func normalization(
    value: QFormat, square: QFormat, output: QFormat, floor: Int64
  ) -> Int? {
    let key = NormalizationKey(value: value, square: square, output: output, floor: floor)
    if let known = normalizations[key] { return known }
    guard
      let unit = Normalization.fitted(value: value, square: square, output: output, floor: floor)
    else { return nil }
    graph.normalizations.append(unit)
    normalizations[key] = graph.normalizations.count - 1
    return graph.normalizations.count - 1
  }
}
