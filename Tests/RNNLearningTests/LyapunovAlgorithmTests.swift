import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// What holds for every cell and every option.
@Suite struct LyapunovAlgorithmTests {
  static func weights(_ test: EngineCase) -> [[[Double]]] {
    test.weights().values.map { $0.map { $0.map(Double.init) } }
  }
  static let cells: [EngineCase] =
    EngineCase.all.filter { !$0.network.layers[0].graph.states.isEmpty } + [
      EngineCase(
        name: "sbo dense heavy-ball",
        network: Network(layers: [
          EngineCase.layer(
            SBOCell.self, 2, 3,
            [
              .init("recurrence", .choice("dense")), .init("update", .choice("heavy-ball")),
              .init("eta", .number(0.2)),
            ])
        ]), lengths: []),
      EngineCase(
        name: "momentum-lstm adam",
        network: Network(layers: [
          EngineCase.layer(
            MomentumLSTMCell.self, 2, 3,
            [.init("method", .choice("adam")), .init("beta", .number(0.7))])
        ]), lengths: []),
      EngineCase(
        name: "orthogonal",
        network: Network(layers: [EngineCase.layer(OrthogonalCell.self, 2, 4)]), lengths: []),
    ]

  @Test(arguments: cells) func everyCellAgreesWithItsJacobians(_ test: EngineCase) throws {
    let weights = Self.weights(test)
    let steps = 40
    let input = LyapunovCases.input(test.network, steps: steps)
    let got = try LyapunovCases.analyze(
      test.network, weights, [input],
      LyapunovOptions(steps: steps, warmUp: 0, start: .identity, scope: .layer))
    for (l, layer) in test.network.layers.enumerated() where !layer.graph.states.isEmpty {
      let own = got.exponents.filter { $0.layer == l }.map(\.value)
      let size = layer.graph.states.reduce(0) { $0 + $1.size }
      let wanted = LyapunovCases.gramSchmidt(
        LyapunovCases.jacobians(test.network, weights, input, layer: l), size: size
      ).sorted(by: >)
      LyapunovCases.expectEqual(own, wanted, 1e-9, "\(test) layer \(l)")
    }
  }

  /// A stack as one system, against central differences of its step.
  @Test func aStackAgreesWithDifferencesOfItsStep() throws {
    let network = Network(layers: [
      EngineCase.layer(GRUCell.self, 2, 3, name: "a"),
      EngineCase.layer(DenseLayer.self, 3, 2, name: "b"),
      EngineCase.layer(LSTMCell.self, 2, 2, name: "c"),
      EngineCase.layer(DenseLayer.self, 2, 5, name: "d"),
    ])
    let test = EngineCase(name: "", network: network, lengths: [])
    let weights = Self.weights(test)
    let reference = ReferenceInterpreter(network: network, weights: weights)
    let sizes = network.layers.map { $0.graph.states.map(\.size) }
    let n = sizes.joined().reduce(0, +)
    func step(_ flat: [Double], _ input: [Double], _ number: Int) -> [Double] {
      var x = input
      var rest = flat[...]
      var next: [Double] = []
      for (l, layer) in network.layers.enumerated() {
        let states = sizes[l].map { size -> [Double] in
          defer { rest = rest.dropFirst(size) }
          return Array(rest.prefix(size))
        }
        let values = reference.step(layer: l, input: x, states: states, number: number)
        next += layer.graph.states.flatMap { values[$0.next.index] }
        x = values[layer.graph.output.index]
      }
      return next
    }
    let steps = 60
    let input = LyapunovCases.input(network, steps: steps)
    var state = [Double](repeating: 0, count: n)
    var jacobians: [[Double]] = []
    for t in 0..<steps {
      let x = Array(input[2 * t..<2 * t + 2])
      var jacobian = [Double](repeating: 0, count: n * n)
      for c in 0..<n {
        var (up, down) = (state, state)
        up[c] += 1e-5
        down[c] -= 1e-5
        for (r, pair) in zip(step(up, x, t), step(down, x, t)).enumerated() {
          jacobian[r * n + c] = (pair.0 - pair.1) / 2e-5
        }
      }
      jacobians.append(jacobian)
      state = step(state, x, t)
    }
    let got = try LyapunovCases.analyze(
      network, weights, [input], LyapunovOptions(steps: steps, warmUp: 0, start: .identity))
    #expect(got.states == n)
    LyapunovCases.expectEqual(
      got.values, LyapunovCases.gramSchmidt(jacobians, size: n).sorted(by: >), 1e-6)
  }

  static let stack = Network(layers: [
    EngineCase.layer(LSTMCell.self, 3, 5, name: "a"),
    EngineCase.layer(GRUCell.self, 5, 4, name: "b"),
  ])
  static let stackWeights = weights(EngineCase(name: "", network: stack, lengths: []))

  @Test func theLayersTogetherHaveTheSpectraOfTheLayers() throws {
    let input = LyapunovCases.input(Self.stack, steps: 1600)
    var options = LyapunovOptions(steps: 1500, warmUp: 100)
    let together = try LyapunovCases.analyze(Self.stack, Self.stackWeights, [input], options)
    options.scope = .layer
    let apart = try LyapunovCases.analyze(Self.stack, Self.stackWeights, [input], options)
    #expect(apart.exponents.count { $0.layer == 0 } == 10)
    #expect(apart.exponents.count { $0.layer == 1 } == 4)
    LyapunovCases.expectEqual(apart.values, together.values, 0.02)
    #expect(abs((apart.sum ?? 0) - (together.sum ?? 1)) < 1e-9)
  }

  @Test func theSumIsTheMeanLogarithmOfTheDeterminant() throws {
    let segments = [3, 4].map { LyapunovCases.input(Self.stack, steps: 120, seed: $0) }
    for scope in LyapunovOptions.Scope.allCases {
      let got = try LyapunovCases.analyze(
        Self.stack, Self.stackWeights, segments,
        LyapunovOptions(steps: 100, warmUp: 20, scope: scope, checksSum: true))
      let (sum, determinant) = (try #require(got.sum), try #require(got.logDeterminant))
      #expect(abs(sum - determinant) < 1e-10 * abs(sum))
    }
  }

  @Test func optionsThatDoNotMatterDoNotMatter() throws {
    let segments = [3, 4, 5].map { LyapunovCases.input(Self.stack, steps: 112, seed: $0) }
    let options = LyapunovOptions(steps: 101, warmUp: 11, threads: 1)
    let all = try LyapunovCases.analyze(Self.stack, Self.stackWeights, segments, options)
    var other = options
    other.threads = 2
    #expect(
      try LyapunovCases.analyze(Self.stack, Self.stackWeights, segments, other) == all)
    // Neither the steps that count nor those before are a multiple of the interval. It costs digits: as many
    // as the least and the greatest growth over it lie apart.
    other.interval = 2
    LyapunovCases.expectEqual(
      try LyapunovCases.analyze(Self.stack, Self.stackWeights, segments, other).values, all.values,
      1e-9, "interval")
    other = options
    other.count = 4
    let four = try LyapunovCases.analyze(Self.stack, Self.stackWeights, segments, other)
    LyapunovCases.expectEqual(four.values, Array(all.values.prefix(4)), 1e-12, "leading")
    #expect(four.sum == nil && four.states == 14)
  }

  @Test func singlePrecisionAgrees() throws {
    let segments = [LyapunovCases.input(Self.stack, steps: 600)]
    var options = LyapunovOptions(steps: 500, warmUp: 100)
    let double = try LyapunovCases.analyze(Self.stack, Self.stackWeights, segments, options)
    options.precision = .single
    let single = try LyapunovCases.analyze(Self.stack, Self.stackWeights, segments, options)
    LyapunovCases.expectEqual(single.values, double.values, 2e-5)
    #expect(single.values != double.values)
  }

  /// More columns than one strip, walked by two threads at once.
  @Test func wideStatesAreWalkedInStrips() throws {
    let layer = EngineCase.layer(ElmanCell.self, 2, 150)
    let network = Network(layers: [layer])
    let weights = initialWeights(network, seed: 3).values.map { $0.map { $0.map(Double.init) } }
    let input = LyapunovCases.input(network, steps: 3)
    let got = try LyapunovCases.analyze(
      network, weights, [input],
      LyapunovOptions(steps: 3, warmUp: 0, start: .identity, checksSum: true, threads: 2))
    let (sum, determinant) = (try #require(got.sum), try #require(got.logDeterminant))
    #expect(abs(sum - determinant) < 1e-8)
    let h = ReferenceInterpreter(network: network, weights: weights).trace(input)[0].map {
      $0[layer.graph.output.index]
    }
    // The recurrent matrix is orthogonal, so the determinant is that of the slopes.
    let slopes = h.joined().reduce(0) { $0 + log(1 - $1 * $1) } / 3
    #expect(abs(sum - slopes) < 1e-4)
  }

  @Test func bandsTellHowSureAnExponentIs() throws {
    let network = Network(layers: [EngineCase.layer(ElmanCell.self, 2, 4)])
    let weights = Self.weights(EngineCase(name: "", network: network, lengths: []))
    func run(_ segments: Int, _ steps: Int) throws -> LyapunovSpectrum {
      try LyapunovCases.analyze(
        network, weights,
        (0..<segments).map { LyapunovCases.input(network, steps: steps, seed: UInt64($0)) },
        LyapunovOptions(steps: steps, warmUp: 0))
    }
    let truth = try run(8, 2000)
    let short = try run(4, 100)
    #expect(truth.exponents[0].band < short.exponents[0].band)
    for (a, b) in zip(short.exponents, truth.exponents) {
      #expect(a.band > 0 && abs(a.value - b.value) < 3 * (a.band + b.band))
    }
  }

  @Test func figuresOfASpectrum() {
    func spectrum(_ values: [Double], states: Int? = nil) -> LyapunovSpectrum {
      LyapunovSpectrum(
        exponents: values.map { .init(value: $0, band: 0.01) }, states: states ?? values.count,
        segments: 1, steps: 1000, warmUp: 0)
    }
    let chaotic = spectrum([-0.5, 0.3, 0.1])
    #expect(chaotic.values == [0.3, 0.1, -0.5])
    #expect(chaotic.verdict == .chaotic)
    #expect(abs((chaotic.kaplanYorkeDimension ?? 0) - 2.8) < 1e-12)
    #expect(abs((chaotic.sum ?? 1) - -0.1) < 1e-12)
    #expect(spectrum([0.3, 0.1]).kaplanYorkeDimension == 2)
    #expect(spectrum([0.3, 0.1], states: 9).kaplanYorkeDimension == nil)
    #expect(spectrum([0.3, -.infinity]).kaplanYorkeDimension == 1)
    #expect(spectrum([-0.3, -0.4]).kaplanYorkeDimension == 0)
    #expect(spectrum([-0.3, -0.4]).verdict == .contracting)
    #expect(spectrum([-0.005, -0.4]).verdict == .edge)
    let died = spectrum([-0.3, -.infinity]).json
    #expect(died["minusInfinities"] == .int(1) && died["sum"] == .null)
  }

  @Test func whatCannotBeAnalyzedIsRefused() throws {
    let dense = Network(layers: [EngineCase.layer(DenseLayer.self, 2, 2)])
    #expect(throws: DiagnosticsEmitted.self) {
      try LyapunovAnalyzer(
        network: dense, weights: [[[1, 2, 3, 4], [0, 0]]], options: LyapunovOptions(steps: 2))
    }
    for options in [
      LyapunovOptions(steps: 0), LyapunovOptions(steps: 2, warmUp: -1),
      LyapunovOptions(steps: 2, interval: 0), LyapunovOptions(steps: 2, count: 0),
    ] {
      #expect(throws: DiagnosticsEmitted.self) {
        try LyapunovAnalyzer(
          network: LyapunovCases.linear(1), weights: [[[0.5]]], options: options)
      }
    }
    // 1e200 after one step, 1e400 after two.
    let growing = try LyapunovAnalyzer(
      network: LyapunovCases.linear(1), weights: [[[1e200]]],
      options: LyapunovOptions(steps: 4, warmUp: 0, interval: 2))
    #expect(throws: DiagnosticsEmitted.self) { try growing.run([[0, 0, 0, 0]]) }
    #expect(throws: ToolError.self) {
      try growing.run([[0, 0, 0, 0]], isCancelled: { true })
    }
  }
}
