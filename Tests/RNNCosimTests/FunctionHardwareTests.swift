import Foundation
import RNNCodegen
import RNNCosim
import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// Functions of one variable and reductions on both engines.
@Suite(.serialized) struct FunctionHardwareTests {
  /// y = f(W x), or f of a positive argument for functions that have one alone; several functions make one network.
  static func graph(_ functions: [ScalarFunction], inputSize: Int, size n: Int) -> CellGraph {
    var b = GraphBuilder(inputSize: inputSize)
    let x = b.input()
    var sum: ValueID?
    for function in functions {
      let product = b.product("\(function.name).weight", x, rows: n, initializer: .orthogonal)
      // A square and an offset keep away from poles.
      let argument =
        function.range == .positive
        ? b.affine(b.multiply(product, product), scale: 0.5, offset: 0.25) : product
      let y = b.activation(function, argument, name: function.name)
      sum = sum.map { b.add($0, y) } ?? y
    }
    return b.build(output: sum ?? x)
  }

  @Test(arguments: [(1, 3, 7, 1), (2, 5, 8, 2), (3, 4, 1, 4)])
  func everyFunction(_ row: (seed: UInt64, inputs: Int, size: Int, steps: Int)) throws {
    let layers = try QuantizedLayers(
      [Self.graph(ScalarFunction.tabulated, inputSize: row.inputs, size: row.size)],
      seed: row.seed)
    #expect(
      Set(layers.integers.tables.map(\.function)) == Set(ScalarFunction.tabulated.map(\.name)))
    let sequences = [4, 2].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) }
    try expectHardwareEquals(
      layers.integers, sequences: sequences,
      options: CompileOptions(
        name: "functions",
        engine: .lanes(
          .init(denseMultipliers: 4, elementsPerStep: row.steps, outputElementsPerBeat: row.steps))),
      seed: row.seed)
    try SequentialHardwareTests.expectEqual(layers.integers, sequences, seed: row.seed)
  }

  /// h' = tanh(W x + U h + s - m) with the sum, mean or maximum of three values, of which one is a state and one a product.
  static func reducedCell(inputSize: Int, size n: Int, _ reduction: Reduction) -> CellGraph {
    var b = GraphBuilder(inputSize: inputSize)
    let x = b.input()
    let h = b.state("h", size: n, initial: 0.25)
    let product = b.product("weight_x", x, rows: n, initializer: .orthogonal)
    let ofProduct = b.reduce(reduction, product, name: "of_product")
    let ofState = b.reduce(reduction, h, name: "of_state")
    let ofInput = b.reduce(reduction, x, name: "of_input")
    let joined = b.add(ofProduct, b.affine(b.add(ofState, ofInput), scale: 0.25, offset: 0))
    // Read by a square as well: two readers of one element, at two levels.
    let square = b.multiply(joined, joined)
    let next = b.tanh(
      b.add(
        b.subtract(product, b.broadcast(joined, size: n)),
        b.product("weight_h", h, rows: n, initializer: .orthogonal),
        b.affine(b.broadcast(square, size: n), scale: 0.0625, offset: 0)), name: "h")
    b.update("h", to: next)
    // What a reader outside takes is a reduction of the result, in every element.
    let output = b.add(next, b.broadcast(b.reduce(reduction, next, name: "of_next"), size: n))
    return b.build(output: output)
  }

  @Test(
    arguments: Reduction.allCases,
    [(1, 3, 5, 1, 1), (2, 1, 1, 1, 2), (3, 4, 9, 2, 1), (4, 7, 6, 4, 3), (5, 2, 16, 8, 1)])
  func reductions(
    _ reduction: Reduction, _ row: (seed: UInt64, inputs: Int, size: Int, steps: Int, streams: Int)
  ) throws {
    let layers = try QuantizedLayers(
      [
        Self.reducedCell(inputSize: row.inputs, size: row.size, reduction),
        Self.reducedCell(inputSize: row.size, size: max(1, row.size - 2), reduction),
      ], seed: row.seed)
    #expect(layers.integers.nodes.filter { $0.op.isReduce }.count == 8)
    let sequences = [4, 1, 3].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) }
    try expectHardwareEquals(
      layers.integers, sequences: sequences,
      options: CompileOptions(
        name: "reduced",
        engine: .lanes(
          .init(
            denseMultipliers: 8, elementsPerStep: row.steps, outputElementsPerBeat: row.steps,
            streams: row.streams))), seed: row.seed)
    try SequentialHardwareTests.expectEqual(layers.integers, sequences, seed: row.seed)
  }

  /// Softmax of codes against real softmax of the numbers that they stand for, on frames like those that gave the formats.
  ///
  /// On others the sum may leave its format: for equal elements it is their number.
  @Test(arguments: [(3, 12), (10, 12), (40, 16)])
  func softmaxIsWithinItsUlps(_ row: (size: Int, bits: Int)) throws {
    let graph = SoftmaxLayer.graph(
      CellConfiguration(inputSize: row.size, units: row.size, options: []))
    let layers = try QuantizedLayers(
      [graph], seed: 3, scale: 4, steps: 40,
      policy: .withoutTraining(weightBits: row.bits, valueBits: row.bits, stateBits: row.bits))
    let model = try ReferenceModel(layers.integers)
    let (input, output) = (
      layers.integers.inputFormat, layers.integers[layers.integers.output].format
    )
    var worst = 0.0
    var random = SplitMix64(seed: 8)
    for _ in 0..<50 {
      let x = (0..<row.size).map { _ in Int64((random.uniform(-4, 4) / input.ulp).rounded()) }
      let reals = x.map { exp(input.value(of: $0)) }
      let total = reals.reduce(0, +)
      for (code, real) in zip(model.step(x), reals) {
        worst = max(worst, abs(output.value(of: code) - real / total) / output.ulp)
      }
    }
    #expect(worst > 0 && worst < 6, "\(worst) ulp")
  }
}

extension IntegerOp {
  fileprivate var isReduce: Bool {
    if case .reduce = self { true } else { false }
  }
}
