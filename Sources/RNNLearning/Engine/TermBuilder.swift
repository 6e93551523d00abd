internal import RNNFixedPoint
internal import RNNGraph
internal import RNNTensor

/// The algebra of kernels: operations become terms of one phase's programs, and steps over whole rows between them.
protocol TermBuilder: VectorAlgebra where Vector == TermGraph.Term {
  /// The plan of the layer, to which steps over whole rows are added.
  var plan: LayerPlan { get set }
  /// The phase whose programs the terms belong to.
  var phase: LayerPlan.Phase { get }
  /// The terms so far.
  var terms: TermGraph { get set }
}

extension TermBuilder {
  mutating func add(_ a: Vector, _ b: Vector) -> Vector { terms.compute(.add, a, b) }
  mutating func subtract(_ a: Vector, _ b: Vector) -> Vector { terms.compute(.subtract, a, b) }
  mutating func multiply(_ a: Vector, _ b: Vector) -> Vector { terms.compute(.multiply, a, b) }
  mutating func affine(_ a: Vector, scale: Double, offset: Double) -> Vector {
    terms.compute(.affine(scale: Float(scale), offset: Float(offset)), a)
  }
  mutating func apply(_ f: ScalarFunction, _ a: Vector) -> Vector {
    switch f {
    case .sigmoid: terms.compute(.sigmoid, a)
    case .tanh: terms.compute(.tanh, a)
    case .relu: terms.compute(.relu, a)
    default: terms.compute(.function(f), a)
    }
  }
  mutating func slope(_ f: ScalarFunction, _ g: Vector, at x: Vector) -> Vector {
    switch f {
    case .sigmoid: terms.compute(.sigmoidSlope, g, x)
    case .tanh: terms.compute(.tanhSlope, g, x)
    case .relu: terms.compute(.gate, g, x)
    default: terms.compute(.functionSlope(f), g, x)
    }
  }
  mutating func gate(_ a: Vector, by s: Vector) -> Vector { terms.compute(.gate, a, s) }
  mutating func normalize(_ a: Vector, by s: Vector, floor: Double) -> Vector {
    terms.compute(.normalize(floor: Float(floor)), a, s)
  }
  mutating func round(_ a: Vector, _ format: QFormat, _ rounding: RoundingRule) -> Vector {
    let rule: TapeRounding =
      switch rounding {
      case .down: .down
      case .halfUp: .halfUp
      case .halfToEven: .halfToEven
      }
    return terms.compute(
      .quantize(
        rule, scale: Float(1 / format.ulp), ulp: Float(format.ulp), lowest: Float(format.minCode),
        highest: Float(format.maxCode)), a)
  }
  mutating func mask(_ g: Vector, at x: Vector, inside range: ClosedRange<Double>) -> Vector {
    terms.compute(
      .clampSlope(lowest: Float(range.lowerBound), highest: Float(range.upperBound)), g, x)
  }

  mutating func reduce(_ reduction: Reduction, _ a: Vector, size: Int) -> Vector {
    row(.reduce(reduction), [a], size: size, resultSize: 1)
  }
  mutating func broadcast(_ a: Vector, size: Int) -> Vector {
    row(.broadcast, [a], size: size, resultSize: size)
  }
  mutating func atMaximum(_ g: Vector, of x: Vector, size: Int) -> Vector {
    row(.atMaximum, [g, x], size: size, resultSize: size)
  }

  /// A step over whole rows: its operands lie in memory before it, its result does after it.
  private mutating func row(
    _ kind: RowStep.Kind, _ operands: [Vector], size: Int, resultSize: Int
  ) -> Vector {
    let level = operands.reduce(0) { max($0, terms.level($1)) } + 1
    let places = operands.map { operand in
      if let memory = terms.memory(operand) { return memory }
      let place = plan.spillPlace(terms.size(operand), phase)
      terms.store(operand, place)
      return place
    }
    let destination = plan.spillPlace(resultSize, phase)
    terms.step(
      .row(RowStep(kind: kind, operands: places, destination: destination, size: size)),
      level: level)
    return terms.load(destination, size: resultSize, level: level)
  }
}

/// Builds the programs of a layer's forward pass, phase by phase.
struct ForwardBuilder: TermBuilder {
  var plan: LayerPlan
  let phase: LayerPlan.Phase
  var terms = TermGraph()
  private var value: [Int: TermGraph.Term] = [:]

  init(plan: LayerPlan, phase: LayerPlan.Phase) {
    self.plan = plan
    self.phase = phase
  }

  private mutating func term(_ v: Int) -> TermGraph.Term {
    if let known = value[v] { return known }
    guard let memory = plan.memory(of: v, forward: true) else {
      preconditionFailure("node \(plan.graph.nodes[v].name) is used before it is computed")
    }
    let loaded = terms.load(memory, size: plan.graph.nodes[v].size)
    value[v] = loaded
    return loaded
  }

  mutating func build() -> [ProgramStep] {
    let (graph, analysis) = (plan.graph, plan.analysis)
    var done: Set<Int> = []
    for (v, node) in graph.nodes.enumerated() where analysis.phase[v] == phase {
      switch node.op {
      case .input: break
      case .parameter, .state, .coefficient:
        guard let full = plan.ownMemory(of: v), let source = plan.leafMemory(v) else { break }
        let loaded = terms.load(source, size: node.size)
        terms.store(loaded, full)
        value[v] = loaded
      case .matvec:
        guard let (g, _) = analysis.membership[v] else { break }
        let group = analysis.groups[g]
        let operand = term(group.operand)
        let level = terms.level(operand) + 1
        guard let source = plan.memory(of: group.operand, forward: true) else {
          preconditionFailure("operands of products are always kept")
        }
        if done.insert(g).inserted, let first = plan.memory(of: group.members[0], forward: true) {
          terms.step(
            .product(.forward(group: g, operand: source, destination: first)), level: level)
        }
        if let memory = plan.memory(of: v, forward: true) {
          value[v] = terms.load(memory, size: node.size, level: level)
        }
      default:
        guard let operation = graph.operation(ValueID(v)) else { break }
        var operands: [TermGraph.Term] = []
        for operand in node.op.operands { operands.append(term(operand.index)) }
        let computed = operation.value(operands, in: &self)
        value[v] = computed
        if let full = plan.ownMemory(of: v) { terms.store(computed, full) }
      }
    }
    if phase == .loop {
      for (s, state) in graph.states.enumerated() {
        guard let full = plan.ownMemory(ofState: s) else { continue }
        terms.store(term(state.next.index), full)
      }
    }
    return plan.schedule(terms, phase)
  }
}
