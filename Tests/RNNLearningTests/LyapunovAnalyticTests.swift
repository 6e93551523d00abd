import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// Spectra that are known in closed form.
@Suite struct LyapunovAnalyticTests {
  @Test func aConstantMatrixHasTheLogarithmsOfItsEigenvalues() throws {
    let (c, s) = (0.9 * cos(1.0), 0.9 * sin(1.0))
    let d = [c, -s, 0, 0, s, c, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, -0.2]
    var generator = SplitMix64(seed: 3)
    let p = (0..<16).map { _ in LyapunovCases.normal(&generator) }
    let a = LyapunovCases.product(
      LyapunovCases.product(p, d, 4), LyapunovCases.inverse(p, 4), 4)
    let got = try LyapunovCases.analyze(
      LyapunovCases.linear(4), [[a]], [[Double](repeating: 0, count: 2200)],
      LyapunovOptions(steps: 2000, warmUp: 200)
    ).values
    #expect(abs(got[2] - log(0.5)) < 1e-9)
    #expect(abs(got[3] - log(0.2)) < 1e-9)
    // The two of the complex pair come near as 1 / steps; their mean is bounded by the same oscillation.
    #expect(abs(got[0] - log(0.9)) < 1e-3 && abs(got[1] - log(0.9)) < 1e-3)
    #expect(abs((got[0] + got[1]) / 2 - log(0.9)) < 1e-9)
  }

  @Test(arguments: [1, 16, 150]) func anOrthogonalMatrixKeepsEveryChange(size: Int) throws {
    // Householder reflections I - 2 v v^T / v^T v.
    var a = (0..<size * size).map { $0 / size == $0 % size ? 1.0 : 0 }
    var generator = SplitMix64(seed: 4)
    for _ in 0..<3 {
      let v = (0..<size).map { _ in LyapunovCases.normal(&generator) }
      let square = v.reduce(0) { $0 + $1 * $1 }
      for c in 0..<size {
        let dot = (0..<size).reduce(0) { $0 + v[$1] * a[$1 * size + c] }
        for r in 0..<size { a[r * size + c] -= 2 * dot / square * v[r] }
      }
    }
    let got = try LyapunovCases.analyze(
      LyapunovCases.linear(size), [[a]], [[Double](repeating: 0, count: 30)],
      LyapunovOptions(steps: 20, warmUp: 10))
    #expect(got.values.allSatisfy { abs($0) < 1e-13 })
    #expect(got.verdict == .edge)
  }

  /// J_t = x_t reshaped to N x N, with a Gaussian x_t.
  ///
  /// Newman, "The distribution of Lyapunov exponents", Communications in Mathematical Physics 1986.
  @Test func independentGaussianMatricesHaveNewmansSpectrum() throws {
    let n = 8
    var b = GraphBuilder(inputSize: n * n)
    let x = b.input()
    let s = b.state("s", size: n)
    let spread = b.product("spread", s, rows: n * n, initializer: .constant(0))
    let next = b.product("gather", b.multiply(x, spread), rows: n, initializer: .constant(0))
    b.update("s", to: next)
    let network = Network(layers: [LyapunovCases.layer(b.build(output: next))])
    let spreading = (0..<n * n * n).map { $0 % n == $0 / n % n ? 1.0 : 0 }
    let gathering = (0..<n * n * n).map { $0 / (n * n) == $0 % (n * n) / n ? 1.0 : 0 }
    var generator = SplitMix64(seed: 6)
    let steps = 2500
    let segments = (0..<2).map { _ in
      (0..<steps * n * n).map { _ in
        LyapunovCases.normal(&generator) / Double(n).squareRoot()
      }
    }
    let got = try LyapunovCases.analyze(
      network, [[spreading, gathering]], segments, LyapunovOptions(steps: steps, warmUp: 0)
    ).values
    // 1/2 (log(2 / N) + digamma((N - i + 1) / 2)).
    let wanted = [-0.0651, -0.1416, -0.2318, -0.3416, -0.4818, -0.6749, -0.9818, -1.6749]
    // Var log R_ii = trigamma((N - i + 1) / 2) / 4 for each step.
    let trigamma = [0.2838, 0.3304, 0.3949, 0.4904, 0.6449, 0.9348, 1.6449, 4.9348]
    for i in 0..<n {
      let error = (trigamma[i] / 4 / Double(2 * steps)).squareRoot()
      #expect(abs(got[i] - wanted[i]) < 5 * error, "\(i): \(got[i]) instead of \(wanted[i])")
    }
  }

  @Test func aScalarMapHasTheSlopeAtItsFixedPoint() throws {
    var b = GraphBuilder(inputSize: 1)
    let s = b.state("s", size: 1, initial: 0.5)
    let next = b.tanh(b.affine(s, scale: 2, offset: 0))
    b.update("s", to: next)
    let got = try LyapunovCases.analyze(
      Network(layers: [LyapunovCases.layer(b.build(output: next))]), [[]],
      [[Double](repeating: 0, count: 700)], LyapunovOptions(steps: 500, warmUp: 200))
    #expect(abs(got.greatest - -1.793528506542) < 1e-11)
    #expect(got.verdict == .contracting)
    #expect(got.kaplanYorkeDimension == 0)
  }

  @Test func aLinearLeakyUnitHasItsShiftedEigenvalues() throws {
    let (n, tau) = (3, 4.0)
    let layer = EngineCase.layer(LeakyRateCell.self, 2, n, [.init("tau", .number(tau))])
    var generator = SplitMix64(seed: 8)
    let p = (0..<n * n).map { _ in LyapunovCases.normal(&generator) }
    let eigenvalues = [2.1, -0.7, 0.4]
    let d = (0..<n * n).map { $0 / n == $0 % n ? eigenvalues[$0 / n] : 0 }
    let w = LyapunovCases.product(LyapunovCases.product(p, d, n), LyapunovCases.inverse(p, n), n)
    let weights = layer.graph.parameters.map {
      $0.name == "weight_h" ? w : [Double](repeating: 0.3, count: $0.storedCount)
    }
    // At rest tanh has slope 1, so the unit is linear.
    let got = try LyapunovCases.analyze(
      Network(layers: [layer]), [weights], [[Double](repeating: 0, count: 2 * 900)],
      LyapunovOptions(steps: 600, warmUp: 300))
    let wanted = eigenvalues.map { log(abs(1 - 1 / tau + $0 / tau)) }.sorted(by: >)
    LyapunovCases.expectEqual(got.values, wanted, 1e-9)
    #expect(got.verdict == .chaotic)
  }

  @Test func anLSTMWithoutRecurrenceForgetsAtTheRateOfItsForgetGates() throws {
    let n = 3
    let layer = EngineCase.layer(LSTMCell.self, 2, n)
    let network = Network(layers: [layer])
    var generator = SplitMix64(seed: 9)
    let weights = layer.graph.parameters.map { p in
      (0..<p.storedCount).map { _ in
        p.name.hasSuffix("weight_x") ? generator.uniform(-1, 1) : 0
      }
    }
    let steps = 300
    let input = LyapunovCases.input(network, steps: steps)
    guard let forget = layer.graph.parameters.firstIndex(where: { $0.name == "f.weight_x" }) else {
      return
    }
    let wanted = (0..<n).map { i in
      (0..<steps).reduce(0) { sum, t in
        let a = (0..<2).reduce(0) { $0 + weights[forget][2 * i + $1] * input[2 * t + $1] }
        return sum - log(1 + exp(-a))
      } / Double(steps)
    }.sorted(by: >)
    let exact = try LyapunovCases.analyze(
      network, [weights], [input],
      LyapunovOptions(steps: steps, warmUp: 0, start: .identity, checksSum: true))
    let died = [Double](repeating: -.infinity, count: n)
    LyapunovCases.expectEqual(exact.values, wanted + died, 1e-9)
    #expect(exact.sum == -.infinity && exact.logDeterminant == -.infinity)
    let random = try LyapunovCases.analyze(
      network, [weights], [input], LyapunovOptions(steps: steps, warmUp: 0))
    #expect(random.values.suffix(n) == ArraySlice(died))
    // Volumes of the living directions shrink by the same factor, up to the first step's angle.
    let sum = random.values.prefix(n).reduce(0, +)
    #expect(abs(sum - wanted.reduce(0, +)) < 5 / Double(steps))
  }

  /// The Jacobian on (h, v) is [[D U, mu D], [0, mu]]: the spectrum of D U, and log mu once for each unit.
  @Test func momentumAddsItsLogarithmToThePlainSpectrum() throws {
    let (n, mu) = (6, 0.6)
    let layer = EngineCase.layer(MomentumRNNCell.self, 3, n, [.init("mu", .number(mu))])
    #expect(layer.graph.states.map(\.name) == ["h", "v"])
    let network = Network(layers: [layer])
    let weights = EngineCase(name: "", network: network, lengths: []).weights().values.map {
      $0.map { $0.map(Double.init) }
    }
    let steps = 400
    let input = LyapunovCases.input(network, steps: steps)
    guard let u = layer.graph.parameters.firstIndex(where: { $0.name == "weight_h" }) else {
      return
    }
    let trace = ReferenceInterpreter(network: network, weights: weights).trace(input)[0]
    let plain = trace.map { values in
      let h = values[layer.graph.output.index]
      return (0..<n * n).map { (1 - h[$0 / n] * h[$0 / n]) * weights[0][u][$0] }
    }
    let wanted =
      LyapunovCases.gramSchmidt(plain, size: n) + [Double](repeating: log(mu), count: n)
    let got = try LyapunovCases.analyze(
      network, weights, [input], LyapunovOptions(steps: steps, warmUp: 0, start: .identity))
    LyapunovCases.expectEqual(got.values, wanted.sorted(by: >), 1e-9)
    let random = try LyapunovCases.analyze(
      network, weights, [input], LyapunovOptions(steps: steps - 100, warmUp: 100))
    LyapunovCases.expectEqual(random.values, wanted.sorted(by: >), 0.1)
    #expect(abs((got.sum ?? 0) - wanted.reduce(0, +)) < 1e-9)
  }

  /// The scalar form's Jacobian is diagonal: 1 - eta (alpha - w m)^2 with m = [a > 0].
  @Test func scalarSBOHasItsDiagonal() throws {
    let (n, steps) = (5, 200)
    let layer = EngineCase.layer(
      SBOCell.self, 2, n,
      [.init("recurrence", .choice("scalar")), .init("update", .choice("sgd"))])
    let graph = layer.graph
    let (alpha, eta, w) = (0.8, 0.3, -0.6)
    let scalars = ["alpha": alpha, "eta": eta, "weight_h": w]
    var generator = SplitMix64(seed: 10)
    let weights = graph.parameters.map { p in
      scalars[p.name].map { [$0] }
        ?? (0..<p.storedCount).map { _ in generator.uniform(-0.8, 0.8) }
    }
    let network = Network(layers: [layer])
    let input = LyapunovCases.input(network, steps: steps)
    guard let a = graph.nodes.firstIndex(where: { $0.name == "a" }) else { return }
    let trace = ReferenceInterpreter(network: network, weights: [weights]).trace(input)[0]
    let wanted = (0..<n).map { i in
      trace.reduce(0) { sum, values in
        let slope = alpha - (values[a][i] > 0 ? w : 0)
        return sum + log(abs(1 - eta * slope * slope))
      } / Double(steps)
    }
    let got = try LyapunovCases.analyze(
      network, [weights], [input], LyapunovOptions(steps: steps, warmUp: 0, start: .identity))
    LyapunovCases.expectEqual(got.values, wanted.sorted(by: >), 1e-12)
    #expect(Set(wanted).count > 1)
  }
}
