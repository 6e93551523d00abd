import RNNFixedPoint
import RNNGraph
import RNNReference
import RNNSupport
import Testing

/// One of every operation: y = table(requantize((1 - v) * x + relu(x)) ...).
private func everything() -> IntegerGraph {
  let code = QFormat(width: 5, fraction: 3)
  let table = ActivationTable.fitted(
    .tanh, input: QFormat(width: 6, fraction: 3), output: code, segments: 4)
  return IntegerGraph(
    name: "all", inputSize: 2, inputFormat: code,
    nodes: [
      IntegerNode(op: .input, size: 2, format: code, name: "x"),
      IntegerNode(op: .state(StateID(0)), size: 2, format: code, name: "s"),
      IntegerNode(op: .vector(0), size: 2, format: code, name: "v"),
      IntegerNode(op: .constant(8), size: 2, format: code, name: "one"),
      IntegerNode(
        op: .subtract(ValueID(3), ValueID(2)), size: 2, format: QFormat(width: 6, fraction: 3),
        name: "difference"),
      IntegerNode(
        op: .multiply(ValueID(4), ValueID(0)), size: 2, format: QFormat(width: 11, fraction: 6),
        name: "product"),
      IntegerNode(op: .relu(ValueID(0)), size: 2, format: code, name: "relu"),
      IntegerNode(
        op: .extend(ValueID(6)), size: 2, format: QFormat(width: 11, fraction: 6), name: "wide"),
      IntegerNode(
        op: .add(ValueID(5), ValueID(7)), size: 2, format: QFormat(width: 12, fraction: 6),
        name: "sum"),
      IntegerNode(
        op: .requantize(ValueID(8), .halfToEven, .saturate), size: 2,
        format: QFormat(width: 6, fraction: 3), name: "rounded"),
      IntegerNode(op: .activation(0, ValueID(9)), size: 2, format: code, name: "tanh"),
      IntegerNode(
        op: .linear([
          LinearTerm(matrix: 0, operand: ValueID(10)),
          LinearTerm(matrix: 1, operand: ValueID(1), transposed: true),
        ]), size: 1, format: QFormat(width: 9, fraction: 4), name: "y"),
    ],
    matrices: [
      IntegerMatrix(
        name: "A", rows: 1, columns: 2, structure: .dense, format: QFormat(width: 3, fraction: 1),
        codes: [-4, 3]),
      IntegerMatrix(
        name: "B", rows: 2, columns: 1, structure: .dense, format: QFormat(width: 3, fraction: 1),
        codes: [2, 1]),
    ],
    vectors: [IntegerVector(name: "v", format: code, codes: [-16, 15])], tables: [table],
    states: [IntegerState(name: "s", size: 2, format: code, next: ValueID(10))],
    output: ValueID(11))
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

@Suite struct ValidationTests {
  @Test func aSoundGraphPasses() throws { try everything().validate() }

  @Test func everyBrokenRuleIsNamed() {
    let faults: [Fault] = [
      Fault("inputSize: the input has 0") { $0.inputSize = 0 },
      Fault("nodes: 2 input nodes") { $0.nodes[1].op = .input },
      Fault("nodes: the name x occurs twice") { $0.nodes[2].name = "x" },
      Fault("matrices: the name A occurs twice") { $0.matrices[1].name = "A" },
      Fault("output: node 99") { $0.output = ValueID(99) },
      Fault("nodes: a state is read by two nodes") {
        $0.nodes[3].op = .state(StateID(0))
      },
      Fault("nodes[1].s: state 3") { $0.nodes[1].op = .state(StateID(3)) },
      Fault("nodes[4].difference: operand 4 is not before") {
        $0.nodes[4].op = .subtract(ValueID(3), ValueID(4))
      },
      Fault("nodes[0].x: format") { $0.inputFormat = QFormat(width: 5, fraction: 2) },
      Fault("nodes[2].v: vector 1") { $0.nodes[2].op = .vector(1) },
      Fault("vectors.v[1]: code 16") { $0.vectors[0].codes[1] = 16 },
      Fault("nodes[2].v: elements") { $0.nodes[2].size = 3 },
      Fault("nodes[3].one[0]: code 16") { $0.nodes[3].op = .constant(16) },
      Fault("nodes[4].difference: bits: 7 instead of 6") { $0.nodes[4].format.width = 7 },
      Fault("nodes[4].difference: operand formats") { $0.nodes[3].format.fraction = 2 },
      Fault("nodes[5].product: bits: 10 instead of 11") { $0.nodes[5].format.width = 10 },
      Fault("nodes[5].product: fraction bits") { $0.nodes[5].format.fraction = 7 },
      Fault("nodes[6].relu: format") { $0.nodes[6].format.width = 6 },
      Fault("nodes[7].wide: extends") { $0.nodes[7].format = QFormat(width: 7, fraction: 6) },
      Fault("nodes[8].sum: bits") { $0.nodes[8].format.width = 13 },
      Fault("nodes[10].tanh: operand format") { $0.nodes[9].format.width = 7 },
      Fault("nodes[10].tanh: table 4") { $0.nodes[10].op = .activation(4, ValueID(9)) },
      Fault("tables[0]: the segments leave") { $0.tables[0].lower -= 99 },
      Fault("tables[0]: the intercepts have -1 fraction bits more") {
        $0.tables[0].interceptFraction = $0.tables[0].output.fraction - 1
      },
      Fault("tables[0].slopes") { $0.tables[0].slopes[0] = 1 << 30 },
      Fault("tables[0].intercepts") { $0.tables[0].intercepts[1] = 1 << 40 },
      Fault("nodes[11].y: a linear node without terms") { $0.nodes[11].op = .linear([]) },
      Fault("nodes[11].y: elements of A: 1 instead of 2") {
        $0.matrices[0] = IntegerMatrix(
          name: "A", rows: 2, columns: 2, structure: .dense,
          format: QFormat(width: 3, fraction: 1), codes: [0, 0, 0, 0])
      },
      Fault("nodes[11].y: fraction bits of B") { $0.matrices[1].format.fraction = 2 },
      Fault("nodes[11].y: matrix 7") {
        $0.nodes[11].op = .linear([LinearTerm(matrix: 7, operand: ValueID(10))])
      },
      Fault("nodes[11].y: sums from") { $0.nodes[11].format.width = 7 },
      Fault("matrices.A: 1 codes instead of 2") { $0.matrices[0].codes = [1] },
      Fault("matrices.A[0]: code -5") { $0.matrices[0].codes[0] = -5 },
      Fault("states.s: format") { $0.states[0].format.fraction = 1 },
      Fault("states.s: 3 elements") { $0.states[0].size = 3 },
      Fault("states.s: node 12") { $0.states[0].next = ValueID(12) },
    ]
    for fault in faults {
      var graph = everything()
      fault.breaks(&graph)
      do {
        try graph.validate()
        Issue.record("accepted: \(fault.words)")
      } catch let error as DiagnosticsEmitted {
        #expect(
          error.diagnostics.contains { "\($0.path): \($0.message)".contains(fault.words) },
          "\(fault.words): \(error)")
      } catch {
        Issue.record("\(error)")
      }
    }
  }

  /// -4 * -16 + 3 * -16 and its opposite end bound A; B has positive weights alone.
  @Test func rangesAreTightAndReached() throws {
    let graph = everything()
    guard case .linear(let terms) = graph.nodes[11].op else { return }
    // A: min -4*15 + 3*-16 = -108, max -4*-16 + 3*15 = 109; B^T: 3*-16 = -48, 3*15 = 45.
    #expect(graph.range(of: terms) == -156...154)
    #expect(throws: Never.self) { try graph.validate() }
  }

  @Test func theReferenceRefusesABrokenGraph() {
    var graph = everything()
    graph.nodes[8].format.width = 13
    #expect(throws: DiagnosticsEmitted.self) { _ = try ReferenceModel(graph) }
  }

  @Test func everyOperationByHand() throws {
    let model = try ReferenceModel(everything())
    _ = model.step([-16, 15])
    #expect(model.values(of: ValueID(4)) == [24, -7])
    #expect(model.values(of: ValueID(5)) == [-384, -105])
    #expect(model.values(of: ValueID(6)) == [0, 15])
    #expect(model.values(of: ValueID(7)) == [0, 120])
    #expect(model.values(of: ValueID(8)) == [-384, 15])
    // -384 / 8 = -48 saturates to -32; 15 / 8 = 1.875 rounds to 2.
    #expect(model.values(of: ValueID(9)) == [-32, 2])
    let t = model.values(of: ValueID(10))
    #expect(t == [graph0(-32), graph0(2)])
    #expect(model.values(of: ValueID(11)) == [-4 * t[0] + 3 * t[1]])
    let y = model.step([0, 0])
    let u = model.values(of: ValueID(10))
    #expect(y == [-4 * u[0] + 3 * u[1] + 2 * t[0] + t[1]])
  }
  private func graph0(_ code: Int64) -> Int64 { everything().tables[0].code(for: code) }
}
