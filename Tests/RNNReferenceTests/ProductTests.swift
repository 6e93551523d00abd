import RNNFixedPoint
import RNNGraph
import RNNReference
import RNNSupport
import Testing

/// y = W x or W^T x alone, for widths on both sides of the reference's fast path.
@Suite struct ProductTests {
  private func graph(
    rows: Int, columns: Int, structure: MatrixStructure, transposed: Bool, weightWidth: Int,
    width: Int, _ random: inout SplitMix64
  ) -> IntegerGraph {
    let block = structure.definition.numbers.first ?? 1
    let count =
      structure == .dense
      ? rows * columns
      : (rows + block - 1) / block * ((columns + block - 1) / block) * block
    let weight = QFormat(width: weightWidth, fraction: 0)
    let input = QFormat(width: width, fraction: 0)
    let matrix = IntegerMatrix(
      name: "W", rows: rows, columns: columns, structure: structure, format: weight,
      codes: (0..<count).map { _ in
        random.below(3) == 0
          ? weight.minCode : weight.minCode + Int64(random.below(1 << weightWidth))
      })
    let (n, m) = transposed ? (rows, columns) : (columns, rows)
    return IntegerGraph(
      name: "product", inputSize: n, inputFormat: input,
      nodes: [
        IntegerNode(op: .input, size: n, format: input, name: "x"),
        IntegerNode(
          op: .linear([LinearTerm(matrix: 0, operand: ValueID(0), transposed: transposed)]),
          size: m, format: QFormat(width: 60, fraction: 0), name: "y"),
      ], matrices: [matrix], vectors: [], tables: [], states: [], output: ValueID(1))
  }

  @Test(arguments: [(12, 12), (16, 16), (17, 12), (8, 20), (24, 24)])
  func equalsTheDefinition(weightWidth: Int, width: Int) throws {
    var random = SplitMix64(seed: 11)
    let structures: [MatrixStructure] = [
      .dense, .blockCirculant(block: 2), .blockCirculant(block: 4), .blockCirculant(block: 8),
      .blockCirculant(block: 16), .blockCirculant(block: 24),
    ]
    for structure in structures {
      for transposed in [false, true] {
        for (rows, columns) in [(1, 1), (3, 7), (9, 5), (8, 16), (17, 70)] {
          let graph = graph(
            rows: rows, columns: columns, structure: structure, transposed: transposed,
            weightWidth: weightWidth, width: width, &random)
          let model = try ReferenceModel(graph)
          let low = graph.inputFormat.minCode
          let inputs: [[Int64]] = [
            Array(repeating: low, count: graph.inputSize),
            (0..<graph.inputSize).map { _ in low + Int64(random.below(1 << width)) },
          ]
          let matrix = graph.matrices[0]
          let L = structure.definition.numbers.first ?? 1
          for x in inputs {
            let expected = (0..<graph.outputSize).map { i in
              x.indices.reduce(Int64(0)) { sum, j in
                let (r, c) = transposed ? (j, i) : (i, j)
                // The definition of a circulant block, by its own arithmetic.
                let k = (r % L + L - c % L) % L
                let blocks = (columns + L - 1) / L
                let w =
                  structure == .dense
                  ? matrix.codes[r * columns + c]
                  : matrix.codes[(r / L * blocks + c / L) * L + k]
                return sum + w * x[j]
              }
            }
            #expect(model.step(x) == expected)
          }
        }
      }
    }
  }
}
