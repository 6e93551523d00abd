internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// Emits the element-wise pipeline of one segment: a module that computes one element per cycle.
struct DatapathEmitter {
  let design: Design
  let segment: Segment
  let datapath: Datapath
  private let graph: IntegerGraph
  private var module: VerilogModule
  /// Signals that hold a value a number of cycles after the element was read.
  private var taps: [ValueID: [Int: String]] = [:]

  /// The nodes whose values leave the module, in order.
  static func exported(_ s: Int, of design: Design) -> [ValueID] {
    let probed = design.probes.filter { $0.segment == s }.map(\.node)
    return Set(probed + design.lowered.segments[s].outputs).sorted()
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
    for id in segment.nodes { emit(id) }
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
  private mutating func operand(_ id: ValueID, at cycle: Int) -> VerilogExpression {
    if case .constant(let code) = graph[id].op {
      return .signedLit(code, width: graph[id].format.width)
    }
    return .name(tap(id, at: cycle))
  }

  private mutating func emit(_ id: ValueID) {
    let node = graph[id]
    let type = VerilogType.signed(node.format.width)
    let name = "n\(id.index)"
    let ready = datapath.latency(id)
    let start = ready - datapath.pipelining.latency(of: node.op)
    module.blank()
    module.comment("\(node.name), \(node.format)")
    switch node.op {
    case .add(let a, let b):
      register(
        name, type,
        operand(a, at: start).resized(type.width) + operand(b, at: start).resized(type.width))
    case .subtract(let a, let b):
      register(
        name, type,
        operand(a, at: start).resized(type.width) - operand(b, at: start).resized(type.width))
    case .relu(let a):
      let width = graph[a].format.width
      let value = operand(a, at: start)
      register(
        name, type,
        .mux(value.isLess(than: .signedLit(0, width: width)), .signedLit(0, width: width), value))
    case .gate(let a, let b):
      let zero = VerilogExpression.signedLit(0, width: graph[b].format.width)
      register(
        name, type,
        .mux(
          zero.isLess(than: operand(b, at: start)), operand(a, at: start),
          .signedLit(0, width: type.width)))
    case .multiply(let a, let b):
      multiply(name, type, a, b, at: start)
    case .extend(let a):
      let shift = node.format.fraction - graph[a].format.fraction
      module.wire(
        name, type,
        appendingZeros(operand(a, at: start), count: shift).resized(type.width))
    case .requantize(let a, let rounding, let overflow):
      precondition(overflow == .saturate, "the datapath saturates; \(node.name) wraps")
      requantize(name, a, rounding, to: node.format, at: start)
    case .activation(let table, let a):
      activate(name, type, table, a, at: start)
    case .normalize(let unit, let a, let b):
      normalize(name, type, unit, a, b, at: start)
    case .input, .state, .vector, .constant, .coefficient, .linear:
      preconditionFailure("\(node.name) is not element-wise")
    }
    taps[id, default: [:]][ready] = name
  }

  private mutating func register(
    _ name: String, _ type: VerilogType, _ value: VerilogExpression
  ) {
    module.declare(name, type)
    module.always([.set(.whole(name), value)])
  }

  private func appendingZeros(_ value: VerilogExpression, count: Int) -> VerilogExpression {
    count == 0 ? value : .concat([value.unsigned, .zeros(count)]).signed
  }

  private mutating func multiply(
    _ name: String, _ type: VerilogType, _ a: ValueID, _ b: ValueID, at cycle: Int
  ) {
    let widths = (graph[a].format.width, graph[b].format.width)
    precondition(type.width == widths.0 + widths.1, "\(name) is not an exact product")
    module.declare(name, type)
    module.instance(
      "rnnc_mul", "u_\(name)",
      parameters: [
        "AWidth": .int(widths.0), "BWidth": .int(widths.1),
        "Deep": .int(datapath.pipelining.parameter),
      ],
      [
        .input("clk_i", "clk_i"), .input("a_i", operand(a, at: cycle)),
        .input("b_i", operand(b, at: cycle)), .output("p_o", .whole(name)),
      ])
  }

  private mutating func requantize(
    _ name: String, _ a: ValueID, _ rounding: RoundingRule, to: QFormat, at cycle: Int
  ) {
    let type = VerilogType.signed(to.width)
    let from = graph[a].format
    let shift = from.fraction - to.fraction
    let widened = max(0, -shift)
    module.wire(
      "\(name)_in", .signed(from.width + widened),
      appendingZeros(operand(a, at: cycle), count: widened))
    module.declare("\(name)_rounded", type)
    let rule: Int =
      switch rounding {
      case .down: 0
      case .halfUp: 1
      case .halfToEven: 2
      }
    module.instance(
      "rnnc_round_sat", "u_\(name)",
      parameters: [
        "InWidth": .int(from.width + widened), "Shift": .int(max(0, shift)),
        "OutWidth": .int(type.width), "Rounding": .int(rule),
      ],
      [.input("in_i", .name("\(name)_in")), .output("out_o", .whole("\(name)_rounded"))])
    register(name, type, .name("\(name)_rounded"))
  }

  private mutating func activate(
    _ name: String, _ type: VerilogType, _ index: Int, _ a: ValueID, at cycle: Int
  ) {
    let table = graph.tables[index]
    module.declare(name, type)
    module.instance(
      "rnnc_pwl", "u_\(name)",
      parameters: [
        "InitFile": .string("table_\(index).mem"), "InWidth": .int(table.input.width),
        "OutWidth": .int(table.output.width), "Lower": .int(Int(table.lower)),
        "SegmentBits": .int(table.segmentBits), "Segments": .int(table.slopes.count),
        "SlopeWidth": .int(table.slopeWidth), "InterceptWidth": .int(table.interceptWidth),
        "Shift": .int(table.interceptFraction - table.output.fraction),
        "Deep": .int(datapath.pipelining.parameter),
      ],
      [
        .input("clk_i", "clk_i"), .input("en_i", .one), .input("x_i", operand(a, at: cycle)),
        .output("y_o", .whole(name)),
      ])
  }

  private mutating func normalize(
    _ name: String, _ type: VerilogType, _ index: Int, _ a: ValueID, _ b: ValueID, at cycle: Int
  ) {
    let unit = graph.normalizations[index]
    module.declare(name, type)
    module.instance(
      "rnnc_normalize", "u_\(name)",
      parameters: [
        "InitFile": .string("normalization_\(index).mem"), "ValueWidth": .int(unit.value.width),
        "SquareWidth": .int(unit.square.width), "OutWidth": .int(unit.output.width),
        "Floor": .int(Int(unit.floor)), "TotalBits": .int(unit.totalBits),
        "IndexBits": .int(unit.indexBits), "SlopeWidth": .int(unit.slopeWidth),
        "RootBits": .int(unit.rootFraction), "DropBits": .int(unit.droppedBits),
        "Shift": .int(unit.productFraction - unit.output.fraction),
        "Deep": .int(datapath.pipelining.parameter),
      ],
      [
        .input("clk_i", "clk_i"), .input("v_i", operand(a, at: cycle)),
        .input("s_i", operand(b, at: cycle)), .output("y_o", .whole(name)),
      ])
  }
}
