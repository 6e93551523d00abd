import Foundation
import RNNDriver
import RNNGraph
import RNNLab
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

/// The circuit that chains movements, from floating point to Verilog.
@Suite struct SyllableLoopHardwareTests {
  @Test(.enabled(if: BenchSimulator.verilator.isEnabled), arguments: [true, false])
  func chainsTheSameMovements(_ reset: Bool) throws {
    let (syllables, period, steps) = (3, 5, 42)
    let network = Network(layers: [
      try Layer(
        name: "loop", cell: "syllable-loop", inputSize: syllables, units: 6,
        options: [
          .init("tau", .number(2)), .init("initial", .number(0.1)), .init("period", .int(period)),
          .init("reset", .bool(reset)),
        ]),
      try Layer(
        name: "readout", cell: "dense", inputSize: 6, units: 2,
        options: [.init("bias", .bool(false))]),
    ])
    let weights = initialWeights(network, seed: 7)
    // A start in the first step, and an override in the middle of a later movement.
    var input = [Float](repeating: 0, count: steps * syllables)
    input[1] = 1
    input[22 * syllables + 2] = 1
    let interpreter = ReferenceInterpreter(
      network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } })
    let trace = interpreter.trace(input.map(Double.init))
    let u = try #require(network.layers[0].graph.nodes.firstIndex { $0.name == "u" })
    #expect(Set(trace[0].map { $0[u] }).count >= 2, "the loop never changes the movement")
    // No choice hangs on a rounding: at the end of a movement the winner is clear.
    let z = try #require(network.layers[0].graph.nodes.firstIndex { $0.name == "z" })
    for step in stride(from: period - 1, to: steps, by: period) {
      let order = trace[0][step][z].sorted(by: >)
      #expect(order[0] - order[1] > 0.1)
    }
    let float = trace[1].map { $0[network.layers[1].graph.output.index] }

    let set = SequenceSet(
      features: syllables, sequences: [input],
      targets: [.values(float.flatMap { $0.map(Float.init) })])
    try withTemporaryFolder { folder in
      let check = HardwareCheck(
        name: "loop", network: network, weights: weights,
        task: TrainingTask(training: set, validation: nil, loss: MeanSquaredError()), test: set,
        fineTuning: nil, simulatedSequences: 1, folder: folder)
      let (figures, integers, verilog) = try check.runKeepingOutputs(
        StageContext(progress: SilentProgress()))
      #expect(figures.mismatches == 0, "\(figures.firstMismatch ?? "")")
      #expect(integers == verilog)
      // Another movement anywhere would be off by far more than twelve bits are.
      #expect(integers[0].count == steps)
      for (a, b) in zip(integers[0].joined(), float.joined()) { #expect(abs(a - b) < 0.02) }
    }
  }
}
