internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

/// A graph as vector instructions with the contents of the engine's memories.
///
/// Every node is one instruction, a sum of products one for each of its terms. Constants, the input and the states have places
/// of their own; other vectors share what is free, from the instruction that makes them to the last that reads them.
struct SequentialProgram: Hashable, Sendable {
  var instructions: [SequentialInstruction] = []
  /// The constants of the value memory, which begin it; nothing writes there.
  var constants: [Int64] = []
  /// Words of the value memory, those of the constants among them.
  var values = 0
  /// The codes of all matrices, as they are stored.
  var weights: [Int64] = []
  /// Slope and intercept of every segment of every table.
  var lines: [Line] = []
  /// The units that normalize, each once.
  var units: [Normalization] = []
  var inputBase = 0
  var outputBase = 0

  struct Line: Hashable, Sendable {
    var slope: Int64
    var intercept: Int64
  }

  /// - Throws: `DiagnosticsEmitted` for operations that the engine does not have.
  static func make(_ graph: IntegerGraph) throws -> SequentialProgram {
    var builder = SequentialProgramBuilder(graph)
    try builder.build()
    return builder.program
  }

  /// The cycle of a frame in which an instruction is fetched; cycle 0 fetches the first one.
  func start(of instruction: Int) -> Int {
    instructions[..<instruction].reduce(0) { $0 + $1.cycles }
  }
  /// Cycles from the fetch of the first instruction to the first read of the output.
  ///
  /// The last results take two cycles more to reach the memory.
  var cycles: Int { start(of: instructions.count) + 2 }
  /// Cycles in which an entry of a matrix is issued.
  var matrixCycles: Int {
    instructions.reduce(0) { $0 + ($1.operation == .matrix ? $1.rows * $1.walk.columns : 0) }
  }
  /// The word behind the last one that an instruction reads, with what it reads behind a vector and does not use.
  var readEnd: Int {
    instructions.filter { $0.rowsBehind > 0 }.flatMap { instruction in
      [instruction.a, instruction.b].map { operand -> Int in
        guard let operand, case .at(let base) = operand.place else { return 0 }
        return base + (operand.isScalar ? 1 : instruction.issuedRows)
      }
    }.max() ?? 0
  }
  /// Products of a frame: those of matrices, of vectors and of tables.
  var multiplications: Int {
    instructions.reduce(0) { sum, instruction in
      switch instruction.operation {
      case .matrix: sum + instruction.rows * instruction.walk.columns
      case .multiply, .table: sum + instruction.rows
      case .pass, .add, .gate, .maximum, .normalize: sum
      }
    }
  }
}

/// Makes the program of a graph.
struct SequentialProgramBuilder {
  typealias Operand = SequentialInstruction.Operand
  let graph: IntegerGraph
  var program: SequentialProgram

  /// Where a node's codes are, by node.
  private var places: [Operand?]
  private var statePlaces: [Operand] = []
  /// Words of the input and of the states.
  private var variables = 0
  private var matrixBases: [Int?]
  private var tableBases: [Int?]
  private var unitWeight: Int?
  private var inputPlace = Operand()
  private var scalarPlaces: [Int64: Int] = [:]
  private var temporarySizes: [Int] = []
  /// Codes that are known before the network runs, by node; one code where all elements are equal.
  private var knownCodes: [[Int64]?]

  init(_ graph: IntegerGraph) {
    self.graph = graph
    program = SequentialProgram()
    places = Array(repeating: nil, count: graph.nodes.count)
    knownCodes = Array(repeating: nil, count: graph.nodes.count)
    matrixBases = Array(repeating: nil, count: graph.matrices.count)
    tableBases = Array(repeating: nil, count: graph.tables.count)
  }

  mutating func build() throws {
    try refuse()
    for state in graph.states { statePlaces.append(reserve(state.size)) }
    for (s, state) in graph.states.enumerated() {
      var start = SequentialInstruction(
        operation: .pass, name: "\(state.name) at the start", rows: state.size,
        destination: statePlaces[s], a: scalar(state.initial))
      start.isFirstOnly = true
      program.instructions.append(start)
    }
    for i in graph.nodes.indices { add(ValueID(i)) }
    for (s, state) in graph.states.enumerated() {
      program.instructions.append(
        SequentialInstruction(
          operation: .pass, name: state.name, rows: state.size,
          destination: statePlaces[s], a: place(of: state.next)))
    }
    let output = place(of: graph.output)
    let found = allocate(keeping: output)
    for k in program.instructions.indices {
      program.instructions[k].destination = found(program.instructions[k].destination)
      program.instructions[k].a = found(program.instructions[k].a)
      program.instructions[k].b = program.instructions[k].b.map(found)
    }
    if case .at(let base) = found(output).place { program.outputBase = base }
    if case .at(let base) = found(inputPlace).place { program.inputBase = base }
  }

  private func refuse() throws {
    var sink = DiagnosticSink(stage: "compile")
    for node in graph.nodes {
      guard case .coefficient = node.op else { continue }
      sink.error(
        "options.engine",
        "the sequential engine has no unit for a coefficient that depends on the step (\(node.name))",
        fix: "compile this network for lanes: --engine lanes")
    }
    try sink.throwIfErrors()
  }

  // MARK: - Places

  /// Words of the value memory that nothing else ever uses.
  private mutating func reserve(_ size: Int) -> Operand {
    variables += size
    return Operand(place: .variable(variables - size))
  }

  private mutating func constants(_ codes: [Int64]) -> Operand {
    if codes.count == 1 { return scalar(codes[0]) }
    program.constants += codes
    return Operand(place: .constant(program.constants.count - codes.count))
  }

  private mutating func scalar(_ code: Int64) -> Operand {
    let place = scalarPlaces[code] ?? program.constants.count
    if scalarPlaces[code] == nil {
      program.constants.append(code)
      scalarPlaces[code] = place
    }
    return Operand(place: .constant(place), isScalar: true)
  }

  private mutating func temporary(_ size: Int) -> Operand {
    temporarySizes.append(size)
    return Operand(place: .temporary(temporarySizes.count - 1))
  }

  /// Constants get a place when something reads them.
  private mutating func place(of id: ValueID) -> Operand {
    if let place = places[id.index] { return place }
    guard let codes = knownCodes[id.index] else {
      preconditionFailure("node \(id.index) is read before it is computed")
    }
    let place = constants(codes)
    places[id.index] = place
    return place
  }

  // MARK: - Instructions

  private mutating func add(_ id: ValueID) {
    let graph = graph
    let node = graph[id]
    // The output and the next states are read when the frame is over: what lies elsewhere is copied.
    let isKept = id == graph.output || graph.states.contains { $0.next == id }
    switch node.op {
    case .input:
      inputPlace = reserve(node.size)
      places[id.index] = inputPlace
    case .state(let state): places[id.index] = statePlaces[state.index]
    case .vector(let vector): knownCodes[id.index] = graph.vectors[vector].codes
    case .constant(let code): knownCodes[id.index] = [code]
    case .linear(let terms):
      append(terms, of: id)
      return
    case .coefficient: preconditionFailure("\(node.name) was not refused")
    default: graph.hardware(id)?.instruct(&self)
    }
    guard isKept, !isComputed(id) else { return }
    let source = place(of: id)
    let copy = temporary(node.size)
    places[id.index] = copy
    program.instructions.append(
      SequentialInstruction(
        operation: .pass, name: node.name, rows: node.size, destination: copy, a: source))
  }

  /// Whether an instruction has made the node's codes, all of them.
  private func isComputed(_ id: ValueID) -> Bool {
    guard let place = places[id.index], case .temporary = place.place else { return false }
    return !place.isScalar
  }

  /// Appends one instruction for a node, with its operands in their places.
  mutating func append(
    _ node: HardwareNode, _ operation: SequentialOperation,
    _ change: (inout SequentialInstruction) -> Void = { _ in }
  ) {
    let operands = node.operands.map { place(of: $0) }
    let destination = temporary(node.size)
    places[node.id.index] = destination
    var instruction = SequentialInstruction(
      operation: operation, name: node.name, node: node.id, rows: node.size,
      destination: destination, a: operands[0], b: operands.count > 1 ? operands[1] : nil)
    change(&instruction)
    program.instructions.append(instruction)
  }

  /// Shifts codes that are known before the network runs; false if they are not.
  mutating func extendKnownCodes(_ node: HardwareNode, by shift: Int) -> Bool {
    guard let codes = knownCodes[node.operands[0].index] else { return false }
    knownCodes[node.id.index] = codes.map { $0 << Int64(shift) }
    return true
  }

  /// Makes every element of a node the first one of its operand: no instruction.
  mutating func repeatFirst(_ node: HardwareNode) {
    var place = place(of: node.operands[0])
    place.isScalar = true
    places[node.id.index] = place
  }

  /// A word of the weight memory that holds 1.
  mutating func one() -> Int {
    if let unitWeight { return unitWeight }
    unitWeight = program.weights.count
    program.weights.append(1)
    return program.weights.count - 1
  }

  /// One instruction a term; all but the first add to what the terms before have left.
  private mutating func append(_ terms: [LinearTerm], of id: ValueID) {
    let node = graph[id]
    let destination = temporary(node.size)
    for (k, term) in terms.enumerated() {
      var instruction = SequentialInstruction(
        operation: .matrix, name: node.name, node: k == terms.count - 1 ? id : nil,
        rows: node.size, destination: destination, a: place(of: term.operand),
        b: k == 0 ? nil : destination)
      instruction.walk = walk(term)
      program.instructions.append(instruction)
    }
    places[id.index] = destination
  }

  private mutating func walk(_ term: LinearTerm) -> SequentialInstruction.Walk {
    let matrix = graph.matrices[term.matrix]
    // The walk knows circulant blocks, and single entries as blocks of one; every other structure is stored expanded.
    let circulant = matrix.structure.definition as? BlockCirculant
    let block = circulant?.block ?? 1
    let base = matrixBases[term.matrix] ?? program.weights.count
    if matrixBases[term.matrix] == nil {
      matrixBases[term.matrix] = base
      program.weights += circulant == nil ? matrix.expanded() : matrix.codes
    }
    // From one block row of the stored matrix to the next, and from one block to the next.
    let down = (matrix.columns + block - 1) / block * block
    return SequentialInstruction.Walk(
      base: base, rowStep: term.transposed ? block : down,
      blockStep: term.transposed ? down : block, block: block,
      columns: term.transposed ? matrix.rows : matrix.columns, isTransposed: term.transposed)
  }

  /// The segments of a table among those of all tables.
  mutating func lookup(_ index: Int) -> SequentialInstruction.Lookup {
    let table = graph.tables[index]
    let base = tableBases[index] ?? program.lines.count
    if tableBases[index] == nil {
      tableBases[index] = base
      program.lines += zip(table.slopes, table.intercepts).map {
        SequentialProgram.Line(slope: $0, intercept: $1)
      }
    }
    return SequentialInstruction.Lookup(
      segmentBits: table.segmentBits,
      span: Int64(table.slopes.count) << Int64(table.segmentBits) - 1, lower: table.lower,
      base: base)
  }

  /// The number of a unit among those that normalize.
  mutating func number(of unit: Normalization) -> Int {
    if let number = program.units.firstIndex(of: unit) { return number }
    program.units.append(unit)
    return program.units.count - 1
  }

  // MARK: - Lives

  /// Finds a place for every temporary vector: the lowest that is free during its life.
  ///
  /// An instruction that works element by element reads an element before it writes one, so its result may take the place
  /// of an operand that nothing else reads; a matrix reads its operand again for every row, and any instruction a scalar.
  private mutating func allocate(keeping output: Operand) -> (Operand) -> Operand {
    var last = Array(repeating: 0, count: temporarySizes.count)
    for (k, instruction) in program.instructions.enumerated() {
      for case .temporary(let t) in [instruction.destination, instruction.a, instruction.b]
        .compactMap({ $0?.place })
      {
        last[t] = k
      }
    }
    if case .temporary(let t) = output.place { last[t] = program.instructions.count }
    var bases: [Int?] = Array(repeating: nil, count: temporarySizes.count)
    var used: [Bool] = []
    func mark(_ t: Int, _ isUsed: Bool) {
      guard let base = bases[t] else { return }
      for word in base..<base + temporarySizes[t] { used[word] = isUsed }
    }
    var dying: [Int: [Int]] = [:]
    for (t, k) in last.enumerated() { dying[k, default: []].append(t) }
    for (k, instruction) in program.instructions.enumerated() {
      let readsAgain =
        instruction.operation.walks
        || [instruction.a, instruction.b].contains { $0?.isScalarTemporary ?? false }
      if !readsAgain { for t in dying[k] ?? [] { mark(t, false) } }
      if case .temporary(let t) = instruction.destination.place, bases[t] == nil {
        let size = temporarySizes[t]
        var base = 0
        while used.dropFirst(base).prefix(size).contains(true) { base += 1 }
        if used.count < base + size {
          used += Array(repeating: false, count: base + size - used.count)
        }
        bases[t] = base
        mark(t, true)
        // A result that nothing reads is free again at once.
        if !readsAgain, last[t] == k { mark(t, false) }
      }
      if readsAgain { for t in dying[k] ?? [] { mark(t, false) } }
    }
    // The engine protects the first words from being written, and there is at least one.
    if program.constants.isEmpty { program.constants = [0] }
    let first = program.constants.count
    let temporaries = first + variables
    program.values = temporaries + used.count
    return { [bases] operand in
      var operand = operand
      switch operand.place {
      case .constant(let place): operand.place = .at(place)
      case .variable(let place): operand.place = .at(first + place)
      case .temporary(let t): operand.place = .at(temporaries + (bases[t] ?? 0))
      case .at: break
      }
      return operand
    }
  }
}

extension SequentialInstruction.Operand {
  /// Whether every element is one word that an instruction has made.
  fileprivate var isScalarTemporary: Bool {
    if case .temporary = place { isScalar } else { false }
  }
}
