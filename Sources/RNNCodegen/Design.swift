internal import RNNBilinear
package import RNNFixedPoint
package import RNNGraph
internal import RNNPasses
package import RNNSupport
internal import RNNVerilog

/// The shape of the two AXI4-Stream ports.
///
/// A beat holds `elementsPerBeat` elements, each sign-extended to whole bytes, element 0 lowest. A frame has
/// ceil(elements / elementsPerBeat) beats; TLAST on the last beat of a frame ends the sequence.
package struct StreamInterface: Hashable, Sendable {
  /// One of the two ports.
  package struct Port: Hashable, Sendable {
    package var elements: Int
    package var format: QFormat
    package var elementsPerBeat: Int
    package var elementBytes: Int { (format.width + 7) / 8 }
    package var beats: Int { (elements + elementsPerBeat - 1) / elementsPerBeat }
    /// Width of TDATA.
    package var dataBits: Int { 8 * elementBytes * elementsPerBeat }
  }
  package var input: Port
  package var output: Port
  /// Sequences that share the ports; with more than one, both have TID, and it is constant within a frame.
  package var streams = 1
  /// Width of TID.
  package var streamBits: Int { indexWidth(streams) }
}

/// A named value of the graph that the simulation top shows: what a cosimulation compares besides the output.
package struct Probe: Hashable, Sendable {
  /// The node's name in the graph, such as `gru0.z`.
  package var name: String
  package var node: ValueID
  /// The datapath that makes the value; in a sequential design the instruction.
  package var segment: Int
  package var size: Int
  /// Width of one element.
  package var width: Int
  /// Elements that appear together.
  package var elementsPerStep: Int
  /// The cycle of a frame in which step 0 appears; step g appears in `firstCycle + g * cyclesPerStep`.
  package var firstCycle: Int
  /// Cycles from one step to the next.
  package var cyclesPerStep = 1
  /// Steps of a frame.
  package var steps: Int { (size + elementsPerStep - 1) / elementsPerStep }
}

/// A memory that a datapath or a product reads, in words of several elements.
package struct ValueMemory: Hashable, Sendable {
  /// Who reads the memory, and how its words are cut.
  package enum Role: Hashable, Sendable {
    /// Read block by block by the products; `wordElements` elements a word.
    case operand(ValueID)
    /// Read step by step by a segment; `elementsPerStep` elements a word.
    case element(StoredRead, segment: Int)
    /// Sums of a product, read by one segment; one block row a word, those that come through one drain chain. Two
    /// banks where the sums of a frame wait until those of the next come.
    case product(ValueID, segment: Int, chain: Int)
    /// Output frames; one beat a word.
    case output
  }
  package var role: Role
  /// The instance name in the core.
  package var name: String
  package var elementWidth: Int
  package var elementsPerWord: Int
  /// Words of one bank.
  package var words: Int
  /// Banks: one; two that alternate from frame to frame; for the values of the step before, two for each stream; for
  /// input and output, one for each frame buffer.
  package var banks: Int
  package var width: Int { elementWidth * elementsPerWord }
  /// Bits of an address within a bank; the bank is the bit above.
  package var addressWidth: Int { indexWidth(words) }
  package var depth: Int { banks == 1 ? words : banks << addressWidth }
}

/// A compiled design: everything that the emitter, the cycle model, the estimates and a cosimulation read.
package struct Design: Sendable {
  package var name: String
  package var graph: IntegerGraph
  package var options: CompileOptions
  package var lowered: Lowered
  package var schedule: Schedule
  package var interface: StreamInterface
  package var probes: [Probe]
  package var memories: [ValueMemory]
  package var buffers: FrameBuffers
  /// Widths on the broadcast bus, in the weight memories and in the lanes' sums.
  package var operandWidth: Int
  package var blockElementWidth: Int
  package var weightWidth: Int
  package var sumWidth: Int
  package var counts: DesignCounts
  /// SHA-256 of the `model.json` that the graph came from, 64 hexadecimal digits; zeros for a graph without a file.
  package var modelDigest = String(repeating: "0", count: 64)
  package var lanes: Int { schedule.lanes }
  package var elementsPerStep: Int { options.lanes.step }

  package var frameTiming: FrameTiming {
    FrameTiming(
      cyclesPerFrame: schedule.cyclesPerFrame, blocked: schedule.overlap.blocked,
      cyclesPerFrameOfOneStream: schedule.overlap.streamInterval,
      blockedInStream: schedule.overlap.blockedInStream,
      startToWord: schedule.timing.pipelining.startToWord, inputRelease: schedule.inputRelease,
      outputCommit: schedule.outputCommit, inputBeats: interface.input.beats,
      outputBeats: interface.output.beats, buffers: buffers)
  }
  /// Cycles from frame to frame as the ports and the program together sustain them, a mean; see `FrameTiming`.
  package var sustainedCyclesPerFrame: Double {
    frameTiming.sustainedCyclesPerFrame(streams: interface.streams)
  }
  /// Share of the lane multipliers' cycles that do useful products, 0 to 1.
  package var occupancy: Double {
    Double(counts.usefulMultiplicationsPerFrame)
      / Double(lanes * lowered.productsPerLane * schedule.cyclesPerFrame)
  }
}

/// Compiles an integer graph to a design.
///
/// - Throws: `DiagnosticsEmitted` for options that do not fit the network, a graph that the hardware cannot hold, or
///   a device that is too small (naming the resource that binds).
package func compile(_ graph: IntegerGraph, options: CompileOptions) throws -> Design {
  try graph.validate()
  var graph = graph
  IntegerPasses.run(on: &graph)
  var sink = DiagnosticSink(stage: "compile")
  options.check(into: &sink)
  checkControl(graph, options, &sink)
  try sink.throwIfErrors()
  let device = try options.device.map(DeviceDescription.named)
  try checkRoundings(of: graph)
  try checkHasProducts(graph)
  if let bar = PerformanceBar(options) {
    return try SmallestDesign(graph, options: options, device: device, bar: bar).find()
  }
  if let device, options.lanes.count == nil {
    return try Mapping(graph, options: options, device: device).best()
  }
  let design = try Design(graph, options: options)
  if let device { try design.requireFit(in: device) }
  return design
}

/// Lanes are multipliers of matrices: without a matrix there is nothing that they do.
private func checkHasProducts(_ graph: IntegerGraph) throws {
  let hasProduct = graph.nodes.contains {
    if case .linear(let terms) = $0.op { !terms.isEmpty } else { false }
  }
  if hasProduct { return }
  throw DiagnosticsEmitted(
    Diagnostic(
      stage: "compile", path: graph.name,
      message: "no matrix is multiplied in it, which is what lanes do",
      fix: "compile it with --engine sequential, or together with a layer that has weights"))
}

extension Design {
  /// Lowers and schedules a graph whose passes have run; what the options leave open is decided without a device.
  ///
  /// - Throws: `DiagnosticsEmitted` for a graph that the hardware cannot hold and for options that do not fit it.
  init(_ graph: IntegerGraph, options: CompileOptions) throws {
    var sink = DiagnosticSink(stage: "compile")
    let lowered = try Lowered(graph, options: options)
    checkParallelism(options, lowered, &sink)
    try sink.throwIfErrors()
    self.init(lowered, options: options, lanes: options.lanes.count ?? lowered.fewestLanes(of: 16))
  }
}

extension Lowered {
  /// The fewest lanes that need as few passes as `most` lanes.
  func fewestLanes(of most: Int) -> Int {
    let rows = groups.map(\.rows.count).max() ?? 1
    func passes(_ lanes: Int) -> [Int] { groups.map { ($0.rows.count + lanes - 1) / lanes } }
    var lanes = min(rows, most)
    while lanes > 1, passes(lanes - 1) == passes(lanes) { lanes -= 1 }
    return lanes
  }

  /// The fewest drain chains with which no pass waits for the drain of the one before.
  ///
  /// - Parameter columns: cycles in which a pass of each group is fed; nil takes those of `columnGroups`.
  func fewestDrainChains(lanes: Int, columns: [Int]? = nil) -> Int {
    zip(groups, columns ?? groups.map(\.columns.count)).map { group, columns in
      (min(lanes, group.rows.count) + columns - 1) / columns
    }.max() ?? 1
  }
}

/// Reports what disagrees between blocks, steps and beats; of the lowered network, its column groups count.
func checkParallelism(
  _ options: CompileOptions, _ lowered: Lowered, _ sink: inout DiagnosticSink
) {
  let rows = lowered.algorithms.map(\.outputs).min() ?? options.lanes.step
  // One element per step divides everything; more must divide what memories of sums hold in a word.
  if options.lanes.step > rows {
    sink.error(
      "options.elementsPerStep",
      "is \(options.lanes.step), but the smallest block of this network has \(rows) rows",
      fix: "give at most \(rows)")
  }
  if options.lanes.outputBeat < options.lanes.step {
    sink.error(
      "options.outputElementsPerBeat",
      "is \(options.lanes.outputBeat), below elementsPerStep \(options.lanes.step)",
      fix: "give at least \(options.lanes.step)")
  }
  let blockElements = lowered.groups.map(lowered.inputs(of:)).max() ?? 1
  if options.lanes.inputElementsPerBeat > blockElements {
    sink.error(
      "options.inputElementsPerBeat",
      "is \(options.lanes.inputElementsPerBeat), but this network takes \(blockElements) elements a cycle",
      fix: "give at most \(blockElements)")
  }
  let readsInput = lowered.segments.contains { segment in
    segment.sources.contains {
      if case .stored(let read) = $0 { lowered.graph[read.value].op == .input } else { false }
    }
  }
  if readsInput, options.lanes.inputElementsPerBeat > options.lanes.step {
    sink.error(
      "options.inputElementsPerBeat",
      "is \(options.lanes.inputElementsPerBeat), but a datapath reads the input \(options.lanes.step) at a time",
      fix: "give at most \(options.lanes.step), or raise elementsPerStep")
  }
}

extension Design {
  /// Schedules a lowered network on a number of lanes.
  package init(_ lowered: Lowered, options: CompileOptions, lanes: Int) {
    name = options.name
    graph = lowered.graph
    var decided = options
    decided.lanes.count = lanes
    decided.lanes.columnGroups = options.lanes.groups
    decided.lanes.elementsPerStep = options.lanes.step
    decided.lanes.outputElementsPerBeat = options.lanes.outputBeat
    decided.lanes.pipelining = options.stages
    self.options = decided
    self.lowered = lowered
    let graph = lowered.graph
    let schedule = Scheduler.schedule(
      lowered, lanes: lanes, drainChains: options.lanes.drainChains,
      elementsPerStep: options.lanes.step, streams: options.lanes.streams,
      pipelining: options.stages)
    self.schedule = schedule
    interface = StreamInterface(
      input: .init(
        elements: graph.inputSize, format: graph.inputFormat,
        elementsPerBeat: options.lanes.inputElementsPerBeat),
      output: .init(
        elements: graph.outputSize, format: graph[graph.output].format,
        elementsPerBeat: options.lanes.outputBeat), streams: options.lanes.streams)

    var widths = (bus: 1, block: 1, weight: 1, sum: 1)
    widths.block = lowered.operands.map { graph[$0].format.width }.max() ?? 1
    for product in lowered.products {
      let algorithm = lowered.algorithms[product.algorithm]
      guard case .linear(let terms) = graph[product.node].op else { continue }
      for term in terms {
        widths.bus = max(
          widths.bus, algorithm.operandWidth(for: graph[term.operand].format.width))
        widths.weight = max(
          widths.weight, algorithm.weightWidth(for: graph.matrices[term.matrix].format.width))
      }
      // Sums of an exact algorithm are kept modulo 2^width: C's last sum is the result times 2^divisorLog2, which fits.
      // One that rounds needs them whole.
      widths.sum = max(
        widths.sum,
        algorithm.matrices.map { graph[product.node].format.width + $0.divisorLog2 }
          ?? Self.wholeSumWidth(terms, algorithm, graph))
    }
    // The lane adds whole products; extra bits of a sum cost nothing inside a multiplier block.
    widths.sum = max(widths.sum, widths.weight + widths.bus)
    operandWidth = widths.bus
    blockElementWidth = widths.block
    weightWidth = widths.weight
    sumWidth = widths.sum
    probes = Self.probes(lowered, schedule, options.lanes.step)
    buffers = FrameBuffers(schedule, interface)
    memories = Self.memories(lowered, schedule, interface, options, buffers)
    counts = DesignCounts(
      units: [], cyclesPerFrame: schedule.cyclesPerFrame, latencyCycles: 0,
      usefulMultiplicationsPerFrame: 0, denseEquivalentOperationsPerFrame: 0)
    counts = designCounts()
  }

  /// The width of a product summed over all block columns of all terms.
  private static func wholeSumWidth(
    _ terms: [LinearTerm], _ algorithm: BilinearAlgorithm, _ graph: IntegerGraph
  ) -> Int {
    let columns = terms.reduce(0) {
      $0 + (graph[$1.operand].size + algorithm.inputs - 1) / algorithm.inputs
    }
    return algorithm.accumulatorWidth(
      weightWidth: terms.map { graph.matrices[$0.matrix].format.width }.max() ?? 1,
      operandWidth: terms.map { graph[$0.operand].format.width }.max() ?? 1, terms: columns)
  }

  /// Every value that leaves its datapath, and every rounded one: exact values in between are not worth a port.
  private static func probes(_ lowered: Lowered, _ schedule: Schedule, _ elementsPerStep: Int)
    -> [Probe]
  {
    var probes: [Probe] = []
    for (s, segment) in lowered.segments.enumerated() {
      for id in segment.nodes
      where segment.outputs.contains(id) || lowered.graph.operation(id)?.isRounded == true {
        let node = lowered.graph[id]
        // A reduction has one element, after the last step.
        let isReduction = node.op.isReduction
        let lastStep = (segment.size + elementsPerStep - 1) / elementsPerStep - 1
        probes.append(
          Probe(
            name: node.name, node: id, segment: s, size: node.size, width: node.format.width,
            elementsPerStep: isReduction ? 1 : elementsPerStep,
            firstCycle: schedule.segmentStart[s] + schedule.datapaths[s].latency(id)
              + (isReduction ? lastStep : 0)))
      }
    }
    return probes
  }

  private static func memories(
    _ lowered: Lowered, _ schedule: Schedule, _ interface: StreamInterface,
    _ options: CompileOptions, _ buffers: FrameBuffers
  ) -> [ValueMemory] {
    var memories: [ValueMemory] = []
    let graph = lowered.graph
    func banks(_ value: ValueID, isState: Bool) -> Int {
      isState ? 2 * options.lanes.streams : graph[value].op == .input ? buffers.input : 2
    }
    for (k, value) in lowered.operands.enumerated() {
      memories.append(
        ValueMemory(
          role: .operand(value), name: "operand\(k)", elementWidth: graph[value].format.width,
          elementsPerWord: lowered.wordElements,
          words: (graph[value].size + lowered.wordElements - 1) / lowered.wordElements,
          banks: banks(value, isState: lowered.isState(value))))
    }
    for (s, segment) in lowered.segments.enumerated() {
      for (k, source) in segment.sources.enumerated() {
        switch source {
        case .vector, .coefficient: continue
        case .stored(let read):
          memories.append(
            ValueMemory(
              role: .element(read, segment: s), name: "segment\(s)_source\(k)",
              elementWidth: graph[read.value].format.width,
              // One element that every step reads, or the steps of the reader.
              elementsPerWord: lowered.isSingle(read, segment: s) ? 1 : options.lanes.step,
              words: lowered.isSingle(read, segment: s)
                ? 1 : (segment.size + options.lanes.step - 1) / options.lanes.step,
              banks: banks(read.value, isState: read.previous)))
        case .product(let node):
          let p = lowered.product(node)
          let product = lowered.products[p]
          // A vector shorter than a block row keeps only the elements that it has.
          var elements = options.lanes.step
          while elements < graph[node].size { elements *= 2 }
          for chain in Set(schedule.chains[p]).sorted() {
            memories.append(
              ValueMemory(
                role: .product(node, segment: s, chain: chain),
                name: "segment\(s)_source\(k)_chain\(chain)",
                elementWidth: graph[node].format.width,
                elementsPerWord: min(elements, lowered.algorithms[product.algorithm].outputs),
                words: product.blockRows,
                banks: schedule.overlap.bankedSums.contains(SumRead(product: p, segment: s))
                  ? 2 : 1))
          }
        }
      }
    }
    memories.append(
      ValueMemory(
        role: .output, name: "output", elementWidth: interface.output.format.width,
        elementsPerWord: interface.output.elementsPerBeat, words: interface.output.beats,
        banks: buffers.output))
    return memories
  }
}
