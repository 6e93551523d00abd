import Foundation
import RNNDriver
import RNNGraph
import RNNImport
import RNNInterchange
import RNNSupport
import Testing

/// Cells that graphs spell out: the same as onnxruntime step by step, and refused where they are other cells.
@Suite struct SpelledCellTests {
  private static let streaming = AttributeCase.all.filter { $0.json["stream"] != nil }

  /// One step with states as inputs and outputs, called again and again, is the layer over a sequence.
  @Test(arguments: streaming) func oneStepAfterAnotherIsTheSequence(_ one: AttributeCase) throws {
    let model = try one.load()
    let input = try #require(Vector(one.json["stream"]?["input"]))
    let output = try #require(Vector(one.json["stream"]?["output"]))
    let axes = { (name: String, size: Int) in
      ImportedTensor(name: name, axes: [.time, .batch, .feature(0, size: size)])
    }
    let rows = try #require(axes("x", input.shape[2]).sequences(input.shape, input.floats))
    let wanted = try #require(axes("y", output.shape[2]).sequences(output.shape, output.floats))
    #expect(rows.count == 2 && rows[0].count == 5)
    for (row, expected) in zip(rows, wanted) {
      let found = try SequenceRun(model.model).run(row.map { $0.map(Double.init) }).output
      for (a, b) in zip(found.joined(), expected.joined()) { #expect(abs(a - Double(b)) < 1e-6) }
    }
  }

  @Test func thereAreCasesOfEveryCell() throws {
    #expect(Self.streaming.count >= 6)
    for (name, cells) in [
      ("graph_loop_lstm", ["lstm"]), ("graph_loop_coupled", ["lstm"]),
      ("graph_loop_gru_before", ["gru"]), ("graph_loop_stack", ["lstm", "gru", "dense"]),
      ("graph_step_stack", ["gru", "lstm", "dense"]), ("graph_step_elman", ["elman", "dense"]),
      ("graph_loop_stack_last", ["gru", "gru", "dense"]), ("graph_unrolled", ["elman"]),
    ] {
      let one = try #require(AttributeCase.all.first { $0.name == name })
      let layers = try one.load().model.steps.flatMap(\.parts).flatMap(\.network.layers)
      #expect(layers.map(\.cell) == cells, "\(name)")
    }
  }
}
