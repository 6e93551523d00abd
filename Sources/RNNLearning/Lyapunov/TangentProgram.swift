internal import RNNFixedPoint
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
    /// The value of a node.
    case value(Int)
    /// The slope of an activation.
    case slope(Activation, argument: Int, value: Int)
    /// 1 where the node's value is positive, else 0.
    case mask(Int)
    /// 1 / sqrt(s + floor).
    case inverseRoot(Int, floor: Double)
    /// -v / (2 (s + floor)), with v the value of a normalized node.
    case normalizer(Int, by: Int, floor: Double)
    /// 1 where a format holds the node's value, else 0.
    case range(Int, ClosedRange<Double>)
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
  static func evaluate(_ factor: Factor, size: Int, values: [[Double]]) -> [Double] {
    switch factor {
    case .one: [Double](repeating: 1, count: size)
    case .constant(let scale): [Double](repeating: scale, count: size)
    case .value(let node): values[node]
    case .slope(let f, let argument, let value):
      zip(values[argument], values[value]).map { ReferenceInterpreter.slope(f, $0, $1) }
    case .mask(let node): values[node].map { $0 > 0 ? 1 : 0 }
    case .inverseRoot(let node, let floor): values[node].map { 1 / ($0 + floor).squareRoot() }
    case .normalizer(let node, let by, let floor):
      zip(values[node], values[by]).map { -0.5 * $0 / ($1 + floor) }
    case .range(let node, let range): values[node].map { range.contains($0) ? 1 : 0 }
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
    case .add(let a, let b): return combine([(a, .one), (b, .one)], size: size)
    case .subtract(let a, let b): return combine([(a, .one), (b, .constant(-1))], size: size)
    case .multiply(let a, let b):
      return combine([(a, .value(b.index)), (b, .value(a.index))], size: size)
    case .affine(let a, let scale, _):
      return combine([(a, scale == 1 ? .one : .constant(scale))], size: size)
    case .activation(let f, let a):
      return combine([(a, .slope(f, argument: a.index, value: n))], size: size)
    case .gate(let a, let s): return combine([(a, .mask(s.index))], size: size)
    case .normalize(let a, let s, _):
      let floor = graph.normalizationFloor(ValueID(n))
      return combine(
        [
          (a, .inverseRoot(s.index, floor: floor)), (s, .normalizer(n, by: s.index, floor: floor)),
        ], size: size)
    case .quantize(let a, let format, _):
      return combine([(a, .range(a.index, format.minValue...format.maxValue))], size: size)
    }
  }
}
