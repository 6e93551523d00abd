import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// The spectra of `Tests/Vectors/published/lyapunov.json`.
@Suite struct LyapunovVectorTests {
  static let steps = 400

  /// The cell of the vectors, with its weights in the rows of the frameworks' stacked matrices.
  static func network(_ name: String) -> (Network, [[[Double]]]) {
    let cell: any CellDefinition.Type =
      ["rnn": ElmanCell.self, "gru": GRUCell.self, "lstm": LSTMCell.self][name] ?? ElmanCell.self
    let layer = EngineCase.layer(cell, 2, 4)
    let gates =
      ["rnn": [""], "gru": ["r.", "z.", "n."], "lstm": ["i.", "f.", "g.", "o."]][name] ?? []
    let w = PublishedVectors.wf(0.8, 1, gates.count * 4 * 2)
    let u = PublishedVectors.wf(name == "rnn" ? 1.2 : 0.9, 2, gates.count * 4 * 4)
    let weights = layer.graph.parameters.map { parameter -> [Double] in
      let gate = gates.firstIndex { !$0.isEmpty && parameter.name.hasPrefix($0) } ?? 0
      if parameter.name.hasSuffix("weight_x") { return Array(w[gate * 8..<(gate + 1) * 8]) }
      if parameter.name.hasSuffix("weight_h") { return Array(u[gate * 16..<(gate + 1) * 16]) }
      return [Double](repeating: 0, count: parameter.storedCount)
    }
    return (Network(layers: [layer]), [weights])
  }

  @Test(arguments: [("rnn", "h J"), ("gru", "h J"), ("lstm", "full J")])
  func spectraAreThoseOfTheVectors(cell: String, variant: String) throws {
    let file = try PublishedVectors.file("lyapunov")
    let (network, weights) = Self.network(cell)
    let options = LyapunovOptions(steps: Self.steps, warmUp: 0, start: .identity)
    for b in 0..<2 {
      let wanted = try PublishedVectors.flat(file[cell]?[variant]?.array?[b]).map { $0 * log(2) }
      let got = try LyapunovCases.analyze(
        network, weights, [PublishedVectors.input(b, steps: Self.steps)], options)
      LyapunovCases.expectEqual(got.values, wanted, 1e-9, "\(cell) \(b)")
    }
  }

  /// The published code multiplies by transposed Jacobians: the spectrum of the time-reversed product.
  @Test(arguments: ["rnn", "gru"]) func thePublishedOrderGivesAnotherSpectrum(cell: String) throws {
    let file = try PublishedVectors.file("lyapunov")
    let (network, weights) = Self.network(cell)
    let official = try PublishedVectors.flat(file[cell]?["official_log2"]?.array?[0]).map {
      $0 * log(2)
    }
    let transposed = LyapunovCases.jacobians(
      network, weights, PublishedVectors.input(0, steps: Self.steps)
    ).map { PublishedVectors.transposed($0, rows: 4) }
    // The code works in single precision.
    LyapunovCases.expectEqual(
      LyapunovCases.gramSchmidt(transposed, size: 4), official, 2e-7, cell)
    let forward = try LyapunovCases.analyze(
      network, weights, [PublishedVectors.input(0, steps: Self.steps)],
      LyapunovOptions(steps: Self.steps, warmUp: 0, start: .identity))
    #expect(abs(forward.greatest - official[0]) > 0.03)
    #expect(abs((forward.sum ?? 0) - official.reduce(0, +)) < 1e-5)
  }
}
