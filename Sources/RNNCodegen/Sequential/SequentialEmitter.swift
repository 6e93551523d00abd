internal import RNNFixedPoint
internal import RNNSupport
internal import RNNVerilog

extension SequentialDesign {
  package func files() throws -> [EmittedFile] {
    let modules = [
      coreModule(), ShellEmitter.module(self, probes: false),
      ShellEmitter.module(self, probes: true),
    ]
    let images =
      [programImage, valuesImage, weightsImage, tablesImage]
      + program.units.enumerated().map { $1.image("normalization_\($0).mem") }
    return try BuildFiles(
      design: self,
      description: "Recurrent network \(name), \(structure), \(cyclesPerFrame) cycles a frame",
      library: Set([
        "rnnc_assert.svh", "rnnc_ram_sdp.sv", "rnnc_rom.sv", "rnnc_requantize.sv",
        "rnnc_block_walk.sv", "rnnc_seq_control.sv", "rnnc_seq_issue.sv", "rnnc_seq_table.sv",
        "rnnc_seq_execute.sv", "rnnc_sequential.sv",
      ]).union(
        program.units.isEmpty
          ? []
          : ["rnnc_delay.sv", "rnnc_mul.sv", "rnnc_normalize.sv", "rnnc_round_sat.sv"]
      ), modules: modules, images: images
    ).files(facts: [
      .init("instructions", .int(program.instructions.count)),
      .init(
        "timing",
        .object([
          "cyclesPerFrame": .int(timing.cyclesPerFrame), "runCycles": .int(timing.runCycles),
          "latencyCycles": .int(timing.latencyCycles),
        ])),
    ])
  }

  /// `<name>_core`: the engine with its settings, and a probe for every node that an instruction makes.
  private func coreModule() -> VerilogModule {
    let input = interface.input
    let output = interface.output
    var m = VerilogModule(
      "\(name)_core",
      doc: """
        \(name): \(structure), \(cyclesPerFrame) cycles a frame. The files of the memories are the network; \
        the engine is the same for every one. A word of the program holds, from its lowest bit: \(fieldList).
        """)
    m.input("clk_i")
    m.input("rst_i")
    m.input("s_valid_i")
    m.output("s_ready_o")
    m.input("s_data_i", .bits(input.dataBits))
    m.input("s_last_i")
    m.output("m_valid_o")
    m.input("m_ready_i")
    m.output("m_data_o", .bits(output.dataBits))
    m.output("m_last_o")
    m.output("frame_error_o")
    m.output("lanes_busy_o")
    for (k, probe) in probes.enumerated() { CoreEmitter.probePorts(k, probe, into: &m, .output) }

    let instructionBits = indexWidth(program.instructions.count)
    m.declare("write_valid")
    m.declare("write_instruction", .bits(instructionBits))
    m.declare("write_address", .bits(widths.valueBits))
    m.declare("write_data", .signed(widths.value))
    m.wire(
      "input_element", .signed(input.format.width),
      .asSigned(.slice("s_data_i", input.format.width - 1, 0)))
    if input.dataBits > input.format.width {
      m.sink("unused_s_data", [.slice("s_data_i", input.dataBits - 1, input.format.width)])
    }
    m.declare("output_bits", .bits(output.format.width))
    m.wire("output_element", .signed(output.format.width), .asSigned("output_bits"))
    m.wire(
      "output_extended", .signed(output.dataBits),
      VerilogExpression.name("output_element").resized(output.dataBits))
    m.assign("m_data_o", .asUnsigned("output_extended"))
    m.blank()
    m.comment("The program: a short memory of wide words, so it is logic and no block RAM.")
    m.declare("program_read")
    m.declare("program_address", .bits(instructionBits))
    m.declare("word", .bits(widths.word))
    m.instance(
      "rnnc_rom", "u_program",
      parameters: [
        "InitFile": .string(programImage.name), "Width": .int(widths.word),
        "Depth": .int(program.instructions.count), "Style": .string("logic"),
      ],
      [
        .input("clk_i", "clk_i"), .input("en_i", "program_read"),
        .input("addr_i", "program_address"), .output("data_o", "word"),
      ])
    var low = 0
    var fields: [VerilogInstance.Connection] = []
    var selection: VerilogExpression?
    for field in widths.fields {
      let bits = VerilogExpression.slice("word", low + field.width - 1, low)
      if field.isOfEngine {
        fields.append(.input("\(field.name)_i", bits))
      } else {
        selection = bits
      }
      low += field.width
    }
    addUnits(selection, to: &m)
    m.blank()
    m.instance(
      "rnnc_sequential", "u_sequential",
      parameters: [
        "ValuesFile": .string(valuesImage.name),
        "WeightsFile": .string(weightsImage.name), "TablesFile": .string(tablesImage.name),
        "Instructions": .int(program.instructions.count), "ValueWidth": .int(widths.value),
        "Values": .int(widths.values),
        "Constants": .int(program.constants.count), "SumWidth": .int(widths.sum),
        "WeightWidth": .int(widths.weight), "Weights": .int(widths.weights),
        "FactorWidth": .int(widths.factor), "OperandWidth": .int(widths.operand),
        "SlopeWidth": .int(widths.slope), "InterceptWidth": .int(widths.intercept),
        "TableWords": .int(widths.tables), "TableInputWidth": .int(widths.tableInput),
        "SpanWidth": .int(widths.span), "OffsetWidth": .int(widths.offset),
        "CountWidth": .int(widths.count),
        "InputElements": .int(input.elements), "InputWidth": .int(input.format.width),
        "InputBase": .int(program.inputBase), "OutputElements": .int(output.elements),
        "OutputWidth": .int(output.format.width), "OutputBase": .int(program.outputBase),
        "Normalizes": .int(program.units.isEmpty ? 0 : 1),
      ],
      [
        .input("clk_i", "clk_i"), .input("rst_i", "rst_i"), .input("s_valid_i", "s_valid_i"),
        .output("s_ready_o", "s_ready_o"), .input("s_data_i", "input_element"),
        .input("s_last_i", "s_last_i"), .output("m_valid_o", "m_valid_o"),
        .input("m_ready_i", "m_ready_i"), .output("m_data_o", "output_bits"),
        .output("m_last_o", "m_last_o"), .output("frame_error_o", "frame_error_o"),
        .output("program_read_o", "program_read"),
        .output("program_address_o", "program_address"),
        .output("unit_value_o", "unit_value"), .output("unit_square_o", "unit_square"),
        .input("quotient_i", "quotient"),
        .output("busy_o", "lanes_busy_o"), .output("write_valid_o", "write_valid"),
        .output("write_instruction_o", "write_instruction"),
        .output("write_address_o", "write_address"), .output("write_data_o", "write_data"),
      ] + fields)
    for (k, probe) in probes.enumerated() {
      let instruction = program.instructions[probe.segment]
      guard case .at(let base) = instruction.destination.place else { continue }
      m.assign(
        .whole("probe_\(k)_valid_o"),
        "write_valid"
          && VerilogExpression.name("write_instruction").isEqual(
            to: .lit(probe.segment, width: instructionBits))
      )
      m.wire(
        "probe_\(k)_index", .bits(widths.valueBits),
        "write_address" - .lit(base, width: widths.valueBits))
      let indexBits = indexWidth(probe.steps)
      m.assign(
        .whole("probe_\(k)_index_o"), .slice("probe_\(k)_index", indexBits - 1, 0))
      if indexBits < widths.valueBits {
        m.sink(
          "unused_probe_\(k)_index",
          [.slice("probe_\(k)_index", widths.valueBits - 1, indexBits)])
      }
      m.assign(.whole("probe_\(k)_data_o"), .slice("write_data", probe.width - 1, 0))
    }
    // Where no probe takes all bits, the others are read here.
    m.sink("unused_write", ["write_valid", "write_instruction", "write_address", "write_data"])
    return m
  }

  /// The units that normalize, and the quotient that an instruction asks for; zero where there is none.
  private func addUnits(_ selection: VerilogExpression?, to m: inout VerilogModule) {
    m.blank()
    m.declare("unit_value", .signed(widths.value))
    m.declare("unit_square", .signed(widths.value))
    m.sink("unused_unit", ["unit_value", "unit_square"])
    var quotient: VerilogExpression?
    for (k, unit) in program.units.enumerated() {
      let name = "quotient\(k)"
      m.declare(name, .signed(unit.output.width))
      m.add(
        unit, "u_normalize\(k)", file: "normalization_\(k).mem",
        pipelining: NormalizationHardware.pipelining,
        value: .asSigned(.slice("unit_value", unit.value.width - 1, 0)),
        square: .asSigned(.slice("unit_square", unit.square.width - 1, 0)), to: name)
      let extended = VerilogExpression.name(name).resized(widths.value)
      guard let others = quotient, let selection else {
        quotient = extended
        continue
      }
      quotient = .mux(
        selection.isEqual(to: .lit(k, width: indexWidth(program.units.count))), extended, others)
    }
    m.wire(
      "quotient", .signed(widths.value), quotient ?? .signedLit(0, width: widths.value))
  }

  private var fieldList: String {
    widths.fields.map { "\($0.name) \($0.width)" }.joined(separator: ", ")
  }

  // MARK: - Memories

  private var programImage: MemoryImage {
    let fields = widths.fields
    return MemoryImage(
      name: "program.mem", width: widths.word,
      words: program.instructions.map { instruction in fields.flatMap { $0.bits(instruction) } })
  }

  private var valuesImage: MemoryImage {
    let codes =
      program.constants + Array(repeating: 0, count: widths.values - program.constants.count)
    return MemoryImage(
      name: "values.mem", width: widths.value,
      words: codes.map { MemoryImage.bits($0, widths.value) })
  }

  private var weightsImage: MemoryImage {
    let codes = program.weights + Array(repeating: 0, count: widths.weights - program.weights.count)
    return MemoryImage(
      name: "weights.mem", width: widths.weight,
      words: codes.map { MemoryImage.bits($0, widths.weight) })
  }

  private var tablesImage: MemoryImage {
    let lines = program.lines.isEmpty ? [.init(slope: 0, intercept: 0)] : program.lines
    return MemoryImage(
      name: "tables.mem", width: widths.slope + widths.intercept,
      words: lines.map {
        MemoryImage.bits($0.intercept, widths.intercept) + MemoryImage.bits($0.slope, widths.slope)
      })
  }
}
