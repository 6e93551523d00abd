internal import RNNFixedPoint
internal import RNNSupport

/// The machine-checked rules of an integer graph.
extension IntegerGraph {
  /// Checks every rule that the reference and the compiler rely on.
  ///
  /// Sizes, the order of operands, formats of exact operations, ranges of codes, tables, and that the sum of
  /// a `linear` node fits for all operand codes with the graph's own weights.
  ///
  /// - Throws: `DiagnosticsEmitted` with one diagnostic per broken rule.
  package func validate() throws {
    var check = IntegerGraphCheck(graph: self)
    try check.run()
  }

  /// The least and greatest sum of a `linear` node's products over all operand codes and all rows.
  ///
  /// Uses the matrices' codes, so it is tight for every row. Nil when a term does not fit its operand or the
  /// sum may leave 62 bits.
  package func range(of terms: [LinearTerm]) -> ClosedRange<Int64>? {
    var low: [Int128] = []
    var high: [Int128] = []
    for term in terms {
      guard matrices.indices.contains(term.matrix), nodes.indices.contains(term.operand.index)
      else { return nil }
      let matrix = matrices[term.matrix]
      let format = self[term.operand].format
      let rows = term.transposed ? matrix.columns : matrix.rows
      let columns = term.transposed ? matrix.rows : matrix.columns
      if low.isEmpty {
        low = Array(repeating: 0, count: rows)
        high = low
      }
      guard low.count == rows, self[term.operand].size == columns else { return nil }
      for (row, sums) in matrix.signedSums(transposed: term.transposed).enumerated() {
        // Sums of positive and of negative weights meet opposite ends of the operand's range.
        let (p, n) = (Int128(sums.positive), Int128(sums.negative))
        low[row] += p * Int128(format.minCode) + n * Int128(format.maxCode)
        high[row] += p * Int128(format.maxCode) + n * Int128(format.minCode)
      }
    }
    guard let least = low.min(), let greatest = high.max(), least >= -(1 << 61), greatest < 1 << 61
    else { return nil }
    return Int64(least)...Int64(greatest)
  }
}

/// One validation of one graph; collects all findings.
private struct IntegerGraphCheck {
  let graph: IntegerGraph
  var sink = DiagnosticSink(stage: "validate")

  init(graph: IntegerGraph) { self.graph = graph }

  mutating func run() throws {
    checkTop()
    for matrix in graph.matrices { check(matrix) }
    for vector in graph.vectors { check(vector) }
    for (i, table) in graph.tables.enumerated() { check(table, index: i) }
    for coefficient in graph.coefficients { check(coefficient) }
    for (i, unit) in graph.normalizations.enumerated() { check(unit, index: i) }
    for (i, node) in graph.nodes.enumerated() { check(node, index: i) }
    for state in graph.states { check(state) }
    try sink.throwIfErrors()
  }

  private mutating func fault(_ path: String, _ message: String) {
    sink.error(path, message, fix: "this is a fault of the stage that made the graph")
  }

  private mutating func checkTop() {
    if graph.inputSize < 1 { fault("inputSize", "the input has \(graph.inputSize) elements") }
    let inputs = graph.nodes.filter { $0.op == .input }
    if inputs.count != 1 { fault("nodes", "\(inputs.count) input nodes instead of one") }
    if !graph.nodes.indices.contains(graph.output.index) {
      fault("output", "node \(graph.output.index) does not exist")
    }
    let kinds = [
      ("nodes", graph.nodes.map(\.name)), ("matrices", graph.matrices.map(\.name)),
      ("vectors", graph.vectors.map(\.name)), ("states", graph.states.map(\.name)),
      ("coefficients", graph.coefficients.map(\.name)),
    ]
    for (kind, names) in kinds {
      var seen: Set<String> = []
      for name in names where !seen.insert(name).inserted {
        fault("\(kind)", "the name \(name) occurs twice")
      }
    }
    let reads = graph.nodes.compactMap { node -> Int? in
      if case .state(let id) = node.op { id.index } else { nil }
    }
    if Set(reads).count != reads.count { fault("nodes", "a state is read by two nodes") }
  }

  private mutating func check(_ matrix: IntegerMatrix) {
    let path = "matrices.\(matrix.name)"
    guard matrix.rows > 0, matrix.columns > 0, matrix.structure.isPlaced else {
      return fault(
        path, "\(matrix.rows) x \(matrix.columns), \(matrix.structure), is empty or has no pattern")
    }
    let stored = matrix.structure.storedShape(rows: matrix.rows, columns: matrix.columns)
      .reduce(1, *)
    if matrix.codes.count != stored {
      fault(path, "\(matrix.codes.count) codes instead of \(stored)")
    }
    check(matrix.codes, fit: matrix.format, path: path)
  }

  private mutating func check(_ vector: IntegerVector) {
    check(vector.codes, fit: vector.format, path: "vectors.\(vector.name)")
  }

  private mutating func check(_ codes: [Int64], fit format: QFormat, path: String) {
    for (i, code) in codes.enumerated() where !format.contains(code) {
      return fault("\(path)[\(i)]", "code \(code) does not fit \(format.width) bits")
    }
  }

  private mutating func check(_ table: ActivationTable, index: Int) {
    let path = "tables[\(index)]"
    guard table.slopes.count == table.intercepts.count, table.slopes.count.nonzeroBitCount == 1,
      table.segmentBits >= 0, table.segmentBits + table.slopes.count.trailingZeroBitCount < 48
    else { return fault(path, "the segments are not a power of two of both slopes and intercepts") }
    let span = Int64(table.slopes.count) << Int64(table.segmentBits)
    if table.lower < table.input.minCode || table.lower + span - 1 > table.input.maxCode {
      fault(path, "the segments leave the input format \(table.input)")
    }
    guard (1...48).contains(table.interceptWidth), table.slopeWidth >= 1,
      table.slopeWidth + table.segmentBits <= 48
    else { return fault(path, "slope or intercept widths are beyond 48 bits") }
    let dropped = table.interceptFraction - table.output.fraction
    if !(0...48).contains(dropped) {
      fault(
        path,
        "the intercepts have \(dropped) fraction bits more than the output \(table.output), "
          + "which has to be 0 to 48")
    }
    check(table.slopes, fit: QFormat(width: table.slopeWidth, fraction: 0), path: "\(path).slopes")
    check(
      table.intercepts, fit: QFormat(width: table.interceptWidth, fraction: 0),
      path: "\(path).intercepts")
  }

  private mutating func check(_ coefficient: IntegerCoefficient) {
    let path = "coefficients.\(coefficient.name)"
    switch coefficient.values {
    case .table(let codes, _):
      if codes.isEmpty || codes.count > IntegerCoefficient.largestTable {
        fault(path, "\(codes.count) codes instead of 1 to \(IntegerCoefficient.largestTable)")
      }
      check(codes, fit: coefficient.format, path: path)
    case .pulse(let period, let at, let code):
      if period < 1 || period > 1 << 30 || at < 0 || at >= period {
        fault(path, "step \(at) of \(period) does not exist")
      }
      check([code], fit: coefficient.format, path: path)
    }
  }

  private mutating func check(_ unit: Normalization, index: Int) {
    let path = "normalizations[\(index)]"
    guard (4...Normalization.widestTotal).contains(unit.totalBits), unit.indexBits >= 0,
      unit.offsetBits >= 0, unit.droppedBits >= 1, (1...24).contains(unit.rootFraction),
      unit.interceptWidth <= 60, (1...48).contains(unit.slopeWidth)
    else { return fault(path, "the widths are beyond what the unit holds") }
    guard unit.slopes.count == unit.segments, unit.intercepts.count == unit.segments else {
      return fault(
        path,
        "\(unit.slopes.count) slopes and \(unit.intercepts.count) intercepts for "
          + "\(unit.segments) segments")
    }
    if unit.floor < 1 || unit.square.maxCode >= 1 << Int64(unit.totalBits) - unit.floor {
      fault(path, "\(unit.floor) plus the greatest square leaves \(unit.totalBits) bits")
    }
    if (unit.totalBits - unit.square.fraction) % 2 != 0 {
      fault(path, "the scale of \(unit.square) in \(unit.totalBits) bits has no exact root")
    }
    let last = (Int64(1) << Int64(unit.offsetBits)) - 1
    for (slope, intercept) in zip(unit.slopes, unit.intercepts)
    where slope < 0 || slope >= 1 << Int64(unit.slopeWidth) || intercept - slope * last < 0
      || intercept >= 1 << Int64(unit.interceptWidth)
    {
      return fault(path, "a line from \(intercept) down by \(slope) leaves its bits")
    }
  }

  private mutating func check(_ state: IntegerState) {
    let path = "states.\(state.name)"
    check([state.initial], fit: state.format, path: "\(path).initial")
    guard graph.nodes.indices.contains(state.next.index) else {
      return fault(path, "node \(state.next.index) does not exist")
    }
    let next = graph[state.next]
    if state.size != next.size {
      fault(path, "\(state.size) elements take the value of \(next.size)")
    }
    if state.format != next.format {
      fault(path, "format \(state.format) takes a value in \(next.format)")
    }
  }

  private mutating func check(_ node: IntegerNode, index: Int) {
    let path = "nodes[\(index)].\(node.name)"
    if node.size < 1 { fault(path, "\(node.size) elements") }
    for operand in node.op.operands where operand.index < 0 || operand.index >= index {
      return fault(path, "operand \(operand.index) is not before the node")
    }
    if case .linear(let terms) = node.op { return check(terms, node, path) }
    switch node.op {
    case .input:
      expect(node.size, graph.inputSize, "elements", path)
      expect(node.format, graph.inputFormat, "format", path)
    case .state(let id):
      guard graph.states.indices.contains(id.index) else {
        return fault(path, "state \(id.index) does not exist")
      }
      expect(node.size, graph[id].size, "elements", path)
      expect(node.format, graph[id].format, "format", path)
    case .vector(let i):
      guard graph.vectors.indices.contains(i) else {
        return fault(path, "vector \(i) does not exist")
      }
      expect(node.size, graph.vectors[i].codes.count, "elements", path)
      expect(node.format, graph.vectors[i].format, "format", path)
    case .constant(let code): check([code], fit: node.format, path: path)
    case .coefficient(let i):
      guard graph.coefficients.indices.contains(i) else {
        return fault(path, "coefficient \(i) does not exist")
      }
      expect(node.format, graph.coefficients[i].format, "format", path)
    case .activation(let i, _) where !graph.tables.indices.contains(i):
      fault(path, "table \(i) does not exist")
    case .normalize(let i, _, _) where !graph.normalizations.indices.contains(i):
      fault(path, "normalization \(i) does not exist")
    default:
      guard let operation = graph.operation(ValueID(index)) else { return }
      checkSizes(node, operation.shape, path)
      var check = IntegerNodeCheck(
        format: node.format, operands: node.op.operands.map { graph[$0].format })
      operation.check(&check)
      for message in check.faults { fault(path, message) }
    }
  }

  private mutating func checkSizes(_ node: IntegerNode, _ shape: OperationShape, _ path: String) {
    switch shape {
    case .elementwise:
      for operand in node.op.operands where graph[operand].size != node.size {
        fault(
          path,
          "operand \(graph[operand].name) has \(graph[operand].size) of \(node.size) elements")
      }
    case .reduction: expect(node.size, 1, "elements", path)
    case .broadcast:
      for operand in node.op.operands { expect(graph[operand].size, 1, "operand elements", path) }
    }
  }

  private mutating func expect<T: Equatable>(
    _ found: T, _ wanted: T, _ what: String, _ path: String
  ) {
    if found != wanted { fault(path, "\(what): \(found) instead of \(wanted)") }
  }

  private mutating func check(_ terms: [LinearTerm], _ node: IntegerNode, _ path: String) {
    if terms.isEmpty { return fault(path, "a linear node without terms") }
    for term in terms {
      guard graph.matrices.indices.contains(term.matrix) else {
        return fault(path, "matrix \(term.matrix) does not exist")
      }
      let matrix = graph.matrices[term.matrix]
      let operand = graph[term.operand]
      expect(
        node.size, term.transposed ? matrix.columns : matrix.rows, "elements of \(matrix.name)",
        path)
      expect(
        operand.size, term.transposed ? matrix.rows : matrix.columns,
        "operand elements of \(matrix.name)", path)
      expect(
        node.format.fraction, matrix.format.fraction + operand.format.fraction,
        "fraction bits of \(matrix.name)", path)
    }
    // A matrix with too few codes has been reported and cannot be read.
    guard sink.diagnostics.isEmpty else { return }
    guard let range = graph.range(of: terms) else {
      return fault(path, "the sum may leave 62 bits")
    }
    if !node.format.contains(range.lowerBound) || !node.format.contains(range.upperBound) {
      fault(path, "sums from \(range.lowerBound) to \(range.upperBound) leave \(node.format)")
    }
  }
}
