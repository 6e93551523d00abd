import RNNFixedPoint
import RNNGraph
import RNNReference
import RNNSupport
import Testing

private let code = QFormat(width: 5, fraction: 3)

/// y = gate(x / sqrt(s + floor), by: k) with a coefficient k and a state s that starts at 9.
private func graph() throws -> IntegerGraph {
  let unit = try #require(
    Normalization.fitted(
      value: code, square: code, output: QFormat(width: 7, fraction: 3), floor: 2))
  return IntegerGraph(
    name: "step", inputSize: 2, inputFormat: code,
    nodes: [
      IntegerNode(op: .input, size: 2, format: code, name: "x"),
      IntegerNode(op: .state(StateID(0)), size: 2, format: code, name: "s"),
      IntegerNode(op: .coefficient(0), size: 2, format: QFormat(width: 3, fraction: 0), name: "k"),
      IntegerNode(
        op: .normalize(0, ValueID(0), by: ValueID(1)), size: 2,
        format: QFormat(width: 7, fraction: 3), name: "q"),
      IntegerNode(
        op: .gate(ValueID(3), by: ValueID(2)), size: 2, format: QFormat(width: 7, fraction: 3),
        name: "y"),
    ], matrices: [], vectors: [], tables: [],
    coefficients: [
      IntegerCoefficient(
        name: "k", format: QFormat(width: 3, fraction: 0),
        values: .table([1, 0, -4, 3], repeats: false))
    ], normalizations: [unit],
    states: [IntegerState(name: "s", size: 2, format: code, initial: 9, next: ValueID(0))],
    output: ValueID(4))
}

/// A rule that a change breaks, and words of the message.
private struct Fault {
  var words: String
  var breaks: (inout IntegerGraph) -> Void
  init(_ words: String, _ breaks: @escaping (inout IntegerGraph) -> Void) {
    self.words = words
    self.breaks = breaks
  }
}

@Suite struct StepOperationTests {
  @Test func everyBrokenRuleIsNamed() throws {
    try graph().validate()
    let faults: [Fault] = [
      Fault("nodes[2].k: coefficient 4") { $0.nodes[2].op = .coefficient(4) },
      Fault("nodes[2].k: format") { $0.coefficients[0].format.width = 4 },
      Fault("coefficients.k: 0 codes") { $0.coefficients[0].values = .table([], repeats: true) },
      Fault("coefficients.k[1]: code 4") {
        $0.coefficients[0].values = .table([0, 4], repeats: true)
      },
      Fault("coefficients.k: 16385 codes") {
        $0.coefficients[0].values = .table(Array(repeating: 0, count: 16_385), repeats: true)
      },
      Fault("coefficients.k: step 3 of 3") {
        $0.coefficients[0].values = .pulse(period: 3, at: 3, code: 1)
      },
      Fault("coefficients.k[0]: code 9") {
        $0.coefficients[0].values = .pulse(period: 3, at: 0, code: 9)
      },
      Fault("states.s.initial[0]: code 16") { $0.states[0].initial = 16 },
      Fault("nodes[3].q: normalization 1") {
        $0.nodes[3].op = .normalize(1, ValueID(0), by: ValueID(1))
      },
      Fault("nodes[3].q: format") { $0.nodes[3].format.width = 8 },
      Fault("nodes[3].q: square format") { $0.normalizations[0].square.fraction = 1 },
      Fault("nodes[3].q: value format") { $0.normalizations[0].value.fraction = 1 },
      Fault("normalizations[0]: the widths") { $0.normalizations[0].indexBits = -1 },
      Fault("intercepts for") { $0.normalizations[0].slopes.removeLast() },
      Fault("normalizations[0]: 0 plus the greatest") { $0.normalizations[0].floor = 0 },
      Fault("normalizations[0]: the scale") { $0.normalizations[0].totalBits += 1 },
      Fault("normalizations[0]: a line from") { $0.normalizations[0].slopes[0] = 1 << 12 },
      Fault("nodes[4].y: format") { $0.nodes[4].format.width = 6 },
      Fault("nodes[4].y: operand k has 3 of 2") { $0.nodes[2].size = 3 },
    ]
    for fault in faults {
      var graph = try graph()
      fault.breaks(&graph)
      do {
        try graph.validate()
        Issue.record("accepted: \(fault.words)")
      } catch let error as DiagnosticsEmitted {
        #expect(
          error.diagnostics.contains { "\($0.path): \($0.message)".contains(fault.words) },
          "\(fault.words): \(error)")
      }
    }
  }

  /// s is 9/8 at first, then the last input; t = s + 2/8; a negative square counts as zero.
  @Test func stepsByHand() throws {
    let model = try ReferenceModel(try graph())
    for _ in 0..<2 {
      // 8/8 over sqrt(11/8) is 0.853, 6.8 eighths; k = 1 lets it through.
      var y = model.run(sequence: [[8, -8]])[0]
      #expect(abs(Double(y[0]) - 6.82) <= 1 && abs(Double(y[1]) + 6.82) <= 1)
      // k = 0, then -4: nothing comes through.
      #expect(model.step([15, 15]) == [0, 0])
      #expect(model.step([-16, 3]) == [0, 0])
      // k = 3 from now on. s = -2 counts as 0: 8/8 over sqrt(2/8) is 2; s = 3/8: 1 over sqrt(5/8) is 1.265.
      y = model.step([8, 8])
      #expect(abs(Double(y[0]) - 16) <= 1 && abs(Double(y[1]) - 10.12) <= 1)
      #expect(model.step([0, 8]) == [0, model.values(of: ValueID(3))[1]])
    }
  }
}
