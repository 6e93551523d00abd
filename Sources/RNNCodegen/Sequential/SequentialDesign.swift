internal import RNNBilinear
internal import RNNFixedPoint
package import RNNGraph
internal import RNNPasses
package import RNNSupport
internal import RNNVerilog

/// A design of one multiplier that runs a program of vector instructions: for the smallest devices.
///
/// Block-circulant matrices are stored compressed and multiplied entry by entry, so a frame takes a cycle for each entry of the
/// expanded matrices. The module is `rnnc_sequential`.
package struct SequentialDesign: Sendable {
  package var name: String
  package var graph: IntegerGraph
  package var options: CompileOptions
  package var interface: StreamInterface
  package var probes: [Probe]
  package var counts: DesignCounts
  let program: SequentialProgram
  let widths: SequentialWidths
}

/// The widths of the engine's memories and units, as small as the program allows.
struct SequentialWidths: Hashable, Sendable {
  var value = 2
  var sum = 3
  var weight = 1
  var factor = 1
  var operand = 2
  var slope = 1
  var intercept = 1
  var tableInput = 1
  var span = 1
  var offset = 1
  var count = 1
  /// The widest value that is shifted before it is fitted.
  var shifted = 1
  /// Words of the memories; a memory holds at least as many as an index of `count` bits can ask for.
  var values = 2
  var weights = 1
  var tables = 1
  /// Units that normalize.
  var units = 0
  var valueBits: Int { indexWidth(values) }
  var weightBits: Int { indexWidth(weights) }
  var tableBits: Int { indexWidth(tables) }
  var shift: Int { indexWidth(sum) }

  init(_ graph: IntegerGraph, _ program: SequentialProgram) {
    for (i, node) in graph.nodes.enumerated() {
      value = max(value, node.format.width)
      if case .linear(let terms) = node.op {
        for term in terms {
          weight = max(weight, graph.matrices[term.matrix].format.width)
          operand = max(operand, graph[term.operand].format.width)
        }
      }
      graph.hardware(ValueID(i))?.widen(&self)
    }
    tables = max(1, program.lines.count)
    span = max(span, indexWidth(tables))
    tableInput = max(tableInput, span)
    operand = max(operand, offset + 1)
    factor = max(factor, weight, slope)
    value = max(value, tableInput, factor, operand)
    sum = max(value + 1, factor + operand, intercept + 1, shifted)
    units = program.units.count
    let longest = program.instructions.map {
      max($0.issuedRows, $0.walk.columns, $0.walk.block)
    }.max()
    count = indexWidth(max(2, longest ?? 2))
    let least = (1 << (count - 1)) + 1
    values = max(least, program.values, program.readEnd)
    weights = max(least, program.weights.count)
  }
}

/// Compiles an integer graph to a design of one multiplier.
///
/// - Throws: `DiagnosticsEmitted` for options that only a design of lanes has, operations that the engine has no unit for, and
///   a device that is too small (naming the resource that binds).
package func compileSequential(
  _ graph: IntegerGraph, options: CompileOptions
) throws -> SequentialDesign {
  try graph.validate()
  var graph = graph
  _ = RemoveDeadNodes.run(on: &graph)
  var sink = DiagnosticSink(stage: "compile")
  options.check(into: &sink)
  if graph.transform != .exact {
    sink.error(
      "transform", "is \(graph.transform), which the sequential engine does not have",
      fix: "use --transform exact, or compile for lanes: --engine lanes")
  }
  try sink.throwIfErrors()
  let design = SequentialDesign(graph, try SequentialProgram.make(graph), options: options)
  checkBar(of: design, &sink)
  try sink.throwIfErrors()
  if let name = options.device {
    let device = try DeviceDescription.named(name)
    let shortfalls = device.shortfalls(of: design.counts, stage: "compile")
    if !shortfalls.isEmpty { throw DiagnosticsEmitted(shortfalls) }
  }
  return design
}

/// There is one design: it reaches the rate and the latency that are asked for, or nothing does at this clock.
private func checkBar(of design: SequentialDesign, _ sink: inout DiagnosticSink) {
  guard let bar = PerformanceBar(design.options) else { return }
  let clock = "\(design.options.clockMegahertz) MHz"
  if let wanted = bar.framesPerSecond, !bar.allows(cyclesPerFrame: design.sustainedCyclesPerFrame) {
    let needed = (wanted * Double(design.cyclesPerFrame) / 1e4).rounded(.up) / 100
    sink.error(
      "options.framesPerSecond",
      "is \(wanted), but \(design.cyclesPerFrame) cycles a frame give "
        + "\(Int(saturating: bar.rate(design.sustainedCyclesPerFrame))) at \(clock)",
      fix: "clock at \(needed) MHz, or compile for lanes: --engine lanes")
  }
  let latency = design.counts.latencyCycles
  if let wanted = bar.latencyMicroseconds, !bar.allows(latencyCycles: latency) {
    let needed = (Double(latency) / wanted * 100).rounded(.up) / 100
    sink.error(
      "options.latency",
      "is \(wanted) microseconds, but \(latency) cycles take "
        + "\(bar.microseconds(latency).rounded()) at \(clock)",
      fix: "clock at \(needed) MHz, or compile for lanes: --engine lanes")
  }
}

extension SequentialDesign {
  init(_ graph: IntegerGraph, _ program: SequentialProgram, options: CompileOptions) {
    name = options.name
    self.graph = graph
    self.options = options
    self.program = program
    widths = SequentialWidths(graph, program)
    interface = StreamInterface(
      input: .init(elements: graph.inputSize, format: graph.inputFormat, elementsPerBeat: 1),
      output: .init(
        elements: graph.outputSize, format: graph[graph.output].format, elementsPerBeat: 1))
    probes = program.instructions.enumerated().compactMap { k, instruction in
      guard let node = instruction.node else { return nil }
      return Probe(
        name: graph[node].name, node: node, segment: k, size: instruction.rows,
        width: graph[node].format.width, elementsPerStep: 1,
        firstCycle: program.start(of: k) + SequentialInstruction.before
          + (1 + instruction.rowsBehind) * instruction.cyclesPerElement - 1
          + SequentialInstruction.resultLatency,
        cyclesPerStep: instruction.cyclesPerElement)
    }
    counts = DesignCounts(
      units: [], cyclesPerFrame: 0, latencyCycles: 0, usefulMultiplicationsPerFrame: 0,
      denseEquivalentOperationsPerFrame: 0)
    counts = designCounts()
  }

  package var timing: SequentialTiming {
    SequentialTiming(
      inputBeats: interface.input.beats, runCycles: program.cycles,
      outputBeats: interface.output.beats)
  }

  /// What the engine holds and does in a frame, by unit.
  private func designCounts() -> DesignCounts {
    var dense = 0
    for node in graph.nodes {
      guard case .linear(let terms) = node.op else { continue }
      for term in terms { dense += 2 * node.size * graph[term.operand].size }
    }
    let operands = program.instructions.reduce(0) { $0 + $1.issuedRows * $1.cyclesPerElement }
    let results = program.instructions.reduce(0) { $0 + $1.rows }
    let lookups = program.instructions.reduce(0) {
      $0 + ($1.operation == .table ? $1.rows : 0)
    }
    let widths = widths
    let wordWidth = widths.word
    let engine = UnitCounts(
      name: "engine", multipliers: 1,
      multiplierWidths: MultiplierWidths(widths.factor, widths.operand),
      multiplicationsPerFrame: program.multiplications,
      // Product and sum are counted here: not every family has them beside its multiplier.
      registerBits: 2 * widths.factor + widths.operand + 4 * widths.sum + widths.value
        + 2 * widths.span + widths.intercept + 4 * widths.valueBits + 24,
      adderBits: 3 * widths.sum + widths.tableInput,
      // Two shifters to the right and one to the left, masks and the fit; a LUT a bit and stage.
      lutEstimate: 4 * widths.sum * widths.shift / 2 + 8 * widths.sum + 4 * widths.span
        + 2 * widths.operand,
      scope: ["u_sequential", "u_execute", "u_table", "u_requantize"])
    let memories = UnitCounts(
      name: "memories",
      memories: [
        MemoryCounts(
          name: "values", width: widths.value, depth: widths.values, count: 1, kind: .block,
          readsPerFrame: operands + graph.outputSize, writesPerFrame: results + graph.inputSize),
        MemoryCounts(
          name: "weights", width: widths.weight, depth: widths.weights, count: 1, kind: .block,
          readsPerFrame: program.matrixCycles, writesPerFrame: 0),
        MemoryCounts(
          name: "tables", width: widths.slope + widths.intercept, depth: widths.tables, count: 1,
          kind: .block, readsPerFrame: 3 * lookups, writesPerFrame: 0),
      ], scope: ["u_values", "u_weights", "u_tables"])
    let control = UnitCounts(
      name: "control",
      memories: [
        MemoryCounts(
          name: "program", width: wordWidth, depth: program.instructions.count, count: 1,
          kind: .rom, readsPerFrame: program.instructions.count, writesPerFrame: 0)
      ],
      registerBits: wordWidth + 5 * widths.count + 2 * widths.weightBits + widths.valueBits + 24,
      adderBits: 5 * widths.count + 3 * widths.weightBits + 3 * widths.valueBits,
      lutEstimate: 8 * widths.count + 6 * widths.weightBits + 6 * widths.valueBits + 60,
      scope: ["u_control", "u_issue", "u_walk", "u_program", "u_core"])
    return DesignCounts(
      units: [engine, memories, control] + unitCounts, cyclesPerFrame: timing.cyclesPerFrame,
      latencyCycles: timing.inputBeats - 1 + timing.latencyCycles + 2 * (timing.outputBeats - 1),
      usefulMultiplicationsPerFrame: program.matrixCycles, denseEquivalentOperationsPerFrame: dense)
  }
}

extension SequentialDesign {
  /// The units that normalize, each with the work of all instructions that it has a part in.
  private var unitCounts: [UnitCounts] {
    program.units.indices.map { k in
      var rows = 0
      var hardware: NormalizationHardware?
      for instruction in program.instructions
      where instruction.operation == .normalize && instruction.unit == k {
        rows += instruction.rows
        hardware =
          hardware ?? instruction.node.flatMap { graph.hardware($0) as? NormalizationHardware }
      }
      guard let hardware else { preconditionFailure("unit \(k) has no instruction") }
      let widths = hardware.multipliers
      var counts = UnitCounts(
        name: "normalization \(k)", multipliers: widths.count,
        multiplierWidths: MultiplierWidths(
          widths.map(\.0).max() ?? 0, widths.map(\.1).max() ?? 0),
        multiplicationsPerFrame: widths.count * rows, scope: ["u_normalize\(k)"])
      hardware.count(into: &counts, copies: 1, steps: rows, NormalizationHardware.pipelining)
      counts.lutEstimate += counts.adderBits
      return counts
    }
  }
}

extension SequentialDesign: HardwareDesign {
  package var cyclesPerFrame: Int { timing.cyclesPerFrame }
  package var cyclesPerFrameOfOneStream: Int { timing.cyclesPerFrame }
  package var sustainedCyclesPerFrame: Double { Double(timing.cyclesPerFrame) }
  package var sustainedCyclesPerFrameOfOneStream: Double { Double(timing.cyclesPerFrame) }
  package var latencyCycles: Int { timing.latencyCycles }
  package var sustainedCounts: DesignCounts { counts }
  package var hasControl: Bool { false }
  package var pipelining: Pipelining? { nil }
  package var occupancy: Double { Double(program.matrixCycles) / Double(timing.cyclesPerFrame) }
  package var structure: String {
    "one multiplier, \(program.instructions.count) instructions"
      + (program.units.isEmpty ? "" : ", units for normalization: \(program.units.count)")
  }
  package func makeStreamModel() -> any StreamModel { SequentialCycleModel(timing) }

  package var lanes: Int { 0 }
  package var windowStates: [WindowState] { [] }
  package var controlAddressBits: Int { 0 }
  package var steadyState: SteadyState? { nil }
  package var copies: DesignCopies { DesignCopies() }
  package var instanceLabels: [String: String] { [:] }

  /// One row: the instructions of a frame between its input and its output.
  package var timeline: FrameTimeline {
    let begin = interface.input.beats
    let output = begin - 1 + latencyCycles
    let instructions = program.instructions.enumerated().map { k, instruction in
      let start = begin + program.start(of: k)
      return FrameTimeline.Span(
        row: "engine", label: instruction.name, start: start, end: start + instruction.cycles)
    }
    return FrameTimeline(
      frameStart: begin,
      spans: [.init(row: "stream", label: "input", start: 0, end: begin)] + instructions + [
        .init(row: "stream", label: "output", start: output, end: counts.latencyCycles + 1)
      ])
  }
}
