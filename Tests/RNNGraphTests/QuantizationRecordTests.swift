import RNNFixedPoint
import RNNGraph
import RNNSupport
import Testing

@Suite struct QuantizationRecordTests {
  static let narrow = QFormat(width: 7, fraction: 4)
  static let wide = QFormat(width: 12, fraction: 9)

  /// An LSTM of the given options: 5 inputs, 3 units.
  static func lstm(peepholes: Bool = true, projection: Int = 2) -> CellGraph {
    LSTMCell.graph(
      CellConfiguration(
        inputSize: 5, units: 3,
        options: [.init("peepholes", .bool(peepholes)), .init("projection", .int(projection))]))
  }
  static func value(_ node: String, _ format: QFormat = narrow) -> QuantizationRecord.Value {
    .init(node: node, format: format, rounding: .halfUp)
  }

  @Test func everyConsumerReadsTheQuantizedValue() throws {
    let plain = Self.lstm()
    let record = QuantizationRecord(
      values: [Self.value("c", Self.wide), Self.value("x"), Self.value("h")],
      parameters: [.init(parameter: "i.peephole", format: Self.narrow)])
    let graph = try applying(record, to: plain)
    #expect(graph.nodes.count == plain.nodes.count + 3)
    for name in ["c", "x", "h"] {
      let n = try #require(graph.nodes.firstIndex { $0.name == "\(name)_exact" })
      let users = graph.nodes.indices.filter { graph.nodes[$0].op.operands.contains(ValueID(n)) }
      #expect(users == [n + 1])
      #expect(graph.nodes[n + 1].name == name)
      #expect(graph.nodes[n + 1].size == graph.nodes[n].size)
    }
    #expect(graph[graph.output].name == "h")
    #expect(graph.states.map { graph[$0.next].name } == ["h", "c"])
    for (i, node) in graph.nodes.enumerated() {
      #expect(node.op.operands.allSatisfy { $0.index < i })
    }
    #expect(graph.parameters.filter { $0.format != nil }.map(\.name) == ["i.peephole"])
  }

  @Test func recordAndPlainGraphAreTheWholeStory() throws {
    let configuration = CellConfiguration(
      inputSize: 5, units: 3, options: [.init("reset", .choice("before"))])
    for plain in [
      Self.lstm(), Self.lstm(peepholes: false, projection: 0),
      GRUCell.graph(configuration),
    ] {
      let everything = QuantizationRecord(
        values: plain.nodes.map { Self.value($0.name) },
        parameters: plain.parameters.map { .init(parameter: $0.name, format: Self.wide) })
      let graph = try applying(everything, to: plain)
      #expect(graph.plain == plain)
      #expect(graph.quantizationRecord == everything)
      #expect(try applying(graph.quantizationRecord, to: graph.plain) == graph)
      #expect(plain.quantizationRecord.isEmpty)
    }
  }

  /// Matrices and the output read the narrow value, all others the wide one; the matrix's state has a companion.
  @Test func operandsOfMatricesMayBeNarrower() throws {
    let plain = LeakyRateCell.graph(
      CellConfiguration(
        inputSize: 5, units: 3,
        options: [
          .init("tau", .number(10)), .init("gain", .number(1)), .init("initial", .number(0)),
        ]))
    let record = QuantizationRecord(values: [
      .init(node: "h", format: Self.wide, operandFormat: Self.narrow, rounding: .down)
    ])
    let graph = try applying(record, to: plain)
    #expect(graph.states.map(\.name) == ["h", "h_operand"])
    #expect(graph.states.map { graph[$0.next].name } == ["h", "h_operand"])
    #expect(graph.states[1].initial == graph.states[0].initial)
    #expect(graph[graph.output].name == "h_operand")
    for node in graph.nodes {
      for operand in node.op.operands where graph[operand].name.hasPrefix("h") {
        if case .matvec = node.op {
          #expect(graph[operand].name == "h_previous_operand")
        } else {
          #expect(!graph[operand].name.hasSuffix("_operand"))
        }
      }
    }
    for (i, node) in graph.nodes.enumerated() {
      #expect(node.op.operands.allSatisfy { $0.index < i })
    }
    #expect(graph.plain == plain)
    #expect(graph.quantizationRecord == record)
  }

  @Test func orderOfEntriesDoesNotMatter() throws {
    let values = ["x", "i", "f", "c"].map { Self.value($0) }
    #expect(
      try applying(QuantizationRecord(values: values), to: Self.lstm())
        == applying(QuantizationRecord(values: values.reversed()), to: Self.lstm()))
  }

  @Test(arguments: [
    (QuantizationRecord(values: [value("nobody")]), "no node is named \"nobody\""),
    (QuantizationRecord(values: [value("x"), value("x", wide)]), "has two formats"),
    (
      QuantizationRecord(parameters: [.init(parameter: "q.bias", format: wide)]),
      "no parameter is named"
    ),
    (
      QuantizationRecord(parameters: [
        .init(parameter: "i.bias", format: wide), .init(parameter: "i.bias", format: wide),
      ]), "has two formats"
    ),
  ])
  func refuses(record: QuantizationRecord, message: String) {
    do {
      _ = try applying(record, to: Self.lstm())
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains(message), "\(error)")
    }
  }

  @Test func refusesASecondQuantization() throws {
    let record = QuantizationRecord(values: [Self.value("x")])
    let once = try applying(record, to: Self.lstm())
    #expect(throws: DiagnosticsEmitted.self) { try applying(record, to: once) }
  }
}
