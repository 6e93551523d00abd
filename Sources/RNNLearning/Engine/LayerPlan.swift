internal import RNNFixedPoint
internal import RNNGraph
internal import RNNTensor

/// Everything that is known about running a layer before the first batch: programs and buffers.
struct LayerPlan {
  typealias Phase = CellAnalysis.Phase
  struct Programs {
    var before: [ProgramStep] = []
    var loop: [ProgramStep] = []
    var after: [ProgramStep] = []
  }
  /// A run of matrices that lie one after the other both in memory and in the gradients' buffer.
  struct Run {
    /// The first column of the gradients' buffer.
    var column: Int
    /// The first float of the first matrix in the parameters' buffer.
    var region: Int
    /// Padded rows of all its matrices together; for a transposed product its real result size.
    var length: Int
  }

  /// A parameter as a vector; one with a single value also stands for vectors of other sizes.
  struct Vector: Hashable {
    var parameter: Int
    var size: Int
  }
  /// A scalar of the step in `size` elements.
  struct Coefficient: Hashable {
    var coefficient: StepCoefficient
    var size: Int
  }

  let analysis: CellAnalysis
  var graph: CellGraph { analysis.graph }
  private(set) var forward = Programs()
  private(set) var backward = Programs()

  /// Columns of each buffer.
  private(set) var fullWidths: [Int] = []
  private(set) var scratchWidths: [Int] = []
  private(set) var blockWidths: [Int] = []
  private(set) var slotWidths: [Int] = []
  private(set) var slotColumns: [Int] = []
  private(set) var adjointWidth = 0
  /// The vectors that the graph's nodes use.
  private(set) var vectors: [Vector] = []
  /// The coefficients that the graph's nodes use.
  private(set) var coefficients: [Coefficient] = []

  /// The full buffer of each node or group that has one.
  private var fullOfNode: [Int?]
  private var fullOfGroup: [Int?] = []
  /// The full buffer of each state that cannot share the memory of the node that it becomes.
  private var fullOfState: [Int?] = []
  /// The place of the results of each group that has none: one step, or one block of steps.
  private var passingPlaceOfGroup: [Memory?] = []
  /// The slot of each product that has a gradient.
  private var slotOfNode: [Int?]
  /// The runs of each group, for products with the gradients; empty if nothing depends on the group.
  private(set) var runs: [[Run]] = []
  /// The first float of each matrix in the layer's parameter buffer, padded(rows) x columns; nil for vectors.
  private(set) var regions: [Int?]
  private(set) var regionTotal = 0
  /// Where the gradient by the layer's input is after the backward pass.
  private(set) var inputGradient: Memory?

  /// Where the gradient by a node is after the backward pass, if it was asked for.
  private(set) var keptGradient: Memory?

  /// - Parameter gradient: a node whose gradient is kept for all steps.
  init(
    _ graph: CellGraph, wantsInputGradient: Bool, keepAll: Bool = false,
    gradientOf gradient: Int? = nil
  ) {
    analysis = CellAnalysis(graph, wantsInputGradient: wantsInputGradient, keepAll: keepAll)
    fullOfNode = graph.nodes.map { _ in nil }
    slotOfNode = graph.nodes.map { _ in nil }
    regions = graph.parameters.map { _ in nil }
    for v in graph.nodes.indices where analysis.stored[v] {
      fullOfNode[v] = newFull(graph.nodes[v].size)
    }
    for state in graph.states {
      fullOfState.append(hasOwnMemory(state) ? newFull(state.size) : nil)
    }
    for node in graph.nodes {
      switch node.op {
      case .parameter(let p):
        let vector = Vector(parameter: p.index, size: node.size)
        if !vectors.contains(vector) { vectors.append(vector) }
      case .coefficient(let c):
        let coefficient = Coefficient(coefficient: c, size: node.size)
        if !coefficients.contains(coefficient) { coefficients.append(coefficient) }
      default: break
      }
    }
    for (g, group) in analysis.groups.enumerated() {
      fullOfGroup.append(analysis.keepsGroup[g] ? newFull(group.width) : nil)
      passingPlaceOfGroup.append(analysis.keepsGroup[g] ? nil : newPassingPlace(group))
    }
    placeParameters()
    forward.before = forwardProgram(.before)
    forward.loop = forwardProgram(.loop)
    forward.after = forwardProgram(.after)
    if keepAll { return }
    if let gradient {
      keptGradient = Memory(
        buffer: .full(newFull(graph.nodes[gradient].size)), rows: .current)
    }
    buildBackward(gradientOf: gradient)
    if wantsInputGradient, inputGradient == nil {
      // The layer ignores its input: the gradient stays zero.
      inputGradient = Memory(buffer: .full(newFull(graph.inputSize)), rows: .current)
    }
    placeSlots()
  }

  /// Whether a state's values before the first step would overwrite somebody else's.
  private func hasOwnMemory(_ state: State) -> Bool {
    if case .input = graph[state.next].op { return true }
    let first = graph.states.first { $0.next == state.next }
    return first?.initial != state.initial
  }

  mutating func newFull(_ size: Int) -> Int {
    fullWidths.append(padded(size))
    return fullWidths.count - 1
  }
  mutating func newScratch(_ size: Int) -> Int {
    scratchWidths.append(padded(size))
    return scratchWidths.count - 1
  }
  private mutating func newPassingPlace(_ group: ProductGroup) -> Memory {
    if group.phase == .loop {
      return Memory(buffer: .scratch(newScratch(group.width)), rows: .scratch)
    }
    blockWidths.append(group.width)
    return Memory(buffer: .block(blockWidths.count - 1), rows: .block)
  }
  mutating func newSlot(_ size: Int) -> Memory {
    slotWidths.append(padded(size))
    return Memory(buffer: .slot(slotWidths.count - 1), rows: .block)
  }

  /// Lays matrices that are used together next to each other.
  private mutating func placeParameters() {
    let order = analysis.groups.filter { $0.phase == .loop } + analysis.groups
    for group in order {
      for v in group.members {
        guard case .matvec(let p, _, _) = graph.nodes[v].op, regions[p.index] == nil else {
          continue
        }
        regions[p.index] = regionTotal
        regionTotal += padded(graph[p].rows) * (graph[p].columns ?? 1)
      }
    }
  }

  // MARK: Where values are

  /// The place of a node's value, or nil if it is nowhere in memory.
  ///
  /// A product that is not kept for all steps counts only in the forward pass.
  func memory(of v: Int, forward isForward: Bool) -> Memory? {
    if let full = fullOfNode[v] { return Memory(buffer: .full(full), rows: .current) }
    switch graph.nodes[v].op {
    case .input, .parameter, .state, .coefficient: return leafMemory(v)
    case .matvec:
      guard let (g, m) = analysis.membership[v] else { return nil }
      let column = analysis.groups[g].columns[m]
      if let full = fullOfGroup[g] {
        return Memory(buffer: .full(full), column: column, rows: .current)
      }
      guard isForward, var place = passingPlaceOfGroup[g] else { return nil }
      place.column = column
      return place
    default: return nil
    }
  }
  /// The buffer in which a node's values of all steps are kept; nil if they are not.
  func ownMemory(of v: Int) -> Memory? {
    fullOfNode[v].map { Memory(buffer: .full($0), rows: .current) }
  }
  /// The buffer of a state that cannot share the memory of the node that it becomes.
  func ownMemory(ofState s: Int) -> Memory? {
    fullOfState[s].map { Memory(buffer: .full($0), rows: .current) }
  }
  /// Where the value of a node without operands comes from; nil for other nodes.
  func leafMemory(_ v: Int) -> Memory? {
    switch graph.nodes[v].op {
    case .input: return Memory(buffer: .input, rows: .current)
    case .parameter: return vector(v).map { Memory(buffer: .vector($0), rows: .shared) }
    case .state(let s): return previous(s.index)
    case .coefficient(let c):
      let wanted = Coefficient(coefficient: c, size: graph.nodes[v].size)
      return coefficients.firstIndex(of: wanted).map {
        Memory(buffer: .coefficient($0), rows: .shared)
      }
    default: return nil
    }
  }
  /// The vector that a parameter node uses, by its position in `vectors`; nil for other nodes.
  func vector(_ v: Int) -> Int? {
    guard case .parameter(let p) = graph.nodes[v].op else { return nil }
    return vectors.firstIndex(of: Vector(parameter: p.index, size: graph.nodes[v].size))
  }
  /// What a state was after the previous step.
  func previous(_ s: Int) -> Memory? {
    if let full = fullOfState[s] { return Memory(buffer: .full(full), rows: .previous) }
    guard var next = memory(of: graph.states[s].next.index, forward: true) else { return nil }
    next.rows = .previous
    return next
  }
  var output: Memory {
    guard let memory = memory(of: graph.output.index, forward: false) else {
      preconditionFailure("the output is always kept")
    }
    return memory
  }
  /// What the members of a group multiply, as the weight gradients need it.
  func operandMemory(_ group: ProductGroup) -> Memory {
    guard let memory = memory(of: group.operand, forward: false) else {
      preconditionFailure("operands of products are always kept")
    }
    return memory
  }

  // MARK: Forward

  private mutating func forwardProgram(_ phase: Phase) -> [ProgramStep] {
    var builder = ForwardBuilder(plan: self, phase: phase)
    let steps = builder.build()
    self = builder.plan
    return steps
  }

  /// Schedules a phase's terms; what one kernel leaves to another needs a place of the phase's kind.
  mutating func spillPlace(_ size: Int, _ phase: Phase) -> Memory {
    phase == .loop
      ? Memory(buffer: .scratch(newScratch(size)), rows: .scratch)
      : Memory(buffer: .full(newFull(size)), rows: .current)
  }
  mutating func schedule(_ terms: TermGraph, _ phase: Phase) -> [ProgramStep] {
    var plan = self
    let steps = terms.schedule { size in plan.spillPlace(size, phase) }
    self = plan
    return steps
  }

  // MARK: Gradients' buffer

  private mutating func buildBackward(gradientOf node: Int?) {
    var builder = BackwardBuilder(plan: self, keeps: node)
    let programs = builder.build()
    self = builder.plan
    backward = programs
    slotOfNode = builder.slotOfNode
    inputGradient = builder.inputGradient
  }

  /// Gives slots columns so that the members of a group lie side by side, and finds the runs.
  private mutating func placeSlots() {
    slotColumns = slotWidths.map { _ in -1 }
    let order = analysis.groups.filter { $0.phase == .loop } + analysis.groups
    for group in order {
      for v in group.members {
        guard let slot = slotOfNode[v], slotColumns[slot] < 0 else { continue }
        slotColumns[slot] = adjointWidth
        adjointWidth += slotWidths[slot]
      }
    }
    for slot in slotColumns.indices where slotColumns[slot] < 0 {
      slotColumns[slot] = adjointWidth
      adjointWidth += slotWidths[slot]
    }
    var uses = graph.parameters.map { _ in 0 }
    for node in graph.nodes {
      if case .matvec(let p, _, _) = node.op { uses[p.index] += 1 }
    }
    for group in analysis.groups {
      var found: [Run] = []
      var mayExtend = false
      for v in group.members {
        guard let slot = slotOfNode[v], case .matvec(let p, _, _) = graph.nodes[v].op,
          let region = regions[p.index]
        else {
          mayExtend = false
          continue
        }
        let length = group.transposed ? graph.nodes[v].size : padded(graph.nodes[v].size)
        if mayExtend, uses[p.index] == 1, let last = found.last,
          last.column + last.length == slotColumns[slot],
          last.region + last.length * group.operandSize == region
        {
          found[found.count - 1].length += length
        } else {
          found.append(Run(column: slotColumns[slot], region: region, length: length))
        }
        mayExtend = uses[p.index] == 1
      }
      runs.append(found)
    }
  }
}
