import RNNFixedPoint
import RNNGraph
import RNNReference
import RNNSupport
import Testing

/// A small graph by hand: h' = requantize(W x + U h + b) with W circulant and cut off, U dense.
private func elman() -> IntegerGraph {
  let code = QFormat(width: 6, fraction: 3)
  let weight = QFormat(width: 4, fraction: 2)
  let sum = QFormat(width: 13, fraction: 5)
  return IntegerGraph(
    name: "elman", inputSize: 3, inputFormat: code,
    nodes: [
      IntegerNode(op: .input, size: 3, format: code, name: "x"),
      IntegerNode(op: .state(StateID(0)), size: 2, format: code, name: "h_previous"),
      IntegerNode(
        op: .linear([
          LinearTerm(matrix: 0, operand: ValueID(0)), LinearTerm(matrix: 1, operand: ValueID(1)),
        ]), size: 2, format: sum, name: "sum"),
      IntegerNode(op: .vector(0), size: 2, format: QFormat(width: 5, fraction: 5), name: "bias"),
      IntegerNode(op: .extend(ValueID(3)), size: 2, format: sum, name: "bias_extended"),
      IntegerNode(
        op: .add(ValueID(2), ValueID(4)), size: 2, format: QFormat(width: 14, fraction: 5),
        name: "total"),
      IntegerNode(
        op: .requantize(ValueID(5), .halfUp, .saturate), size: 2, format: code, name: "h"),
    ],
    matrices: [
      IntegerMatrix(
        name: "W", rows: 2, columns: 3, structure: .blockCirculant(block: 2), format: weight,
        codes: [1, -8, 7, 3]),
      IntegerMatrix(
        name: "U", rows: 2, columns: 2, structure: .dense, format: weight, codes: [2, -1, 0, 5]),
    ],
    vectors: [
      IntegerVector(name: "b", format: QFormat(width: 5, fraction: 5), codes: [-16, 9])
    ], tables: [],
    states: [IntegerState(name: "h", size: 2, format: code, next: ValueID(6))], output: ValueID(6))
}

@Suite struct ReferenceModelTests {
  /// W is [1 -8 7; -8 1 3]: the last block column is cut off after its first column.
  @Test func aStepByHand() throws {
    let model = try ReferenceModel(elman())
    // Sums: 1 * 4 - 8 * -3 + 7 * 5 = 63 and -8 * 4 - 3 + 15 = -20; with the bias 47 and -11, in 2^-5.
    #expect(model.step([4, -3, 5]) == [12, -3])
    #expect(model.values(of: ValueID(2)) == [63, -20])
    #expect(model.values(of: ValueID(5)) == [47, -11])
    // The state enters: 2 * 12 - 1 * -3 = 27 and 5 * -3 = -15; 27 - 16 = 11, -15 + 9 = -6.
    #expect(model.step([0, 0, 0]) == [3, -1])
    model.reset()
    #expect(model.value(of: StateID(0)) == [0, 0])
    #expect(model.step([4, -3, 5]) == [12, -3])
    #expect(model.run(sequence: [[4, -3, 5], [0, 0, 0]]) == [[12, -3], [3, -1]])
  }

  @Test func saturatesAtBothEnds() throws {
    let model = try ReferenceModel(elman())
    #expect(model.step([-32, -32, -32])[1] == 31)
    model.reset()
    #expect(model.step([31, -32, 31])[0] == 31)
    model.reset()
    #expect(model.step([-32, 31, -32])[0] == -32)
  }
}
