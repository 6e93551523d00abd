internal import RNNFixedPoint
internal import RNNGraph
internal import RNNTensor

/// Derives a layer's backward programs from its graph (reverse mode), phase by phase from the last.
struct BackwardBuilder: TermBuilder, PullbackAlgebra {
  typealias Term = TermGraph.Term
  var plan: LayerPlan
  /// The node whose gradient goes to `LayerPlan.keptGradient`.
  private let kept: Int?
  private(set) var slotOfNode: [Int?]
  private(set) var inputGradient: Memory?
  /// Gradients by nodes of earlier phases that later phases have left in memory.
  private var pending: [Int: Memory] = [:]

  private var graph: CellGraph { plan.graph }
  private var analysis: CellAnalysis { plan.analysis }

  // The state of one phase.
  private(set) var phase = LayerPlan.Phase.after
  var terms = TermGraph()
  /// The node whose gradient is being passed on.
  private var current = 0
  private var contributions: [[Term]] = []
  /// The groups whose members have passed their gradient to a node.
  private var groupContributions: [[Int]] = []
  /// The level from which all slots of a group are written.
  private var groupLevel: [Int] = []
  private var slotOfTerm: [Term: Memory] = [:]
  private var recomputed: [Int: Term] = [:]

  init(plan: LayerPlan, keeps kept: Int?) {
    self.plan = plan
    self.kept = kept
    slotOfNode = plan.graph.nodes.map { _ in nil }
  }

  mutating func build() -> LayerPlan.Programs {
    var programs = LayerPlan.Programs()
    programs.after = program(.after)
    programs.loop = program(.loop)
    programs.before = program(.before)
    return programs
  }

  private mutating func program(_ phase: LayerPlan.Phase) -> [ProgramStep] {
    self.phase = phase
    terms = TermGraph()
    contributions = graph.nodes.map { _ in [] }
    groupContributions = graph.nodes.map { _ in [] }
    groupLevel = analysis.groups.map { _ in 0 }
    slotOfTerm = [:]
    recomputed = [:]

    for v in graph.nodes.indices where analysis.phase[v] == phase {
      if let memory = pending[v] {
        contributions[v].append(terms.load(memory, size: graph.nodes[v].size))
      }
    }
    if analysis.phase[graph.output.index] == phase {
      contributions[graph.output.index].append(
        terms.load(
          Memory(buffer: .outputGradient, rows: .current), size: graph.outputSize))
    }
    if phase == .loop {
      for (s, state) in graph.states.enumerated() {
        contributions[state.next.index].append(
          terms.load(Memory(buffer: .carry(s), rows: .carryIn), size: state.size))
      }
    }
    for v in graph.nodes.indices.reversed() {
      let isParameter = if case .parameter = graph.nodes[v].op { true } else { false }
      if analysis.phase[v] == phase || isParameter { finish(v) } else { hand(v) }
    }
    return plan.schedule(terms, phase)
  }

  /// The value that a node had in the forward pass: from memory, or computed again.
  private mutating func value(_ v: Int) -> Term {
    if let known = recomputed[v] { return known }
    let node = graph.nodes[v]
    let term: Term
    if let memory = plan.memory(of: v, forward: false) {
      term = terms.load(memory, size: node.size)
    } else {
      guard let operation = graph.operation(ValueID(v)) else {
        preconditionFailure("the value of \(node.name) was not kept")
      }
      var operands: [Term] = []
      for operand in node.op.operands { operands.append(value(operand.index)) }
      term = operation.value(operands, in: &self)
    }
    recomputed[v] = term
    return term
  }

  /// The whole gradient by a node; nil if nothing depends on it.
  ///
  /// Products write to `place`, after the element-wise contributions if there are any.
  private mutating func gradient(_ v: Int, place: (inout BackwardBuilder) -> Memory) -> Term? {
    let parts = contributions[v]
    guard !groupContributions[v].isEmpty else { return parts.isEmpty ? nil : terms.sum(parts) }
    let destination = place(&self)
    var level = 0
    if !parts.isEmpty {
      let sum = terms.sum(parts)
      terms.store(sum, destination, isVolatile: true)
      level = terms.level(sum)
    }
    for group in groupContributions[v] { level = max(level, groupLevel[group]) }
    level += 1
    for (i, group) in groupContributions[v].enumerated() {
      terms.step(
        .product(
          .backward(group: group, destination: destination, accumulate: i > 0 || !parts.isEmpty)),
        level: level)
    }
    return terms.load(destination, size: graph.nodes[v].size, level: level)
  }

  /// Passes the gradient of a node of this phase on to its operands.
  private mutating func finish(_ v: Int) {
    let node = graph.nodes[v]
    guard analysis.needsGradient[v] else { return }
    switch node.op {
    case .input:
      let place = pending[v] ?? Memory(buffer: .full(plan.newFull(node.size)), rows: .current)
      inputGradient = place
      if let term = gradient(v, place: { _ in place }) { terms.store(term, place) }
    case .parameter:
      if let term = gradient(v, place: newPlace(node.size)), let vector = plan.vector(v) {
        terms.accumulate(term, Memory(buffer: .vectorGradient(vector), rows: .shared))
      }
    case .state(let s):
      let place = Memory(buffer: .carry(s.index), rows: .carryOut)
      if let term = gradient(v, place: { _ in place }) { terms.store(term, place) }
    case .matvec:
      guard let term = gradient(v, place: newPlace(node.size)) else { break }
      keep(term, of: v)
      pass(term, byProduct: v)
    default:
      guard let term = gradient(v, place: newPlace(node.size)) else { break }
      keep(term, of: v)
      pass(term, v)
    }
  }

  private mutating func keep(_ term: Term, of v: Int) {
    guard v == kept, let memory = plan.keptGradient else { return }
    terms.store(term, memory)
  }

  private func newPlace(_ size: Int) -> (inout BackwardBuilder) -> Memory {
    { builder in builder.plan.spillPlace(size, builder.phase) }
  }

  /// Keeps a product's gradient for the weights' gradients and for its operand.
  private mutating func pass(_ term: Term, byProduct v: Int) {
    guard let (g, _) = analysis.membership[v] else { return }
    let slot = slot(term, size: graph.nodes[v].size)
    guard case .slot(let number) = slot.buffer else { return }
    slotOfNode[v] = number
    groupLevel[g] = max(groupLevel[g], terms.level(term))
    let operand = analysis.groups[g].operand
    if analysis.needsGradient[operand], !groupContributions[operand].contains(g) {
      groupContributions[operand].append(g)
    }
  }

  /// The slot that holds a term; equal gradients share one.
  private mutating func slot(_ term: Term, size: Int) -> Memory {
    if let known = slotOfTerm[term] { return known }
    if let memory = terms.memory(term), case .slot = memory.buffer { return memory }
    let slot = plan.newSlot(size)
    terms.store(term, slot)
    slotOfTerm[term] = slot
    return slot
  }

  mutating func operand(_ index: Int) -> Term {
    value(graph.nodes[current].op.operands[index].index)
  }
  mutating func value() -> Term { value(current) }

  private mutating func pass(_ g: Term, _ v: Int) {
    guard let operation = graph.operation(ValueID(v)) else { return }
    current = v
    for (i, operand) in graph.nodes[v].op.operands.enumerated()
    where analysis.needsGradient[operand.index] {
      if let part = operation.pullback(g, to: i, in: &self) {
        contributions[operand.index].append(part)
      }
    }
  }

  /// Leaves the gradient by a node of an earlier phase in memory for that phase.
  private mutating func hand(_ v: Int) {
    guard analysis.needsGradient[v], analysis.phase[v] < phase else { return }
    let size = graph.nodes[v].size
    guard !contributions[v].isEmpty || !groupContributions[v].isEmpty else { return }
    let old = pending[v]
    if let old { contributions[v].append(terms.load(old, size: size)) }
    // A slot may be shared with another product whose gradient is the same so far.
    var place = old
    if case .slot? = old?.buffer { place = nil }
    let term = gradient(v) { builder in
      let fresh = place ?? Memory(buffer: .full(builder.plan.newFull(size)), rows: .current)
      place = fresh
      return fresh
    }
    guard let term else { return }
    if case .matvec = graph.nodes[v].op, groupContributions[v].isEmpty {
      pending[v] = slot(term, size: size)
      return
    }
    let destination = place ?? Memory(buffer: .full(plan.newFull(size)), rows: .current)
    terms.store(term, destination)
    pending[v] = destination
  }
}
