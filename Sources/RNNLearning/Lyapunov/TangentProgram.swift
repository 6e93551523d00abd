internal import RNNGraph

/// How derivatives flow through one step of a layer: which nodes have any, where they lie, and what makes them.
///
/// A tangent is the derivative of a node in k directions at once, a matrix with k columns. Products with
/// matrices become matrix products, everything else scales rows; what depends on no state is left out.
struct TangentProgram {
  /// Where a tangent lies.
  enum Place: Hashable, Sendable {
    /// The rows of the directions that belong to a state of this layer; the offset counts within the layer.
    case state(offset: Int)
    /// The output of the layer below.
    case below
    /// A buffer of the layer.
    case slot(Int)
  }
  /// The factor by which the rows of an operand are scaled, read from the values of the step.
  enum Factor: Hashable, Sendable {
    case one
    case constant(Double)
    /// The derivatives of a node by one of its operands, from the values of the step.
    case slopes(node: Int, operand: Int)
  }
  struct Term: Sendable {
    var place: Place
    /// An index of `factors`; nil for 1.
    var factor: Int?
  }
  enum Operation: Sendable {
    case product(parameter: Int, transposed: Bool, Place)
    case scale(Place, factor: Int)
    case sum(Term, Term)
    /// One row: the sum of the operand's `rows` rows times their factors.
    case reduce(Place, factor: Int, rows: Int)
    /// The operand's one row in every row.
    case broadcast(Place)
  }
  struct Instruction: Sendable {
    var operation: Operation
    var target: Int
    var size: Int
  }

  private(set) var instructions: [Instruction] = []
  private(set) var factors: [(factor: Factor, size: Int)] = []
  /// The number of rows of every buffer.
  private(set) var slotSizes: [Int] = []
  /// Where the new states' tangents lie; nil for a state that depends on nothing.
  private(set) var next: [Place?] = []
  /// Where the output's tangent lies.
  private(set) var output: Place?

  /// - Parameters:
  ///   - inputHasTangent: whether the input depends on states below.
  ///   - wantsOutput: whether a layer above reads the output.
  init(_ graph: CellGraph, inputHasTangent: Bool, wantsOutput: Bool) {
    var builder = Builder(graph, inputHasTangent: inputHasTangent, wantsOutput: wantsOutput)
    builder.run()
    instructions = builder.instructions
    factors = builder.factors
    slotSizes = builder.slotSizes
    next = graph.states.map { builder.places[$0.next.index] }
    output = wantsOutput ? builder.places[graph.output.index] : nil
  }

  /// The values of a factor's rows.
  static func evaluate(
    _ factor: Factor, size: Int, graph: CellGraph, values: [[Double]]
  ) -> [Double] {
    switch factor {
    case .one: [Double](repeating: 1, count: size)
    case .constant(let scale): [Double](repeating: scale, count: size)
    case .slopes(let node, let operand):
      graph.slopes(ValueID(node), by: operand, values: values)
        ?? [Double](repeating: 0, count: size)
    }
  }
}

/// Orders instructions and gives out buffers, which serve again once nobody reads them.
private struct Builder {
  let graph: CellGraph
  let inputHasTangent: Bool
  /// Whether a new state, or the output that somebody wants, depends on the node.
  var isNeeded: [Bool]
  /// How many instructions still read the buffer of a node; kept ones count one more.
  var readers: [Int]
  var places: [TangentProgram.Place?] = []
  var instructions: [TangentProgram.Instruction] = []
  var factors: [(factor: TangentProgram.Factor, size: Int)] = []
  var slotSizes: [Int] = []
  /// Readers of each buffer that are still to come.
  var slotReaders: [Int] = []
  var free: [Int] = []

  init(_ graph: CellGraph, inputHasTangent: Bool, wantsOutput: Bool) {
    self.graph = graph
    self.inputHasTangent = inputHasTangent
    isNeeded = graph.nodes.map { _ in false }
    readers = graph.nodes.map { _ in 0 }
    for state in graph.states { keep(state.next.index) }
    if wantsOutput { keep(graph.output.index) }
    for n in graph.nodes.indices.reversed() where isNeeded[n] {
      for operand in graph.nodes[n].op.operands {
        isNeeded[operand.index] = true
        readers[operand.index] += 1
      }
    }
  }
  private mutating func keep(_ node: Int) {
    isNeeded[node] = true
    readers[node] += 1
  }

  mutating func run() {
    for n in graph.nodes.indices {
      let place = isNeeded[n] ? emit(n) : nil
      places.append(place)
      if case .slot(let s)? = place { slotReaders[s] += readers[n] }
      // What a needed node reads was counted, whether it has a tangent of its own or not.
      guard isNeeded[n] else { continue }
      for operand in graph.nodes[n].op.operands {
        guard case .slot(let s)? = places[operand.index] else { continue }
        slotReaders[s] -= 1
        if slotReaders[s] == 0 { free.append(s) }
      }
    }
  }

  private mutating func slot(_ size: Int) -> Int {
    if let i = free.firstIndex(where: { slotSizes[$0] == size }) { return free.remove(at: i) }
    slotSizes.append(size)
    slotReaders.append(0)
    return slotSizes.count - 1
  }
  private mutating func append(_ operation: TangentProgram.Operation, _ size: Int)
    -> TangentProgram.Place
  {
    let target = slot(size)
    instructions.append(.init(operation: operation, target: target, size: size))
    return .slot(target)
  }
  private mutating func term(
    _ place: TangentProgram.Place, _ factor: TangentProgram.Factor, _ size: Int
  ) -> TangentProgram.Term {
    guard factor != .one else { return .init(place: place, factor: nil) }
    factors.append((factor, size))
    return .init(place: place, factor: factors.count - 1)
  }

  /// The sum of scaled operands; those without a tangent are left out, and one with factor 1 is itself.
  private mutating func combine(
    _ terms: [(ValueID, TangentProgram.Factor)], size: Int
  ) -> TangentProgram.Place? {
    let present = terms.compactMap { operand, factor in
      places[operand.index].map { ($0, factor) }
    }
    switch present.count {
    case 0: return nil
    case 1:
      if present[0].1 == .one { return present[0].0 }
      factors.append((present[0].1, size))
      return append(.scale(present[0].0, factor: factors.count - 1), size)
    default:
      let first = term(present[0].0, present[0].1, size)
      return append(.sum(first, term(present[1].0, present[1].1, size)), size)
    }
  }

  private mutating func emit(_ n: Int) -> TangentProgram.Place? {
    let size = graph.nodes[n].size
    switch graph.nodes[n].op {
    case .input: return inputHasTangent ? .below : nil
    case .parameter, .coefficient: return nil
    case .state(let state):
      return .state(offset: graph.states[..<state.index].reduce(0) { $0 + $1.size })
    case .matvec(let p, let a, let transposed):
      guard let place = places[a.index] else { return nil }
      return append(.product(parameter: p.index, transposed: transposed, place), size)
    default:
      let id = ValueID(n)
      let operands = graph.nodes[n].op.operands
      switch graph.operation(id)?.shape {
      case .elementwise:
        let terms = operands.enumerated().filter { graph.passesGradient(id, to: $0.offset) }
        return combine(
          terms.map { i, operand in
            let factor: TangentProgram.Factor =
              switch graph.constantSlope(id, by: i) {
              case 1?: .one
              case let scale?: .constant(scale)
              case nil: .slopes(node: n, operand: i)
              }
            return (operand, factor)
          }, size: size)
      case .reduction:
        guard let place = places[operands[0].index] else { return nil }
        let rows = graph[operands[0]].size
        factors.append((.slopes(node: n, operand: 0), rows))
        return append(.reduce(place, factor: factors.count - 1, rows: rows), size)
      case .broadcast:
        guard let place = places[operands[0].index] else { return nil }
        return append(.broadcast(place), size)
      case nil: return nil
      }
    }
  }
}
