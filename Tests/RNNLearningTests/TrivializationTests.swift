import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import RNNTensor
import Testing

@Suite struct MatrixExponentialTests {
  static func random(_ size: Int, seed: UInt64, scale: Double = 1) -> SquareMatrix {
    var generator = SplitMix64(seed: seed)
    return SquareMatrix(
      size: size, values: (0..<size * size).map { _ in scale * generator.uniform(-1, 1) })
  }
  static func skew(_ size: Int, seed: UInt64, scale: Double = 1) -> SquareMatrix {
    var a = random(size, seed: seed, scale: scale)
    a.add(a.transposed, times: -1)
    return a
  }
  /// The power series itself, term by term.
  static func series(_ x: SquareMatrix) -> SquareMatrix {
    var sum = SquareMatrix.identity(x.size)
    var term = sum
    for k in 1..<120 {
      term = term * x
      term.scale(by: 1 / Double(k))
      sum.add(term)
    }
    return sum
  }
  static func distance(_ a: SquareMatrix, _ b: SquareMatrix) -> Double {
    var difference = a
    difference.add(b, times: -1)
    return difference.norm
  }

  @Test(arguments: [(1, 3.0), (2, 0.1), (3, 1.0), (5, 2.0), (17, 0.4)])
  func agreesWithTheSeries(_ size: Int, _ scale: Double) {
    let x = Self.random(size, seed: 4, scale: scale)
    let expected = Self.series(x)
    #expect(Self.distance(MatrixExponential.exponential(x), expected) < 1e-13 * expected.norm)
    // The upper right of exp [[x, e], [0, x]] is the derivative along e.
    let e = Self.random(size, seed: 5)
    var block = SquareMatrix(size: 2 * size)
    for r in 0..<size {
      for c in 0..<size {
        block[r, c] = x[r, c]
        block[size + r, size + c] = x[r, c]
        block[r, size + c] = e[r, c]
      }
    }
    let whole = Self.series(block)
    let found = MatrixExponential.derivative(at: x, along: e)
    for r in 0..<size {
      for c in 0..<size {
        #expect(abs(found[r, c] - whole[r, size + c]) < 1e-12 * whole.norm)
      }
    }
  }

  @Test func turnsAPlane() {
    for angle in [-3.0, 0.001, 40] {
      let q = MatrixExponential.exponential(
        SquareMatrix(size: 2, values: [0, angle, -angle, 0]))
      let expected = [cos(angle), sin(angle), -sin(angle), cos(angle)]
      for (got, wanted) in zip(q.values, expected) { #expect(abs(got - wanted) < 1e-13) }
    }
  }

  @Test(arguments: [(1, 1.0), (2, 1.4), (5, 0.6), (17, 0.3)])
  func logarithmComesBack(_ size: Int, _ scale: Double) throws {
    let a = Self.skew(size, seed: 6, scale: scale)
    let found = try #require(
      MatrixExponential.logarithm(ofRotation: MatrixExponential.exponential(a)))
    #expect(Self.distance(found, a) < 1e-11)
  }

  @Test func reflectionsHaveNoLogarithm() {
    var mirror = SquareMatrix.identity(3)
    mirror[1, 1] = -1
    #expect(MatrixExponential.logarithm(ofRotation: mirror) == nil)
    #expect(MatrixExponential.exponential(SquareMatrix(size: 1, values: [.infinity]))[0, 0].isNaN)
  }
}

@Suite struct TrivializationTests {
  /// Compares with the published code by way of its vectors; the code trains B^T = exp(-A).
  @Test(arguments: [
    ("OrthogonalRNN", "none", 0.0, 0.0, 0.0, 0),
    ("OrthogonalMomentumRNN_mu0.3_eps0.3", "momentum", 0.3, 0.3, 0, 0),
    ("OrthogonalAdamRNN_mu0.3_eps0.3_mus0.8", "adam", 0.3, 0.3, 0.8, 0),
    ("OrthogonalNesterovRNN_eps0.3_restart2", "nesterov", 0, 0.3, 0, 2),
  ])
  func gradientAgreesWithThePublishedCode(
    _ name: String, method: String, mu: Double, step: Double, beta: Double, restart: Int
  ) throws {
    let json = try #require(try PublishedVectors.file("momentum_cells")[name])
    let network = Network(layers: [
      try Layer(
        name: "l", cell: "orthogonal", inputSize: 2, units: 3,
        options: MomentumOptions.entries(method, mu, step, beta, restart))
    ])
    let b = PublishedVectors.transposed(try PublishedVectors.flat(json["B_orth"]), rows: 3)
    let run = try PublishedRun(
      network,
      [
        "l.weight_x": PublishedVectors.wf(0.6, 2, 6), "l.weight_h": b,
        "l.bias": PublishedVectors.wf(0.05, 6, 3),
      ], loss: PublishedMomentumTests.loss)
    let one = try Trivialization(
      layer: 0, parameter: 0, rebase: 0, matrix: SquareMatrix(size: 3, values: b), path: "l")
    // A of the vectors' formula, as far as the digits of B go.
    let a = PublishedVectors.wf(0.8, 5, 9)
    for (r, c) in [(0, 1), (0, 2), (1, 2)] {
      #expect(abs(one.skew[r, c] + a[3 * r + c]) < 1e-12 && one.skew[c, r] == -one.skew[r, c])
    }
    let gradient = one.gradient(
      byMatrix: SquareMatrix(size: 3, values: try #require(run.gradients["l.weight_h"])))
    let expected = try PublishedVectors.flat(json["grads"]?["A"]).map { -$0 }
    for (got, wanted) in zip(gradient.values, expected) {
      #expect(abs(got - wanted) < 1e-9 * max(1, abs(wanted)))
    }
  }

  /// The loss is the sum of coefficients times B.
  @Test(arguments: [0, 3]) func gradientAgreesWithFiniteDifferences(_ rebase: Int) throws {
    let n = 5
    let coefficients = MatrixExponentialTests.random(n, seed: 8)
    let base = MatrixExponential.exponential(MatrixExponentialTests.skew(n, seed: 9))
    var one = try Trivialization(
      layer: 0, parameter: 0, rebase: rebase, matrix: base, path: "w")
    // One step away from the base.
    _ = one.update(
      gradient: one.gradient(byMatrix: coefficients), learningRate: 0.3, decay: 0.9,
      epsilon: 1e-8, updates: 1)
    #expect(one.skew.norm > 0.1)
    let gradient = one.gradient(byMatrix: coefficients)
    func loss(_ skew: SquareMatrix) -> Double {
      let b = one.base * MatrixExponential.exponential(skew)
      return zip(b.values, coefficients.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    for r in 0..<n {
      for c in 0..<n {
        guard c > r else {
          #expect(gradient[r, c] == 0)
          continue
        }
        let step = 1e-5
        var (up, down) = (one.skew, one.skew)
        up[r, c] += step
        up[c, r] -= step
        down[r, c] -= step
        down[c, r] += step
        let difference = (loss(up) - loss(down)) / (2 * step)
        #expect(abs(difference - gradient[r, c]) < 1e-8)
      }
    }
  }

  @Test(arguments: [(1, 0), (4, 0), (5, 1), (4, 3)])
  func staysOrthogonalAndMovesItsBase(_ n: Int, _ rebase: Int) throws {
    var one = try Trivialization(
      layer: 0, parameter: 0, rebase: rebase,
      matrix: MatrixExponential.exponential(MatrixExponentialTests.skew(n, seed: 3)), path: "w")
    let start = one.base
    for update in 1...250 {
      let before = one.matrix
      let now = one.update(
        gradient: one.gradient(
          byMatrix: MatrixExponentialTests.random(n, seed: UInt64(update))),
        learningRate: 0.01, decay: 0.9, epsilon: 1e-8, updates: update)
      #expect(n == 1 || MatrixExponentialTests.distance(now, before) > 0)
      let isMoved = rebase > 0 && update % rebase == 0
      #expect(isMoved ? one.skew.norm == 0 : n == 1 || one.skew.norm > 0)
      if rebase == 0 { #expect(one.base == start) }
      // Where the base has moved, B is the base.
      #expect(MatrixExponentialTests.distance(one.matrix, now) < 1e-13)
      let gram = now.transposed * now
      #expect(MatrixExponentialTests.distance(gram, .identity(n)) < 1e-12)
    }
  }

  @Test func startsThatCannotBeAreNamed() {
    func text(_ values: [Double], rebase: Int) -> String {
      LearningCases.error {
        _ = try Trivialization(
          layer: 0, parameter: 0, rebase: rebase, matrix: SquareMatrix(size: 2, values: values),
          path: "layers.rnn.weight_h")
      }
    }
    #expect(text([0, 1, 1, 0], rebase: 1).isEmpty)
    let mirror = text([0, 1, 1, 0], rebase: 0)
    #expect(mirror.contains("layers.rnn.weight_h") && mirror.contains("set rebase to 1 or more"))
    #expect(text([1, 1, 1, 1], rebase: 1).contains("singular"))
  }
}
