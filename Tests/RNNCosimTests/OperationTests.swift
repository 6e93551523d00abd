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

/// Graphs with each operation in every position that hardware treats differently.
@Suite(.serialized) struct OperationTests {
  /// h' = a h + gate(W x + U h, by: V x) - gate(1, by: h): scalars, exact and rounded switches, gated constants.
  ///
  /// The states start at 0.7 and -0.4; h is read by a matrix, g by a datapath alone, and sizes fill no block.
  private static func gatedCell(inputSize: Int, size n: Int, block: Int) -> CellGraph {
    let structure: MatrixStructure = block == 1 ? .dense : .blockCirculant(block: block)
    var b = GraphBuilder(inputSize: inputSize)
    let x = b.input()
    let h = b.state("h", size: n, initial: 0.7)
    let g = b.state("g", size: n, initial: -0.4)
    func product(_ name: String, _ v: ValueID) -> ValueID {
      b.product(name, v, rows: n, structure: structure, initializer: .orthogonal)
    }
    let sum = b.add(product("weight_x", x), product("weight_h", h))
    let open = b.gate(sum, by: product("weight_v", x))
    let one = b.gate(b.scalar("one", size: n, initial: .constant(1)), by: h)
    let half = b.gate(
      b.vector("ones", size: n, initializer: .values(Array(repeating: 1, count: n))), by: sum)
    let leak = b.scalar("leak", size: n, initial: .constant(0.6))
    let eta = b.scalar("eta", size: n, initial: .constant(1e-3))
    let next = b.tanh(
      b.subtract(
        b.add(
          b.multiply(leak, h), b.multiply(eta, sum), open, b.affine(half, scale: 0.3, offset: 0)),
        b.affine(one, scale: 0.25, offset: 0)), name: "h")
    b.update("h", to: next)
    let nextG = b.add(b.multiply(leak, g), b.affine(next, scale: 0.2, offset: 0))
    b.name(nextG, "g")
    b.update("g", to: nextG)
    return b.build(output: nextG)
  }

  @Test(arguments: [(1, 1), (3, 1), (3, 4), (1, 8)])
  func gatesScalarsAndInitialStates(_ row: (steps: Int, block: Int)) throws {
    let layers = try QuantizedLayers(
      [
        Self.gatedCell(inputSize: 5, size: 11, block: row.block),
        Self.gatedCell(inputSize: 11, size: 3, block: row.block),
      ], seed: 5)
    #expect(layers.integers.states.map { $0.initial != 0 } == [true, true, true, true])
    try expectHardwareEquals(
      layers.integers,
      sequences: [4, 1, 3].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) },
      options: CompileOptions(
        name: "gated",
        engine: .lanes(
          .init(
            row.steps, denseMultipliers: 4, elementsPerStep: row.block == 4 ? 2 : 1,
            outputElementsPerBeat: row.block == 4 ? 2 : 1))),
      seed: 3)
  }

  /// Two states that take the same value start differently, and one state takes the value of another.
  @Test func statesThatShareAValue() throws {
    let n = 6
    var b = GraphBuilder(inputSize: 3)
    let x = b.input()
    let h = b.state("h", size: n, initial: 0.5)
    let k = b.state("k", size: n, initial: -0.25)
    let late = b.state("late", size: n, initial: 0.125)
    let next = b.tanh(
      b.add(
        b.product("weight_x", x, rows: n, initializer: .orthogonal),
        b.product("weight_h", h, rows: n, initializer: .orthogonal),
        b.product("weight_k", k, rows: n, initializer: .orthogonal),
        b.product(
          "weight_late", late, rows: n, structure: .blockCirculant(block: 4),
          initializer: .orthogonal)), name: "h")
    b.update("h", to: next)
    b.update("k", to: next)
    b.update("late", to: h)
    let output = b.add(next, b.affine(b.subtract(k, late), scale: 0.5, offset: 0))
    let layers = try QuantizedLayers([b.build(output: output)], seed: 9)
    try expectHardwareEquals(
      layers.integers,
      sequences: [layers.sequence(steps: 4, seed: 1), layers.sequence(steps: 2, seed: 2)],
      options: CompileOptions(name: "shared", engine: .lanes(.init(2))), seed: 4)
  }

  /// Coefficients of every kind: restarting, ending, pulses of two periods, and ones that never change.
  @Test func coefficientsCountTheStepsOfASequence() throws {
    let n = 5
    var b = GraphBuilder(inputSize: 2)
    let x = b.input()
    let v = b.state("v", size: n)
    let kinds: [StepCoefficient] = [
      .nesterov(restart: 3), .nesterov(restart: 0), .pulse(period: 4, at: 2),
      .pulse(period: 3, at: 0), .pulse(period: 1, at: 0), .nesterov(restart: 1),
    ]
    var sum = b.product("weight", x, rows: n, initializer: .orthogonal)
    for (k, kind) in kinds.enumerated() {
      let coefficient = b.coefficient(kind, size: n)
      let factor = k == 0 ? v : b.vector("u\(k)", size: n, initializer: .constant(0))
      sum = b.add(sum, b.multiply(coefficient, factor))
    }
    let next = b.gate(
      sum, by: b.affine(b.coefficient(.pulse(period: 5, at: 1), size: n), scale: -1, offset: 0.5))
    b.update("v", to: next)
    // Five bits: the momentum without restart stays after 2^5 steps, which the first sequence passes.
    let layers = try QuantizedLayers(
      [b.build(output: next)], seed: 2, policy: QuantizationPolicy(weightWidth: 5))
    let ending = try #require(layers.integers.coefficients.first { !$0.repeats })
    #expect(ending.count > 20 && ending.count <= 32)
    let design = try expectHardwareEquals(
      layers.integers,
      sequences: [45, 2, 1, 5].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) },
      options: CompileOptions(name: "counted", engine: .lanes(.init(elementsPerStep: 1))), seed: 6)
    let control = try #require(design.counts.units.first { $0.name == "control" })
    #expect(control.memories.map(\.depth).dropFirst() == [3, ending.count])
  }

  /// W x and W^T (m * r) of one matrix in a step, dense and block-circulant, with edges that cut blocks off.
  @Test(arguments: [1, 4, 8]) func aMatrixAndItsTranspose(_ block: Int) throws {
    let structure: MatrixStructure = block == 1 ? .dense : .blockCirculant(block: block)
    var graphs: [CellGraph] = []
    for (inputs, n) in [(5, 9), (9, 3)] {
      var b = GraphBuilder(inputSize: inputs)
      let x = b.input()
      let h = b.state("h", size: n, initial: 0.3)
      let v = b.matrix(
        "v", rows: n, columns: inputs, structure: structure, initializer: .orthogonal)
      let u = b.matrix("u", rows: n, columns: n, structure: structure, initializer: .orthogonal)
      let a = b.add(b.matvec(u, h), b.matvec(v, x))
      let r = b.subtract(b.affine(h, scale: 0.9, offset: 0), b.activation(.relu, a))
      let gradient = b.subtract(
        b.affine(r, scale: 0.9, offset: 0), b.matvec(u, b.gate(r, by: a), transposed: true))
      let eta = b.scalar("eta", size: n, initial: .constant(0.05))
      let next = b.subtract(h, b.multiply(eta, gradient))
      b.name(next, "h")
      b.update("h", to: next)
      // Back through the input matrix: rows and columns differ.
      let back = b.matvec(v, next, transposed: true)
      graphs.append(b.build(output: inputs == 9 ? back : next))
    }
    let layers = try QuantizedLayers(graphs, seed: 8)
    try expectHardwareEquals(
      layers.integers,
      sequences: [layers.sequence(steps: 4, seed: 1), layers.sequence(steps: 3, seed: 2)],
      options: CompileOptions(name: "transposed", engine: .lanes(.init(2, denseMultipliers: 4))),
      seed: 7)
  }

  /// The output leaves long before the last state is there: a run must go on until it has seen that too.
  ///
  /// Input of every length, so that the last beat falls anywhere into a call of the simulation.
  @Test func runsEndAfterTheLastState() throws {
    let n = 7
    var b = GraphBuilder(inputSize: 1)
    let x = b.input()
    let h = b.state("h", size: n)
    let early = b.tanh(
      b.add(
        b.product("weight_x", x, rows: n, initializer: .orthogonal),
        b.affine(h, scale: 0.5, offset: 0)),
      name: "early")
    var late = early
    for k in 0..<3 {
      late = b.tanh(
        b.product("weight\(k)", late, rows: n, initializer: .orthogonal), name: "late\(k)")
    }
    b.update("h", to: late)
    let layers = try QuantizedLayers([b.build(output: early)], seed: 4)
    let design = try compile(layers.integers, options: CompileOptions(name: "late"))
    let lateProbe = try #require(design.probes.map(\.firstCycle).max())
    #expect(lateProbe > design.frameTiming.outputCommit + 20)
    try withTemporaryFolder { folder in
      for file in try emit(design) {
        try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
      }
      let described = try CosimDesign(design, golden: layers.integers, folder: folder)
      let builder = SimulationBuilder(
        effort: .quick, assertions: true, runtimeFolder: try RandomNetworkTests.runtime.get())
      let cosimulator = Cosimulator(described, builder: builder)
      for frames in 1...60 {
        let result = try cosimulator.run(
          sequences: [layers.sequence(steps: frames, seed: 1)], runs: [CosimRun()])
        #expect(result.passed, "\(frames) frames: \(result.summary)")
        #expect(
          result.probeValuesCompared == frames * probedElements(design, of: layers.integers))
      }
    }
  }
}
