package import RNNBilinear
package import RNNGraph
internal import RNNSupport

/// A vector as a matrix-vector product or a datapath reads it: a stored value of this step or of the step before.
package struct StoredRead: Hashable, Sendable {
  package var value: ValueID
  /// True for the value of the previous step, which reads as `initial` in the first step of a sequence.
  package var previous: Bool
  /// The code of every element of a previous value in the first step; zero for a value of this step.
  package var initial: Int64 = 0
}

/// A `linear` node on the lane array.
package struct Product: Hashable, Sendable {
  package var node: ValueID
  /// The index of its block algorithm.
  package var algorithm: Int
  /// Rows of blocks: ceil(size / algorithm.outputs).
  package var blockRows: Int
}

/// What is broadcast in one cycle: `columnGroups` neighbouring block columns of one operand.
package struct BlockColumn: Hashable, Sendable {
  package var term: Int
  /// The index of the group of block columns; set g of a lane's multipliers takes block column
  /// `column * columnGroups + g` of the term's matrices.
  package var column: Int
  package var read: StoredRead
}

/// Products that read the same operands with the same algorithm: their block rows share passes.
package struct ProductGroup: Hashable, Sendable {
  package var level: Int
  package var algorithm: Int
  /// Indices into `Lowered.products`.
  package var products: [Int]
  package var columns: [BlockColumn]
  /// Block rows in the order in which they are given to lanes: all products' first blocks, then all second ones.
  package var rows: [(product: Int, block: Int)]

  package static func == (a: ProductGroup, b: ProductGroup) -> Bool {
    a.level == b.level && a.algorithm == b.algorithm && a.products == b.products
      && a.columns == b.columns && a.rows.map(\.product) == b.rows.map(\.product)
      && a.rows.map(\.block) == b.rows.map(\.block)
  }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(level)
    hasher.combine(products)
  }
}

/// What an element-wise datapath reads from a memory.
package enum SegmentSource: Hashable, Sendable {
  /// Sums from the lane array.
  case product(ValueID)
  /// A stored element-wise value, or the input.
  case stored(StoredRead)
  /// A constant vector of the graph.
  case vector(Int)
  /// A coefficient of the graph, the same in all elements of a frame.
  case coefficient(Int)
}

/// A group of element-wise nodes that run in one pipelined datapath, one element per cycle and copy.
package struct Segment: Hashable, Sendable {
  package var level: Int
  package var size: Int
  /// Element-wise nodes, and reductions of some of them, in topological order.
  package var nodes: [ValueID]
  package var sources: [SegmentSource]
  /// Nodes whose values leave the datapath for a memory or the output stream.
  package var outputs: [ValueID]
}

/// A network taken apart into lane products and element-wise segments, before it has a place in time.
package struct Lowered: Sendable {
  package var graph: IntegerGraph
  package var algorithms: [BilinearAlgorithm]
  package var products: [Product]
  package var groups: [ProductGroup]
  package var segments: [Segment]
  /// Values that some product reads, in node order: each has an operand memory.
  package var operands: [ValueID]
  /// Block columns that are multiplied in the same cycle.
  package var columnGroups: Int
  /// Elements in one word of an operand memory: as many as any algorithm takes in a cycle, in whole steps of a datapath.
  package var wordElements: Int
  /// Products of one set of a lane's multipliers: the most that an algorithm has.
  package var productsPerSet: Int
  /// Multipliers of a lane.
  package var productsPerLane: Int { columnGroups * productsPerSet }
  /// Which segment computes an element-wise node.
  package var segmentOf: [ValueID: Int]
}

extension IntegerOp {
  /// True for a reduction: it lies behind the datapath that computes its operand.
  var isReduction: Bool {
    if case .reduce = self { true } else { false }
  }
  /// True for operations that a segment's datapath computes, one element a cycle and copy.
  var isElementwise: Bool { isComputedInDatapath && !isReduction }
}

extension Lowered {
  /// Takes a graph apart; of the options, those that shape lanes and words matter.
  ///
  /// - Throws: `DiagnosticsEmitted` for a state or an operand that no element-wise node computes.
  package init(_ graph: IntegerGraph, options: CompileOptions) throws {
    var sink = DiagnosticSink(stage: "compile")
    Self.check(graph, &sink)
    try sink.throwIfErrors()

    let levels = Self.levels(of: graph)
    self.graph = graph

    let (algorithms, algorithmOf) = Self.algorithms(of: graph, options)
    self.algorithms = algorithms
    columnGroups = options.lanes.groups
    productsPerSet = algorithms.map(\.products).max() ?? 1
    wordElements = columnGroups * (algorithms.map(\.inputs).max() ?? 1)
    // Steps and beats fill whole words.
    let step = max(options.lanes.step, options.lanes.inputElementsPerBeat)
    while wordElements % step != 0 { wordElements *= 2 }

    var products: [Product] = []
    var groups: [ProductGroup] = []
    var operands: [ValueID] = []
    for (i, node) in graph.nodes.enumerated() {
      guard case .linear(let terms) = node.op else { continue }
      guard let algorithm = algorithmOf[graph.matrices[terms[0].matrix].structure.family] else {
        preconditionFailure("\(node.name) has no algorithm")
      }
      let outputs = algorithms[algorithm].outputs
      products.append(
        Product(
          node: ValueID(i), algorithm: algorithm, blockRows: (node.size + outputs - 1) / outputs))
      let reads = terms.map { Self.read($0.operand, in: graph) }
      for read in reads where !operands.contains(read.value) { operands.append(read.value) }
      let inputs = columnGroups * algorithms[algorithm].inputs
      var columns: [BlockColumn] = []
      for (t, term) in terms.enumerated() {
        let count = (graph[term.operand].size + inputs - 1) / inputs
        columns += (0..<count).map { BlockColumn(term: t, column: $0, read: reads[t]) }
      }
      let product = products.count - 1
      if let g = groups.firstIndex(where: {
        $0.level == levels[i] && $0.algorithm == algorithm && $0.columns == columns
      }) {
        groups[g].products.append(product)
      } else {
        groups.append(
          ProductGroup(
            level: levels[i], algorithm: algorithm, products: [product], columns: columns, rows: [])
        )
      }
    }
    operands.sort()
    for g in groups.indices {
      let members = groups[g].products
      let most = members.map { products[$0].blockRows }.max() ?? 0
      for block in 0..<most {
        for product in members where block < products[product].blockRows {
          groups[g].rows.append((product, block))
        }
      }
    }
    // Stable by level: within a level, groups keep the order of the graph.
    self.groups = groups.enumerated().sorted {
      ($0.element.level, $0.offset) < ($1.element.level, $1.offset)
    }
    .map(\.element)
    self.products = products
    self.operands = operands
    (segments, segmentOf) = Self.segments(of: graph, levels: levels, operands: Set(operands))
  }

  /// The product of a `linear` node, as an index into `products`.
  func product(_ node: ValueID) -> Int {
    guard let index = products.firstIndex(where: { $0.node == node }) else {
      preconditionFailure("\(graph[node].name) is no sum of products")
    }
    return index
  }

  /// Whether a segment reads one element of a value in all of its steps.
  func isSingle(_ read: StoredRead, segment s: Int) -> Bool {
    graph[read.value].size == 1 && (segments[s].size > 1 || graph[read.value].op.isReduction)
  }

  /// Steps from the first of a segment to the one after which a value of it is complete: the last for a reduction.
  func completion(of value: ValueID, elementsPerStep: Int) -> Int {
    graph[value].op.isReduction
      ? (graph.workSize(value) + elementsPerStep - 1) / elementsPerStep - 1 : 0
  }

  /// Whether a product reads an operand of the step before, so that its memory must hold it for every stream.
  func isState(_ operand: ValueID) -> Bool {
    groups.contains { group in
      group.columns.contains { $0.read.value == operand && $0.read.previous }
    }
  }

  /// What an operand of a product or a datapath reads.
  static func read(_ operand: ValueID, in graph: IntegerGraph) -> StoredRead {
    if case .state(let state) = graph[operand].op {
      return StoredRead(
        value: graph[state].next, previous: true, initial: graph[state].initial)
    }
    return StoredRead(value: operand, previous: false)
  }

  /// The block algorithms of a graph's products, and which of them each structure takes.
  ///
  /// Structures with blocks of their own come first: the largest sets the lane, which the others then fill.
  private static func algorithms(
    of graph: IntegerGraph, _ options: CompileOptions
  ) -> ([BilinearAlgorithm], [MatrixStructure: Int]) {
    var families: [MatrixStructure] = []
    for case .linear(let terms) in graph.nodes.map(\.op) {
      let family = graph.matrices[terms[0].matrix].structure.family
      if !families.contains(family) { families.append(family) }
    }
    func algorithm(_ family: MatrixStructure, _ multipliers: Int?) -> BilinearAlgorithm? {
      family.definition.algorithm(graph.transform, multipliers: multipliers)
    }
    let own = families.compactMap { algorithm($0, nil)?.products }.max()
    let found = families.map { family in
      guard let algorithm = algorithm(family, own ?? options.lanes.denseMultipliers) else {
        preconditionFailure("lanes have no processing element for \(family)")
      }
      return algorithm
    }
    // By the size of their blocks, so that the order does not depend on the graph's.
    let ordered = found.enumerated().sorted {
      ($0.element.inputs, $0.element.outputs) < ($1.element.inputs, $1.element.outputs)
    }.map(\.element)
    var places: [MatrixStructure: Int] = [:]
    for (family, algorithm) in zip(families, found) {
      places[family] = ordered.firstIndex(of: algorithm)
    }
    return (ordered, places)
  }

  private static func check(_ graph: IntegerGraph, _ sink: inout DiagnosticSink) {
    for state in graph.states where !graph[state.next].op.isElementwise {
      sink.error(
        "states.\(state.name)",
        "takes the value of `\(graph[state.next].name)`, which no datapath computes",
        fix: "requantize the value before it becomes a state")
    }
    if !graph[graph.output].op.isElementwise {
      sink.error(
        "output", "is `\(graph[graph.output].name)`, which no datapath computes",
        fix: "requantize the output")
    }
    for node in graph.nodes {
      guard case .linear(let terms) = node.op else { continue }
      for term in terms {
        let matrix = graph.matrices[term.matrix]
        if matrix.structure.definition.algorithm(graph.transform, multipliers: 1) == nil {
          sink.error(
            matrix.name, "is \(matrix.structure), for which lanes have no processing element",
            fix: "use --engine sequential, or a dense or block-circulant matrix")
        }
        switch graph[term.operand].op {
        case .input, .state: break
        case let op where op.isElementwise: break
        default:
          sink.error(
            node.name, "multiplies `\(graph[term.operand].name)`, which is stored nowhere",
            fix: "requantize the operand before the product")
        }
      }
    }
  }

  /// The level of every node: how many products, reductions and broadcasts lie on the longest path to it.
  ///
  /// A node moves up to the level of its earliest reader when nothing reads it sooner; so a gate that is
  /// needed late is computed late instead of being stored. A reduction stays with its operand.
  private static func levels(of graph: IntegerGraph) -> [Int] {
    /// Levels between a value and its reader: what a segment stores whole, another one reads.
    func distance(_ operand: ValueID, _ reader: IntegerNode) -> Int {
      switch (graph[operand].op, reader.op) {
      case (_, .linear), (.reduce, _): return 1
      case (let op, .broadcast): return op.isElementwise ? 1 : 0
      default: return 0
      }
    }
    var levels = [Int](repeating: 0, count: graph.nodes.count)
    for (i, node) in graph.nodes.enumerated() {
      levels[i] = node.op.operands.map { levels[$0.index] + distance($0, node) }.max() ?? 0
    }
    var pinned = Set(graph.states.map(\.next))
    pinned.insert(graph.output)
    var earliest = [Int?](repeating: nil, count: graph.nodes.count)
    for i in graph.nodes.indices.reversed() {
      let node = graph.nodes[i]
      if node.op.isElementwise, !pinned.contains(ValueID(i)), let reader = earliest[i] {
        levels[i] = max(levels[i], reader)
      }
      for operand in node.op.operands {
        let needed = levels[i] - distance(operand, node)
        earliest[operand.index] = min(earliest[operand.index] ?? needed, needed)
      }
    }
    for case (let i, .reduce(_, let operand)) in graph.nodes.map(\.op).enumerated() {
      levels[i] = levels[operand.index]
    }
    return levels
  }

  private static func segments(
    of graph: IntegerGraph, levels: [Int], operands: Set<ValueID>
  ) -> ([Segment], [ValueID: Int]) {
    var segments: [Segment] = []
    var segmentOf: [ValueID: Int] = [:]
    for (i, node) in graph.nodes.enumerated() where node.op.isComputedInDatapath {
      let size = graph.workSize(ValueID(i))
      if let s = segments.firstIndex(where: { $0.level == levels[i] && $0.size == size }) {
        segments[s].nodes.append(ValueID(i))
        segmentOf[ValueID(i)] = s
      } else {
        segments.append(
          Segment(level: levels[i], size: size, nodes: [ValueID(i)], sources: [], outputs: []))
        segmentOf[ValueID(i)] = segments.count - 1
      }
    }
    // Renumber by level, so that the order of segments is an order of time.
    let order = segments.indices.sorted { (segments[$0].level, $0) < (segments[$1].level, $1) }
    var place = [Int](repeating: 0, count: segments.count)
    for (new, old) in order.enumerated() { place[old] = new }
    segments = order.map { segments[$0] }
    segmentOf = segmentOf.mapValues { place[$0] }

    var outputs = operands.filter { segmentOf[$0] != nil }
    outputs.insert(graph.output)
    for s in segments.indices {
      for id in segments[s].nodes {
        for operand in graph[id].op.operands {
          let source: SegmentSource
          switch graph[operand].op {
          case .constant: continue
          case .vector(let vector): source = .vector(vector)
          case .coefficient(let coefficient): source = .coefficient(coefficient)
          case .linear: source = .product(operand)
          case .input: source = .stored(StoredRead(value: operand, previous: false))
          case .state:
            let read = Self.read(operand, in: graph)
            source = .stored(read)
            outputs.insert(read.value)
          default:
            if segmentOf[operand] == s {
              precondition(
                !graph[operand].op.isReduction, "\(graph[id].name) reads a sum before its end")
              continue
            }
            source = .stored(StoredRead(value: operand, previous: false))
            outputs.insert(operand)
          }
          if !segments[s].sources.contains(source) { segments[s].sources.append(source) }
        }
      }
    }
    for value in outputs.sorted() {
      if let s = segmentOf[value] { segments[s].outputs.append(value) }
    }
    return (segments, segmentOf)
  }
}
