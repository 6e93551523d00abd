import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

/// Compares both interpreters with PyTorch's layers and autograd; `Tests/Vectors/cells.py` made the vectors.
@Suite struct EngineVectorTests {
  static func numbers(_ json: JSONValue?) throws -> [Double] {
    try #require(json?.array).compactMap(\.number)
  }

  static func network(_ json: JSONValue) throws -> Network {
    let cell = try #require(CellRegistry.named(json["cell"]?.string ?? ""))
    let options = try #require(json["options"])
    var entries: [CellConfiguration.Entry] = []
    for option in cell.options {
      let value: CellOptionValue? =
        switch options[option.name] {
        case .bool(let value)?: .bool(value)
        case .int(let value)?: .int(value)
        case .string(let value)?: .choice(value)
        default: nil
        }
      // The vectors are older than options that may be absent.
      if value == nil, option.mayBeAbsent {
        entries.append(.init(option.name, option.standard))
        continue
      }
      if value == nil, option.requires != nil { continue }
      entries.append(.init(option.name, try #require(value)))
    }
    let configuration = CellConfiguration(
      inputSize: try #require(json["inputSize"]?.int), units: try #require(json["units"]?.int),
      options: entries)
    return Network(layers: [
      Layer(
        name: "layer", cell: cell.name, configuration: configuration,
        graph: cell.graph(configuration))
    ])
  }

  @Test func cellsAgreeWithPyTorch() throws {
    let url = packageRoot.appendingPathComponent("Tests/Vectors/cells.json")
    let cases = try #require(try JSONValue(parsing: try Data(contentsOf: url)).array)
    #expect(cases.count == 9)
    for json in cases {
      let name = try #require(json["name"]?.string)
      let network = try Self.network(json)
      let parameters = network.layers[0].graph.parameters
      let weights = try parameters.map { try Self.numbers(json["parameters"]?[$0.name]) }
      let gradients = try parameters.map { try Self.numbers(json["gradients"]?[$0.name]) }
      let inputs = try #require(json["inputs"]?.array).map { try Self.numbers($0) }
      let outputs = try #require(json["outputs"]?.array).map { try Self.numbers($0) }
      let coefficients = try #require(json["coefficients"]?.array).map { try Self.numbers($0) }

      let reference = ReferenceInterpreter(network: network, weights: [weights])
      var sums = gradients.map { $0.map { _ in 0.0 } }
      for b in inputs.indices {
        let trace = reference.trace(inputs[b])
        for (got, wanted) in zip(reference.forward(inputs[b]), outputs[b]) {
          #expect(abs(got - wanted) < 1e-10, "\(name)")
        }
        let one = reference.backward(trace, outputGradient: coefficients[b])
        for p in sums.indices {
          for i in sums[p].indices { sums[p][i] += one.parameters[0][p][i] }
        }
      }
      let engine = try NetworkEngine(
        network: network, weights: Weights(values: [weights.map { $0.map(Float.init) }]))
      let batch = SequenceBatch(
        sequences: inputs.map { $0.map(Float.init) }, features: network.inputSize)
      let gradient = SequenceBatch(
        sequences: coefficients.map { $0.map(Float.init) }, features: network.outputSize)
      let result = engine.gradients(batch) { output in
        for b in outputs.indices {
          #expect(output.sequence(b).count == outputs[b].count && !outputs[b].isEmpty)
          for (got, wanted) in zip(output.sequence(b), outputs[b]) {
            #expect(abs(Double(got) - wanted) < 1e-6, "\(name)")
          }
        }
        return (0, gradient)
      }
      for p in parameters.indices {
        let scale = max(1, gradients[p].map(abs).max() ?? 0)
        #expect(gradients[p].count == parameters[p].storedCount)
        for i in gradients[p].indices {
          let label: Comment = "\(name), \(parameters[p].name)[\(i)]"
          #expect(abs(sums[p][i] - gradients[p][i]) < 1e-10 * scale, label)
          let fast = Double(result.gradients.values[0][p][i])
          #expect(abs(fast - gradients[p][i]) < 2e-6 * scale, label)
        }
      }
    }
  }
}
