internal import RNNGraph
internal import RNNTensor

/// Matrix-vector products with the same operand, computed as one product with the stacked matrices.
struct ProductGroup {
  var phase: CellAnalysis.Phase
  /// The node that all members multiply.
  var operand: Int
  /// A transposed product is alone in its group: its matrix lies the other way round.
  var transposed: Bool
  /// The `matvec` nodes, in the graph's order.
  var members: [Int]
  /// The first column of each member in the stacked result.
  var columns: [Int]
  /// Columns of the stacked result, each member padded to whole vectors.
  var width: Int
  var operandSize: Int
}

/// When each node of a cell graph is computed, and which values are kept for the backward pass.
struct CellAnalysis {
  enum Phase: Int, Comparable {
    /// Needs neither a state nor the number of the step: computed for all steps at once.
    case before
    /// Computed step by step.
    case loop
    /// Follows a product of the loop's values that feeds no state: computed for all steps at once, at the end.
    case after
    static func < (a: Phase, b: Phase) -> Bool { a.rawValue < b.rawValue }
  }

  let graph: CellGraph
  /// The phase of each node.
  ///
  /// Inputs and parameters count as `before` and are there in every phase.
  let phase: [Phase]
  let needsGradient: [Bool]
  let groups: [ProductGroup]
  /// The group and the position in it of each `matvec` node.
  let membership: [(group: Int, member: Int)?]
  /// Nodes other than products whose values of all steps are kept in a buffer of their own.
  private(set) var stored: [Bool]
  /// Groups whose results of all steps are kept; the others keep a few steps, as long as they are needed.
  private(set) var keepsGroup: [Bool]

  /// - Parameter keepAll: keep every node's values, to look at them.
  init(_ graph: CellGraph, wantsInputGradient: Bool, keepAll: Bool) {
    self.graph = graph
    let nodes = graph.nodes
    let phase = Self.phases(graph)
    self.phase = phase
    var needsGradient: [Bool] = []
    for node in nodes {
      switch node.op {
      case .input: needsGradient.append(wantsInputGradient)
      case .state, .parameter, .matvec: needsGradient.append(true)
      default: needsGradient.append(node.op.operands.contains { needsGradient[$0.index] })
      }
    }
    self.needsGradient = needsGradient

    var groups: [ProductGroup] = []
    var membership = nodes.map { _ in nil as (group: Int, member: Int)? }
    for (v, node) in nodes.enumerated() {
      guard case .matvec(_, let operand, let transposed) = node.op else { continue }
      let found = groups.firstIndex {
        !transposed && !$0.transposed && $0.operand == operand.index && $0.phase == phase[v]
      }
      let g = found ?? groups.count
      if found == nil {
        groups.append(
          ProductGroup(
            phase: phase[v], operand: operand.index, transposed: transposed, members: [],
            columns: [], width: 0, operandSize: graph[operand].size))
      }
      membership[v] = (g, groups[g].members.count)
      groups[g].members.append(v)
      groups[g].columns.append(groups[g].width)
      groups[g].width += padded(node.size)
    }
    self.groups = groups
    self.membership = membership
    stored = nodes.map { _ in false }
    keepsGroup = groups.map { $0.phase == .after }
    chooseStored(keepAll: keepAll)
  }

  private static func phases(_ graph: CellGraph) -> [Phase] {
    let nodes = graph.nodes
    // A coefficient is known step by step only, like a state.
    var seesStep: [Bool] = []
    for node in nodes {
      switch node.op {
      case .state, .coefficient: seesStep.append(true)
      default: seesStep.append(node.op.operands.contains { seesStep[$0.index] })
      }
    }
    if graph.states.isEmpty, !seesStep.contains(true) { return nodes.map { _ in .before } }
    var feedsState = nodes.map { _ in false }
    for state in graph.states { feedsState[state.next.index] = true }
    for v in nodes.indices.reversed() where feedsState[v] {
      for operand in nodes[v].op.operands { feedsState[operand.index] = true }
    }
    var phase = nodes.map { _ in Phase.loop }
    for (v, node) in nodes.enumerated() {
      if case .matvec(_, let operand, _) = node.op {
        if !seesStep[operand.index] {
          phase[v] = .before
        } else if !feedsState[v] {
          phase[v] = .after
        }
      }
      if node.op.operands.contains(where: { phase[$0.index] == .after }) { phase[v] = .after }
      switch node.op {
      case .input, .parameter: phase[v] = .before
      default: break
      }
    }
    // Element-wise work on inputs alone belongs into the loop, where it is fused with what follows,
    // unless a product for all steps at once needs it.
    for v in nodes.indices.reversed() where phase[v] == .before {
      for operand in nodes[v].op.operands { phase[operand.index] = .before }
    }
    return phase
  }

  private mutating func keep(_ v: Int) {
    switch graph.nodes[v].op {
    case .input: break
    case .matvec:
      if let group = membership[v]?.group { keepsGroup[group] = true }
    default: stored[v] = true
    }
  }

  private mutating func chooseStored(keepAll: Bool) {
    let nodes = graph.nodes
    if keepAll {
      for v in nodes.indices { keep(v) }
      return
    }
    keep(graph.output.index)
    for state in graph.states { keep(state.next.index) }
    for group in groups {
      if case .state = nodes[group.operand].op, group.phase == .loop { continue }
      keep(group.operand)
    }
    let hasAfter = phase.contains(.after)
    var needed = nodes.map { _ in false }
    for (v, node) in nodes.enumerated() {
      if case .state = node.op, hasAfter { keep(v) }
      for operand in node.op.operands
      where phase[operand.index] != phase[v] && !isLeaf(operand.index) {
        // Products on inputs run a block of steps ahead of the loop, which reads them there.
        if phase[operand.index] == .before, phase[v] == .loop, membership[operand.index] != nil {
          continue
        }
        keep(operand.index)
      }
      for value in graph.valuesForPullback(ValueID(v), to: { needsGradient[$0.index] }) {
        needed[value.index] = true
      }
    }
    for v in nodes.indices where needed[v] && !isRecomputable(v) { keep(v) }
  }

  private func isLeaf(_ v: Int) -> Bool {
    switch graph.nodes[v].op {
    case .input, .parameter, .state: true
    default: false
    }
  }

  /// Whether the backward pass can get a value from kept ones by cheap arithmetic.
  private func isRecomputable(_ v: Int) -> Bool {
    if let group = membership[v]?.group { return keepsGroup[group] }
    if stored[v] || isLeaf(v) { return true }
    if case .coefficient = graph.nodes[v].op { return true }
    return graph.operation(ValueID(v))?.isCheap == true
      && graph.nodes[v].op.operands.allSatisfy { isRecomputable($0.index) }
  }
}
