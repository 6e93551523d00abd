import RNNFixedPoint
import RNNGraph
import RNNSupport
import Testing

import RNNLearning

/// The networks that the engine's tests run: every cell, stacked, dense and circulant, odd sizes.
struct EngineCase: Sendable, CustomTestStringConvertible {
  var name: String
  var network: Network
  var lengths: [Int]
  var testDescription: String { name }

  static func layer(
    _ cell: any CellDefinition.Type, _ inputs: Int, _ units: Int,
    _ options: [CellConfiguration.Entry] = [], circulant: Int = 1, name: String = "layer"
  ) -> Layer {
    let configuration = CellConfiguration(
      inputSize: inputs, units: units,
      options: cell.options.map { option in
        options.first { $0.name == option.name } ?? .init(option.name, option.standard)
      })
    var graph = cell.graph(configuration)
    if circulant > 1 {
      for p in graph.parameters.indices where graph.parameters[p].isMatrix {
        graph.parameters[p].structure = .blockCirculant(block: circulant)
      }
    }
    return Layer(name: name, cell: cell.name, configuration: configuration, graph: graph)
  }

  /// A cell that no file of the product knows: a transposed product with a shared matrix, two states,
  /// an output that feeds no state, a product of two hoistable values and a state that is copied.
  static var oddGraph: CellGraph {
    var b = GraphBuilder(inputSize: 3)
    let x = b.input()
    let s = b.state("s", size: 5)
    let delayed = b.state("delayed", size: 3)
    let w = b.matrix(
      "w", rows: 5, columns: 3, structure: .dense, initializer: .uniform(bound: 0.7))
    let up = b.matvec(w, x)
    let gate = b.activation(
      .sigmoid, b.add(up, b.vector("bias", size: 5, initializer: .constant(0.2))))
    let down = b.matvec(w, b.tanh(s), transposed: true)
    let again = b.matvec(w, b.multiply(down, delayed))
    let next = b.tanh(b.add(b.multiply(gate, gate), b.affine(again, scale: -1.5, offset: 0.25), up))
    b.update("s", to: next)
    b.update("delayed", to: x)
    let read = b.product("read", next, rows: 4, initializer: .uniform(bound: 0.9))
    let y = b.activation(
      .relu, b.subtract(read, b.vector("c", size: 4, initializer: .constant(-0.3))))
    return b.build(output: y)
  }

  static let all: [EngineCase] = {
    let before = CellConfiguration.Entry("reset", .choice("before"))
    let peepholes = CellConfiguration.Entry("peepholes", .bool(true))
    let projection = CellConfiguration.Entry("projection", .int(4))
    func one(_ name: String, _ layer: Layer, _ lengths: [Int] = [5, 3, 4, 1]) -> EngineCase {
      EngineCase(name: name, network: Network(layers: [layer]), lengths: lengths)
    }
    var cases = [
      one("gru after", layer(GRUCell.self, 3, 5)),
      one("gru before", layer(GRUCell.self, 3, 5, [before])),
      one("lstm", layer(LSTMCell.self, 4, 3)),
      one("lstm peepholes", layer(LSTMCell.self, 2, 7, [peepholes])),
      one("lstm projection", layer(LSTMCell.self, 3, 6, [projection])),
      one("lstm peepholes projection", layer(LSTMCell.self, 3, 6, [peepholes, projection])),
      one("elman", layer(ElmanCell.self, 5, 3)),
      one("elman relu", layer(ElmanCell.self, 5, 3, [.init("activation", .choice("relu"))])),
      one("dense", layer(DenseLayer.self, 5, 3)),
      one("one sequence", layer(GRUCell.self, 3, 5), [6]),
      one("one step", layer(LSTMCell.self, 3, 5, [projection]), [1, 1, 1]),
      one("one sequence of one step", layer(GRUCell.self, 1, 1, [before]), [1]),
      one("an empty sequence", layer(GRUCell.self, 3, 5), [2, 0, 3]),
      one(
        "odd graph",
        Layer(
          name: "odd", cell: "odd", configuration: .init(inputSize: 3, units: 5, options: []),
          graph: oddGraph)),
      EngineCase(
        name: "stack",
        network: Network(layers: [
          layer(GRUCell.self, 3, 5, name: "gru0"),
          layer(LSTMCell.self, 5, 6, [projection], name: "lstm1"),
          layer(DenseLayer.self, 4, 2, name: "dense2"),
        ]), lengths: [4, 2, 5]),
    ]
    for block in [2, 4, 8] {
      cases.append(one("gru circulant \(block)", layer(GRUCell.self, 3, 5, circulant: block)))
      cases.append(
        one(
          "lstm circulant \(block)",
          layer(LSTMCell.self, 9, 10, [peepholes, projection], circulant: block)))
    }
    return cases
  }()

  /// Every parameter random, biases and peepholes included.
  func weights(seed: UInt64 = 7, bound: Double = 0.6) -> Weights {
    var generator = SplitMix64(seed: seed)
    return Weights(
      values: network.layers.map { layer in
        layer.graph.parameters.map { p in
          (0..<p.storedCount).map { _ in Float(generator.uniform(-bound, bound)) }
        }
      })
  }
  func batch(seed: UInt64 = 11) -> SequenceBatch {
    var generator = SplitMix64(seed: seed)
    return SequenceBatch(
      sequences: lengths.map { length in
        (0..<length * network.inputSize).map { _ in Float(generator.uniform(-1, 1)) }
      }, features: network.inputSize)
  }
  /// The gradient of the tests' loss by the outputs: the loss is the sum of coefficient * output.
  func coefficients(seed: UInt64 = 13) -> SequenceBatch {
    var generator = SplitMix64(seed: seed)
    return SequenceBatch(
      sequences: lengths.map { length in
        (0..<length * network.outputSize).map { _ in Float(generator.uniform(-1, 1)) }
      }, features: network.outputSize)
  }
  func reference(_ weights: Weights) -> ReferenceInterpreter {
    ReferenceInterpreter(
      network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } })
  }
}
