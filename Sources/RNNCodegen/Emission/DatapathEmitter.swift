internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// Emits the element-wise pipeline of one segment: a module that computes one element per cycle.
struct DatapathEmitter {
  let design: Design
  let segment: Segment
  let datapath: Datapath
  private let graph: IntegerGraph
  var module: VerilogModule
  /// Signals that hold a value a number of cycles after the element was read.
  private var taps: [ValueID: [Int: String]] = [:]

  /// The nodes whose values leave the module, in order: what is used as a word of all copies, and what reductions behind the
  /// module read.
  static func exported(_ s: Int, of design: Design) -> [ValueID] {
    let segment = design.lowered.segments[s]
    let reduced = segment.nodes.filter { design.graph[$0].op.isReduction }
      .flatMap { design.graph[$0].op.operands }
    return Set(words(s, of: design) + reduced).sorted()
  }
  /// The nodes of which all copies together are used as one word, in order: outputs of the segment and probes.
  static func words(_ s: Int, of design: Design) -> [ValueID] {
    let segment = design.lowered.segments[s]
    let probed = design.probes.filter { $0.segment == s }.map(\.node)
    return Set(probed + segment.outputs).filter { !design.graph[$0].op.isReduction }.sorted()
  }
  static func port(_ id: ValueID) -> String { "n\(id.index)_o" }

  static func module(_ s: Int, of design: Design) -> VerilogModule {
    var emitter = DatapathEmitter(s, design)
    emitter.emit(s)
    return emitter.module
  }

  private init(_ s: Int, _ design: Design) {
    self.design = design
    segment = design.lowered.segments[s]
    datapath = design.schedule.datapaths[s]
    graph = design.graph
    let members = segment.nodes.map { design.graph[$0].name }.joined(separator: ", ")
    module = VerilogModule(
      "\(design.name)_datapath\(s)",
      doc: """
        Element-wise pipeline of segment \(s): \(members). Inputs are aligned; a value n has its own \
        latency, at most \(datapath.depth - datapath.pipelining.source). Throughput 1.
        """)
  }

  private mutating func emit(_ s: Int) {
    module.input("clk_i")
    for (k, source) in segment.sources.enumerated() {
      let format = Self.format(of: source, in: graph)
      module.input("source\(k)_i", .signed(format.width))
    }
    let exported = Self.exported(s, of: design)
    for id in exported { module.output(Self.port(id), .signed(graph[id].format.width)) }
    for id in segment.nodes where !graph[id].op.isReduction { emit(id) }
    module.blank()
    for id in exported {
      module.assign(.whole(Self.port(id)), .name(tap(id, at: datapath.latency(id))))
    }
    // Wires alone, such as a state that takes another's value.
    let isClocked = module.items.contains {
      switch $0 {
      case .alwaysFF, .instance: true
      default: false
      }
    }
    if !isClocked { module.sink("unused_clk", ["clk_i"]) }
  }

  static func format(of source: SegmentSource, in graph: IntegerGraph) -> QFormat {
    switch source {
    case .product(let node): graph[node].format
    case .stored(let read): graph[read.value].format
    case .vector(let vector): graph.vectors[vector].format
    case .coefficient(let k): graph.coefficients[k].format
    }
  }

  /// The source that an operand outside the segment is read from.
  private func sourceIndex(_ id: ValueID) -> Int? {
    let wanted: SegmentSource
    switch graph[id].op {
    case .vector(let vector): wanted = .vector(vector)
    case .coefficient(let k): wanted = .coefficient(k)
    case .linear: wanted = .product(id)
    case .state: wanted = .stored(Lowered.read(id, in: graph))
    default: wanted = .stored(StoredRead(value: id, previous: false))
    }
    return segment.sources.firstIndex(of: wanted)
  }

  /// The name of a signal that holds a value `cycle` cycles after its element was read.
  private mutating func tap(_ id: ValueID, at cycle: Int) -> String {
    if let name = taps[id]?[cycle] { return name }
    let inside = datapath.latency[id]
    let ready = inside ?? datapath.pipelining.source
    if cycle == ready {
      guard inside == nil, let k = sourceIndex(id) else {
        preconditionFailure("value \(id.index) is used before it is computed")
      }
      taps[id, default: [:]][cycle] = "source\(k)_i"
      return "source\(k)_i"
    }
    // Delay from the latest tap before.
    let from = taps[id]?.keys.filter { $0 < cycle }.max() ?? ready
    let base = tap(id, at: from)
    let name = "n\(id.index)_d\(cycle)"
    let width = graph[id].format.width
    // Whole signals with a cast crash the connection of a port in Yosys 0.23, so the bits have a name.
    module.wire("\(name)_in", .bits(width), VerilogExpression.name(base).unsigned)
    module.declare("\(name)_bits", .bits(width))
    module.instance(
      "rnnc_delay", "u_\(name)",
      parameters: ["Width": .int(width), "Depth": .int(cycle - from)],
      [
        .input("clk_i", "clk_i"), .input("data_i", .name("\(name)_in")),
        .output("data_o", .whole("\(name)_bits")),
      ])
    module.wire(name, .signed(width), VerilogExpression.name("\(name)_bits").signed)
    taps[id, default: [:]][cycle] = name
    return name
  }

  /// An operand as a signal or constant, at a cycle.
  mutating func operand(_ id: ValueID, at cycle: Int) -> VerilogExpression {
    if case .constant(let code) = graph[id].op {
      return .signedLit(code, width: graph[id].format.width)
    }
    return .name(tap(id, at: cycle))
  }

  private mutating func emit(_ id: ValueID) {
    let node = graph[id]
    guard let hardware = graph.hardware(id) else {
      preconditionFailure("\(node.name) is not element-wise")
    }
    let ready = datapath.latency(id)
    module.blank()
    module.comment("\(node.name), \(node.format)")
    hardware.emit(
      into: &self,
      at: ready
        - hardware.latency(datapath.pipelining, elementsPerStep: design.elementsPerStep))
    taps[id, default: [:]][ready] = "n\(id.index)"
  }

  /// A register of one cycle.
  mutating func register(
    _ name: String, _ type: VerilogType, _ value: VerilogExpression
  ) {
    module.declare(name, type)
    module.always([.set(.whole(name), value)])
  }
}
