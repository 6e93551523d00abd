import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

/// The integer formulas of `Tests/Vectors/published/README.md` and what compares a network with a file there.
enum PublishedVectors {
  static func file(_ name: String) throws -> JSONValue {
    let url = packageRoot.appendingPathComponent("Tests/Vectors/published/\(name).json")
    return try JSONValue(parsing: try Data(contentsOf: url))
  }
  static func wf(_ a: Double, _ s: Int, _ count: Int) -> [Double] {
    (0..<count).map { k in
      let residue = (k * k * 7919 + k * 104_729 + s * 611_953 + 12_345) % 10_007
      return a * (2 * Double(residue) / 10_006 - 1)
    }
  }
  /// Sequence b, row-major [T][features].
  static func input(_ b: Int, steps: Int = 4, features: Int = 2) -> [Double] {
    (0..<steps).flatMap { t in
      (0..<features).map { i in
        cos(0.5 * Double(t) + 0.9 * Double(i) + 0.3 + 0.4 * Double(b))
      }
    }
  }
  /// A matrix turned round.
  static func transposed(_ m: [Double], rows: Int) -> [Double] {
    let columns = m.count / rows
    return (0..<m.count).map { m[$0 % rows * columns + $0 / rows] }
  }
  /// All numbers of nested arrays, in order.
  static func flat(_ json: JSONValue?) throws -> [Double] {
    let json = try #require(json)
    if let number = json.number { return [number] }
    return try #require(json.array).flatMap { try flat($0) }
  }
  static func norm(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
  static func expectEqual(
    _ got: [Double], _ wanted: [Double], _ tolerance: Double, _ what: String
  ) {
    #expect(got.count == wanted.count && !got.isEmpty, "\(what)")
    for (g, w) in zip(got, wanted) {
      #expect(abs(g - w) <= tolerance * max(1, abs(w)), "\(what): \(g) instead of \(w)")
    }
  }
}

/// A network with named parameters, run over the two sequences of the vectors.
struct PublishedRun {
  let network: Network
  /// `[sequence][step][unit]` of the first layer's output, flat per sequence.
  private(set) var hidden: [[Double]] = []
  private(set) var outputs: [[Double]] = []
  /// Gradients of the summed loss, by `layer.parameter`.
  private(set) var gradients: [String: [Double]] = [:]
  private(set) var loss = 0.0

  /// - Parameter loss: the loss of a sequence's outputs `[T][outputs]` and its gradient by them.
  init(
    _ network: Network, _ parameters: [String: [Double]],
    loss: (_ sequence: Int, _ outputs: [Double]) -> (value: Double, gradient: [Double])
  ) throws {
    self.network = network
    let weights = try network.layers.map { layer in
      try layer.graph.parameters.map { parameter in
        let values = try #require(
          parameters["\(layer.name).\(parameter.name)"], "\(layer.name).\(parameter.name)")
        #expect(values.count == parameter.storedCount)
        return values
      }
    }
    let interpreter = ReferenceInterpreter(network: network, weights: weights)
    for b in 0..<2 {
      let trace = interpreter.trace(PublishedVectors.input(b))
      let first = network.layers[0].graph
      hidden.append(trace[0].flatMap { $0[first.output.index] })
      let last = network.layers.count - 1
      let output = trace[last].flatMap { $0[network.layers[last].graph.output.index] }
      outputs.append(output)
      let (value, gradient) = loss(b, output)
      self.loss += value
      let found = interpreter.backward(trace, outputGradient: gradient).parameters
      for (l, layer) in network.layers.enumerated() {
        for (p, parameter) in layer.graph.parameters.enumerated() {
          let name = "\(layer.name).\(parameter.name)"
          let old = gradients[name] ?? found[l][p].map { _ in 0 }
          gradients[name] = zip(old, found[l][p]).map { $0 + $1 }
        }
      }
    }
    try compareEngine(weights, loss)
  }

  /// The float32 engine comes within 1e-5 of the double interpreter, which the tests compare with the vectors.
  private func compareEngine(
    _ weights: [[[Double]]],
    _ loss: (_ sequence: Int, _ outputs: [Double]) -> (value: Double, gradient: [Double])
  ) throws {
    let engine = try NetworkEngine(
      network: network, weights: Weights(values: weights.map { $0.map { $0.map(Float.init) } }))
    let batch = SequenceBatch(
      sequences: (0..<2).map { PublishedVectors.input($0).map(Float.init) }, features: 2)
    let result = engine.gradients(batch) { output in
      var gradients: [[Float]] = []
      for b in 0..<2 {
        let values = output.sequence(b).map(Double.init)
        PublishedVectors.expectEqual(values, outputs[b], 1e-5, "float32 output")
        gradients.append(loss(b, values).gradient.map(Float.init))
      }
      return (0, SequenceBatch(sequences: gradients, features: network.outputSize))
    }
    for (l, layer) in network.layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        let wanted = try #require(gradients["\(layer.name).\(parameter.name)"])
        let scale = max(1, wanted.map(abs).max() ?? 0)
        let got = result.gradients.values[l][p]
        #expect(got.count == wanted.count)
        for (g, w) in zip(got, wanted) {
          #expect(abs(Double(g) - w) <= 1e-5 * scale, "float32 \(parameter.name): \(g), \(w)")
        }
      }
    }
  }
}
