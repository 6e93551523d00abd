internal import RNNTensor

/// Element-wise expressions and products of one phase, scheduled into fused kernels.
///
/// A term's level is the number of products that must come before it; all terms of one level and
/// size become one kernel. Equal terms are shared.
struct TermGraph {
  typealias Term = Int
  private struct Definition {
    var op: TapeOp?
    var memory: Memory?
    var operands: [Term]
    var size: Int
    var level: Int
  }
  private struct Key: Hashable {
    var op: TapeOp?
    var memory: Memory?
    var operands: [Term]
    var level: Int
  }
  private enum Effect {
    /// A volatile store is overwritten by a later product, so that nobody else may read it.
    case store(Term, Memory, isVolatile: Bool)
    case accumulate(Term, Memory)
    var term: Term {
      switch self {
      case .store(let term, _, _), .accumulate(let term, _): term
      }
    }
  }
  private var terms: [Definition] = []
  private var known: [Key: Term] = [:]
  private var effects: [Effect] = []
  private var steps: [(level: Int, step: ProgramStep)] = []

  func level(_ term: Term) -> Int { terms[term].level }
  /// Elements of a term, whole vectors.
  func size(_ term: Term) -> Int { terms[term].size }
  /// The place of a term that is read from memory.
  func memory(_ term: Term) -> Memory? { terms[term].memory }

  private mutating func add(_ definition: Definition, levelMatters: Bool) -> Term {
    let key = Key(
      op: definition.op, memory: definition.memory, operands: definition.operands,
      level: levelMatters ? definition.level : 0)
    if let term = known[key] { return term }
    terms.append(definition)
    known[key] = terms.count - 1
    return terms.count - 1
  }

  /// A value in memory, there after the products of `level`.
  mutating func load(_ memory: Memory, size: Int, level: Int = 0) -> Term {
    add(
      Definition(op: nil, memory: memory, operands: [], size: padded(size), level: level),
      levelMatters: true)
  }

  mutating func compute(_ op: TapeOp, _ operands: Term...) -> Term {
    if op == .add, terms[operands[1]].op == .affine(scale: -1, offset: 0) {
      return compute(.subtract, operands[0], terms[operands[1]].operands[0])
    }
    return add(
      Definition(
        op: op, memory: nil, operands: operands, size: terms[operands[0]].size,
        level: operands.map { terms[$0].level }.max() ?? 0), levelMatters: false)
  }

  mutating func sum(_ terms: [Term]) -> Term {
    terms.dropFirst().reduce(terms[0]) { compute(.add, $0, $1) }
  }

  mutating func store(_ term: Term, _ memory: Memory, isVolatile: Bool = false) {
    if terms[term].memory == memory { return }
    effects.append(.store(term, memory, isVolatile: isVolatile))
  }
  mutating func accumulate(_ term: Term, _ memory: Memory) {
    effects.append(.accumulate(term, memory))
  }
  /// A product, or a step over rows, that comes before the kernels of its level.
  mutating func step(_ step: ProgramStep, level: Int) { steps.append((level, step)) }

  // MARK: Scheduling

  /// Orders everything into kernels and products.
  ///
  /// - Parameter spill: gives a place for values of a size that one kernel leaves to another.
  func schedule(spill: (Int) -> Memory) -> [ProgramStep] {
    var graph = self
    graph.sink()
    graph.fuse()
    return graph.emit(spill: spill)
  }

  private func uses() -> (live: [Bool], count: [Int]) {
    var live = terms.map { _ in false }
    var count = terms.map { _ in 0 }
    for effect in effects {
      live[effect.term] = true
      count[effect.term] += 1
    }
    for t in terms.indices.reversed() where live[t] {
      for operand in terms[t].operands {
        live[operand] = true
        count[operand] += 1
      }
    }
    return (live, count)
  }

  /// Turns a * b + c and a + b + c into one operation where nobody else needs the inner result.
  private mutating func fuse() {
    var (live, count) = uses()
    for t in terms.indices where live[t] && terms[t].op == .add {
      for side in [1, 0] {
        let inner = terms[t].operands[side]
        let other = terms[t].operands[1 - side]
        guard count[inner] == 1, inner != other, terms[inner].level == terms[t].level else {
          continue
        }
        switch terms[inner].op {
        case .multiply: terms[t].op = .multiplyAdd
        case .add: terms[t].op = .add3
        default: continue
        }
        terms[t].operands = terms[inner].operands + [other]
        live[inner] = false
        break
      }
    }
  }

  private func emit(spill: (Int) -> Memory) -> [ProgramStep] {
    let (live, _) = uses()
    let levels = terms.map(\.level)
    let last = max(levels.max() ?? 0, steps.map(\.level).max() ?? 0)

    // Where a term lies when another kernel asks for it.
    var places = terms.map(\.memory)
    var effectsOf: [[Effect]] = terms.map { _ in [] }
    for effect in effects {
      effectsOf[effect.term].append(effect)
      if case .store(let term, let memory, false) = effect, places[term] == nil {
        places[term] = memory
      }
    }
    for t in terms.indices where live[t] && terms[t].op != nil {
      for operand in terms[t].operands
      where places[operand] == nil && levels[operand] != levels[t] {
        let place = spill(terms[operand].size)
        places[operand] = place
        effectsOf[operand].append(.store(operand, place, isVolatile: false))
      }
    }

    var program: [ProgramStep] = []
    for level in 0...last {
      program += steps.filter { $0.level == level }.map(\.step)
      var sizes: [Int] = []
      for t in terms.indices
      where live[t] && levels[t] == level && (terms[t].op != nil || !effectsOf[t].isEmpty)
        && !sizes.contains(terms[t].size)
      {
        sizes.append(terms[t].size)
      }
      for size in sizes {
        let members = terms.indices.filter {
          live[$0] && levels[$0] == level && terms[$0].size == size
            && (terms[$0].op != nil || !effectsOf[$0].isEmpty)
        }
        program.append(.kernel(kernel(members, size: size, effectsOf, places)))
      }
    }
    return program
  }

  /// Moves work on values in memory next to what needs it, which saves a store and a load.
  private mutating func sink() {
    let (live, _) = uses()
    var hasEffect = terms.map { _ in false }
    for effect in effects { hasEffect[effect.term] = true }
    var sinkable = terms.map { _ in false }
    for t in terms.indices where live[t] {
      sinkable[t] =
        terms[t].op == nil || (!hasEffect[t] && terms[t].operands.allSatisfy { sinkable[$0] })
    }
    var earliestUse = terms.map { _ in Int.max }
    for t in terms.indices.reversed() where live[t] && terms[t].op != nil {
      if sinkable[t], earliestUse[t] < Int.max {
        terms[t].level = max(terms[t].level, earliestUse[t])
      }
      for operand in terms[t].operands {
        earliestUse[operand] = min(earliestUse[operand], terms[t].level)
      }
    }
  }

  private func kernel(
    _ members: [Term], size: Int, _ effectsOf: [[Effect]], _ places: [Memory?]
  ) -> KernelStep {
    var kernel = KernelStep(columns: size)
    var table: [KernelStep.Operand: Int] = [:]
    func index(_ operand: KernelStep.Operand) -> Int {
      if let i = table[operand] { return i }
      kernel.operands.append(operand)
      table[operand] = kernel.operands.count - 1
      return kernel.operands.count - 1
    }
    let inside = Set(members)
    var remaining: [Term: Int] = [:]
    for t in members { for operand in terms[t].operands { remaining[operand, default: 0] += 1 } }
    var location: [Term: KernelStep.Operand] = [:]
    var free: [Int] = []

    func source(_ t: Term) -> KernelStep.Operand {
      if let place = location[t] { return place }
      guard let memory = places[t] else { preconditionFailure("term \(t) has no place") }
      return .memory(memory)
    }
    for t in members {
      var pending = effectsOf[t]
      if let op = terms[t].op {
        let sources = terms[t].operands.map(source)
        for operand in terms[t].operands {
          remaining[operand]! -= 1
          if remaining[operand] == 0, inside.contains(operand),
            case .register(let r)? = location[operand]
          {
            free.append(r)
          }
        }
        let destination: KernelStep.Operand
        if let first = pending.firstIndex(where: { if case .store = $0 { true } else { false } }),
          case .store(_, let memory, _) = pending[first]
        {
          destination = .memory(memory)
          pending.remove(at: first)
        } else if let register = free.popLast() {
          destination = .register(register)
        } else {
          destination = .register(kernel.registers)
          kernel.registers += 1
        }
        location[t] = destination
        kernel.tape.append(op, to: index(destination), sources.map(index))
      }
      for effect in pending {
        switch effect {
        case .store(_, let memory, _):
          kernel.tape.append(.copy, to: index(.memory(memory)), [index(source(t))])
        case .accumulate(_, let memory):
          kernel.tape.append(.accumulate, to: index(.memory(memory)), [index(source(t))])
        }
      }
      // A result that only its effects need gives its register back.
      if remaining[t, default: 0] == 0, case .register(let r)? = location[t] { free.append(r) }
    }
    return kernel
  }
}
